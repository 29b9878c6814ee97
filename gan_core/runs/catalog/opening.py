"""Builds a model that can be explored from weights in a file."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from gan_core.latent import Explorable
from gan_core.nets.base import DiscriminatorNet, GeneratorNet
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.tables import CheckpointRow, GeneratorRow
from gan_core.runs.storage.weights.checkpoints import DamagedCheckpoint, read_checkpoint
from gan_core.runs.storage.weights.foreign_weights import (
    Description,
    NotAGenerator,
    open_weights,
    undrawn,
    with_weights,
)

log = logging.getLogger(__name__)


def explorable(
    model_id: str, label: str, said: Description, data: bytes, name: str, discriminator: DiscriminatorNet | None,
    images: int,
) -> Explorable:  # fmt: skip
    return Explorable(
        id=model_id, label=label, config=said.config, shape=said.shape,
        classes=said.classes if said.config.conditional else (),
        generator=open_weights(data, name, lambda: build_generator(said)), discriminator=discriminator,
        step=said.step, images=images, trained_on=said.trained_on,
    )  # fmt: skip


def build_generator(said: Description) -> GeneratorNet:
    return said.config.generator.build(said.shape, said.config.latent.dim, said.class_count)


def build_discriminator(said: Description) -> DiscriminatorNet:
    return said.config.discriminator.build(said.shape, said.class_count, said.config.pack)


def weights_of(folder: RunFolder, row: CheckpointRow | GeneratorRow) -> tuple[Path, str]:
    """The file of the generator that a row is about, and its SHA-256."""
    if isinstance(row, CheckpointRow):
        return folder.generator(row.step), row.generator_sha256
    return folder.small_generator(row.step), row.sha256


def is_sound(folder: RunFolder, row: CheckpointRow | GeneratorRow) -> bool:
    """Whether the generator's file is as it was written."""
    path, digest = weights_of(folder, row)
    try:
        data = path.read_bytes()
    except OSError:  # thinned out in this moment, or lost
        return False
    return hashlib.sha256(data).hexdigest() == digest


def discriminator_of(folder: RunFolder, row: CheckpointRow, said: Description) -> DiscriminatorNet | None:
    """The discriminator of a checkpoint; None where that cannot be had: there is much to explore without it."""
    try:
        weights = read_checkpoint(folder, row)["discriminator"]
        return with_weights(undrawn(lambda: build_discriminator(said)), weights, f"The checkpoint at step {row.step}")
    except (DamagedCheckpoint, NotAGenerator, KeyError, TypeError, AttributeError) as error:
        log.warning("a run is explored without its discriminator: %s", error)
        return None

"""Untrained generators so small that a picture takes well under a millisecond, always the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from gan_core.latent import Explorable
from gan_core.nets import DcganDiscriminator, DcganGenerator
from gan_core.nets.base import ImageShape, generators
from gan_core.training import RunConfig
from gan_core.training.build import build_networks

CLASSES = ("circle", "square", "heart")


def small_config(generator: str = "dcgan", *, conditional: bool = False, dim: int = 16) -> RunConfig:
    """28 x 28, width 8."""
    made = (
        DcganGenerator(width=8, init="xavier")
        if generator == "dcgan"
        else replace(generators.get(generator).cls(), width=8)
    )
    config = RunConfig(seed=3, conditional=conditional, generator=made, discriminator=DcganDiscriminator(width=8))
    return replace(config, latent=replace(config.latent, dim=dim))


def small_model(config: RunConfig, *, channels: int = 1, label: str = "small") -> Explorable:
    """With the initial weights that the configuration's seed gives, and running statistics as after training."""
    classes = CLASSES if config.conditional else ()
    shape = ImageShape(channels, config.size)
    nets = build_networks(config, shape, len(classes), torch.device("cpu"))
    rng = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for _ in range(30):
            z = torch.randn(64, config.latent.dim, generator=rng)
            nets.generator(z, torch.arange(64) % len(classes) if classes else None)
    return Explorable(
        id=f"asset:{label}", label=label, config=config, shape=shape, classes=classes, generator=nets.generator,
        discriminator=nets.discriminator, step=100, images=6400,
    )  # fmt: skip


@pytest.fixture(scope="session")
def dcgan_model() -> Explorable:
    return small_model(small_config())


@pytest.fixture(scope="session")
def conditional_model() -> Explorable:
    return small_model(small_config(conditional=True), channels=3)


@pytest.fixture(scope="session")
def style_model() -> Explorable:
    """Three-channelled, with a mapping network."""
    return small_model(small_config("style"), channels=3)

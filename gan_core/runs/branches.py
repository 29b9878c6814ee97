"""Branching: what must stay the same, and what of its parent a branch carries along."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from gan_core.config.files import write_atomically
from gan_core.data.base import ImageInfo
from gan_core.runs.grids import load_grid, save_grid
from gan_core.runs.store import About, CheckpointRow, RunFolder, Standing
from gan_core.runs.writer import RunWriter
from gan_core.training import RunConfig

FIXED = ("size", "conditional", "latent", "generator", "discriminator", "pack")


def incompatible(old: RunConfig, new: RunConfig, parent: About, info: ImageInfo, images: int) -> list[str]:
    """A sentence for each reason why a checkpoint after so many images cannot go on as `new`; info: its dataset."""
    found = [
        f"{name} cannot change in a branch: the checkpoint's networks were built with it."
        for name in FIXED
        if getattr(old, name) != getattr(new, name)
    ]
    if info.channels != parent.channels:
        found.append(
            f"The dataset has {info.channels} channels, but the checkpoint's networks were built for "
            f"{parent.channels}; choose another dataset or start a new run."
        )
    if old.conditional and len(info.classes) != len(parent.classes):
        found.append(
            f"The dataset has {len(info.classes)} classes, but the checkpoint's networks know "
            f"{len(parent.classes)}; choose another dataset or start a new run."
        )
    if images >= new.total_images:
        found.append(
            f"total_images is {new.total_images:,}, but the checkpoint has seen {images:,} images already; "
            "make the branch longer."
        )
    return found


def fill_branch(
    parent: RunFolder, branch: RunFolder, row: CheckpointRow, state: bytes, generator: bytes, standing: Standing
) -> None:
    """The checkpoint, and points, grids and evaluations up to it: the branch stands on its own. Raises OSError."""
    write_atomically(branch.checkpoint(row.step), state)
    write_atomically(branch.generator(row.step), generator)
    with contextlib.closing(RunWriter(branch)) as writer:
        points = parent.points()
        before = points["step"] <= row.step
        writer.add_points({name: column[before] for name, column in points.items()})
        for step, _ in parent.grids():
            grid = load_grid(parent, step) if step <= row.step else None
            if grid is not None:
                writer.add_grid(save_grid(branch, grid))
        for evaluation in parent.evaluations():
            if evaluation.step <= row.step:
                writer.add_evaluation(evaluation)
        writer.add_checkpoint(replace(row, by_hand=True))
        writer.stand(standing)

"""Branching: what must stay the same, and what of its parent a branch carries along."""

from __future__ import annotations

import shutil
from dataclasses import replace

from gan_core.config.files import sync_folder
from gan_core.runs.store import CheckpointRow, RunFolder, RunWriter
from gan_core.training import RunConfig

FIXED = ("size", "conditional", "latent", "generator", "discriminator", "pack")


def incompatible(old: RunConfig, new: RunConfig) -> list[str]:
    """A sentence for each changed field that the checkpoint's networks depend on."""
    return [
        f"{name} cannot change in a branch: the checkpoint's networks were built with it."
        for name in FIXED
        if getattr(old, name) != getattr(new, name)
    ]


def copy_history(parent: RunFolder, branch: RunFolder, row: CheckpointRow) -> None:
    """The checkpoint, and points and grids up to it, so that the branch stands on its own. Raises OSError."""
    shutil.copyfile(parent.checkpoint(row.step), branch.checkpoint(row.step))
    shutil.copyfile(parent.generator(row.step), branch.generator(row.step))
    writer = RunWriter(branch)
    try:
        points = parent.points()
        for i in range(len(points["step"])):
            if points["step"][i] <= row.step:
                writer.add_point({name: float(column[i]) for name, column in points.items()})
        for step, _ in parent.grids():
            grid = parent.grid(step)
            if step <= row.step and grid is not None and parent.grid_png(step).exists():
                shutil.copyfile(parent.grid_png(step), branch.grid_png(step))
                writer.add_grid(grid)
        writer.add_checkpoint(replace(row, by_hand=True))
    finally:
        writer.close()
    for folder in (branch.root / "checkpoints", branch.root / "samples"):
        sync_folder(folder)

"""Draws sample grids of given latents from a run's checkpoints, so that runs of different seeds can be compared."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from gan_core.nets.base import ImageShape
from gan_core.runs.catalog.opening import build_generator
from gan_core.runs.snapshot import Grid
from gan_core.runs.storage.grids import atlas_png
from gan_core.runs.storage.run_folder import open_run
from gan_core.runs.storage.tables import CheckpointRow
from gan_core.runs.storage.weights.foreign_weights import Description, open_weights
from gan_core.training.batches import to_pixels
from gan_core.training.observe.sample_grid import GridLatents, tile

GRID_COUNT = 64
MOST_SEED = 2**31 - 1
_KEPT = 300  # grids of some 30 kB


def redraw(manager: Any, run_id: str, step: int, seed: int) -> Grid:
    """The samples of the checkpoint at `step` for the latents of `seed`, laid out as a run of that seed does it.

    Runs with as many latent dimensions of the same distribution get the same latents; of class-conditional ones a
    column is a class. scores are NaN: nobody judged them. manager: a `RunManager`. Raises UnknownRun; ValueError in
    one sentence where there is no such sound checkpoint, for a run of points, and for a seed that no run could have.
    """
    if not 0 <= seed <= MOST_SEED:
        raise ValueError(f"The seed is {seed}; it must be a whole number from 0 to {MOST_SEED}.")
    row = next((row for row in open_run(manager.runs_dir, run_id).checkpoints() if row.step == step), None)
    if row is None:
        raise ValueError(f"The run {run_id} has no checkpoint at step {step}.")
    return _drawn(manager, run_id, row, seed)


@functools.lru_cache(maxsize=_KEPT)  # by the row, so with the weights' digest: a run may go back and come here again
def _drawn(manager: Any, run_id: str, row: CheckpointRow, seed: int) -> Grid:
    config, manifest = manager.config(run_id), manager.manifest(run_id)
    if manifest.channels not in (1, 3):
        raise ValueError(f"The run {run_id} makes points in the plane, of which the kept moments are shown.")
    name = f"The checkpoint at step {row.step}"
    try:
        data = open_run(manager.runs_dir, run_id).generator(row.step).read_bytes()
    except OSError:
        data = b""
    if hashlib.sha256(data).hexdigest() != row.generator_sha256:
        raise ValueError(f"{name} of the run {run_id} is damaged or gone; choose another moment.")
    said = Description(config, ImageShape(manifest.channels, config.size), manifest.classes, run_id, row.step)
    net = open_weights(data, name, lambda: build_generator(said)).eval()
    asked = replace(config, seed=seed, record=replace(config.record, grid_count=GRID_COUNT))
    latents = GridLatents(asked, said.class_count, torch.device("cpu"))
    with torch.inference_mode():
        pixels = to_pixels(net(latents.z, latents.labels))
    unjudged = np.full(len(latents.z), np.nan, np.float32)
    png = atlas_png(tile(pixels, latents.columns))
    return Grid(row.step, row.images, latents.columns, latents.rows, config.size, png, unjudged)

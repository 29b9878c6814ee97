"""A small picture of a run: some of its newest samples, or its points in the plane."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_core.data.sets.points import PointDataset
from gan_core.export import scene_png
from gan_core.runs.manager import RunManager

SIDE = 192  # pixels
MOST_ACROSS = 4  # samples
_POINTS = 250  # of each kind: more would cover one another


def thumbnail(manager: RunManager, run_id: str, step: int) -> bytes:
    """PNG of the grid kept at a step, at most SIDE pixels a side. Raises UnknownRun, or ValueError."""
    grid = manager.grid(run_id, step)
    if grid.is_scene:
        return _of_points(manager, run_id, grid.png)
    across = min(MOST_ACROSS, grid.columns, grid.rows, max(2, SIDE // grid.size))
    part = across * grid.size
    with Image.open(io.BytesIO(grid.png), formats=("PNG",)) as atlas:
        corner = atlas.crop((0, 0, part, part))
    times = max(1, SIDE // part)
    if times > 1:
        corner = corner.resize((part * times, part * times), Image.Resampling.NEAREST)
    elif part > SIDE:
        corner = corner.resize((SIDE, SIDE), Image.Resampling.BOX)
    out = io.BytesIO()
    corner.save(out, "PNG")
    return out.getvalue()


def _of_points(manager: RunManager, run_id: str, encoded: bytes) -> bytes:
    config = manager.config(run_id)
    if not isinstance(config.data, PointDataset):
        raise ValueError(f"The run {run_id} does not make points.")
    return scene_png(
        encoded, _real(config.data), config.data.extent, threshold=config.loss.fixed_threshold(),
        probability=config.loss.probability, pixels=SIDE,
    )  # fmt: skip


@lru_cache(maxsize=16)
def _real(data: PointDataset) -> NDArray[np.float32]:
    return data.load(1, Path()).images[:_POINTS].reshape(-1, 2).numpy()

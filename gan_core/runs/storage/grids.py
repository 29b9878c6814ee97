"""Encodes, stores and loads sample grids."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_core.config.files import write_atomically
from gan_core.runs.snapshot import Grid
from gan_core.runs.storage.run_folder import RunFolder, UnreadableRun
from gan_core.runs.storage.tables import GridRow
from gan_core.training import SampleGrid
from gan_core.training.observe.scene import Scene, encode_scene

T = TypeVar("T")


def atlas_png(pixels: NDArray[np.uint8]) -> bytes:
    """uint8 [H, W, 1 or 3] as PNG, packed quickly rather than tightly."""
    out = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()


def encode_grid(sample: SampleGrid | Scene, step: int, images: int, size: int) -> Grid:
    """A grid, or the scene of a run of points, as it is shown, sent and stored."""
    if isinstance(sample, Scene):
        return Grid(step, images, 0, 0, size, encode_scene(sample), np.zeros(0, np.float32))
    scores = np.asarray(sample.scores, dtype=np.float32)
    return Grid(step, images, sample.columns, sample.rows, size, atlas_png(sample.pixels), scores)


def save_grid(folder: RunFolder, grid: Grid) -> GridRow:
    """Write the picture durably; the row that says so. Raises OSError."""
    write_atomically(folder.grid_file(grid.step, points=grid.is_scene), grid.png)
    digest = hashlib.sha256(grid.png).hexdigest()
    return GridRow(grid.step, grid.images, grid.columns, grid.rows, grid.size, digest, grid.scores)


def load_grid(folder: RunFolder, step: int) -> Grid | None:
    """A kept grid, or None where it is not kept or its file is gone or damaged."""
    row = folder.grid(step)
    if row is None:
        return None
    try:
        png = folder.grid_file(step, points=row.size == 1).read_bytes()
    except OSError:
        return None
    if hashlib.sha256(png).hexdigest() != row.sha256:
        return None
    return Grid(row.step, row.images, row.columns, row.rows, row.size, png, row.scores)


def whole_grid(folder: RunFolder, step: int) -> tuple[Grid | None, bool]:
    """As `load_grid`, None also where its row is damaged; and whether it is kept at all."""
    try:
        grid = load_grid(folder, step)
        return grid, grid is not None or folder.grid(step) is not None
    except UnreadableRun:
        return None, True


def beside(executor: Executor, act: Callable[..., T], *arguments: Any) -> Future[T]:
    """Have something done beside the training; here and now where the executor is closed, as at a program's end."""
    try:
        return executor.submit(act, *arguments)
    except RuntimeError:
        done: Future[T] = Future()
        try:
            done.set_result(act(*arguments))
        except Exception as error:
            done.set_exception(error)
        return done


class GridWriter:
    """Encodes sample grids, shows them and writes kept ones to disk, all beside the training and in order.

    show: called with each grid as soon as it is encoded, from the executor's thread, which must be a single one.
    """

    def __init__(self, folder: RunFolder, executor: Executor, show: Callable[[Grid], None]) -> None:
        self._folder, self._executor, self._show = folder, executor, show
        self._writing: list[Future[tuple[GridRow, Grid]]] = []
        self._showing: Future[Grid] | None = None

    def put(self, sample: SampleGrid | Scene, step: int, images: int, size: int) -> None:
        """Show a grid and keep it."""
        self._writing.append(beside(self._executor, self._keep, sample, step, images, size))

    def pass_by(self, sample: SampleGrid | Scene, step: int, images: int, size: int) -> None:
        """Show a grid that is not kept. Raises what went wrong with the one before."""
        if self._showing is not None and self._showing.done():
            self._showing.result()
        self._showing = beside(self._executor, self._encode, sample, step, images, size)

    @property
    def busy(self) -> bool:
        """Whether a grid that was to be shown is not encoded yet."""
        return self._showing is not None and not self._showing.done()

    def durable(self, *, wait: bool = False) -> Iterator[tuple[GridRow, Grid]]:
        """Kept grids that are on disk by now, oldest first, each once; `wait`: all of them. Raises OSError."""
        while self._writing and (wait or self._writing[0].done()):
            yield self._writing.pop(0).result()

    def _encode(self, sample: SampleGrid | Scene, step: int, images: int, size: int) -> Grid:
        grid = encode_grid(sample, step, images, size)
        self._show(grid)
        return grid

    def _keep(self, sample: SampleGrid | Scene, step: int, images: int, size: int) -> tuple[GridRow, Grid]:
        grid = self._encode(sample, step, images, size)
        return save_grid(self._folder, grid), grid

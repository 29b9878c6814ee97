"""Small copies of the averaged generator, kept at geometrically spaced steps to look back at.

A checkpoint is large and comes late; these are the weights alone, in half precision, from the first step on. Nothing
resumes or branches from them.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import Executor, Future

import torch
from safetensors.torch import save
from torch import Tensor

from gan_core.config.files import write_atomically
from gan_core.latent.overtime import thinned
from gan_core.runs.storage.grids import beside
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.tables import GeneratorRow
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import Trainer

GROWTH = 1.5  # the next one comes after so many times the images
PAUSE_SECONDS = 0.25  # of training between two, at least: the first steps of a fast run are hardly told apart
KEEP_AT_MOST = 16
MOST_BYTES = 128_000_000  # of one run's files together; of large networks so many fewer are kept
_LARGEST_HALF = 65_504.0  # what float16 can hold


class GeneratorHistory:
    """Keeps the averaged generator when it is due. Used by the run's thread; files are written beside it.

    executor: of a single thread.
    """

    def __init__(self, folder: RunFolder, executor: Executor) -> None:
        self._folder, self._executor = folder, executor
        self._writing: list[Future[GeneratorRow | None]] = []
        self._due_images, self._not_before_seconds = 0.0, 0.0
        self._rows: list[GeneratorRow] = []  # those that are listed

    def begin(self) -> None:
        """Go on after those that are listed."""
        self._rows = self._folder.generators()
        self._due_images = _next(self._rows[-1].images) if self._rows else 0.0
        self._not_before_seconds = 0.0

    def keep_if_due(self, trainer: Trainer, elapsed_seconds: float) -> None:
        """Copy the weights and have them written. Of points in the plane nobody could look at any."""
        early = trainer.images < self._due_images or elapsed_seconds < self._not_before_seconds
        if early or trainer.shape.is_points:
            return
        weights = {name: tensor.detach().cpu().clone() for name, tensor in trainer.sampler().state_dict().items()}
        moment = GeneratorRow(trainer.step_count, trainer.images, elapsed_seconds, "")
        self._writing.append(beside(self._executor, _write, self._folder, moment, weights))
        self._due_images = _next(trainer.images)
        self._not_before_seconds = elapsed_seconds + PAUSE_SECONDS

    def list_durable(self, writer: RunWriter, *, wait: bool = False) -> None:
        """List those whose files are on disk by now (`wait`: all of them), and keep the bound. Raises OSError."""
        while self._writing and (wait or self._writing[0].done()):
            if (row := self._writing.pop(0).result()) is not None:
                writer.add_generator(row)
                self._rows.append(row)
                self._thin_out(writer)

    def _thin_out(self, writer: RunWriter) -> None:
        size = max(1, _bytes(self._folder, self._rows[-1].step))
        kept = thinned([row.images for row in self._rows], min(KEEP_AT_MOST, max(1, MOST_BYTES // size)))
        for row in [row for row in self._rows if row.images not in kept]:
            self._rows.remove(row)
            writer.forget_generator(row.step)
            self._folder.small_generator(row.step).unlink(missing_ok=True)


def _next(images: int) -> float:
    return max(1.0, GROWTH * images)


def _write(folder: RunFolder, moment: GeneratorRow, weights: dict[str, Tensor]) -> GeneratorRow | None:
    """Durably; None where a number is not finite: there is nothing to see then. Raises OSError."""
    if not all(bool(torch.isfinite(t).all()) for t in weights.values() if t.is_floating_point()):
        return None
    small = {name: _halved(tensor) for name, tensor in weights.items()}
    data = save(small, {"run": folder.id, "step": str(moment.step)})
    path = folder.small_generator(moment.step)
    path.parent.mkdir(exist_ok=True)  # runs of earlier versions have no such folder
    write_atomically(path, data)
    return GeneratorRow(moment.step, moment.images, moment.elapsed_seconds, hashlib.sha256(data).hexdigest())


def copy_small(source: RunFolder, target: RunFolder, row: GeneratorRow) -> bool:
    """Of another run, durably; False where the file is not as it was written. Raises OSError."""
    if (data := _sound_bytes(source, row)) is None:
        return False
    write_atomically(target.small_generator(row.step), data)
    return True


def _sound_bytes(folder: RunFolder, row: GeneratorRow) -> bytes | None:
    try:
        data = folder.small_generator(row.step).read_bytes()
    except OSError:  # thinned out in this moment, or lost
        return None
    return data if hashlib.sha256(data).hexdigest() == row.sha256 else None


def _halved(tensor: Tensor) -> Tensor:
    fits = tensor.dtype == torch.float32 and (not tensor.numel() or float(tensor.abs().max()) <= _LARGEST_HALF)
    return (tensor.half() if fits else tensor).contiguous()


def _bytes(folder: RunFolder, step: int) -> int:
    try:
        return folder.small_generator(step).stat().st_size
    except OSError:
        return 0

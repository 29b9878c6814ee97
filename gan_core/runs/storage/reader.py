"""Read access to any run, whether it trains here, in another process or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.base import ImageSet
from gan_core.data.sets.points import PointDataset
from gan_core.measure import IMAGE_MEASURES, ImageMeasure
from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.evaluation_record import Evaluation
from gan_core.runs.snapshot import Grid, LiveChange
from gan_core.runs.storage.data_identity import load_trained, on_data
from gan_core.runs.storage.grids import atlas_png, load_grid, whole_grid
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder, open_run
from gan_core.runs.storage.views import config_in_force
from gan_core.runs.storage.weights.checkpoints import newest_sound, sound_generator
from gan_core.training import RunConfig
from gan_core.training.observe.sample_grid import GridLatents, tile


class RunReader:
    """The runs of one folder. Every method raises UnknownRun, or UnreadableRun, for what is not a run."""

    def __init__(self, runs_dir: Path, datasets: DatasetCache) -> None:
        self.runs_dir, self.data_dir = runs_dir, datasets.data_dir
        self._datasets = datasets

    def records(self, run_id: str, after_step: int = -1) -> dict[str, NDArray[np.float64]]:
        """Column -> float64 [points] of everything written so far."""
        return open_run(self.runs_dir, run_id).points(after_step)

    def changes(self, run_id: str) -> list[LiveChange]:
        """What was changed while it trained, oldest first."""
        return open_run(self.runs_dir, run_id).changes()

    def evaluations(self, run_id: str) -> list[Evaluation]:
        """Every evaluation in the order of steps; step 0 is the untrained generator."""
        return open_run(self.runs_dir, run_id).evaluations()

    def image_measures(self, run_id: str) -> tuple[ImageMeasure, ...]:
        """What is measured of a run of images; nothing of one of points, whose measures `stage` tells."""
        return () if open_run(self.runs_dir, run_id).manifest().channels == 2 else IMAGE_MEASURES

    def grids(self, run_id: str) -> list[tuple[int, int]]:
        """(step, images) of every kept grid, oldest first."""
        return open_run(self.runs_dir, run_id).grids()

    def grid(self, run_id: str, step: int) -> Grid:
        """One kept grid. Raises UnknownRun, or ValueError where it is not there."""
        grid = load_grid(open_run(self.runs_dir, run_id), step)
        if grid is None:
            raise ValueError(f"The run {run_id} has no sample grid at step {step}.")
        return grid

    def newest_grid(self, run_id: str) -> tuple[Grid | None, list[int]]:
        """The newest kept grid that is whole, and the steps of later ones that are damaged, newest first."""
        folder = open_run(self.runs_dir, run_id)
        damaged: list[int] = []
        for step, _ in reversed(folder.grids()):
            grid, listed = whole_grid(folder, step)
            if grid is not None:
                return grid, damaged
            if listed:  # else the run has gone back to a checkpoint in this moment
                damaged.append(step)
        return None, damaged

    def whole_grids(self, run_id: str) -> list[int]:
        """The steps of the kept grids that can be shown, oldest first."""
        folder = open_run(self.runs_dir, run_id)
        return [step for step, _ in folder.grids() if whole_grid(folder, step)[0] is not None]

    def real_grid(self, run_id: str) -> bytes:
        """PNG of real images laid out as the run's sample grid."""
        folder = open_run(self.runs_dir, run_id)
        config = self._config(folder)
        if isinstance(config.data, PointDataset):
            raise ValueError("This run learns points in the plane; it has no pictures.")
        return _real_grid(config, load_trained(self._datasets, folder.manifest(), config, from_memory=False))

    def checkpoint_generator(self, run_id: str, step: int | None = None) -> Path:
        """The safetensors file of the averaged generator at the newest sound checkpoint (up to a step)."""
        folder = open_run(self.runs_dir, run_id)
        row = sound_generator(folder, step)
        if row is None:
            raise ValueError(f"The run {run_id} has no checkpoint {'yet' if step is None else f'up to step {step}'}.")
        return folder.generator(row.step)

    def checkpoint_discriminator(self, run_id: str, step: int | None = None) -> tuple[int, dict[str, Tensor]]:
        """The step and the discriminator's state dict at the newest sound checkpoint (up to a step)."""
        found, _ = newest_sound(open_run(self.runs_dir, run_id), step)
        if found is None:
            raise ValueError(f"The run {run_id} has no checkpoint {'yet' if step is None else f'up to step {step}'}.")
        row, state = found
        weights: dict[str, Tensor] = state["discriminator"]
        return row.step, weights

    def manifest(self, run_id: str) -> RunManifest:
        """What was decided when the run was made."""
        return open_run(self.runs_dir, run_id).manifest()

    def config_on_data(self, run_id: str) -> RunConfig:
        """The configuration now in force, its dataset named as it has to be read to be what the run was trained on.

        Raises DataChanged, one sentence, where that is not here.
        """
        folder = open_run(self.runs_dir, run_id)
        return on_data(folder.manifest(), self._config(folder), self.data_dir)

    def _config(self, folder: RunFolder, at_step: int | None = None) -> RunConfig:
        """The configuration in force at a step, or now."""
        return config_in_force(folder.manifest(), folder.changes(), at_step)


def _real_grid(config: RunConfig, data: ImageSet) -> bytes:
    classes = len(data.classes) if config.conditional else 0
    layout = GridLatents(config, classes, torch.device("cpu"))
    rng = np.random.default_rng(config.seed)
    count = layout.rows * layout.columns
    if layout.labels is not None and data.labels is not None:
        labels = data.labels.cpu().numpy()
        of_class = [np.flatnonzero(labels == c) for c in range(classes)]
        rows = [int(rng.choice(of_class[c] if len(of_class[c]) else len(labels))) for c in layout.labels.tolist()]
    else:
        rows = rng.choice(len(data.images), count, replace=count > len(data.images)).tolist()
    return atlas_png(tile(data.images[torch.tensor(rows, device=data.images.device)], layout.columns))

"""Gathers the referee's evidence about a run from its folder, and has it give its findings."""

from __future__ import annotations

import io
import math
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_core.data.base import Dataset
from gan_core.data.sets.points import PointDataset
from gan_core.measure.referee.evidence import Changed, Evidence, Measured, aftermath_steps
from gan_core.measure.referee.eye import LOOKS, Eye, cut_atlas, flat_features
from gan_core.measure.referee.findings import Finding, diagnose
from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.evaluation_record import Evaluation
from gan_core.runs.snapshot import Grid, LiveChange, RunView
from gan_core.runs.storage.data_identity import content_of_run, load_trained
from gan_core.runs.storage.manifest import RunManifest
from gan_core.training import RunConfig
from gan_core.training.configuration.cost import BEGINNING_STEPS
from gan_core.training.observe.scene import POINTS, decode_scene

_EYES, _RUNS = 2, 8  # kept in memory
NOT_OF_TRAINING = ("checkpoint", "backend", "total_images")

Row = dict[str, float]
K = TypeVar("K")
V = TypeVar("V")


class Reader(Protocol):
    """What is asked of a manager, or of anybody who reads runs."""

    data_dir: Path

    def view(self, run_id: str) -> RunView: ...
    def config(self, run_id: str) -> RunConfig: ...
    def manifest(self, run_id: str) -> RunManifest: ...
    def records(self, run_id: str) -> dict[str, NDArray[np.float64]]: ...
    def grids(self, run_id: str) -> list[tuple[int, int]]: ...
    def grid(self, run_id: str, step: int) -> Grid: ...
    def evaluations(self, run_id: str) -> list[Evaluation]: ...
    def changes(self, run_id: str) -> list[LiveChange]: ...


class Diagnoser:
    """Looks at each kept grid once; safe to be asked by several threads.

    Every method raises UnknownRun or UnreadableRun for what is not a run, DataUnavailable where its data is not here.
    """

    def __init__(self, datasets: DatasetCache) -> None:
        self._datasets = datasets
        self._lock = threading.Lock()
        self._eyes: OrderedDict[tuple[Dataset, str, int, int], Eye] = OrderedDict()
        self._looks: OrderedDict[str, dict[int, tuple[Row, NDArray[np.float32]]]] = OrderedDict()
        self._said: OrderedDict[str, tuple[tuple[object, ...], tuple[Finding, ...]]] = OrderedDict()
        self._when: dict[str, float] = {}  # seconds of the monotonic clock at which that was

    def eye(self, reader: Reader, run_id: str) -> Eye:
        """What looks at the run's samples are held against."""
        with self._lock:
            return self._eye(reader.manifest(run_id), reader.config(run_id))

    def diagnose(self, reader: Reader, run_id: str, fresh_seconds: float = 0.0) -> tuple[Finding, ...]:
        """What there is to say of a run now; () where it is too early. Quick where nothing is new.

        fresh_seconds: what was said of a run in this state so short a time ago is good enough.
        """
        view = reader.view(run_id)
        with self._lock:
            known = self._said.get(run_id)
            recent = time.monotonic() - self._when.get(run_id, -math.inf) < fresh_seconds
            if known is not None and recent and known[0][0] == view.state:
                return known[1]
        grids = _spaced(reader, run_id)
        evaluated = reader.evaluations(run_id)
        manifest, config = reader.manifest(run_id), reader.config(run_id)
        unknown = content_of_run(manifest, config) is None and str(config.data.content(self._datasets.data_dir))
        key = (view.state, view.step, len(grids), len(evaluated), str(view.config), unknown)
        with self._lock:
            known = self._said.get(run_id)
            if known is None or known[0] != key:
                known = (key, diagnose(self._evidence(reader, view, grids, evaluated)))
                _keep(self._said, run_id, known, _RUNS)
                self._when = {run: when for run, when in self._when.items() if run in self._said}
                self._when[run_id] = time.monotonic()
            return known[1]

    def evidence(self, reader: Reader, run_id: str) -> Evidence:
        """Everything that a run's folder tells."""
        with self._lock:
            return self._evidence(reader, reader.view(run_id), _spaced(reader, run_id), reader.evaluations(run_id))

    def _evidence(
        self, reader: Reader, view: RunView, grids: list[tuple[int, int]], evaluated: list[Evaluation]
    ) -> Evidence:  # fmt: skip
        config = reader.config(view.id)
        eye = self._eye(reader.manifest(view.id), config)
        changes = _changes(reader, view.id)
        beside = aftermath_steps(change.step for change in changes)
        rows = self._rows(reader, view.id, grids, eye, beside)
        usual, soon = ([row for row in rows if (row["step"] in beside) == wanted] for wanted in (False, True))
        return Evidence(
            curves=dict(reader.records(view.id)),
            looks=_table(usual, ("step", "images", *LOOKS)),
            aftermath=_table(soon, ("step", "images", *LOOKS)),
            config=config, floor=eye.floor, measured=_measured(evaluated), changes=changes,
            diverged=view.state == "diverged", error=view.error,
        )  # fmt: skip

    def _eye(self, manifest: RunManifest, config: RunConfig) -> Eye:
        """Made once for what the run was trained on, whatever lies under that name by now."""
        data = config.data
        points = isinstance(data, PointDataset)
        count = POINTS if points else config.record.grid_count
        known = content_of_run(manifest, config)
        digest = known.digest if known else data.content(self._datasets.data_dir).digest
        key = (data, digest, 1 if points else config.size, count)
        if (eye := self._eyes.get(key)) is None:
            modes = data.modes() if isinstance(data, PointDataset) else None
            eye = Eye.build(load_trained(self._datasets, manifest, config, from_memory=True), modes, count)
        _keep(self._eyes, key, eye, _EYES)
        return eye

    def _rows(
        self, reader: Reader, run_id: str, grids: list[tuple[int, int]], eye: Eye, beside: frozenset[int]
    ) -> list[Row]:  # fmt: skip
        """A row a kept grid; those that were looked at before, of the same steps before, are not read again.

        beside: steps of looks that came between two usual ones: from those nothing's movement is measured.
        """
        known, rows, before = self._looks.get(run_id, {}), [], None
        seen: dict[int, tuple[Row, NDArray[np.float32]]] = {}
        fresh = False
        for step, images in grids:
            if not fresh and step in known:
                row, samples = known[step]
            else:
                fresh = True  # a run that went back to a checkpoint makes other samples from there on
                try:
                    samples = grid_samples(reader.grid(run_id, step))
                except ValueError:  # its file is damaged or just going
                    continue
                row = {"step": float(step), "images": float(images), **eye.look(samples, before)}
            seen[step] = row, samples
            rows.append(row)
            before = before if step in beside else samples
        _keep(self._looks, run_id, seen, _RUNS)
        return rows


def _spaced(reader: Reader, run_id: str) -> list[tuple[int, int]]:
    """The kept grids without those between two that are two points of the curves apart, as later ones are at least.

    Every step of a run's beginning is kept; what neighbours have in common would tell the referee nothing.
    """
    grids, points = reader.grids(run_id), reader.records(run_id)["step"][:2]
    apart = 2 * (points[1] - points[0]) if len(points) > 1 else math.inf
    if reader.config(run_id).record.grid_growth == 0:
        apart /= 2
    found: list[tuple[int, int]] = []
    for step, images in grids:
        if step > BEGINNING_STEPS or not found or step - found[-1][0] >= apart or step == grids[-1][0]:
            found.append((step, images))
    return found


def grid_samples(grid: Grid) -> NDArray[np.float32]:
    """The samples of a kept grid or scene, as `Eye.look` takes them. Raises ValueError for what is neither."""
    if grid.is_scene:
        return flat_features(decode_scene(grid.png).fakes[:, :, None, None])
    with Image.open(io.BytesIO(grid.png), formats=("PNG",)) as picture:
        return flat_features(cut_atlas(np.asarray(picture), grid.columns, grid.rows))


def _table(rows: list[Row], names: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
    return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in names}


def _measured(evaluated: list[Evaluation]) -> tuple[Measured, ...]:
    """In order of steps, each with what the untrained generator scored by the same; of one step the most samples."""
    untrained = {one.kind: one.values for one in evaluated if one.step == 0}
    by_step = {one.step: one for one in sorted(evaluated, key=lambda one: (one.step, one.samples))}
    return tuple(
        Measured(one.step, one.images, one.values, one.floor, untrained.get(one.kind, {})) for one in by_step.values()
    )


def _changes(reader: Reader, run_id: str) -> tuple[Changed, ...]:
    """Those that bear on the training; "checkpoint" is one that was kept by hand."""
    return tuple(
        Changed(one.step, one.path, one.before, one.after)
        for one in reader.changes(run_id)
        if one.path not in NOT_OF_TRAINING
    )


def _keep(cache: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > most:
        cache.popitem(last=False)

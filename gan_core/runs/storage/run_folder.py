"""A run on disk: `runs/<id>/` is portable and self-contained.

config.json     what the run is (written once; `trust` adds to an earlier version's what it is trained on)
metrics.db      points, grids, checkpoints, changes and state (SQLite; written by the run's thread, see writer.py)
samples/        one PNG atlas per kept grid
checkpoints/    resume state (.pt) and the averaged generator (.safetensors)
generators/     the averaged generator alone, small, at moments from the first step on
run.lock        held by the process whose thread trains the run
steering.lock   held by the server that started its processes, where there are several; processes.json names them

Everything here only reads, and takes nothing on trust: a folder may have been edited, cut short or made by somebody
else. What cannot be read is an UnreadableRun.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_core.runs.evaluation_record import Evaluation, read_evaluations
from gan_core.runs.snapshot import LiveChange
from gan_core.runs.storage.manifest import RunManifest, manifest_from
from gan_core.runs.storage.schema import COLUMNS, SCHEMA_VERSION, TIMING_COLUMNS, UnknownVersion, version_of
from gan_core.runs.storage.tables import (
    CheckpointRow,
    GeneratorRow,
    GridRow,
    OddValue,
    RunStatus,
    migrated_copy,
    open_database,
    read_changes,
    read_checkpoints,
    read_status,
)

__all__ = [
    "COLUMNS",
    "TIMING_COLUMNS",
    "RunFolder",
    "UnknownRun",
    "UnreadableRun",
    "open_run",
    "run_ids",
]

ID_PATTERN = r"[a-z0-9][a-z0-9-]{2,79}"
MAX_CONFIG_BYTES = 1_000_000  # ours have a few thousand


class UnknownRun(ValueError):
    """There is no run of that name."""


class UnreadableRun(ValueError):
    """The folder is there but does not hold a run that this version can read."""


class RunFolder:
    """The paths of one run, and everything that may be read of it by anybody at any time."""

    def __init__(self, root: Path, run_id: str = "") -> None:
        self.root = root
        self.id = run_id or root.name
        self.database = root / "metrics.db"
        self.lock = root / "run.lock"

    def grid_file(self, step: int, *, points: bool) -> Path:
        """The sample grid kept at a step, or the scene of a run of points."""
        return self.root / "samples" / f"{step:08d}.{'scene' if points else 'png'}"

    def checkpoint(self, step: int) -> Path:
        return self.root / "checkpoints" / f"{step:08d}.pt"

    def generator(self, step: int) -> Path:
        return self.root / "checkpoints" / f"{step:08d}-generator.safetensors"

    def small_generator(self, step: int) -> Path:
        return self.root / "generators" / f"{step:08d}.safetensors"

    def manifest(self) -> RunManifest:
        """Raises UnreadableRun where config.json is missing or not what this version writes."""
        path = self.root / "config.json"
        try:
            if path.stat().st_size > MAX_CONFIG_BYTES:
                raise ValueError("too large")
            return manifest_from(json.loads(path.read_text(encoding="utf-8")), self.id)
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise UnreadableRun(f"The run {self.id} has no readable config.json.") from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A read-only connection to tables of the present version.

        Raises UnreadableRun where there is no database, where it is damaged or of an unknown version, or where what
        the block makes of it raises ValueError or TypeError, as values of a wrong type do.
        """
        try:
            with open_database(self.database) as db:
                version = version_of(db)
                if version == SCHEMA_VERSION:
                    yield db
                else:
                    with closing(migrated_copy(db, version)) as copy:
                        yield copy
        except UnreadableRun:
            raise
        except UnknownVersion as error:
            raise UnreadableRun(f"The run {self.id} cannot be read: {error}.") from error
        except (sqlite3.Error, OSError, ValueError, TypeError, OverflowError) as error:
            why = str(error) if isinstance(error, OddValue) else "a value in it is of a wrong kind"
            if isinstance(error, sqlite3.Error | OSError):
                why = "its metrics.db is missing or damaged"
            raise UnreadableRun(f"The data of the run {self.id} cannot be read: {why}.") from error

    def status(self) -> RunStatus:
        with self.read() as db:
            return read_status(db)

    def points(self, after_step: int = -1) -> dict[str, NDArray[np.float64]]:
        """Column name -> float64 [points], in order of steps."""
        with self.read() as db:
            rows = db.execute(f"SELECT {', '.join(COLUMNS)} FROM points WHERE step > ? ORDER BY step", (after_step,))
            parts = [np.empty((0, len(COLUMNS)))]
            while some := rows.fetchmany(10_000):  # as Python's numbers they take five times as much memory
                parts.append(np.array(some, dtype=np.float64).reshape(len(some), len(COLUMNS)))  # NULL -> NaN
            table = np.concatenate(parts)
        return {name: table[:, i] for i, name in enumerate(COLUMNS)}

    def grids(self) -> list[tuple[int, int]]:
        """(step, images) of every kept grid, oldest first."""
        with self.read() as db:
            return [(int(step), int(n)) for step, n in db.execute("SELECT step, images FROM grids ORDER BY step")]

    def grid(self, step: int) -> GridRow | None:
        with self.read() as db:
            row = db.execute(
                "SELECT step, images, columns, rows, size, sha256, scores FROM grids WHERE step = ?", (step,)
            ).fetchone()
            if row is None:
                return None
            *sizes, sha256, blob = row
            step, images, columns, rows, size = (int(v) for v in sizes)
            scores = np.frombuffer(blob, dtype=np.float32)
            least = 0 if size == 1 else 1  # a scene of points has neither columns nor rows
            if min(columns, rows) < least or size < 1 or len(scores) != columns * rows:
                raise OddValue(f"the sample grid at step {step} has no such shape")
            return GridRow(step, images, columns, rows, size, str(sha256), scores)

    def checkpoints(self) -> list[CheckpointRow]:
        """Oldest first."""
        with self.read() as db:
            return read_checkpoints(db)

    def generators(self) -> list[GeneratorRow]:
        """Small generators that were kept on the way, oldest first."""
        with self.read() as db:
            rows = db.execute("SELECT step, images, elapsed_seconds, sha256 FROM generators ORDER BY step").fetchall()
        return [GeneratorRow(int(step), int(n), float(seconds), str(sha)) for step, n, seconds, sha in rows]

    def seconds_at(self, step: int) -> float:
        """Seconds of training at a step, as far as the curves tell; 0 before their first point."""
        with self.read() as db:
            (found,) = db.execute("SELECT max(elapsed_seconds) FROM points WHERE step <= ?", (step,)).fetchone()
        return float(found or 0.0)

    def evaluations(self) -> list[Evaluation]:
        """In the order of steps."""
        with self.read() as db:
            return read_evaluations(db)

    def changes(self) -> list[LiveChange]:
        """Every change in the order of steps; within a step in the order in which they were made."""
        with self.read() as db:
            return read_changes(db, self.id)


def open_run(runs_dir: Path, run_id: str) -> RunFolder:
    """The folder of a run by its exact id. Raises UnknownRun, also for names that could not be one."""
    if re.fullmatch(ID_PATTERN, run_id) and (runs_dir / run_id / "config.json").is_file():
        return RunFolder(runs_dir / run_id)
    shown = run_id if len(run_id) <= 60 else run_id[:57] + "..."
    raise UnknownRun(f'There is no run called "{shown}".')  # no path: a web page shows this sentence to anybody


def run_ids(runs_dir: Path) -> list[str]:
    """All runs, newest first (ids begin with the time)."""
    if not runs_dir.is_dir():
        return []
    found = [p.parent.name for p in runs_dir.glob("*/config.json") if re.fullmatch(ID_PATTERN, p.parent.name)]
    return sorted(found, reverse=True)


_orders: dict[Path, int] = {}  # of runs that were looked at: config.json is never rewritten


def next_order(runs_dir: Path) -> int:
    """For a run that is about to be made in this folder: after all that are there, also where a clock was wrong."""
    newest = 0
    for run_id in run_ids(runs_dir):
        root = runs_dir / run_id
        if root not in _orders:
            try:
                _orders[root] = RunFolder(root).manifest().order
            except UnreadableRun:
                continue
        newest = max(newest, _orders[root])
    return newest + 1


def now_text() -> str:
    """The time now, as in config.json: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

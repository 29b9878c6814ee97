"""A run on disk: `runs/<id>/` is portable and self-contained.

config.json     what the run is (never rewritten)
metrics.db      points, grids, checkpoints, changes and state (SQLite, WAL; written only by the run's thread)
samples/        one PNG atlas per kept grid
checkpoints/    resume state (.pt) and the averaged generator (.safetensors)
run.lock        held by the process whose thread trains the run
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.config.files import write_atomically
from gan_core.runs.snapshot import LiveChange
from gan_core.runs.states import STATES, State
from gan_core.training.statistics import METRICS

COLUMNS = (
    "step", "images", "elapsed_seconds", "images_per_second", *METRICS, "g_lr", "d_lr", "instance_noise",
)  # fmt: skip
TIMING_COLUMNS = ("elapsed_seconds", "images_per_second")
"""The columns that differ between two runs of the same seed."""

SCHEMA_VERSION = 1
ID_PATTERN = r"[a-z0-9][a-z0-9-]{2,79}"

_SCHEMA = f"""
CREATE TABLE state (only INTEGER PRIMARY KEY CHECK (only = 1), state TEXT NOT NULL, step INTEGER NOT NULL,
    images INTEGER NOT NULL, elapsed_seconds REAL NOT NULL, error TEXT NOT NULL, advice TEXT NOT NULL,
    warnings TEXT NOT NULL);
CREATE TABLE points ({", ".join(f"{c} {'INTEGER PRIMARY KEY' if c == 'step' else 'REAL'}" for c in COLUMNS)});
CREATE TABLE grids (step INTEGER PRIMARY KEY, images INTEGER NOT NULL, columns INTEGER NOT NULL,
    rows INTEGER NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL, scores BLOB NOT NULL);
CREATE TABLE checkpoints (step INTEGER PRIMARY KEY, images INTEGER NOT NULL, elapsed_seconds REAL NOT NULL,
    sha256 TEXT NOT NULL, generator_sha256 TEXT NOT NULL, by_hand INTEGER NOT NULL);
CREATE TABLE changes (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, path TEXT NOT NULL, before TEXT NOT NULL,
    after TEXT NOT NULL);
PRAGMA user_version = {SCHEMA_VERSION};
"""


class UnknownRun(ValueError):
    """There is no run of that name."""


class UnreadableRun(ValueError):
    """The folder is there but does not hold a run that this version can read."""


@dataclass(frozen=True)
class About:
    """config.json: what was decided when the run was made. threads 0: as many as the process has."""

    id: str
    title: str
    preset: str
    created: str
    config: dict[str, Any]
    device: str
    threads: int
    channels: int
    classes: tuple[str, ...]
    parent: str = ""
    parent_step: int = 0
    torch_version: str = ""


@dataclass(frozen=True)
class Standing:
    """Where a run stands, as last written."""

    state: State = "queued"
    step: int = 0
    images: int = 0
    elapsed_seconds: float = 0.0
    error: str = ""
    advice: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckpointRow:
    step: int
    images: int
    elapsed_seconds: float
    sha256: str
    generator_sha256: str
    by_hand: bool


@dataclass(frozen=True)
class GridRow:
    step: int
    images: int
    columns: int
    rows: int
    size: int
    sha256: str
    scores: NDArray[np.float32]


class RunFolder:
    """The paths of one run, and everything that may be read of it by anybody at any time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.id = root.name
        self.database = root / "metrics.db"
        self.lock = root / "run.lock"

    def grid_png(self, step: int) -> Path:
        return self.root / "samples" / f"{step:08d}.png"

    def checkpoint(self, step: int) -> Path:
        return self.root / "checkpoints" / f"{step:08d}.pt"

    def generator(self, step: int) -> Path:
        return self.root / "checkpoints" / f"{step:08d}-generator.safetensors"

    def about(self) -> About:
        """Raises UnreadableRun where config.json is missing or not what this version writes."""
        try:
            data = json.loads((self.root / "config.json").read_text(encoding="utf-8"))
            about = About(**{**data, "classes": tuple(data["classes"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UnreadableRun(f"The run {self.id} has no readable config.json.") from error
        return about

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        """A read-only connection; raises UnreadableRun where there is no database or another version's."""
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=5.0)) as db:
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version != SCHEMA_VERSION:
                    raise UnreadableRun(
                        f"The run {self.id} was written by another version (its data has version {version}, "
                        f"this program reads {SCHEMA_VERSION})."
                    )
                yield db
        except sqlite3.Error as error:
            raise UnreadableRun(f"The data of the run {self.id} cannot be read ({error}).") from error

    def standing(self) -> Standing:
        with self._read() as db:
            row = db.execute(
                "SELECT state, step, images, elapsed_seconds, error, advice, warnings FROM state"
            ).fetchone()
        if row is None or row[0] not in STATES:
            raise UnreadableRun(f"The data of the run {self.id} does not say how it stands.")
        state, step, images, seconds, error, advice, warnings = row
        return Standing(state, step, images, seconds, error, tuple(json.loads(advice)), tuple(json.loads(warnings)))

    def points(self, after_step: int = -1) -> dict[str, NDArray[np.float64]]:
        """Column name -> float64 [points], in order of steps."""
        with self._read() as db:
            rows = db.execute(
                f"SELECT {', '.join(COLUMNS)} FROM points WHERE step > ? ORDER BY step", (after_step,)
            ).fetchall()
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(COLUMNS))  # NULL -> NaN
        return {name: table[:, i] for i, name in enumerate(COLUMNS)}

    def grids(self) -> list[tuple[int, int]]:
        """(step, images) of every kept grid, oldest first."""
        with self._read() as db:
            return list(db.execute("SELECT step, images FROM grids ORDER BY step"))

    def grid(self, step: int) -> GridRow | None:
        with self._read() as db:
            row = db.execute(
                "SELECT step, images, columns, rows, size, sha256, scores FROM grids WHERE step = ?", (step,)
            ).fetchone()
        if row is None:
            return None
        step, images, columns, rows, size, sha256, scores = row
        return GridRow(step, images, columns, rows, size, sha256, np.frombuffer(scores, dtype=np.float32))

    def checkpoints(self) -> list[CheckpointRow]:
        """Oldest first."""
        with self._read() as db:
            rows = db.execute(
                "SELECT step, images, elapsed_seconds, sha256, generator_sha256, by_hand FROM checkpoints "
                "ORDER BY step"
            ).fetchall()
        return [CheckpointRow(step, n, s, sha, g_sha, bool(by_hand)) for step, n, s, sha, g_sha, by_hand in rows]

    def changes(self, after_step: int = -1) -> list[LiveChange]:
        """Every change in the order in which it was made; `after_step` exclusive."""
        with self._read() as db:
            rows = db.execute(
                "SELECT step, path, before, after FROM changes WHERE step > ? ORDER BY id", (after_step,)
            ).fetchall()
        return [LiveChange(self.id, step, path, json.loads(b), json.loads(a)) for step, path, b, a in rows]


class RunWriter:
    """The one writer of a run's database. Points wait in memory until `stand`, which comes every second."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._waiting: list[tuple[float | None, ...]] = []
        fresh = not folder.database.exists()
        self._db = sqlite3.connect(folder.database, timeout=30.0, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        if fresh or self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} COMMIT;")

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def stand(self, standing: Standing) -> None:
        """Write how the run stands, with the points that wait: both or neither."""
        with self._transaction() as db:
            self._write_points(db)
            db.execute(
                "INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
                (
                    standing.state, standing.step, standing.images, standing.elapsed_seconds, standing.error,
                    json.dumps(standing.advice), json.dumps(standing.warnings),
                ),
            )  # fmt: skip
        self._waiting.clear()

    def add_point(self, values: dict[str, float]) -> None:
        self._waiting.append(tuple(None if v != v else v for v in (values[c] for c in COLUMNS)))

    def _write_points(self, db: sqlite3.Connection) -> None:
        marks = ", ".join("?" * len(COLUMNS))
        db.executemany(f"INSERT OR REPLACE INTO points VALUES ({marks})", self._waiting)

    def add_grid(self, row: GridRow) -> None:
        scores = row.scores.astype(np.float32).tobytes()
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO grids VALUES (?, ?, ?, ?, ?, ?, ?)",
                (row.step, row.images, row.columns, row.rows, row.size, row.sha256, scores),
            )

    def add_checkpoint(self, row: CheckpointRow) -> None:
        """With the points that wait, so that a checkpoint never stands alone."""
        with self._transaction() as db:
            self._write_points(db)
            db.execute(
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?)",
                (row.step, row.images, row.elapsed_seconds, row.sha256, row.generator_sha256, int(row.by_hand)),
            )
        self._waiting.clear()

    def forget_checkpoint(self, step: int) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM checkpoints WHERE step = ?", (step,))

    def add_change(self, change: LiveChange) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT INTO changes (step, path, before, after) VALUES (?, ?, ?, ?)",
                (change.step, change.path, json.dumps(change.before), json.dumps(change.after)),
            )

    def rewind(self, step: int) -> list[int]:
        """Forget points and grids after `step` (they will be made again); returns the forgotten grids' steps.

        Changes are kept: they are made again at their steps.
        """
        with self._transaction() as db:
            db.execute("DELETE FROM points WHERE step > ?", (step,))
            steps = [row[0] for row in db.execute("SELECT step FROM grids WHERE step > ?", (step,))]
            db.execute("DELETE FROM grids WHERE step > ?", (step,))
        return steps


def create_run(runs_dir: Path, about: About) -> RunFolder:
    """A new run's folder with its config.json. Raises OSError where it cannot be written."""
    root = runs_dir / about.id
    root.mkdir(parents=True)
    (root / "samples").mkdir()
    (root / "checkpoints").mkdir()
    text = json.dumps(about.__dict__, indent=1, ensure_ascii=False, sort_keys=True)
    write_atomically(root / "config.json", text.encode())
    return RunFolder(root)


def open_run(runs_dir: Path, run_id: str) -> RunFolder:
    """The folder of a run by its exact id. Raises UnknownRun, also for names that could not be one."""
    if re.fullmatch(ID_PATTERN, run_id) and (runs_dir / run_id / "config.json").is_file():
        return RunFolder(runs_dir / run_id)
    shown = run_id if len(run_id) <= 60 else run_id[:57] + "..."
    raise UnknownRun(f'There is no run called "{shown}" in {runs_dir}.')


def run_ids(runs_dir: Path) -> list[str]:
    """All runs, newest first (ids begin with the time)."""
    if not runs_dir.is_dir():
        return []
    found = [p.parent.name for p in runs_dir.glob("*/config.json") if re.fullmatch(ID_PATTERN, p.parent.name)]
    return sorted(found, reverse=True)


def now_text() -> str:
    """The time now, as in config.json: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

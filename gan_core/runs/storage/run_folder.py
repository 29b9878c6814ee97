"""A run on disk: `runs/<id>/` is portable and self-contained.

config.json     what the run is (written once; `trust` adds to an earlier version's what it is trained on)
metrics.db      points, grids, checkpoints, changes and state (SQLite; written by the run's thread, see writer.py)
samples/        one PNG atlas per kept grid
checkpoints/    resume state (.pt) and the averaged generator (.safetensors)
generators/     the averaged generator alone, small, at moments from the first step on
run.lock        held by the process whose thread trains the run

Everything here only reads, and takes nothing on trust: a folder may have been edited, cut short or made by somebody
else. What cannot be read is an UnreadableRun.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.data.content import Content, read_contents
from gan_core.runs.evaluation.record import Evaluation, read_evaluations
from gan_core.runs.lineage.replay import Past, read_past
from gan_core.runs.snapshot import LiveChange
from gan_core.runs.states import STATES, State
from gan_core.runs.storage.schema import COLUMNS, SCHEMA_VERSION, TIMING_COLUMNS, UnknownVersion, migrate, version_of

__all__ = [
    "COLUMNS",
    "TIMING_COLUMNS",
    "RunFolder",
    "RunManifest",
    "UnknownRun",
    "UnreadableRun",
    "open_run",
    "run_ids",
]

ID_PATTERN = r"[a-z0-9][a-z0-9-]{2,79}"
MAX_CONFIG_BYTES = 1_000_000  # ours have a few thousand
MAX_THREADS = 1024


class UnknownRun(ValueError):
    """There is no run of that name."""


class OddValue(ValueError):
    """Something in a run's data that cannot be; its words end a sentence."""


class UnreadableRun(ValueError):
    """The folder is there but does not hold a run that this version can read."""


@dataclass(frozen=True)
class RunManifest:
    """config.json: what was decided when the run was made. threads 0: as many as the process has.

    past: what a branch goes through before its own first step, from the checkpoint that it was given. twin_of: the
    run that trains in step with this one. sweep: the sweep that it is a member of. order: the how-manieth run of its
    folder it is, whatever the clock said; 0 for those of earlier versions, which came before.

    trained_on: what each dataset of its life held (`identity.place_of` -> content); an earlier version's run does not
    know that of the first, until it goes on.
    """

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
    past: tuple[Past, ...] = ()
    twin_of: str = ""
    sweep: str = ""
    order: int = 0
    trained_on: dict[str, Content] = field(default_factory=dict)


@dataclass(frozen=True)
class RunStatus:
    """Where a run stands, as last written. compiled_from_step: see `RunView`.

    until_step, until_seconds: where whoever started or resumed it last asked it to stop, before its full length; None
    where nothing was asked. until_seconds is compared with elapsed_seconds; that of a branch which still goes through
    its parent's steps moves on by what those take (`RunLife`).
    """

    state: State = "queued"
    step: int = 0
    images: int = 0
    elapsed_seconds: float = 0.0
    error: str = ""
    advice: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    compiled_from_step: int = 0
    until_step: int | None = None
    until_seconds: float | None = None


@dataclass(frozen=True)
class CheckpointRow:
    step: int
    images: int
    elapsed_seconds: float
    sha256: str
    generator_sha256: str
    by_hand: bool


@dataclass(frozen=True)
class GeneratorRow:
    """A small generator that was kept to look back at (see `small_generators`)."""

    step: int
    images: int
    elapsed_seconds: float
    sha256: str


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

    def about(self) -> RunManifest:
        """Raises UnreadableRun where config.json is missing or not what this version writes."""
        path = self.root / "config.json"
        try:
            if path.stat().st_size > MAX_CONFIG_BYTES:
                raise ValueError("too large")
            return _about_from(json.loads(path.read_text(encoding="utf-8")), self.id)
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise UnreadableRun(f"The run {self.id} has no readable config.json.") from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A read-only connection to tables of the present version.

        Raises UnreadableRun where there is no database, where it is damaged or of an unknown version, or where what
        the block makes of it raises ValueError or TypeError, as values of a wrong type do.
        """
        try:
            with _connection(self.database) as db:
                version = version_of(db)
                if version == SCHEMA_VERSION:
                    yield db
                else:
                    with closing(_migrated_copy(db, version)) as copy:
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

    def standing(self) -> RunStatus:
        with self.read() as db:
            return read_standing(db)

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


def read_standing(db: sqlite3.Connection) -> RunStatus:
    """Raises ValueError or TypeError where the table does not hold one."""
    row = db.execute(
        "SELECT state, step, images, elapsed_seconds, error, compiled_from_step, until_step, until_seconds,"
        " advice, warnings FROM state"
    ).fetchone()
    if row is None or row[0] not in STATES:
        raise OddValue("it does not say how the run stands")
    state, step, images, seconds, error, compiled, until_step, until_seconds, *lists = row
    advice, warnings = (_sentences(text) for text in lists)
    return RunStatus(
        state, int(step), int(images), float(seconds), str(error), advice, warnings, int(compiled or 0),
        None if until_step is None else int(until_step), None if until_seconds is None else float(until_seconds),
    )  # fmt: skip


def read_checkpoints(db: sqlite3.Connection) -> list[CheckpointRow]:
    rows = db.execute(
        "SELECT step, images, elapsed_seconds, sha256, generator_sha256, by_hand FROM checkpoints ORDER BY step"
    )
    return [
        CheckpointRow(int(step), int(images), float(seconds), str(sha), str(g_sha), bool(by_hand))
        for step, images, seconds, sha, g_sha, by_hand in rows
    ]


def read_changes(db: sqlite3.Connection, run_id: str) -> list[LiveChange]:
    rows = db.execute("SELECT step, path, before, after FROM changes ORDER BY step, id")
    return [LiveChange(run_id, int(step), str(path), json.loads(b), json.loads(a)) for step, path, b, a in rows]


def _sentences(text: str) -> tuple[str, ...]:
    return tuple(str(sentence) for sentence in json.loads(text))


def _about_from(data: Any, run_id: str) -> RunManifest:
    """Raises TypeError, ValueError or KeyError where a field is missing, unknown or of a wrong type.

    The id is the folder's name whatever the file says, so that a folder may be renamed and cannot pose as another.
    """
    if not isinstance(data["classes"], list) or not isinstance(data["config"], dict):
        raise TypeError("classes or config")
    past = read_past(data.get("past", []))
    contents = read_contents(data.get("trained_on", {}))
    read = {"id": run_id, "classes": tuple(data["classes"]), "past": past, "trained_on": contents}
    about = RunManifest(**{**data, **read})
    texts = (
        about.title, about.preset, about.created, about.device, about.parent, about.torch_version, about.twin_of,
        about.sweep,
    )  # fmt: skip
    if not all(isinstance(text, str) for text in (*texts, *about.classes)):
        raise TypeError("a text")
    limits = ((about.threads, MAX_THREADS), (about.channels, 4), (about.parent_step, 2**53), (about.order, 2**53))
    if not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= most for n, most in limits):
        raise ValueError("a number")
    if past and past[-1].until != about.parent_step:
        raise ValueError("the steps of the past")
    return about


@contextmanager
def _connection(database: Path) -> Iterator[sqlite3.Connection]:
    """Read-only, also where nothing may be written beside the file; raises sqlite3.Error or OSError."""
    try:
        db = _open_readable(database)
    except sqlite3.OperationalError:
        if not database.is_file():
            raise
    else:
        with closing(db):
            yield db
        return
    # A database in WAL mode on a medium that cannot be written to: SQLite has no place for its index of the log.
    with tempfile.TemporaryDirectory(prefix="ganscope-") as folder:
        copy = Path(folder) / database.name
        for end in ("", "-wal"):
            if (part := database.with_name(database.name + end)).exists():
                shutil.copyfile(part, copy.with_name(copy.name + end))
        with closing(_open_readable(copy)) as db:
            yield db


def _open_readable(database: Path) -> sqlite3.Connection:
    # as_uri() quotes what an address must not hold ("?", "#", "%")
    db = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
    try:
        db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db


def _migrated_copy(db: sqlite3.Connection, version: int) -> sqlite3.Connection:
    """An earlier version's content in memory, in the present version's tables."""
    if version == 0:
        raise ValueError("it is empty")
    copy = sqlite3.connect(":memory:", isolation_level=None)
    db.backup(copy)
    migrate(copy, version)
    return copy


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
                _orders[root] = RunFolder(root).about().order
            except UnreadableRun:
                continue
        newest = max(newest, _orders[root])
    return newest + 1


def now_text() -> str:
    """The time now, as in config.json: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

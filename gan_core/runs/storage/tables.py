"""Reads metrics.db of a run: read-only connections, and its rows as typed values."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_core.runs.snapshot import LiveChange
from gan_core.runs.states import STATES, State
from gan_core.runs.storage.schema import migrate


class OddValue(ValueError):
    """Something in a run's data that cannot be; its words end a sentence."""


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


def read_status(db: sqlite3.Connection) -> RunStatus:
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


@contextmanager
def open_database(database: Path) -> Iterator[sqlite3.Connection]:
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
    # A database in WAL mode on a medium that cannot be written to: SQLite has no place for its index of the log. Or
    # one whose program was killed within a commit: who only reads may not undo that.
    with tempfile.TemporaryDirectory(prefix="ganscope-") as folder:
        copy = Path(folder) / database.name
        for end in ("", "-wal", "-journal"):
            if (part := database.with_name(database.name + end)).exists():
                shutil.copyfile(part, copy.with_name(copy.name + end))
        with closing(_open_readable(copy, mode="rw")) as db:
            yield db


def _open_readable(database: Path, mode: str = "ro") -> sqlite3.Connection:
    # as_uri() quotes what an address must not hold ("?", "#", "%")
    db = sqlite3.connect(f"{database.absolute().as_uri()}?mode={mode}", uri=True, timeout=5.0)
    try:
        db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db


def migrated_copy(db: sqlite3.Connection, version: int) -> sqlite3.Connection:
    """An earlier version's content in memory, in the present version's tables."""
    if version == 0:
        raise ValueError("it is empty")
    copy = sqlite3.connect(":memory:", isolation_level=None)
    db.backup(copy)
    migrate(copy, version)
    return copy

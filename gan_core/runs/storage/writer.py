"""The single writer of a run's database, and the atomic creation of a run's folder."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_core.config.files import sync_folder, write_atomically
from gan_core.runs.evaluation_record import Evaluation, add_evaluation, mark_best_again
from gan_core.runs.snapshot import LiveChange
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder, UnreadableRun
from gan_core.runs.storage.schema import COLUMNS, UnknownVersion, make_tables, migrate, version_of
from gan_core.runs.storage.shared.file_system import is_shared
from gan_core.runs.storage.shared.lock import HeldElsewhere, RunLock
from gan_core.runs.storage.tables import CheckpointRow, GeneratorRow, GridRow, RunStatus

BUSY_SECONDS = 30.0  # readers never hold the database for long
_LOG_INDEX_BYTES = 32_768


class RunWriter:
    """Points wait in memory until `stand`, which comes every second, or the next checkpoint.

    Made and used by whoever holds the run's lock. Every method raises OSError where the disk is full or the file
    cannot be written; the constructor also UnreadableRun. lock: where it is given, nothing is written any more once
    another program has taken it over, and HeldElsewhere is raised.
    """

    def __init__(self, folder: RunFolder, lock: RunLock | None = None) -> None:
        self.folder, self._lock = folder, lock
        self._waiting: list[tuple[float | None, ...]] = []
        with _disk_errors(folder.database):
            self._db = sqlite3.connect(
                folder.database, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise

    def _open(self) -> None:
        try:
            version = version_of(self._db)  # before anything is written, so that another version's stays as it was
        except (UnknownVersion, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise UnreadableRun(f"The run {self.folder.id} cannot be read: {error}.") from error
        # The log in shared memory is for one machine's programs; several machines need the journal in a file.
        self._db.execute(f"PRAGMA journal_mode = {'DELETE' if is_shared(self.folder.root) else 'WAL'}")
        self._db.execute("PRAGMA synchronous = NORMAL")
        with self._transaction() as db:
            if version == 0:
                make_tables(db)
            else:
                migrate(db, version)

    def close(self) -> None:
        """Leave one plain file, which can be read from a medium that cannot be written to."""
        with contextlib.suppress(sqlite3.Error):  # a reader is at it just now, or the disk is full: the log stays
            self._db.execute("PRAGMA busy_timeout = 100")
            self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.close()

    @contextlib.contextmanager
    def _transaction(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """All or nothing; `durable`: on the disk itself, not only safe from a kill, when it returns."""
        if self._lock is not None and not self._lock.is_ours:
            raise HeldElsewhere(f"The run {self.folder.id} was taken over by another program.")
        with _disk_errors(self.folder.database):
            if durable:
                self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # SQLite ends it by itself after some errors, a full disk among them
                    self._db.execute("ROLLBACK")
                raise
            finally:
                if durable:
                    self._db.execute("PRAGMA synchronous = NORMAL")

    def write_status(self, status: RunStatus) -> None:
        """Write how the run stands, with the points that wait: both or neither."""
        with self._transaction() as db:
            self._write_points(db)
            db.execute(
                "INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    status.state, status.step, status.images, status.elapsed_seconds, status.error,
                    json.dumps(status.advice), json.dumps(status.warnings), status.compiled_from_step,
                    status.until_step, status.until_seconds,
                ),
            )  # fmt: skip
        self._waiting.clear()

    def add_point(self, values: dict[str, float]) -> None:
        """Keep a point until the next writing."""
        self._waiting.append(tuple(None if v != v else v for v in (values.get(c, math.nan) for c in COLUMNS)))

    def add_points(self, columns: dict[str, NDArray[np.float64]]) -> None:
        """Many points at once, as `RunFolder.points` gives them; kept until the next writing."""
        rows = zip(*(columns[c].tolist() for c in COLUMNS), strict=True)
        self._waiting += [tuple(None if v != v else v for v in row) for row in rows]

    def _write_points(self, db: sqlite3.Connection) -> None:
        marks = ", ".join("?" * len(COLUMNS))
        db.executemany(f"INSERT OR REPLACE INTO points ({', '.join(COLUMNS)}) VALUES ({marks})", self._waiting)

    def add_grid(self, row: GridRow) -> None:
        """To be called once the picture is durable."""
        scores = row.scores.astype(np.float32).tobytes()
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO grids VALUES (?, ?, ?, ?, ?, ?, ?)",
                (row.step, row.images, row.columns, row.rows, row.size, row.sha256, scores),
            )

    def add_checkpoint(self, row: CheckpointRow) -> None:
        """To be called once the files are durable; with the points that wait, so that it never stands alone."""
        with self._transaction(durable=True) as db:
            self._write_points(db)
            db.execute(
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?)",
                (row.step, row.images, row.elapsed_seconds, row.sha256, row.generator_sha256, int(row.by_hand)),
            )
        self._waiting.clear()

    def keep_checkpoint(self, step: int) -> None:
        """Mark it as made by hand."""
        with self._transaction() as db:
            db.execute("UPDATE checkpoints SET by_hand = 1 WHERE step = ?", (step,))

    def forget_checkpoint(self, step: int) -> None:
        """To be called before its files go."""
        with self._transaction() as db:
            db.execute("DELETE FROM checkpoints WHERE step = ?", (step,))

    def add_generator(self, row: GeneratorRow) -> None:
        """To be called once the file is durable."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO generators VALUES (?, ?, ?, ?)",
                (row.step, row.images, row.elapsed_seconds, row.sha256),
            )

    def forget_generator(self, step: int) -> None:
        """To be called before its file goes."""
        with self._transaction() as db:
            db.execute("DELETE FROM generators WHERE step = ?", (step,))

    def add_evaluation(self, evaluation: Evaluation) -> None:
        """In the place of another of its step, features and number of samples; the best is found anew."""
        with self._transaction() as db:
            add_evaluation(db, evaluation)

    def add_change(self, change: LiveChange) -> None:
        """Write a change down; what was to be made again of the same field at a later step is forgotten."""
        with self._transaction() as db:
            db.execute("DELETE FROM changes WHERE path = ? AND step > ?", (change.path, change.step))
            if change.before != change.after:
                db.execute(
                    "INSERT INTO changes (step, path, before, after) VALUES (?, ?, ?, ?)",
                    (change.step, change.path, json.dumps(change.before), json.dumps(change.after)),
                )

    def rewind(self, step: int) -> None:
        """Forget points, grids, checkpoints, small generators and evaluations after `step`: they will be made again.

        Perhaps with other changes; those made before are kept: they are made again at their steps.
        """
        with self._transaction() as db:
            for table in ("points", "grids", "checkpoints", "generators", "evaluations"):
                db.execute(f"DELETE FROM {table} WHERE step > ?", (step,))
            mark_best_again(db)


@contextlib.contextmanager
def _disk_errors(database: Path) -> Iterator[None]:
    """SQLite's words for a disk that is full or fails, as the OSError that everybody else raises."""
    try:
        yield
    except sqlite3.OperationalError as error:
        full = error.sqlite_errorcode == sqlite3.SQLITE_FULL or _no_room(database.parent)
        code = errno.ENOSPC if full else errno.EIO
        words = os.strerror(code) if full else str(error)
        raise OSError(code, words, os.fspath(database)) from error


def _no_room(folder: Path) -> bool:
    """SQLite's index of its log is made in one piece; where that finds no room it speaks of an I/O error."""
    try:
        return shutil.disk_usage(folder).free < _LOG_INDEX_BYTES
    except OSError:
        return False


def write_manifest(folder: RunFolder, manifest: RunManifest) -> None:
    """config.json. Raises OSError where it cannot be written."""
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False, sort_keys=True)
    write_atomically(folder.root / "config.json", text.encode())


@contextlib.contextmanager
def new_run(runs_dir: Path, manifest: RunManifest) -> Iterator[tuple[RunFolder, RunLock]]:
    """A new run's folder, to be filled inside the block; it takes its place in `runs_dir` at the block's end.

    Until then it has a name that no list shows; where the block fails nothing is left of it. Its lock is held from
    the beginning and stays so. Raises OSError where it cannot be written, FileExistsError where the name is taken.
    """
    staging = runs_dir / f".new-{manifest.id}-{secrets.token_hex(4)}"
    lock = RunLock(staging / "run.lock", manifest.id)
    try:
        for name in ("samples", "checkpoints", "generators"):
            (staging / name).mkdir(parents=True)
        lock.acquire()
        write_manifest(RunFolder(staging, manifest.id), manifest)
        yield RunFolder(staging, manifest.id), lock
        if (runs_dir / manifest.id).exists():
            raise FileExistsError(
                errno.EEXIST, "There is a run of that name already", os.fspath(runs_dir / manifest.id)
            )
        os.replace(staging, runs_dir / manifest.id)
        lock.follow(runs_dir / manifest.id / "run.lock")
        sync_folder(runs_dir)
    except BaseException:
        lock.release()
        shutil.rmtree(staging, ignore_errors=True)
        raise

"""Validates the content of an imported run before any of it is used; behind `archive_reading`."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_core.data.uploads.limits import Refused
from gan_core.runs.evaluation_record import Evaluation
from gan_core.runs.snapshot import LiveChange
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.schema import UnknownVersion, make_tables, migrate, version_of
from gan_core.runs.storage.tables import CheckpointRow, GeneratorRow, GridRow, RunStatus
from gan_core.runs.storage.views import config_in_force
from gan_core.runs.storage.weights.foreign_weights import HEAD_BYTES, NotAGenerator, read_header
from gan_core.runs.storage.weights.state_file import MOST_LIST_BYTES, NotAState, check_state_file
from gan_core.runs.storage.writer import RunWriter
from gan_core.training.observe.scene import decode_scene

MOST_TEXT, MOST_SENTENCE, MOST_SENTENCES = 200, 2_000, 50
MOST_DATABASE_BYTES = 300_000_000
MOST_ROWS = {"points": 1_000_000}  # of a table; of every other MOST_OTHER_ROWS
MOST_OTHER_ROWS = 20_000
MOST_CELL_BYTES, MOST_TEXT_BYTES = 1_000_000, 50_000_000  # of one text, and of all in a column
MOST_PIXELS = 4_000_000  # of a sample grid; the largest have 0.7
_MOST_STEP, _MOST_SECONDS = 2**53, 1e12
_COLUMN = r'"?[a-z0-9_]+"? (INTEGER|REAL|TEXT|BLOB)( NOT NULL)?( PRIMARY KEY)?( CHECK \(only = 1\))?'
_TABLE = re.compile(rf"CREATE TABLE [a-z_]+ ?\({_COLUMN}(, {_COLUMN})*(, PRIMARY KEY \([a-z0-9_, ]+\))?\)")


def check_about(folder: RunFolder) -> RunManifest:
    """config.json. Raises UnreadableRun or Refused."""
    manifest = folder.manifest()
    texts = (
        manifest.title,
        manifest.preset,
        manifest.device,
        manifest.parent,
        manifest.torch_version,
        manifest.twin_of,
        manifest.sweep,
    )
    if not all(len(text) <= MOST_TEXT and text.isprintable() for text in (*texts, *manifest.classes)):
        raise Refused("a text in its config.json is too long or has control signs")
    names = [text for one in manifest.trained_on.values() for text in (one.title, *one.classes)]
    if not all(text.isprintable() for text in (*manifest.trained_on, *names)):
        raise Refused("a name in its config.json has control signs")
    if len(manifest.classes) > 1_000:
        raise Refused("it has more than 1,000 classes")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", manifest.created) or not _is_time(manifest.created):
        raise Refused("its config.json does not say when it was made")
    config_in_force(manifest, [])
    return manifest


def _is_time(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def check_picture(path: Path) -> None:
    """A sample grid, or the scene of a run of points. Raises Refused."""
    name = f"samples/{path.name}"
    if path.suffix == ".scene":
        try:
            decode_scene(path.read_bytes())
        except (ValueError, MemoryError, OverflowError, RecursionError):
            raise Refused(f'"{name}" in it is not a scene of points') from None
        return
    try:
        with Image.open(path, formats=("PNG",)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Refused(f'"{name}" in it has {image.width:,} x {image.height:,} pixels, too many')
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, MemoryError):
        raise Refused(f'"{name}" in it is not a whole PNG picture') from None


def check_weights(path: Path) -> None:
    """A generator's safetensors file. Raises Refused."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    try:
        read_header(head, path.name, path.stat().st_size)
    except NotAGenerator as problem:
        raise Refused(f"of its generators, {str(problem).rstrip('.')}") from None


def check_state(path: Path, list_bytes_left: int = MOST_LIST_BYTES) -> int:
    """A resume state; how many bytes its list of what to build has. Raises Refused."""
    name = f'"checkpoints/{path.name}" in it'
    try:
        with open(path, "rb") as file:
            list_bytes = check_state_file(file)
    except NotAState as problem:
        raise Refused(f"{name} {problem}") from None
    if list_bytes > list_bytes_left:
        raise Refused(f"its resume states have lists of what to build that are too long together, up to {name}")
    return list_bytes


# --- the database


def copy_database(source: RunFolder, target: RunFolder, digests: Mapping[str, str]) -> list[str]:
    """Values from one run's database into a new one; what has no file is left out, and said in the result.

    digests: of the files that came along, by their names in the archive. Raises Refused, UnreadableRun or OSError.
    """
    _check_database(source.database)
    try:
        status, changes = _status(source.status()), source.changes()
        config_in_force(target.manifest(), [_change(change) for change in changes])
        points, grids = _points(source.points()), [source.grid(step) for step, _ in source.grids()]
        checkpoints, evaluations = source.checkpoints(), source.evaluations()
        generators = source.generators()
    except (OverflowError, RecursionError, MemoryError):
        raise Refused("its metrics.db cannot be read") from None
    kept_grids = [row for row in grids if row is not None and _grid_is_there(row, target, digests)]
    kept = [row for row in checkpoints if _checkpoint_is_there(row, digests)]
    small = [row for row in generators if _generator_is_there(row, digests)]
    with closing(RunWriter(target)) as writer:
        writer.add_points(points)
        writer.write_status(status)
        for change in changes:
            writer.add_change(change)
        for grid in kept_grids:
            writer.add_grid(grid)
        for row in kept:
            writer.add_checkpoint(row)
        for one_small in small:
            writer.add_generator(one_small)
        for one in evaluations:
            writer.add_evaluation(_evaluation(one))
    _remove_unlisted(target, kept_grids, kept, small)
    left_out = (
        (len(grids) - len(kept_grids), "sample grid"), (len(checkpoints) - len(kept), "checkpoint"),
        (len(generators) - len(small), "small generator"),
    )  # fmt: skip
    return [f"{n} {what}{'s' * (n > 1)} had no sound file and was left out." for n, what in left_out if n]


def _check_database(path: Path) -> None:
    """Plain tables of a version that is known, whole, and not too long. Raises Refused."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            db.execute("PRAGMA trusted_schema = OFF")
            version = version_of(db)
            tables = _plain_tables(db)
            if [row[0] for row in db.execute("PRAGMA quick_check(1)")] != ["ok"]:
                raise Refused("its metrics.db is damaged")
            for table in tables:
                _check_lengths(db, table)
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:  # of its tables, without a row
                for (statement,) in db.execute("SELECT sql FROM sqlite_schema WHERE type = 'table'"):
                    copy.execute(statement)
                if version:
                    migrate(copy, version)
                if _columns(copy) != _wanted():
                    raise Refused("its metrics.db does not have the tables of a run")
    except UnknownVersion as problem:
        raise Refused(str(problem)) from None
    except (sqlite3.Error, ValueError, OverflowError):
        raise Refused("its metrics.db is not a whole SQLite database of a run") from None


def _check_lengths(db: sqlite3.Connection, table: str) -> None:
    """Refuse more rows than a run has, and texts of more bytes."""
    most = MOST_ROWS.get(table, MOST_OTHER_ROWS)
    if db.execute(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {most + 1})").fetchone()[0] > most:
        raise Refused(f"its metrics.db has more than {most:,} rows in a table")
    for _, name, kind, *_ in db.execute(f"PRAGMA table_info({table})").fetchall():
        if kind not in ("TEXT", "BLOB"):
            continue
        length = f'length(CAST("{name}" AS BLOB))'
        longest, together = db.execute(f"SELECT max({length}), total({length}) FROM {table}").fetchone()
        if (longest or 0) > MOST_CELL_BYTES or together > MOST_TEXT_BYTES:
            raise Refused("its metrics.db has a text that is too long")


def _plain_tables(db: sqlite3.Connection) -> list[str]:
    """Their names. Anything that computes (a view, a trigger, a check, a default) is refused before it is read."""
    found = []
    for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_schema").fetchall():
        if kind == "index" and sql is None:  # what SQLite makes by itself for a primary key
            continue
        if kind != "table" or not _TABLE.fullmatch(" ".join(str(sql).split())):
            raise Refused("its metrics.db does not have the tables of a run")
        found.append(str(name))
    return found


def _columns(db: sqlite3.Connection) -> dict[str, list[tuple[str, str]]]:
    """Table -> (name, type) of its columns."""
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    return {n: sorted((r[1], r[2]) for r in db.execute(f"PRAGMA table_info({n})")) for n in names}


def _wanted() -> dict[str, list[tuple[str, str]]]:
    """Of a run of this version."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        make_tables(db)
        return _columns(db)


def _status(status: RunStatus) -> RunStatus:
    texts = (status.error, *status.advice, *status.warnings)
    count = len(status.advice) + len(status.warnings)
    if count > MOST_SENTENCES or not all(len(text) <= MOST_SENTENCE for text in texts):
        raise Refused("what it says of itself is too long")
    _check_numbers(status.step, status.images, status.elapsed_seconds)
    _check_numbers(status.compiled_from_step, 0, 0.0)
    _check_numbers(status.until_step or 0, 0, status.until_seconds or 0.0)
    return replace(status, error=_line(status.error), advice=tuple(map(_line, status.advice)),
                   warnings=tuple(map(_line, status.warnings)))  # fmt: skip


def _line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _check_numbers(step: int, images: int, seconds: float) -> None:
    if not (0 <= step <= _MOST_STEP and 0 <= images <= _MOST_STEP and 0 <= seconds <= _MOST_SECONDS):
        raise Refused("a number in its metrics.db is out of every range")


def _points(columns: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """What is infinite as unknown, as a run writes it."""
    steps = columns["step"]
    if not ((steps >= 0) & (steps <= _MOST_STEP)).all():
        raise Refused("a number in its metrics.db is out of every range")
    return {name: np.where(np.isfinite(column), column, math.nan) for name, column in columns.items()}


def _change(change: LiveChange) -> LiveChange:
    if not 0 <= change.step <= _MOST_STEP or len(change.path) > MOST_TEXT:
        raise Refused("a change in its metrics.db is out of every range")
    return change


def _evaluation(one: Evaluation) -> Evaluation:
    _check_numbers(one.step, one.images, one.elapsed_seconds)
    _check_numbers(one.step, one.images, one.cost_seconds)
    names = (one.features, *one.values, *one.floor, *one.classes.names)
    if not all(len(name) <= MOST_TEXT and name.isprintable() for name in names) or not 0 <= one.samples <= _MOST_STEP:
        raise Refused("an evaluation in its metrics.db is out of every range")
    return one


def _grid_is_there(row: GridRow, folder: RunFolder, digests: Mapping[str, str]) -> bool:
    """Whether its file came along and has the shape that the row gives it. Raises Refused where it has another."""
    _check_numbers(row.step, row.images, 0)
    path = folder.grid_file(row.step, points=row.size == 1)
    if digests.get(f"samples/{path.name}") != row.sha256:
        return False
    if row.size > 1:
        with Image.open(path, formats=("PNG",)) as image:
            if image.size != (row.columns * row.size, row.rows * row.size):
                raise Refused(f'"samples/{path.name}" in it does not have the size that its metrics.db gives it')
    return True


def _checkpoint_is_there(row: CheckpointRow, digests: Mapping[str, str]) -> bool:
    _check_numbers(row.step, row.images, row.elapsed_seconds)
    names = (f"checkpoints/{row.step:08d}.pt", f"checkpoints/{row.step:08d}-generator.safetensors")
    return [digests.get(name) for name in names] == [row.sha256, row.generator_sha256]


def _generator_is_there(row: GeneratorRow, digests: Mapping[str, str]) -> bool:
    _check_numbers(row.step, row.images, row.elapsed_seconds)
    return digests.get(f"generators/{row.step:08d}.safetensors") == row.sha256


def _remove_unlisted(
    folder: RunFolder, grids: list[GridRow], checkpoints: list[CheckpointRow], generators: list[GeneratorRow]
) -> None:
    """Files that no row speaks of."""
    known = {folder.grid_file(row.step, points=row.size == 1) for row in grids}
    known |= {make(row.step) for row in checkpoints for make in _makers(folder)}
    known |= {folder.small_generator(row.step) for row in generators}
    folders = (folder.root / name for name in ("samples", "checkpoints", "generators"))
    for path in (path for place in folders for path in place.iterdir()):
        if path not in known:
            with suppress(OSError):
                path.unlink()


def _makers(folder: RunFolder) -> tuple[Callable[[int], Path], ...]:
    return folder.checkpoint, folder.generator

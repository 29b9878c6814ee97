"""A run as one file: a zip whose members are stored as they are, and a list of their sizes and SHA-256.

`archive_reading` reads such files, which may come from anywhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

from gan_core.runs.evaluation_record import best_step
from gan_core.runs.storage.run_folder import RunFolder, UnreadableRun, open_run
from gan_core.runs.storage.schema import SCHEMA_VERSION

Checkpoints = Literal["all", "newest", "none"]
CHECKPOINTS: tuple[Checkpoints, ...] = get_args(Checkpoints)

MANIFEST = "ganscope-run.json"
FORMAT = 1
MOST_BYTES = 4_000_000_000  # of one archive; past it a zip would be of another kind (ZIP64)
BOOKMARK_FILES = ("explore/bookmarks.json", "explore/directions.json")
BESIDE = ("labels.json", *BOOKMARK_FILES)
"""Files that a run may have or not."""
_CHUNK = 1 << 20
_DATE = (1980, 1, 1, 0, 0, 0)  # the same run gives the same file


def export_run(runs_dir: Path, run_id: str, out: Path, checkpoints: Checkpoints = "all") -> int:
    """Write a run to the file `out`; returns its size in bytes. It may go on training meanwhile.

    checkpoints: "newest" keeps the newest and the best one, "none" leaves all out, small generators too; the curves
    and samples always come along.
    Raises UnknownRun, UnreadableRun, ValueError in one sentence where it would be too large, or OSError.
    """
    folder = open_run(runs_dir, run_id)
    for last in (False, True):
        try:
            _export(folder, out, checkpoints)
            break
        except FileNotFoundError:  # a checkpoint was thinned out in this moment
            if last:
                raise
    return out.stat().st_size


def _export(folder: RunFolder, out: Path, checkpoints: Checkpoints) -> None:
    with tempfile.TemporaryDirectory(prefix="ganscope-") as temporary:
        database = Path(temporary) / "metrics.db"
        steps, small = _copy_database(folder, database, checkpoints)
        config = Path(temporary) / "config.json"
        config.write_bytes(_without_owner(folder.root / "config.json"))
        files = {"config.json": config, "metrics.db": database, **_files(folder, steps, small)}
        total = sum(path.stat().st_size for path in files.values())
        if total > MOST_BYTES:
            raise ValueError(
                f"The run {folder.id} would make a file of {total / 1e9:.1f} GB; at most "
                f"{MOST_BYTES / 1e9:.0f} GB can be written: export it with the newest checkpoint only."
            )
        _write(files, folder.id, out)


def _without_owner(path: Path) -> bytes:
    """config.json without whose run it is: that is nobody's business elsewhere."""
    written = path.read_bytes()
    found = json.loads(written)
    if isinstance(found, dict) and found.pop("owner", ""):
        return json.dumps(found, indent=2).encode()
    return written


def _copy_database(folder: RunFolder, copy: Path, checkpoints: Checkpoints) -> tuple[list[int], list[int]]:
    """A consistent copy at one moment, of what comes along only; the steps of checkpoints and of small generators."""
    with folder.read() as source, contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as db:
        source.backup(db)
        db.execute("PRAGMA journal_mode = DELETE")  # one plain file
    moment = RunFolder(copy.parent, folder.id)
    wanted = steps_to_keep(moment, checkpoints)
    there = [s for s in wanted if folder.checkpoint(s).is_file() and folder.generator(s).is_file()]
    small = [row.step for row in moment.generators()] if checkpoints != "none" else []
    small = [step for step in small if folder.small_generator(step).is_file()]
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as db:
        if int(db.execute("PRAGMA user_version").fetchone()[0]) != SCHEMA_VERSION:
            raise UnreadableRun(f"The run {folder.id} cannot be copied.")
        for table, steps in (("checkpoints", there), ("generators", small)):
            marks = ", ".join("?" * len(steps))
            db.execute(f"DELETE FROM {table} WHERE step NOT IN ({marks})", steps)
        db.execute("VACUUM")
    return there, small


def steps_to_keep(folder: RunFolder, checkpoints: Checkpoints) -> list[int]:
    """Of which steps an export takes the checkpoints along."""
    steps = [row.step for row in folder.checkpoints()]
    if checkpoints == "all":
        return steps
    if checkpoints == "none" or not steps:
        return []
    best = best_step(folder.evaluations())
    return sorted({steps[-1], *((best,) if best in steps else ())})


def _files(folder: RunFolder, steps: list[int], small: list[int]) -> dict[str, Path]:
    """Name in the archive -> file; of the checkpoints at `steps` and the small generators at `small`."""
    found = {name: folder.root / name for name in BESIDE}
    for step, _ in folder.grids():
        for points in (False, True):
            path = folder.grid_file(step, points=points)
            found[f"samples/{path.name}"] = path
    for step in steps:
        for path in (folder.checkpoint(step), folder.generator(step)):
            found[f"checkpoints/{path.name}"] = path
    for step in small:
        path = folder.small_generator(step)
        found[f"generators/{path.name}"] = path
    return {name: path for name, path in found.items() if path.is_file() and not path.is_symlink()}


def _write(files: dict[str, Path], run_id: str, out: Path) -> None:
    listed: dict[str, dict[str, object]] = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name, path in files.items():
            info = _info(name)
            digest, size = hashlib.sha256(), 0
            with archive.open(info, "w") as member, open(path, "rb") as file:
                while part := file.read(_CHUNK):
                    member.write(part)
                    digest.update(part)
                    size += len(part)
            listed[name] = {"size": size, "sha256": digest.hexdigest()}
        listing = {"format": FORMAT, "run": run_id, "files": listed}
        archive.writestr(_info(MANIFEST), json.dumps(listing, indent=1))


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.external_attr = 0o644 << 16
    return info


@contextlib.contextmanager
def exported(runs_dir: Path, run_id: str, checkpoints: Checkpoints = "all") -> Iterator[Path]:
    """A temporary file with the run, gone after the block. Raises as `export_run`."""
    folder = Path(tempfile.mkdtemp(prefix="ganscope-"))
    try:
        export_run(runs_dir, run_id, out := folder / f"{run_id}.zip", checkpoints)
        yield out
    finally:
        shutil.rmtree(folder, ignore_errors=True)

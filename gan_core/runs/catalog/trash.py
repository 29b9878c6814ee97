"""Deleted runs: moved to a trash folder as they are, and restored from it until it is emptied."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gan_core.config.files import sync_folder
from gan_core.runs.manager import RunManager
from gan_core.runs.storage.run_folder import ID_PATTERN, RunFolder
from gan_core.runs.storage.shared.lock import RunLock

FOLDER = ".trash"  # in the runs folder, so that moving is renaming; no list of runs shows it
_NAME = re.compile(rf"({ID_PATTERN})\.(\d{{8}}T\d{{6}})-[0-9a-f]{{4}}")


@dataclass(frozen=True)
class Deleted:
    """token: what `undelete` takes. when: UTC, as in config.json. title: "" where it cannot be read. owner: as in
    `RunManifest`; None where it cannot be read."""

    token: str
    run: str
    when: str
    title: str
    preset: str
    size_bytes: int
    owner: str | None = ""


def delete(manager: RunManager, run_id: str) -> str:
    """Move a run at rest into the trash; returns the token that `undelete` takes.

    Raises UnknownRun; ValueError in one sentence where the run trains here or elsewhere; OSError.
    """
    folder = manager.launcher.at_rest(run_id)
    if manager.elsewhere.waits(run_id):
        raise ValueError(f"The run {run_id} waits for a job on another machine; cancel it first.")
    trash = manager.runs_dir / FOLDER
    trash.mkdir(exist_ok=True)
    token = f"{folder.id}.{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
    lock = RunLock(folder.lock, run_id)
    lock.acquire()  # nobody starts it while it moves; the lock follows the folder
    try:
        os.replace(folder.root, trash / token)
        sync_folder(trash)
        sync_folder(manager.runs_dir)
    finally:
        lock.release()
    manager.launcher.forget(run_id)
    return token


def undelete(runs_dir: Path, token: str) -> str:
    """Move a run back; returns its id. Raises ValueError in one sentence, or OSError."""
    found = _NAME.fullmatch(token)
    away = runs_dir / FOLDER / token
    if found is None or not away.is_dir():
        raise ValueError("This run cannot be had back any more: the trash was emptied.")
    run_id = found[1]
    if (runs_dir / run_id).exists():
        raise ValueError(f"There is a run called {run_id} again; delete that one first to have the other back.")
    try:
        os.rename(away, runs_dir / run_id)  # never onto a folder with something in it
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise ValueError(f"There is a run called {run_id} again; delete that one first.") from error
        raise
    sync_folder(runs_dir)
    return run_id


def deleted(runs_dir: Path) -> list[Deleted]:
    """What can be had back, the last deleted first."""
    found = []
    for path in _inside(runs_dir):
        named = _NAME.fullmatch(path.name)
        when = _when(named[2]) if named else ""
        if not named or not when:
            continue
        title, preset, owner = "", "", None
        with suppress(ValueError):
            manifest = RunFolder(path, named[1]).manifest()
            title, preset, owner = manifest.title, manifest.preset, manifest.owner
        found.append(Deleted(path.name, named[1], when, title, preset, disk_use(path), owner))
    return sorted(found, key=lambda one: (one.when, one.token), reverse=True)


def _when(stamp: str) -> str:
    """The time in a token as config.json has it; "" for what is none."""
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%S").strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return ""


def empty(runs_dir: Path, only: Collection[str] | None = None) -> int:
    """Remove what lies in the trash for good; returns how many bytes that freed. Raises OSError.

    only: these tokens; None: all that lies there.
    """
    freed = 0
    for path in _inside(runs_dir):
        if only is not None and path.name not in only:
            continue
        size = disk_use(path)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)  # does not follow links
        else:
            path.unlink(missing_ok=True)
        freed += size
    return freed


def _inside(runs_dir: Path) -> list[Path]:
    trash = runs_dir / FOLDER
    return [] if trash.is_symlink() or not trash.is_dir() else list(trash.iterdir())


def disk_use(root: Path) -> int:
    """Bytes of all files under a folder; what goes away meanwhile counts nothing. Links are not followed."""
    if root.is_symlink():
        return root.lstat().st_size
    total, folders = 0, [os.fspath(root)]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
    return total

"""Runs between machines without a common folder: out as an archive, in as one, in the place of the run it is of."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from gan_core.runs.storage.archives.archive import BESIDE, exported
from gan_core.runs.storage.archives.reading import import_run
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import RunLock
from gan_core.runs.storage.writer import write_manifest


def packed(runs_dir: Path, run: str) -> bytes:
    """The run with its newest checkpoint and its best. It may train meanwhile. Raises ValueError or OSError."""
    with exported(runs_dir, run, "newest") as path:
        return path.read_bytes()


def unpacked(runs_dir: Path, run: str, archive: bytes) -> None:
    """Make the run here. Raises NotARun or OSError."""
    import_run(runs_dir, io.BytesIO(archive), run)


def put_in_place(runs_dir: Path, run: str, archive: bytes, held: RunLock) -> RunLock:
    """Replace a run by a later state of itself, checked as what comes from elsewhere; returns its new lock, held.

    held: the lock of the one that is replaced, which is released. What people have added to it here, labels and
    bookmarks, stays. Raises NotARun or OSError, and then nothing has changed.
    """
    before = RunFolder(runs_dir / run)
    manifest = before.manifest()
    with tempfile.TemporaryDirectory(prefix=".new-carried-", dir=runs_dir) as aside:
        made = import_run(Path(aside), io.BytesIO(archive), run, owner=manifest.owner)
        now = RunFolder(Path(aside) / made.run, run)
        write_manifest(now, replace(now.manifest(), order=manifest.order, owner=manifest.owner))
        for name in (*BESIDE, "commands"):
            if (before.root / name).exists():
                (now.root / name).parent.mkdir(exist_ok=True)
                if (before.root / name).is_dir():
                    shutil.copytree(before.root / name, now.root / name, dirs_exist_ok=True)
                else:
                    shutil.copy2(before.root / name, now.root / name)
        lock = RunLock(now.lock, run)
        lock.acquire()
        try:
            os.rename(before.root, Path(aside) / "before")
            os.rename(now.root, before.root)
        except BaseException:
            lock.release()
            raise
        held.release()
    return lock

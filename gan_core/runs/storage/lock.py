"""The lock of a run, held by the process that trains it; the system releases it when that process dies."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # not a POSIX system: no run is ever seen as held by another process
    _HAS_LOCKS = False
else:
    _HAS_LOCKS = True

PATIENCE_SECONDS = 0.3  # `is_held` takes the lock itself, for some microseconds: that is no reason to give up


MOST_NOTED = 100  # letters


WITHOUT_LOCKS = (
    "The runs folder {} is on a file system without locks, where two programs could train one run at once; keep runs "
    "on a local disk, or on one that shares locks, as NFS version 4 does."
)
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


class WithoutLocks(ValueError):
    """Its folder has no locks of files."""


class HeldElsewhere(ValueError):
    """Another process trains this run."""


class RunLock:
    """Held from before a run's thread starts until it ends. It follows the folder when that is renamed."""

    def __init__(self, path: Path, run_id: str) -> None:
        self._path, self._run_id = path, run_id
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Raises HeldElsewhere, WithoutLocks, or OSError where the file cannot be written."""
        file = open(self._path, "ab")  # noqa: SIM115 (held open on purpose)
        until = time.monotonic() + PATIENCE_SECONDS
        while _HAS_LOCKS:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    file.close()
                    raise HeldElsewhere(f"The run {self._run_id} is being trained already.") from None
                time.sleep(0.005)
            except BaseException as error:
                file.close()
                if isinstance(error, OSError) and error.errno in _NO_LOCKS:
                    raise WithoutLocks(WITHOUT_LOCKS.format(self._path.parent.parent)) from error
                raise
        self._file = file
        if file.tell():  # what an earlier holder noted
            self.note("")

    def note(self, words: str) -> None:
        """Words for whoever sees that it is held, as long as it is; a disk that is full loses them."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.truncate(0)
                self._file.write(words.encode())
                self._file.flush()

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def noted(path: Path) -> str:
    """What its holder has noted; "" where that is nothing, or nothing that can be read."""
    try:
        with open(path, "rb") as file:
            words = file.read(4 * MOST_NOTED).decode()
    except (OSError, ValueError):
        return ""
    return words[:MOST_NOTED] if words.isprintable() else ""


def is_held(path: Path) -> bool:
    """Whether some process, or another thread of this one, holds the lock now."""
    if not _HAS_LOCKS:
        return False
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:  # never locked, or not ours to read
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(handle)
    return False

"""Which process trains a run: a lock that the system lets go of when the process dies, however it dies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # not a POSIX system: no run is ever seen as held by another process
    fcntl = None  # type: ignore[assignment]


class HeldElsewhere(ValueError):
    """Another process trains this run."""


class RunLock:
    """Held from before a run's thread starts until it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Raises HeldElsewhere, or OSError where the file cannot be written."""
        file = open(self._path, "ab")  # noqa: SIM115 (held open on purpose)
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise HeldElsewhere(f"The run {self._path.parent.name} is being trained by another process.") from None
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def is_held(path: Path) -> bool:
    """Whether some process holds the lock now."""
    if fcntl is None or not path.exists():
        return False
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False

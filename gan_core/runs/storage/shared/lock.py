"""The lock of a run, held by the process that trains it; the system releases it when that process dies.

The file tells who holds it and gives signs of life. Where several machines share the folder, the lock of one that is
gone may stay held: then its signs of life stop. They are judged by whether they change, never by a clock, because two
machines' clocks differ.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_core.runs.storage.shared.file_system import is_shared

try:
    import fcntl
except ImportError:  # not a POSIX system: no run is ever seen as held by another process
    _HAS_LOCKS = False
else:
    _HAS_LOCKS = True

PATIENCE_SECONDS = 0.3  # `is_held` takes the lock itself, for some microseconds: that is no reason to give up
BEAT_SECONDS = 5.0  # from one sign of life to the next
LETTING_GO_SECONDS = 5.0  # who has ended a run closes its files within these
SILENT_SECONDS = 60.0  # without one: whoever holds the lock is taken for gone
MOST_NOTED = 100  # letters
WITHOUT_LOCKS = (
    "The runs folder {} is on a file system without locks, where two programs could train one run at once; keep runs "
    "on a local disk, or on one that shares locks, as NFS version 4 does."
)
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_BYTES = 1_000  # of the file, always: it is written over in one piece


class HeldElsewhere(ValueError):
    """Another process trains this run."""


class WithoutLocks(ValueError):
    """Its folder has no locks of files."""


def wait_until_free(path: Path, seconds: float = LETTING_GO_SECONDS) -> None:
    """Until nobody holds the lock, or so long."""
    until = time.monotonic() + seconds
    while is_held(path) and time.monotonic() < until:
        time.sleep(0.02)


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, or held it last: a machine's name, a process of it; beat: raised by each sign of life."""

    host: str
    process: int
    beat: int

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine that has not ended."""
        return self.host == socket.gethostname() and _is_alive(self.process)


class RunLock:
    """Held from before a run's thread starts until it ends. It follows the folder when that is renamed."""

    def __init__(self, path: Path, run_id: str) -> None:
        self._path, self._run_id = path, run_id
        self._handle: int | None = None
        self._beat, self._words, self._is_shared = 0, "", False

    def acquire(self) -> None:
        """Raises HeldElsewhere, WithoutLocks, or OSError where the file cannot be written."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
            try:
                if _locked(handle, self._path) and _same_file(handle, self._path):
                    break
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)
            if time.monotonic() >= until:
                raise HeldElsewhere(f"The run {self._run_id} is being trained already.") from None
            time.sleep(0.005)
        self._handle, self._words, self._is_shared = handle, "", is_shared(self._path.parent)
        self.beat()

    def beat(self) -> None:
        """Give a sign of life; for one thread at a time, and not while another releases it."""
        if self._handle is None:
            return
        self._beat += 1
        host = socket.gethostname()[:80]
        told = {"host": host, "process": os.getpid(), "beat": self._beat, "words": self._words}
        try:
            os.pwrite(self._handle, json.dumps(told).encode().ljust(_BYTES), 0)
            if self._is_shared:  # else another machine sees it late
                os.fsync(self._handle)
        except (OSError, AttributeError):
            pass  # a full disk, or a system without pwrite: the lock holds all the same

    def note(self, words: str) -> None:
        """Words for whoever sees that it is held, as long as it is; a disk that is full loses them."""
        self._words = words[:MOST_NOTED]
        self.beat()

    @property
    def is_ours(self) -> bool:
        """Whether it is held here still: somebody may have taken it for one of a machine that is gone."""
        return self._handle is not None and _same_file(self._handle, self._path)

    def follow(self, path: Path) -> None:
        """The folder was renamed."""
        self._path = path

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


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


def holder(path: Path) -> Holder | None:
    """What the lock's file tells; None where it tells nothing that can be read, as one of an earlier version."""
    try:
        told = _told(path)
        return Holder(str(told["host"]), int(told["process"]), int(told["beat"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def noted(path: Path) -> str:
    """What its holder has noted; "" where that is nothing, or nothing that can be read."""
    try:
        words = _told(path)["words"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ""
    return words[:MOST_NOTED] if isinstance(words, str) and words.isprintable() else ""


def _told(path: Path) -> Any:
    """Raises OSError, ValueError or RecursionError."""
    with path.open("rb") as file:
        return json.loads(file.read(4 * _BYTES))


class SignsOfLife:
    """Of locks that others hold: for how long each has been seen not to change, by this process's own clock."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[Holder, float]] = {}

    def silent_seconds(self, path: Path) -> float:
        """0 at the first look, and where the file tells nothing."""
        now, found = time.monotonic(), holder(path)
        if found is None:
            return 0.0
        known = self._seen.get(path)
        if known is None or known[0] != found:
            known = self._seen[path] = found, now
        return now - known[1]

    def silent_holder(self, path: Path) -> str:
        """The machine that holds the lock but has been silent for SILENT_SECONDS; "" where there is none."""
        silent = self.silent_seconds(path) >= SILENT_SECONDS
        return found.host if silent and is_held(path) and (found := holder(path)) else ""

    def take_over(self, path: Path, run_id: str) -> None:
        """Put a lock that nobody holds in the place of a silent machine's, which may then write no more.

        Raises ValueError in one sentence where somebody holds it who is not silent, or nobody does; OSError.
        """
        found = holder(path)
        if not is_held(path) or found is None:
            raise ValueError(f"Nobody holds the run {run_id}; resume it.")
        if found.is_here:
            raise ValueError(f"The run {run_id} is held by process {found.process} of this machine; end that one.")
        if (silent := self.silent_seconds(path)) < SILENT_SECONDS:
            raise ValueError(
                f"The run {run_id} is held by {found.host}, which has been silent for {silent:.0f} seconds as seen "
                f"from here; after {SILENT_SECONDS:.0f} it may be taken over."
            )
        _replace(path)


def _replace(path: Path) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        temporary.write_bytes(b"")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _locked(handle: int, path: Path) -> bool:
    """Whether the lock is ours now. Raises WithoutLocks, OSError."""
    if not _HAS_LOCKS:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise WithoutLocks(WITHOUT_LOCKS.format(path.parent.parent)) from error
    return True


def _same_file(handle: int, path: Path) -> bool:
    try:
        there, ours = os.stat(path), os.fstat(handle)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True

"""Files that are whole or not there: a temporary name, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

_PART_BYTES = 1 << 20
_LOCKS: dict[Path, threading.Lock] = {}
_STREAMS = {"/dev/stdout": 1, "/dev/stderr": 2}


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path in the folder of `path`, to be written inside the block; it becomes `path` at its end.

    A reader sees the old file or the whole new one, also after a power cut. Where the block or the writing fails,
    `path` is untouched, the temporary file is gone and the error goes on up. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        _sync_file(temporary)
        os.replace(temporary, path)
        sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """`path` holding exactly `data`, or left as it was. Raises OSError (a full disk, a folder not to be written)."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """In the block nobody else changes `path`: no thread, and no other program where the system has such locks.

    Its folder must be there. Raises OSError.
    """
    with _LOCKS.setdefault(path.absolute(), threading.Lock()), contextlib.ExitStack() as undo:
        if fcntl is not None:
            file = undo.enter_context(open(path.with_name(f".{path.name}.lock"), "ab"))
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def check_folder(path: Path) -> None:
    """Raises FileNotFoundError, which names it, where the folder that `path` is to lie in is not there."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(folder))


@contextlib.contextmanager
def output_path(path: Path) -> Iterator[Path]:
    """As `atomic_path`, for a path that somebody typed: only a file or a new name is replaced.

    A link stays a link, and what it leads to is written; a pipe or a device (`/dev/null`, `/dev/stdout`, a FIFO) is
    written to, once all of it is there. Raises OSError, also for what is neither (a folder, a disk, a socket), which
    names the folder where that is not there.
    """
    kind = _kind(path)
    handle = open_handle(path)
    if kind is None or (stat.S_ISREG(kind) and handle is None):
        check_folder(path)
        with atomic_path(Path(os.path.realpath(path))) as temporary:
            yield temporary
        return
    if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind) or stat.S_ISCHR(kind)):
        raise OSError(errno.EEXIST, "neither a file nor a pipe", os.fspath(path))
    with tempfile.TemporaryDirectory(prefix="ganscope-") as folder:
        temporary = Path(folder) / "output"
        yield temporary
        target = os.open(path, os.O_WRONLY) if handle is None else os.dup(handle)  # which goes on where it is
        with temporary.open("rb") as whole, open(target, "wb", buffering=0) as file:
            while part := whole.read(_PART_BYTES):
                left = memoryview(part)
                while left:
                    left = left[file.write(left) or 0 :]


def write_output(path: Path, data: bytes) -> None:
    """`data` at a path that somebody typed; see `output_path`. Raises OSError."""
    with output_path(path) as temporary:
        temporary.write_bytes(data)


def _kind(path: Path) -> int | None:
    """What there is, at the end of every link; None where that is nothing. Raises OSError."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def open_handle(path: Path) -> int | None:
    """The number of an open file of this process that goes by such a name as /dev/stdout; None for other names."""
    found = re.fullmatch(r"/(?:dev|proc/self)/fd/(\d{1,6})", os.fspath(path))
    return int(found[1]) if found else _STREAMS.get(os.fspath(path))


def sync_folder(folder: Path) -> None:
    """Make names created, renamed or removed in `folder` durable; nothing on systems without folder handles."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())

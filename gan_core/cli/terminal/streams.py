"""Standard output and error that may be closed, full, gone, or know few letters: no command fails half-way for that.

Imports nothing of the engine, so that it can be done before anything else opens a file.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import select
import sys
from typing import Any, TextIO


class _SteadyHandle(io.RawIOBase):
    """A file handle to which writing never raises; `trouble` is what it would have raised."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.trouble: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._handle

    def isatty(self) -> bool:
        return os.isatty(self._handle)

    def write(self, data: Any) -> int:
        left = memoryview(data).cast("B")
        size = len(left)
        while left and self.trouble is None:
            try:
                left = left[os.write(self._handle, left) :]
            except BlockingIOError:  # who shares it made it so: wait for its reader, as anybody else would
                select.select([], [self._handle], [])
            except OSError as error:
                self.trouble = error
        return size


class Streams:
    """The standard streams of this process, made so that nothing written to them raises an error."""

    def __init__(self) -> None:
        for handle in (0, 1, 2):
            try:
                os.fstat(handle)
            except OSError:  # closed by the caller: the next file to be opened would get its number, and our words
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        self._out, self._err = _SteadyHandle(1), _SteadyHandle(2)
        sys.stdout = _text(self._out, sys.stdout, "replace")
        sys.stderr = _text(self._err, sys.stderr, "backslashreplace")

    def end(self, status: int) -> int:
        """The exit status after all was written: as it was, or 2 where what was printed has not arrived."""
        sys.stdout.flush()
        trouble = self._out.trouble
        if trouble is not None and trouble.errno != errno.EPIPE:  # EPIPE: its reader has had enough, as `head` has
            reason = (trouble.strerror or str(trouble)).lower()
            print(f"Standard output could not be written ({reason}); what was done is kept.", file=sys.stderr)
            status = status or 2
        sys.stderr.flush()
        return status


def _text(handle: _SteadyHandle, before: TextIO | None, errors: str) -> TextIO:
    """A letter that its encoding does not know is replaced, unless PYTHONIOENCODING says what else to do."""
    encoding, lines, known = "utf-8", False, "strict"
    if isinstance(before, io.TextIOWrapper):
        encoding, known = before.encoding, before.errors or "strict"
        lines = before.line_buffering or before.write_through
    chosen = errors if known in ("strict", "surrogateescape") else known
    return io.TextIOWrapper(io.BufferedWriter(handle), encoding, chosen, line_buffering=lines)


class Passing:
    """Standard error for what only passes by, a progress bar or the log: left out while nobody can read it.

    Training must not wait because a pager does not read on, nor end because the terminal was closed.
    """

    def __init__(self) -> None:
        self._stream = sys.stderr

    @property
    def encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "ascii"

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return is_terminal(self._stream)

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):  # gone, closed, or not a file at all
            if os.name != "posix" or select.select([], [self._stream], [], 0)[1]:
                self._stream.write(text)
                self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """`write` has done it."""


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody may be looking at it."""
    try:
        return stream is not None and stream.isatty()
    except (OSError, ValueError):  # it has been closed
        return False


def json_text(value: Any, *, indent: int | None = None) -> str:
    """As JSON, with letters as they are where standard output knows them all, else escaped."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return json.dumps(value, indent=indent, ensure_ascii=not encoding.startswith("utf"))

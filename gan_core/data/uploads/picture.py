"""Untrusted pictures as pixels; behind `intake`, which is the only one to call it.

They are decoded in another process (`gan_core.pictures`). A decoder that a picture makes slow, greedy or broken is
ended with that process, and takes neither this one nor a run with it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

from gan_core.data.uploads.limits import Budget, Refused, shown
from gan_core.pictures.decoding import SIDE, Framing

__all__ = ["SIDE", "Framing", "Picture", "PictureReader"]

_LENGTH = struct.Struct(">I")
_MOST_ANSWER_BYTES = 10_000
_TOO_LONG = "it takes too long to decode"
_ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Picture:
    """pixels: uint8 [3, side, side]; changes: what was done to it, in words; size: its own width and height."""

    pixels: np.ndarray[Any, np.dtype[np.uint8]]
    changes: tuple[str, ...]
    size: tuple[int, int] = (SIDE, SIDE)


class PictureReader:
    """Reads one picture after another, within `with`. It is for one thread; several may have one each."""

    def __init__(self) -> None:
        self._child: _Child | None = None

    def __enter__(self) -> PictureReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._child is not None:
            _keep_spare(self._child)
            self._child = None

    def read(self, raw: bytes, framing: Framing, budget: Budget) -> Picture:
        """The picture in `raw`, or Refused with the reason. Charged to the budget either way."""
        if not raw:
            raise Refused("it is empty")
        for fresh in (False, True):
            child = self._child = self._child or _take_spare() or _Child()
            try:
                answer, pixels = child.ask(raw, framing, budget)
                break
            except _Ended as problem:
                self._child = None
                if problem.was_idle and not fresh:  # it went because nobody asked it any more
                    continue
                budget.seconds += budget.limits.picture_seconds
                raise Refused(problem.reason) from None
        budget.pixels_decoded += max(0, int(answer["pixels"]))
        budget.seconds += max(0.0, float(answer["seconds"]))
        if answer["reason"]:
            raise Refused(str(answer["reason"]))
        image = np.frombuffer(pixels, np.uint8).reshape(framing.side, framing.side, 3).transpose(2, 0, 1).copy()
        width, height = (max(1, int(side)) for side in answer["size"])
        return Picture(image, tuple(shown(str(words)) for words in answer["changes"]), (width, height))


class _Ended(Exception):
    def __init__(self, reason: str, *, was_idle: bool) -> None:
        super().__init__(reason)
        self.reason, self.was_idle = reason, was_idle


class _Child:
    """One such process."""

    def __init__(self) -> None:
        more = os.environ.get("PYTHONPATH")
        path = os.pathsep.join((os.fspath(_ROOT), *((more,) if more else ())))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gan_core.pictures.child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def ask(self, raw: bytes, framing: Framing, budget: Budget) -> tuple[dict[str, Any], bytes]:
        """What it answers. Raises _Ended where it does not."""
        limits = budget.limits
        request = json.dumps({
            "bytes": len(raw), "fit": framing.fit, "background": framing.background, "side": framing.side,
            "memory_bytes": limits.memory_bytes, "shortest_side": limits.shortest_side,
            "seconds": limits.picture_seconds,
        }).encode()  # fmt: skip
        late = threading.Event()

        def end() -> None:
            late.set()
            self.process.kill()

        # Processor time is what counts; this is for one that waits, and for systems without such a limit
        timer = threading.Timer(4 * limits.picture_seconds + 10, end)
        timer.daemon = True
        timer.start()
        try:
            return self._exchange(_LENGTH.pack(len(request)) + request, raw, 3 * framing.side**2)
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            self.close()
            code = self.process.returncode
            out_of_time = late.is_set() or code == -24  # SIGXCPU
            reason = _TOO_LONG if out_of_time else "it breaks the decoder"
            raise _Ended(reason, was_idle=code == 0 and not late.is_set()) from None
        finally:
            timer.cancel()

    def _exchange(self, head: bytes, raw: bytes, size: int) -> tuple[dict[str, Any], bytes]:
        to, back = self._pipes()
        to.write(head)
        to.write(raw)
        to.flush()
        (length,) = _LENGTH.unpack(_whole(back, _LENGTH.size))
        if length > _MOST_ANSWER_BYTES:
            raise ValueError("an answer that is none")
        answer = json.loads(_whole(back, length))
        answer = {key: answer[key] for key in ("reason", "changes", "size", "pixels", "seconds")}
        return answer, b"" if answer["reason"] else _whole(back, size)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        to, back = self.process.stdin, self.process.stdout
        if to is None or back is None:
            raise OSError("no pipes")
        return to, back

    def close(self) -> None:
        """It has ended after this; one that is at work is not waited for."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _whole(pipe: IO[bytes], count: int) -> bytes:
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError
    return data


_spare: list[_Child] = []
_spare_guard = threading.Lock()


def _take_spare() -> _Child | None:
    """The one that was used last, if it still runs: to make one takes a tenth of a second."""
    with _spare_guard:
        child = _spare.pop() if _spare else None
    if child is not None and child.process.poll() is not None:
        child.close()
        return None
    return child


def _keep_spare(child: _Child) -> None:
    with _spare_guard:
        _spare.append(child)
        more = _spare[:-1]
        del _spare[:-1]
    for each in more:
        each.close()


def _close_spare() -> None:
    while (child := _take_spare()) is not None:
        child.close()


atexit.register(_close_spare)

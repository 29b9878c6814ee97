"""Ctrl-C, SIGTERM and SIGHUP: a careful stop where the caller wants to hear of them at all."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def may_listen(number: int) -> bool:
    """Whether a handler may be set: not over an "ignore" that nohup or a shell's `trap ''` has left to us."""
    main = threading.current_thread() is threading.main_thread()
    return main and signal.getsignal(number) is not signal.SIG_IGN


class StopSignals:
    """While entered, the first Ctrl-C, SIGTERM or SIGHUP sets `asked`; a second one ends the program at once.

    The run then shows as interrupted and can be resumed from its last checkpoint. What was ignored when the program
    began stays ignored.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()

    def __enter__(self) -> StopSignals:
        self._before = {number: signal.signal(number, self._ask) for number in SIGNALS if may_listen(number)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked.set()
        for each in self._before:
            signal.signal(each, signal.SIG_DFL)

"""The queue for the device: one run at a time uses it, or two in lockstep, first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class DeviceQueue:
    """A queue of parties, mostly of one run; the first holds the device. Twins are a party of two.

    A paused run leaves the queue and rejoins it at the front.
    """

    def __init__(self) -> None:
        self._line: deque[set[str]] = deque()
        self._changed = threading.Condition()

    def join(self, run_id: str, *, front: bool = False, beside: str = "") -> None:
        """Join the queue; front: right behind the holder. beside: with which run to form a party, if it is queued."""
        with self._changed:
            if self._place(run_id) >= 0:
                return
            if (place := self._place(beside)) >= 0:
                self._line[place].add(run_id)
            elif front and self._line:
                self._line.insert(1, {run_id})
            else:
                self._line.append({run_id})
            self._changed.notify_all()

    def leave(self, run_id: str) -> None:
        """Leave the queue, or release the device."""
        with self._changed:
            if (place := self._place(run_id)) >= 0:
                self._line[place].remove(run_id)
                if not self._line[place]:
                    del self._line[place]
                self._changed.notify_all()

    def holds(self, run_id: str) -> bool:
        with self._changed:
            return self._holds(run_id)

    def wait(self, run_id: str, seconds: float, called: Callable[[], bool]) -> bool:
        """Whether the run holds the device, after waiting for it until it is `called` or so long has passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._holds(run_id) or called(), seconds)
            return self._holds(run_id)

    def _holds(self, run_id: str) -> bool:
        return bool(self._line) and run_id in self._line[0]

    def place(self, run_id: str) -> int:
        """0 for the holder, 1 for the next, ...; -1 for a run that is not queued."""
        with self._changed:
            return self._place(run_id)

    def _place(self, run_id: str) -> int:
        return next((i for i, party in enumerate(self._line) if run_id in party), -1)

    def nudge(self) -> None:
        """Wake all waiting threads so that they check their commands."""
        with self._changed:
            self._changed.notify_all()

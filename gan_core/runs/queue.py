"""Who may use the device: one run at a time, first come first served."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class DeviceQueue:
    """A line of run ids; the first holds the device. A paused run leaves the line and rejoins it at the front."""

    def __init__(self) -> None:
        self._line: deque[str] = deque()
        self._changed = threading.Condition()

    def join(self, run_id: str, *, front: bool = False) -> None:
        """Stand in line; `front` is the place right behind the holder."""
        with self._changed:
            if run_id in self._line:
                return
            if front and self._line:
                self._line.insert(1, run_id)
            else:
                self._line.append(run_id)
            self._changed.notify_all()

    def leave(self, run_id: str) -> None:
        """Leave the line, or give the device back."""
        with self._changed:
            if run_id in self._line:
                self._line.remove(run_id)
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
        return bool(self._line) and self._line[0] == run_id

    def place(self, run_id: str) -> int:
        """0 for the holder, 1 for the next, ...; -1 for who is not in line."""
        with self._changed:
            return self._line.index(run_id) if run_id in self._line else -1

    def nudge(self) -> None:
        """Wake everybody who waits, to look at their commands."""
        with self._changed:
            self._changed.notify_all()

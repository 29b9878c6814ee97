"""Measures how long a run has trained and how fast it trains now."""

from __future__ import annotations

import math
import time
from collections import deque

WINDOW_SECONDS = 10.0


class Meter:
    """A stopwatch that stands still during pauses, and the speed over the last seconds."""

    def __init__(self) -> None:
        self._seconds = 0.0  # up to `_since`, all sessions of the run together
        self._since: float | None = None  # when training last went on; None while it does not
        self._recent: deque[tuple[float, int]] = deque()  # (elapsed seconds, images)
        self._last_point = (0.0, 0)

    def begin(self, seconds: float, images: int) -> None:
        """Stand where an earlier session left off."""
        self._seconds, self._last_point = seconds, (seconds, images)

    def run(self) -> None:
        if self._since is None:
            self._since = time.perf_counter()

    def hold(self) -> None:
        """Stand still for a moment that is another's; the speed over the last seconds is of one's own time."""
        self._seconds, self._since = self.elapsed(), None

    def halt(self) -> None:
        self._seconds, self._since = self.elapsed(), None
        self._recent.clear()

    def elapsed(self) -> float:
        """Seconds of training so far."""
        return self._seconds + (time.perf_counter() - self._since if self._since is not None else 0.0)

    def note(self, images: int) -> None:
        """Images seen by now; to be called about once a second."""
        self._recent.append((self.elapsed(), images))
        while len(self._recent) > 2 and self._recent[-1][0] - self._recent[0][0] > WINDOW_SECONDS:
            self._recent.popleft()

    def recent_speed(self) -> float:
        """Images a second over about the last WINDOW_SECONDS; 0 before it is known."""
        if len(self._recent) < 2:
            return 0.0
        (t0, n0), (t1, n1) = self._recent[0], self._recent[-1]
        return (n1 - n0) / (t1 - t0) if t1 > t0 else 0.0

    def speed_since_point(self, seconds: float, images: int) -> float:
        """Images a second since the last call; NaN where no time has passed."""
        then, before = self._last_point
        self._last_point = (seconds, images)
        return (images - before) / (seconds - then) if seconds > then else math.nan

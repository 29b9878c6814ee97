"""One viewer of a run: the frames that wait to be sent, and what happens where it cannot keep up."""

from __future__ import annotations

import asyncio
from collections import deque

from pages.server.live.heartbeat import BEAT, wait_or_beat

QUEUE_FRAMES = 1000  # about a minute of a fast run


class Viewer:
    """One connection's outgoing frames: in order, except that only the newest sample grid waits."""

    def __init__(self, limit: int = QUEUE_FRAMES) -> None:
        self._frames: deque[bytes] = deque()
        self._grid: bytes | None = None
        self._wake = asyncio.Event()
        self._limit = limit
        self.behind = False
        self.catching_up: asyncio.Task[None] | None = None

    def offer(self, frame: bytes, *, replaceable: bool = False) -> None:
        """Queue a frame; a replaceable one takes the place of another that still waits."""
        if replaceable:
            self._grid = frame
        elif len(self._frames) >= self._limit:
            self.behind = True
        else:
            self._frames.append(frame)
        self._wake.set()

    def greet(self, frame: bytes) -> None:
        """Put a frame before everything that waits already."""
        self._frames.appendleft(frame)
        self._wake.set()

    async def next(self) -> bytes | None:
        """The next frame to send, a sign of life where nothing happens; None when the viewer has fallen behind."""
        while True:
            if self.behind:
                return None
            if self._frames:
                return self._frames.popleft()
            if self._grid is not None:
                frame, self._grid = self._grid, None
                return frame
            self._wake.clear()
            if not await wait_or_beat(self._wake):
                return BEAT

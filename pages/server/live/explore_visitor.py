"""One page's requests to Explore and the answers to it: what is at work, what waits, what is dropped.

A slot is a place on the page where one answer at a time is shown. Within a slot one request is at work and one
waits; a newer one takes the place of the one that waits, and ends a long one at work.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.websockets import WebSocket

from pages.server.live import wire
from pages.server.live.heartbeat import BEAT, wait_or_beat
from pages.server.live.operations import Cancelled, Operation
from pages.server.security.people import OWNER_OF_THE_MACHINE, Person
from pages.server.security.rights import demand

MOST_SLOTS = 24  # of one page, at work or waiting
MOST_LONG_EACH = 3  # of one page, waiting included
MOST_WAITING_BYTES = 100_000_000  # of one page's requests
OPEN_SECONDS = 1.0  # so long a page that was open is not asked about again
MOST_ANSWERS_WAITING = 64  # to be sent to one page; until it has read some, it is not listened to


@dataclass(eq=False)
class Request:
    """One thing asked for. cancelled: whoever works on it may stop."""

    id: int
    slot: str
    operation: Operation
    asked: dict[str, Any]
    blobs: list[bytes]
    size: int
    cancelled: bool = field(default=False)

    def named(self, **rest: object) -> dict[str, Any]:
        return {"id": self.id, "slot": self.slot, **rest}


class Hub(Protocol):
    """What a page's requests need of the server. quick: slots with something to do at once.

    long_room: has a place for each long request at work.
    """

    quick: queue.SimpleQueue[tuple[Visitor, str]]
    long_room: threading.BoundedSemaphore

    def answer(self, visitor: Visitor, request: Request) -> bytes:
        """The frame that answers a request."""


class Visitor:
    """One page's requests and answers. All on the event loop, except `take`, `tell` and `finish`."""

    def __init__(self, hub: Hub, person: Person = OWNER_OF_THE_MACHINE) -> None:
        self.hub, self.person = hub, person
        self.loop = asyncio.get_running_loop()
        self.gone = False
        self._waiting: dict[str, Request] = {}
        self._working: dict[str, Request] = {}
        self._called: set[str] = set()  # slots that the quick thread has been told of
        self._open_until: dict[str, float] = {}  # pages, whose switch is looked at again then
        self._lock = threading.Lock()
        self._answers: deque[bytes] = deque()
        self._news: dict[str, bytes] = {}  # of each slot, how far its work is
        self._wake, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()

    # --- what is asked

    def demand_page(self, operation: Operation) -> None:
        """Raises Refused where this person may not open the page that the operation belongs to."""
        now, page = time.monotonic(), operation.page
        if now > self._open_until.get(page, 0.0):
            demand(self.person, f"open {page}", what=operation.name)
            self._open_until[page] = now + OPEN_SECONDS

    def place(self, request: Request) -> None:
        """Put a request into its slot. Raises ValueError where too much is under way."""
        slot, long = request.slot, request.operation.lane == "long"
        with self._lock:
            self._refuse_too_much(request)
            older = self._waiting.pop(slot, None)
            at_work = self._working.get(slot)
            if at_work is not None and at_work.operation.lane == "long":
                at_work.cancelled = True
            self._waiting[slot] = request
            free = at_work is None
        if older is not None:
            self._answer(wire.pack(older.named(dropped=True)))
        if free and long:
            self._start(slot)
        elif free:
            self._call(slot)

    def _refuse_too_much(self, request: Request) -> None:
        others = {slot: r for slot, r in self._waiting.items() if slot != request.slot}
        if len({*others, *self._working} - {request.slot}) >= MOST_SLOTS:
            raise ValueError("Too much is under way on this page; wait until something has ended.")
        if request.size + sum(r.size for r in (*others.values(), *self._working.values())) > MOST_WAITING_BYTES:
            raise ValueError("What is under way on this page is too large together; wait until something has ended.")
        long = [r for r in (*others.values(), *self._working.values()) if r.operation.lane == "long"]
        if request.operation.lane == "long" and len([r for r in long if not r.cancelled]) >= MOST_LONG_EACH:
            raise ValueError("Too much is under way on this page; wait until something has ended, or cancel it.")

    def cancel(self, slot: str) -> None:
        with self._lock:
            older = self._waiting.pop(slot, None)
            if (at_work := self._working.get(slot)) is not None:
                at_work.cancelled = True
        if older is not None:
            self._answer(wire.pack(older.named(dropped=True)))

    def leave(self) -> None:
        with self._lock:
            self.gone = True
            self._waiting.clear()
            for request in self._working.values():
                request.cancelled = True

    # --- who works on it

    def _call(self, slot: str) -> None:
        """Tell the quick thread of a slot, once."""
        with self._lock:
            if slot in self._called:
                return
            self._called.add(slot)
        self.hub.quick.put((self, slot))

    def _start(self, slot: str) -> None:
        request = self.take(slot)
        if request is not None:
            threading.Thread(target=self._work_long, args=(request,), name="ganscope-explore", daemon=True).start()

    def take(self, slot: str, *, called: bool = False) -> Request | None:
        """The newest request of a slot, now at work."""
        with self._lock:
            if called:
                self._called.discard(slot)
            request = self._waiting.get(slot)
            if request is None or slot in self._working or (called and request.operation.lane != "quick"):
                return None
            self._working[slot] = self._waiting.pop(slot)
            return request

    def _work_long(self, request: Request) -> None:
        one_thread()
        while not self.hub.long_room.acquire(timeout=0.1):
            if request.cancelled:
                return self.finish(request, wire.pack(request.named(dropped=True)))
        try:
            self.finish(request, self.hub.answer(self, request))
        finally:
            self.hub.long_room.release()

    def tell(
        self, request: Request, fraction: float, words: str, extra: Mapping[str, Any], blobs: Sequence[bytes]
    ) -> None:
        """How far a long one is; called from its thread, which waits while the page has not read what came before."""
        frame = wire.pack({**extra, **request.named(progress=fraction, words=words)}, blobs)
        pause = threading.Event()
        while not request.cancelled and blobs and len(self._answers) >= MOST_ANSWERS_WAITING:
            pause.wait(0.02)
        if request.cancelled:
            raise Cancelled
        self._on_loop(self._answer if blobs else self._report, *(() if blobs else (request.slot,)), frame)

    def finish(self, request: Request, frame: bytes) -> None:
        """Called by whoever worked on it."""
        with self._lock:
            self._working.pop(request.slot, None)
            next_one = self._waiting.get(request.slot)
        self._on_loop(self._end, request.slot, frame, next_one)

    def _on_loop(self, what: Callable[..., None], *arguments: object) -> None:
        try:
            self.loop.call_soon_threadsafe(what, *arguments)
        except RuntimeError:  # the server's loop has closed
            self.gone = True

    def _end(self, slot: str, frame: bytes, next_one: Request | None) -> None:
        self._news.pop(slot, None)
        self._answer(frame)
        if next_one is not None:
            self._start(slot) if next_one.operation.lane == "long" else self._call(slot)

    # --- what goes back

    def _answer(self, frame: bytes) -> None:
        if self.gone:
            return
        self._answers.append(frame)
        self._wake.set()
        if len(self._answers) >= MOST_ANSWERS_WAITING:
            self._room.clear()

    answer = _answer

    def _report(self, slot: str, frame: bytes) -> None:
        if slot in self._working:
            self._news[slot] = frame
            self._wake.set()

    async def room(self) -> None:
        """Until the page has read enough of what it was sent."""
        await self._room.wait()

    async def send_all(self, socket: WebSocket) -> None:
        while True:
            while self._answers or self._news:
                # What is told of a slot's work comes before its end: _end takes the news away.
                frame = self._news.pop(next(iter(self._news))) if self._news else self._answers.popleft()
                if len(self._answers) < MOST_ANSWERS_WAITING // 2:
                    self._room.set()
                await socket.send_bytes(frame)
            self._wake.clear()
            if not await wait_or_beat(self._wake):
                await socket.send_bytes(BEAT)


def one_thread() -> None:
    """torch on the calling thread: one of its own is enough for a picture."""
    from gan_core.latent import threads  # it brings torch

    threads.one_thread()

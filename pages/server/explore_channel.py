"""The Explore page's channel: requests come in, the newest of each slot is answered, older ones are dropped.

A slot is a place on the page where one answer at a time is shown. Within a slot one request is at work and one
waits; a newer one takes the place of the one that waits, and ends a long one at work. So a hand that moves faster
than pictures can be made sees the newest there is, and nothing piles up. Frames are those of `wire`, either way; a
request without bytes may also come as text.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from pages.server import wire
from pages.server.explore_messages import read
from pages.server.guard import refusal
from pages.server.operations import Cancelled, Operation, OperationContext, Reply
from pages.server.public import public

if TYPE_CHECKING:
    from gan_core.latent.model import Explorable
    from gan_core.runs.catalog.model_catalog import ModelCatalog

MOST_SLOTS = 24  # of one page, at work or waiting
MOST_LONG = 4  # long ones at work at a time, on the whole server
MOST_LONG_EACH = 3  # of one page, waiting included
MOST_WAITING_BYTES = 100_000_000  # of one page's requests
MOST_ANSWERS_WAITING = 64  # to be sent to one page; until it has read some, it is not listened to
MOST_VISITORS = 300
SWITCH_SECONDS = 0.001

_log = logging.getLogger(__name__)


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


class Visitor:
    """One page's requests and answers. All on the event loop, except `take`, `tell` and `finish`."""

    def __init__(self, hub: ExploreHub) -> None:
        self.hub = hub
        self.loop = asyncio.get_running_loop()
        self.gone = False
        self._waiting: dict[str, Request] = {}
        self._working: dict[str, Request] = {}
        self._called: set[str] = set()  # slots that the quick thread has been told of
        self._lock = threading.Lock()
        self._answers: deque[bytes] = deque()
        self._news: dict[str, bytes] = {}  # of each slot, how far its work is
        self._wake, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()

    # --- what is asked

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
        _one_thread()
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
            await self._wake.wait()


class ExploreHub:
    """The server's side of all Explore pages.

    catalog: makes the catalog of models, called once, from a worker thread, when somebody first asks; operations
    likewise brings what can be asked for.
    """

    def __init__(
        self,
        catalog: Callable[[], ModelCatalog],
        token: str,
        operations: Callable[[], Mapping[str, Operation]] | None = None,
    ) -> None:
        self._make_catalog, self._token = catalog, token
        self._bring = operations or _all_operations
        self._ready: tuple[ModelCatalog, Mapping[str, Operation]] | None = None
        self._opening = threading.Lock()
        self._thread: threading.Thread | None = None
        self.quick: queue.SimpleQueue[tuple[Visitor, str]] = queue.SimpleQueue()
        self.long_room = threading.BoundedSemaphore(MOST_LONG)
        self.visitors: set[Visitor] = set()
        self._switch_seconds = sys.getswitchinterval()
        self._opened: dict[tuple[str, int | None], tuple[float, Explorable]] = {}

    def open(self) -> tuple[ModelCatalog, Mapping[str, Operation]]:
        """Shelf and operations, made the first time. Raises ValueError where the engine did not start."""
        with self._opening:
            if self._ready is None:
                self._ready = self._make_catalog(), self._bring()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work_quick, name="ganscope-explore-quick", daemon=True)
                self._thread.start()
            return self._ready

    def _work_quick(self) -> None:
        _one_thread()
        while True:
            visitor, slot = self.quick.get()
            request = visitor.take(slot, called=True)
            if request is not None:
                visitor.finish(request, self.answer(visitor, request))

    def answer(self, visitor: Visitor, request: Request) -> bytes:
        """The frame that answers a request: its result, one sentence, or that nobody wants it any more."""
        catalog, _ = self.open()
        context = OperationContext(catalog, lambda *news: visitor.tell(request, *news), request.asked, self._opened)
        try:
            reply = request.operation.run(context, request.asked, request.blobs)
            if not isinstance(reply, Reply):
                raise TypeError(f"{request.operation.name} gave {type(reply).__name__}")
            return self._packed(request, reply)
        except Cancelled:
            return wire.pack(request.named(dropped=True))
        except (ValueError, OSError) as problem:
            _log.debug("%s was refused", request.operation.name, exc_info=True)
            return wire.pack(request.named(problem=public(problem)))
        except MemoryError:
            return wire.pack(request.named(problem="There is not enough memory for this."))
        except Exception:
            _log.exception("the Explore page's %s failed", request.operation.name)
            return wire.pack(request.named(problem="Something went wrong here; the server's log says more."))

    def _packed(self, request: Request, reply: Reply) -> bytes:
        try:
            return wire.pack({**reply.header, **request.named(ok=True)}, reply.blobs)
        except ValueError as problem:  # a fault of ours, not one to be shown
            raise TypeError(f"{request.operation.name} gave what is not JSON: {problem}") from problem

    async def endpoint(self, socket: WebSocket) -> None:
        """`/explore`: answers until the page leaves."""
        if reason := refusal(socket, self._token):
            await socket.close(1008, reason)  # before accept: HTTP 403
            return
        if len(self.visitors) >= MOST_VISITORS:
            await socket.close(1013, "Too many pages are open on this server.")
            return
        await socket.accept()
        visitor = Visitor(self)
        self._welcome(visitor)
        sender = asyncio.create_task(visitor.send_all(socket))
        try:
            _, operations = await asyncio.to_thread(self.open)
            visitor.answer(wire.pack({"hello": sorted(operations)}))
            while True:
                await visitor.room()
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                self._hear(visitor, operations, message)
        except ValueError as problem:
            visitor.answer(wire.pack({"refused": public(problem)}))
            await asyncio.sleep(0.5)  # until it is sent
        except (WebSocketDisconnect, RuntimeError, OSError):
            pass  # the page left while something was on its way
        finally:
            visitor.leave()
            self._farewell(visitor)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    def _welcome(self, visitor: Visitor) -> None:
        """While somebody explores, a thread that trains gives way sooner: within a millisecond instead of five, which
        a picture's way through the server would otherwise wait for several times over."""
        if not self.visitors:
            self._switch_seconds = sys.getswitchinterval()
            sys.setswitchinterval(min(SWITCH_SECONDS, self._switch_seconds))
        self.visitors.add(visitor)

    def _farewell(self, visitor: Visitor) -> None:
        self.visitors.discard(visitor)
        if not self.visitors:
            sys.setswitchinterval(self._switch_seconds)

    def _hear(self, visitor: Visitor, operations: Mapping[str, Operation], message: Mapping[str, Any]) -> None:
        asked: dict[str, Any] = {}
        try:
            asked, blobs, size = read(message)
            if asked.get("do") == "cancel":
                visitor.cancel(str(asked.get("slot", ""))[:40])
                return
            visitor.place(_request(asked, blobs, size, operations))
        except ValueError as problem:
            number, slot = asked.get("id"), asked.get("slot")
            named = {"id": number if type(number) is int else None, "slot": str(slot)[:40]}
            visitor.answer(wire.pack({**named, "problem": public(problem)}))


def _request(asked: dict[str, Any], blobs: list[bytes], size: int, operations: Mapping[str, Operation]) -> Request:
    number, slot, do = asked.get("id"), asked.get("slot"), asked.get("do")
    if type(number) is not int or not 0 <= number < 2**53:
        raise ValueError('A request\'s "id" is a whole number.')
    if not isinstance(slot, str) or not 0 < len(slot) <= 40:
        raise ValueError('A request\'s "slot" is a text of 1 to 40 letters.')
    if not isinstance(do, str) or do not in operations:
        raise ValueError(f'There is nothing called "{str(do)[:40]}" to be done here.')
    return Request(number, slot, operations[do], asked, blobs, size)


def _all_operations() -> Mapping[str, Operation]:
    from pages.explore.ops import OPERATIONS  # not before somebody asks: it brings torch

    return OPERATIONS


def _one_thread() -> None:
    from gan_core.latent.threads import one_thread  # it brings torch

    one_thread()

"""The Explore page's channel: requests come in, the newest of each slot is answered, older ones are dropped.

So a hand that moves faster than pictures can be made sees the newest there is, and nothing piles up. Frames are those
of `wire`, either way; a request without bytes may also come as text.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from starlette.websockets import WebSocket, WebSocketDisconnect

from pages.server.live import wire
from pages.server.live.explore_messages import read
from pages.server.live.explore_visitor import Request, Visitor, one_thread
from pages.server.live.operations import Cancelled, Operation, OperationContext, Page, Reply
from pages.server.security.guard import refusal
from pages.server.security.people import person_of
from pages.server.security.public import public
from pages.server.security.rights import may

if TYPE_CHECKING:
    from gan_core.latent.model import Explorable
    from gan_core.runs.catalog.model_catalog import ModelCatalog

MOST_LONG = 4  # long ones at work at a time, on the whole server
MOST_VISITORS = 300
SWITCH_SECONDS = 0.001

_log = logging.getLogger(__name__)


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
        one_thread()
        while True:
            visitor, slot = self.quick.get()
            request = visitor.take(slot, called=True)
            if request is not None:
                visitor.finish(request, self.answer(visitor, request))

    def answer(self, visitor: Visitor, request: Request) -> bytes:
        """The frame that answers a request: its result, one sentence, or that nobody wants it any more."""
        catalog, _ = self.open()
        context = OperationContext(catalog, lambda *news: visitor.tell(request, *news), request.asked, self._opened,
                                   visitor.person)  # fmt: skip
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
        person = person_of(socket)
        closed = [may(person, f"open {page}") for page in get_args(Page)]
        if all(closed):
            await socket.close(1008, closed[0])
            return
        if len(self.visitors) >= MOST_VISITORS:
            await socket.close(1013, "Too many pages are open on this server.")
            return
        await socket.accept()
        visitor = Visitor(self, person)
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
            request = _request(asked, blobs, size, operations)
            visitor.demand_page(request.operation)
            visitor.place(request)
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

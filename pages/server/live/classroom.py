"""The class's socket: what the teacher looks at goes to everybody, encoded once; answers come back, without names.

Every message is a state (the view, the pointer, the picture under the hand, the results), so that of each kind only
the newest waits for a page that is slow, and whoever comes later is told the same states.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect

from pages.server.live import wire
from pages.server.live.class_messages import OF_TEACHERS, read_message
from pages.server.live.heartbeat import BEAT, wait_or_beat
from pages.server.security.guard import refusal
from pages.server.security.people import Person, person_of
from pages.server.security.public import public

log = logging.getLogger(__name__)

MOST_SEATS = 400
MOST_QUESTIONS, MOST_PLAYERS = 200, 1_000  # kept in memory, the oldest question goes first
MOST_CHOICES = 40  # bars of one histogram
NOT_A_TEACHER = "Only a teacher may show something to the class."


class Seat:
    """One page's place in the class: of each kind of message the newest waits."""

    def __init__(self, number: int, person: Person) -> None:
        self.number, self.person = number, person
        self.follows = False
        self._waiting: dict[str, bytes] = {}
        self._wake = asyncio.Event()

    def offer(self, kind: str, frame: bytes) -> None:
        self._waiting.pop(kind, None)  # the newest comes last
        self._waiting[kind] = frame
        self._wake.set()

    async def next(self) -> bytes:
        while not self._waiting:
            self._wake.clear()
            if not await wait_or_beat(self._wake):
                return BEAT
        return self._waiting.pop(next(iter(self._waiting)))


class ClassHub:
    """All pages of one server, and what the teacher shows them. Lives on the event loop."""

    def __init__(self, token: str, who: Callable[[HTTPConnection], Person] = person_of) -> None:
        self._token, self._who = token, who
        self.seats: set[Seat] = set()
        self._seated = 0
        self._shown: dict[str, bytes] = {}  # kind -> the frame that whoever comes is told
        self._by = 0  # the seat that shows, 0: nobody
        self._answers: OrderedDict[str, dict[str, float]] = OrderedDict()
        self._results_for_all = False
        self.encoded = 0  # frames made for everybody, whatever their number

    async def endpoint(self, socket: WebSocket) -> None:
        """`/classroom`: what is shown, until the page leaves."""
        if reason := refusal(socket, self._token):
            await socket.close(1008, reason)  # before accept: HTTP 403
            return
        if len(self.seats) >= MOST_SEATS:
            await socket.close(1013, "Too many pages are open on this server.")
            return
        await socket.accept()
        self._seated += 1
        seat = Seat(self._seated, self._who(socket))
        self._welcome(seat)
        sender = asyncio.create_task(_send_all(socket, seat))
        try:
            while (message := await socket.receive())["type"] != "websocket.disconnect":
                self.hear(seat, message)
        except (WebSocketDisconnect, RuntimeError, OSError):
            pass  # the page left while something was on its way
        finally:
            self._farewell(seat)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    def _welcome(self, seat: Seat) -> None:
        self.seats.add(seat)
        seat.offer("class", wire.pack({"type": "class", "you": seat.number, "teacher": seat.person.teacher}))
        for kind, frame in self._shown.items():
            seat.offer(kind, frame)
        if self._results_for_all or seat.person.teacher:
            seat.offer("results", self._results())
        self._tell_numbers()

    def _farewell(self, seat: Seat) -> None:
        self.seats.discard(seat)
        if seat.number == self._by and "pointer" in self._shown:
            self._tell("pointer", {"at": None})
        self._tell_numbers()

    def hear(self, seat: Seat, message: Mapping[str, Any]) -> None:
        """Do what a page asks, or tell it in one sentence why not."""
        try:
            do, given, picture = read_message(message)
            if do in OF_TEACHERS and not seat.person.teacher:
                log.warning("refused to a student in the class: %s", do)
                raise ValueError(NOT_A_TEACHER)
        except ValueError as problem:
            seat.offer("refused", wire.pack({"type": "refused", "why": public(problem)}))
            return
        if do == "follow":
            seat.follows = given["on"]
            self._tell_numbers()
        elif do == "answer":
            self._count(seat, given)
        elif do == "results":
            self._results_for_all = given["on"]
            self._tell_results(everybody=True)
        elif do == "clear":
            self._answers.clear()
            self._tell_results(everybody=True)
        elif do == "end":
            self._end()
        else:
            self._show(seat, do, given, picture)

    # --- what is shown

    def _show(self, seat: Seat, do: str, given: dict[str, Any], picture: bytes) -> None:
        self._by = seat.number
        if do == "show":
            self._tell("view", {"view": given, "by": seat.number})
        elif do == "picture":
            self._tell("picture", given, picture)
        else:
            self._tell(do, given)

    def _end(self) -> None:
        self._by = 0
        for kind, given in (("view", {"view": None, "by": 0}), ("pointer", {"at": None}), ("screen", {"screen": ""})):
            self._tell(kind, given)
        self._shown.clear()

    def _tell(self, kind: str, given: Mapping[str, Any], blob: bytes = b"") -> None:
        """To everybody, from one encoded frame."""
        frame = wire.pack({"type": kind, **given}, [blob] if blob else [])
        self.encoded += 1
        self._shown[kind] = frame
        for seat in self.seats:
            seat.offer(kind, frame)

    def _tell_numbers(self) -> None:
        """How many are here and how many follow: for teachers."""
        frame = wire.pack(
            {"type": "here", "pages": len(self.seats), "following": sum(seat.follows for seat in self.seats)}
        )
        for seat in self.seats:
            if seat.person.teacher:
                seat.offer("here", frame)

    # --- what was answered

    def _count(self, seat: Seat, given: dict[str, Any]) -> None:
        """One answer a person and question: the newest. A browser without an identity says a number of its own."""
        question, player = given["question"], seat.person.id or given["player"]
        answers = self._answers.setdefault(question, {})
        self._answers.move_to_end(question)
        if player in answers or len(answers) < MOST_PLAYERS:
            answers[player] = given["answer"]
        while len(self._answers) > MOST_QUESTIONS:
            self._answers.popitem(last=False)
        self._tell_results()

    def _results(self) -> bytes:
        told = []
        for question, answers in reversed(self._answers.items()):
            counted = Counter(answers.values()).most_common(MOST_CHOICES)
            told.append({"question": question, "people": len(answers), "counted": sorted(counted)})
        return wire.pack({"type": "results", "results": told, "for_all": self._results_for_all})

    def _tell_results(self, *, everybody: bool = False) -> None:
        """everybody: students too, who see none while the teacher keeps them."""
        frame = self._results()
        kept = wire.pack({"type": "results", "results": [], "for_all": False})
        for seat in self.seats:
            if seat.person.teacher or self._results_for_all:
                seat.offer("results", frame)
            elif everybody:
                seat.offer("results", kept)


async def _send_all(socket: WebSocket, seat: Seat) -> None:
    while True:
        await socket.send_bytes(await seat.next())

"""The class's socket: what the teacher looks at goes to everybody, encoded once; answers come back, without names.

Every message is a state (the view, the pointer, the picture under the hand, the results), so that of each kind only
the newest waits for a page that is slow, and whoever comes later is told the same states.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect

from pages.server.live import wire
from pages.server.live.class_messages import OF_TEACHERS, read_message
from pages.server.live.class_relay import ClassRelay
from pages.server.live.heartbeat import BEAT, wait_or_beat
from pages.server.security import roll
from pages.server.security.guard import refusal
from pages.server.security.people import Person, class_server, person_of
from pages.server.security.public import public

log = logging.getLogger(__name__)

MOST_MEMBERS = 400
MOST_QUESTIONS, MOST_PLAYERS = 200, 1_000  # kept in memory, the oldest question goes first
MOST_CHOICES = 40  # bars of one histogram
SHOWN = ("view", "pointer", "picture", "screen")
NOT_A_TEACHER = "Only a teacher may show something to the class."


class ClassMember:
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
    """All pages of one server, and what the teacher shows them; other servers of the class are told and heard too.

    Lives on the event loop.
    """

    def __init__(self, token: str, who: Callable[[HTTPConnection], Person] = person_of) -> None:
        self._token, self._who = token, who
        self.members: set[ClassMember] = set()
        self.relay: ClassRelay | None = None
        self._numbered = 0
        self._shown: dict[str, bytes] = {}  # kind -> the frame that whoever comes is told
        self._by = 0  # the member that shows, 0: nobody
        self._answers: OrderedDict[str, dict[str, float]] = OrderedDict()
        self._results_for_all = False
        self.encoded = 0  # frames made for everybody, whatever their number

    async def endpoint(self, socket: WebSocket) -> None:
        """`/classroom`: what is shown, until the page leaves."""
        if reason := refusal(socket, self._token):
            await socket.close(1008, reason)  # before accept: HTTP 403
            return
        if len(self.members) >= MOST_MEMBERS:
            await socket.close(1013, "Too many pages are open on this server.")
            return
        await socket.accept()
        if self.relay is None and class_server().token:
            self.join_others(class_server().folder / roll.FOLDER)
        self._numbered += 1
        member = ClassMember(self._numbered, self._who(socket))
        self._welcome(member)
        sender = asyncio.create_task(_send_all(socket, member))
        try:
            while (message := await socket.receive())["type"] != "websocket.disconnect":
                self.hear(member, message)
        except (WebSocketDisconnect, RuntimeError, OSError):
            pass  # the page left while something was on its way
        finally:
            self._farewell(member)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    def join_others(self, folder: Path) -> None:
        """The servers that share this folder have one class from now on."""
        self.relay = ClassRelay(folder, self._heard)
        self._numbered = secrets.randbelow(2**40) * MOST_MEMBERS  # no other server's numbers

    def _welcome(self, member: ClassMember) -> None:
        self.members.add(member)
        member.offer("class", wire.pack({"type": "class", "you": member.number, "teacher": member.person.teacher}))
        for kind, frame in self._shown.items():
            member.offer(kind, frame)
        if self._results_for_all or member.person.teacher:
            member.offer("results", self._results())
        if self.relay is not None:
            self.relay.attend(lambda: bool(self.members))
        self._tell_numbers()

    def _farewell(self, member: ClassMember) -> None:
        self.members.discard(member)
        if member.number == self._by and "pointer" in self._shown:
            self._tell("pointer", {"at": None})
        self._tell_numbers()

    def hear(self, member: ClassMember, message: Mapping[str, Any]) -> None:
        """Do what a page asks, or tell it in one sentence why not."""
        try:
            do, given, picture = read_message(message)
            if do in OF_TEACHERS and not member.person.teacher:
                log.warning("refused to a student in the class: %s", do)
                raise ValueError(NOT_A_TEACHER)
        except ValueError as problem:
            member.offer("refused", wire.pack({"type": "refused", "why": public(problem)}))
            return
        if do == "follow":
            member.follows = given["on"]
            self._tell_numbers()
        elif do == "answer":
            self._count(member, given)
        elif do == "results":
            self._results_for_all = given["on"]
            self._pass_on("for_all", {"on": given["on"]})
            self._tell_results(everybody=True)
        elif do == "clear":
            self._pass_on("clear", {})
            self._clear()
        elif do == "end":
            self._end()
        else:
            self._show(member, do, given, picture)

    # --- what is shown

    def _show(self, member: ClassMember, do: str, given: dict[str, Any], picture: bytes) -> None:
        self._by = member.number
        if do == "show":
            self._tell("view", {"view": given, "by": member.number})
        elif do == "picture":
            self._tell("picture", given, picture)
        else:
            self._tell(do, given)

    def _end(self) -> None:
        self._by = 0
        for kind, given in (("view", {"view": None, "by": 0}), ("pointer", {"at": None}), ("screen", {"screen": ""})):
            self._tell(kind, given)
        self._shown.clear()
        self._pass_on("end", {})

    def _tell(self, kind: str, given: Mapping[str, Any], blob: bytes = b"") -> None:
        """To everybody, from one encoded frame."""
        self._offer(kind, wire.pack({"type": kind, **given}, [blob] if blob else []))
        self._pass_on(kind, {}, self._shown[kind])

    def _offer(self, kind: str, frame: bytes) -> None:
        self.encoded += 1
        self._shown[kind] = frame
        for member in self.members:
            member.offer(kind, frame)

    def _tell_numbers(self, *, changed: bool = True) -> None:
        """How many are here and how many follow: for teachers. changed: on this server."""
        here = {"pages": len(self.members), "following": sum(member.follows for member in self.members)}
        if changed:
            self._pass_on("here", dict(here))
        for other in self.relay.of_others("here") if self.relay is not None else ():
            here = {name: here[name] + int(other.get(name, 0)) for name in here}
        frame = wire.pack({"type": "here", **here})
        for member in self.members:
            if member.person.teacher:
                member.offer("here", frame)

    # --- other servers of the class

    def _pass_on(self, kind: str, header: dict[str, Any], blob: bytes = b"") -> None:
        if self.relay is not None:
            self.relay.tell(kind, header, blob)

    def _heard(self, kind: str, header: dict[str, Any], frame: bytes) -> None:
        """Another server tells: what its teacher shows, or what was answered there."""
        if kind in SHOWN:
            self._offer(kind, frame)
        elif kind == "end":
            self._shown.clear()
        elif kind == "for_all":
            self._results_for_all = header["on"] is True
            self._tell_results(everybody=True)
        elif kind == "clear":
            self._clear()
        elif kind == "answers":
            self._tell_results()
        elif kind == "here":
            self._tell_numbers(changed=False)

    # --- what was answered

    def _clear(self) -> None:
        self._answers.clear()
        self._pass_on("answers", {"answers": self._answers})
        self._tell_results(everybody=True)

    def _count(self, member: ClassMember, given: dict[str, Any]) -> None:
        """One answer a person and question: the newest. A browser without an identity says a number of its own."""
        question, player = given["question"], member.person.id or given["player"]
        answers = self._answers.setdefault(question, {})
        self._answers.move_to_end(question)
        if player in answers or len(answers) < MOST_PLAYERS:
            answers[player] = given["answer"]
        while len(self._answers) > MOST_QUESTIONS:
            self._answers.popitem(last=False)
        self._pass_on("answers", {"answers": self._answers})
        self._tell_results()

    def _results(self) -> bytes:
        told = []
        for question, answers in reversed(list(self._all_answers().items())):
            counted = Counter(answers.values()).most_common(MOST_CHOICES)
            told.append({"question": question, "people": len(answers), "counted": sorted(counted)})
        return wire.pack({"type": "results", "results": told, "for_all": self._results_for_all})

    def _all_answers(self) -> Mapping[str, dict[str, float]]:
        """Of all servers: question -> person -> answer, in this server's order."""
        others = self.relay.of_others("answers") if self.relay is not None else []
        if not others:
            return self._answers
        found = {question: dict(answers) for question, answers in self._answers.items()}
        for told in others:
            for question, answers in told["answers"].items():
                found[question] = {**answers, **found.get(question, {})}
        return found

    def _tell_results(self, *, everybody: bool = False) -> None:
        """everybody: students too, who see none while the teacher keeps them."""
        frame = self._results()
        kept = wire.pack({"type": "results", "results": [], "for_all": False})
        for member in self.members:
            if member.person.teacher or self._results_for_all:
                member.offer("results", frame)
            elif everybody:
                member.offer("results", kept)


async def _send_all(socket: WebSocket, member: ClassMember) -> None:
    while True:
        await socket.send_bytes(await member.next())

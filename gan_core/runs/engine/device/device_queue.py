"""The queue for the device: one run at a time uses it, or two in lockstep; people take turns."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gan_core.runs.engine.device.outlook import Outlook, Waiting, outlooks

TURN_SECONDS = 60.0
ROUND_SECONDS = 480.0  # with many people turns are shorter, so that everybody has one in this time
LEAST_TURN_SECONDS = 5.0
OUTLOOK_SECONDS = 1.0  # so long a look ahead holds


@dataclass(eq=False)
class _Party:
    """Who uses the device together, mostly one run; twins are a party of two.

    aside: of those, who has stopped between two steps. left: seconds that it still needs, as far as is known.
    """

    members: set[str]
    aside: set[str] = field(default_factory=set)
    left: float = math.inf


@dataclass(eq=False)
class _Person:
    """parties: in the order in which they came; only the first of them has turns."""

    owner: str
    parties: list[_Party] = field(default_factory=list)


class DeviceQueue:
    """People in the order of their turns, each with parties in line; the first party of the first holds the device.

    Where nobody else waits, one's own runs go first come, first served. Where others do, the holder is asked to step
    aside between two steps once its turn is `over`, and goes to the end: nobody waits for longer than a turn of each
    of the others. So does whoever's run has ended, or has been paused. A paused run leaves the queue, and rejoins it
    before its owner's other runs.

    turn_seconds: of at most so many seconds, less with many people (ROUND_SECONDS). clock: in seconds.
    """

    def __init__(self, turn_seconds: float = TURN_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._turn_seconds, self._clock = turn_seconds, clock
        self._people: list[_Person] = []
        self._changed = threading.Condition()
        self._began = clock()  # when the holder's turn began
        self._begun = False  # whether it has said itself that it works
        self._ends = math.inf  # when the turn is over; read without the lock, at every step
        self._called: _Party | None = None  # put first
        self._looked: tuple[float, dict[str, Outlook]] | None = None

    def turn_seconds(self, people: int) -> float:
        """How long a turn is with so many people."""
        return min(self._turn_seconds, max(LEAST_TURN_SECONDS, ROUND_SECONDS / max(1, people)))

    # --- coming and going

    def join(self, run_id: str, *, owner: str = "", front: bool = False, beside: str = "") -> None:
        """Join the queue; front: before the owner's other runs, but behind the holder.

        beside: with which run to form a party, if it is queued.
        """
        with self._changed:
            if self._find(run_id) is not None:
                return
            if (found := self._find(beside)) is not None:
                found[1].members.add(run_id)
            else:
                self._line_up(owner, _Party({run_id}), front)
            self._renew()

    def _line_up(self, owner: str, party: _Party, front: bool) -> None:
        person = next((one for one in self._people if one.owner == owner), None)
        if person is None:
            person = _Person(owner)
            self._people.append(person)
        place = int(person is self._people[0] and bool(person.parties)) if front else len(person.parties)
        person.parties.insert(place, party)
        if len(self._people) == len(person.parties) == 1:
            self._grant()

    def leave(self, run_id: str) -> None:
        """Leave the queue, or release the device."""
        with self._changed:
            if (found := self._find(run_id)) is None:
                return
            person, party = found
            held = party is self._head
            party.members.discard(run_id)
            party.aside.discard(run_id)
            if party.members:
                if held:
                    self._pass_on_if_aside(party)
            else:
                self._remove(person, party, held)
            self._renew()

    def _remove(self, person: _Person, party: _Party, held: bool) -> None:
        person.parties.remove(party)
        if self._called is party:
            self._called = None
        if not person.parties:
            self._people.remove(person)
        elif held and self._called not in person.parties:
            self._people.append(self._people.pop(0))
        if held:
            self._grant()

    # --- the device

    def holds(self, run_id: str) -> bool:
        with self._changed:
            return self._holds(run_id)

    def wait(self, run_id: str, seconds: float, called: Callable[[], bool]) -> bool:
        """Whether the run holds the device, after waiting for it until it is `called` or so long has passed."""
        return self.wait_until(lambda: self._holds(run_id), seconds, called)

    def wait_until(self, it_is: Callable[[], bool], seconds: float, called: Callable[[], bool]) -> bool:
        """The same for something else that follows from the queue."""
        with self._changed:
            self._changed.wait_for(lambda: it_is() or called(), seconds)
            return it_is()

    def _holds(self, run_id: str) -> bool:
        head = self._head
        return head is not None and run_id in head.members and run_id not in head.aside

    @property
    def _head(self) -> _Party | None:
        return self._people[0].parties[0] if self._people else None

    # --- turns

    def begin(self, run_id: str) -> None:
        """The holder is about to take its first step of this turn: what it had to prepare does not count."""
        with self._changed:
            if not self._begun and self._holds(run_id):
                self._begun, self._began = True, self._clock()
                self._renew()

    def over(self, run_id: str) -> bool:
        """Whether the holder has to step aside, between two steps: its turn is over, and others wait.

        A few hundred nanoseconds while it is not.
        """
        if self._clock() < self._ends:
            return False
        with self._changed:
            return self._clock() >= self._ends and self._holds(run_id)

    def step_aside(self, run_id: str) -> None:
        """Give the device up, to who is next, and stay in line; a party does once all of it have."""
        with self._changed:
            if self._holds(run_id) and (head := self._head) is not None:
                head.aside.add(run_id)
                self._pass_on_if_aside(head)
                self._renew()

    def _pass_on_if_aside(self, head: _Party) -> None:
        if not head.aside >= head.members:
            return
        head.aside.clear()
        person = self._people[0]
        if self._called in person.parties[1:]:
            person.parties.insert(1, person.parties.pop(0))  # what was put first stands there already
        else:
            self._people.append(self._people.pop(0))
        self._grant()

    def _grant(self) -> None:
        """The device goes to the head of the line, as it is now."""
        self._began, self._begun = self._clock(), False
        if self._called is self._head:
            self._called = None

    def first(self, run_id: str) -> None:
        """Put a run first: it is next, and who holds the device steps aside now. Nothing for who is not in line."""
        with self._changed:
            found = self._find(run_id)
            if found is None or found[1] is self._head:
                return
            person, party = found
            person.parties.remove(party)
            person.parties.insert(int(person is self._people[0]), party)
            if person is not self._people[0]:
                self._people.remove(person)
                self._people.insert(1, person)
            self._called = party
            self._renew()

    # --- who is where

    def place(self, run_id: str) -> int:
        """0 for the holder, 1 for the next, ...; -1 for a run that is not queued.

        Everybody's first comes before anybody's second.
        """
        with self._changed:
            if (found := self._find(run_id)) is None:
                return -1
            person, party = found
            depth, at = person.parties.index(party), self._people.index(person)
            before = sum(min(len(one.parties), depth) for one in self._people)
            return before + sum(len(one.parties) > depth for one in self._people[:at])

    def expect(self, run_id: str, seconds: float | None) -> None:
        """How many seconds of training a run still needs, for the outlook of who waits behind it; None: unknown."""
        with self._changed:
            if (found := self._find(run_id)) is not None:
                found[1].left = math.inf if seconds is None else seconds

    def outlook(self, run_id: str) -> Outlook | None:
        """What is known of its wait; None for the holder and who is not in line."""
        with self._changed:
            now = self._clock()
            if self._looked is None or not 0 <= now - self._looked[0] < OUTLOOK_SECONDS:
                line = [[Waiting(min(p.members), p.left) for p in one.parties] for one in self._people]
                self._looked = now, outlooks(line, now - self._began, self.turn_seconds)
            found = self._find(run_id)
            return None if found is None else self._looked[1].get(min(found[1].members))

    def _find(self, run_id: str) -> tuple[_Person, _Party] | None:
        for person in self._people:
            for party in person.parties:
                if run_id in party.members:
                    return person, party
        return None

    def nudge(self) -> None:
        """Wake all waiting threads so that they check their commands."""
        with self._changed:
            self._changed.notify_all()

    def _renew(self) -> None:
        """The line has changed: when the turn ends follows from it, and whoever waits looks again."""
        self._looked = None
        if self._called is not None:
            self._ends = -math.inf
        elif len(self._people) > 1:
            self._ends = self._began + self.turn_seconds(len(self._people))
        else:
            self._ends = math.inf
        self._changed.notify_all()

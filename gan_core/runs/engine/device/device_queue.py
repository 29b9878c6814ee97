"""The queue for the devices: each is used by one run at a time, or by two in lockstep; people take turns."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from gan_core.runs.engine.device.line import Line, Party
from gan_core.runs.engine.device.outlook import Outlook, Waiting, outlooks

TURN_SECONDS = 60.0
ROUND_SECONDS = 480.0  # with many people turns are shorter, so that everybody has one in this time
LEAST_TURN_SECONDS = 5.0
OUTLOOK_SECONDS = 1.0  # so long a look ahead holds


class DeviceQueue:
    """The line for `slots` devices, or shares of one (`Line`), for the threads that wait in it.

    Where nobody else waits, one's own runs go first come, first served, on all devices. Where others do, everybody
    has one run at a time: the holder of a device is asked to step aside between two steps once its turn is `over`,
    and goes to the end, so that nobody waits for longer than a turn of each of the others. So does whoever's run has
    ended, or has been paused. A paused run leaves the queue, and rejoins it before its owner's other runs.

    turn_seconds: of at most so many seconds, less with many people (ROUND_SECONDS). clock: in seconds.
    """

    def __init__(
        self, turn_seconds: float = TURN_SECONDS, clock: Callable[[], float] = time.monotonic, *, slots: int = 1
    ) -> None:  # fmt: skip
        self._turn_seconds, self._clock = turn_seconds, clock
        self._line = Line(slots, self.turn_seconds)
        self._changed = threading.Condition()
        self._ends: dict[Party, float] = {}  # of those that have to step aside: when
        self._next_end = math.inf  # of these the first; read without the lock, at every step
        self._only: dict[str, int] = {}  # runs that want a certain slot, also after a pause
        self._looked: tuple[float, dict[str, Outlook]] | None = None

    @property
    def slots(self) -> int:
        return self._line.slots

    def turn_seconds(self, people: int) -> float:
        """How long a turn is with so many people."""
        return min(self._turn_seconds, max(LEAST_TURN_SECONDS, ROUND_SECONDS * self.slots / max(1, people)))

    # --- coming and going

    def join(
        self, run_id: str, *, owner: str = "", front: bool = False, beside: str = "", need: int = 1,
        only: int | None = None, last: Sequence[int] = (), left: bool = False,
    ) -> None:  # fmt: skip
        """Join the queue; front: before the owner's other runs, but behind those that have a device.

        beside: with which run to form a party, if it is queued. need: devices that it takes at once. only: the one
        that it asks for, until it is forgotten. last: slots that it would rather have. left: it trains already, by
        processes of a server that is gone.
        """
        with self._changed:
            if self._line.find(run_id) is not None:
                return
            if only is not None:
                self._only[run_id] = only
            if (found := self._line.find(beside)) is not None:
                found[1].members.add(run_id)
            else:
                party = Party(
                    {run_id}, min(need, self.slots), self._only.get(run_id), last=tuple(last), left_behind=left
                )
                self._line.join(owner, party, front=front)
            self._renew()

    def leave(self, run_id: str) -> None:
        """Leave the queue, or release the device."""
        with self._changed:
            if (found := self._line.find(run_id)) is None:
                return
            person, party = found
            party.members.discard(run_id)
            party.aside.discard(run_id)
            if not party.members:
                self._line.remove(person, party, self._clock())
            elif party.held and party.aside >= party.members:
                self._line.step_aside(person, party, self._clock())
            self._renew()

    # --- the devices

    def holds(self, run_id: str) -> bool:
        with self._changed:
            return self._holds(run_id)

    def held(self, run_id: str) -> tuple[int, ...]:
        """Which slots it has; nothing while it waits, or is not in line."""
        with self._changed:
            found = self._line.find(run_id)
            return () if found is None else found[1].held

    def stay(self, run_id: str) -> None:
        """From now on the run wants the slot that it has, and no other: what it holds there cannot move."""
        with self._changed:
            found = self._line.find(run_id)
            if found is not None and len(found[1].held) == 1:
                self._only[run_id] = found[1].only = found[1].held[0]

    def forget(self, run_id: str) -> None:
        """It has left for good: which slot it wanted is forgotten."""
        with self._changed:
            self._only.pop(run_id, None)

    def wait(self, run_id: str, seconds: float, called: Callable[[], bool]) -> bool:
        """Whether the run holds a device, after waiting for it until it is `called` or so long has passed."""
        return self.wait_until(lambda: self._holds(run_id), seconds, called)

    def wait_until(self, it_is: Callable[[], bool], seconds: float, called: Callable[[], bool]) -> bool:
        """The same for something else that follows from the queue."""
        with self._changed:
            self._changed.wait_for(lambda: it_is() or called(), seconds)
            return it_is()

    def _holds(self, run_id: str) -> bool:
        found = self._line.find(run_id)
        return found is not None and bool(found[1].held) and run_id not in found[1].aside

    # --- turns

    def begin(self, run_id: str) -> None:
        """The holder is about to take its first step of this turn: what it had to prepare does not count."""
        with self._changed:
            found = self._line.find(run_id)
            if found is not None and not found[1].begun and self._holds(run_id):
                found[1].begun, found[1].began = True, self._clock()
                self._renew()

    def over(self, run_id: str) -> bool:
        """Whether the holder has to step aside, between two steps: its turn is over, and others wait.

        A few hundred nanoseconds while nobody's is.
        """
        if self._clock() < self._next_end:
            return False
        with self._changed:
            found = self._line.find(run_id)
            end = math.inf if found is None else self._ends.get(found[1], math.inf)
            return self._clock() >= end and self._holds(run_id)

    def step_aside(self, run_id: str) -> None:
        """Give the device up, to who is next, and stay in line; a party does once all of it have."""
        with self._changed:
            if self._holds(run_id) and (found := self._line.find(run_id)) is not None:
                person, party = found
                party.aside.add(run_id)
                if party.aside >= party.members:
                    self._line.step_aside(person, party, self._clock())
                self._renew()

    def first(self, run_id: str) -> None:
        """Put a run first: it is next, and who holds a device steps aside now. Nothing for who does not wait."""
        with self._changed:
            found = self._line.find(run_id)
            if found is not None and not found[1].held:
                self._line.first(*found)
                self._renew()

    # --- who is where

    def place(self, run_id: str) -> int:
        """0 for who holds a device, 1 for the next, ...; -1 for a run that is not queued.

        Everybody's first comes before anybody's second.
        """
        with self._changed:
            if (found := self._line.find(run_id)) is None:
                return -1
            waiting = [party for _, party in self._line.waiting()]
            return 0 if found[1].held else 1 + waiting.index(found[1])

    def expect(self, run_id: str, seconds: float | None) -> None:
        """How many seconds of training a run still needs, for the outlook of who waits behind it; None: unknown."""
        with self._changed:
            if (found := self._line.find(run_id)) is not None:
                found[1].left = math.inf if seconds is None else seconds

    def outlook(self, run_id: str) -> Outlook | None:
        """What is known of its wait; None for who holds a device or is not in line."""
        with self._changed:
            now = self._clock()
            if self._looked is None or not 0 <= now - self._looked[0] < OUTLOOK_SECONDS:
                self._looked = now, self._look_ahead(now)
            found = self._line.find(run_id)
            outlook = None if found is None else self._looked[1].get(min(found[1].members))
            if outlook is not None and any(
                p.held and p.left_behind for one in self._line.people for p in one.parties
            ):
                return replace(outlook, left_behind=True)
            return outlook

    def _look_ahead(self, now: float) -> dict[str, Outlook]:
        people = [
            [Waiting(min(p.members), p.left, now - p.began if p.held else None, p.need) for p in one.parties]
            for one in self._line.people
        ]
        rested = [now - one.since for one in self._line.people]
        return outlooks(people, self.turn_seconds, self.slots, rested)

    def nudge(self) -> None:
        """Wake all waiting threads so that they check their commands."""
        with self._changed:
            self._changed.notify_all()

    def _renew(self) -> None:
        """The line has changed: who has what, and whose turn ends when, follow from it; whoever waits looks again."""
        self._looked = None
        self._line.grant(self._clock())
        self._ends = self._line.ends()
        self._next_end = min(self._ends.values(), default=math.inf)
        self._changed.notify_all()

"""When who waits for a device is about to have it, and what is said of that: arithmetic alone."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOST_TURNS = 500  # that are looked ahead: beyond, nothing is said of the time
FEW_SECONDS = 10.0
LEFT_BEHIND = "a run that an earlier server has started goes on training"
LATE_SECONDS = 3.0  # a step takes less, mostly


@dataclass(frozen=True)
class Waiting:
    """left: seconds of training that it still needs; inf where that is not known.

    had: seconds of its turn so far, where it has a device. need: devices at once.
    """

    name: str
    left: float = math.inf
    had: float | None = None
    need: int = 1


@dataclass(frozen=True)
class Outlook:
    """Of one that waits. seconds: until it has the device, None where that cannot be told.

    people: others whose turn comes before its own person's. runs: of the same person, to be over before.
    alone: whether nobody else's wait. late: whether who has the device should have stepped aside by now.
    devices: how many there are; of several, any may be the next that is free. need: of these, so many at once.
    left_behind: whether who has one was started by a server that is gone.
    """

    seconds: float | None
    people: int
    runs: int
    alone: bool
    late: bool = False
    devices: int = 1
    need: int = 1
    left_behind: bool = False

    @property
    def words(self) -> str:
        """ "about 2 min: 3 others have their turn first"."""
        return f"{self._words}; {LEFT_BEHIND}" if self.left_behind else self._words

    @property
    def _words(self) -> str:
        if self.late:  # it prepares its first step, or works at a piece of a job that is not to be cut
            return "as soon as the one before it can be interrupted" if self.people == 1 else self._why
        return ": ".join(filter(None, (about(self.seconds), self._why)))

    @property
    def _why(self) -> str:
        if self.devices > 1:
            taken = (
                f"it needs {self.need} devices at once" if self.need > 1 else f"all {self.devices} devices are taken"
            )
            return ", ".join(filter(None, (taken, self._who_first)))
        return self._who_first

    @property
    def _who_first(self) -> str:
        if self.runs:
            whose = "" if self.alone else " of the same person"
            return f"{self.runs} run{'s' * (self.runs > 1)}{whose} {'go' if self.runs > 1 else 'goes'} first"
        if self.people == 1:
            return "1 other has its turn first"
        return f"{self.people} others have their turn first" if self.people else ""


def about(seconds: float | None) -> str:
    """A time as one says it: "a few seconds", "about 40 s", "about 2 min", "about 1.5 h"; "" for None."""
    if seconds is None:
        return ""
    if seconds < FEW_SECONDS:
        return "a few seconds"
    if seconds < 55:
        return f"about {5 * math.ceil(seconds / 5)} s"
    if seconds < 57.5 * 60:
        return f"about {max(1, round(seconds / 60))} min"
    return f"about {round(seconds / 1800) / 2:g} h"


def outlooks(
    people: Sequence[Sequence[Waiting]], turn_seconds: Callable[[int], float], devices: int = 1,
    rested: Sequence[float] = (),
) -> dict[str, Outlook]:  # fmt: skip
    """Of all in the line that have no device. people: by their turns, each with what is theirs, in order.

    turn_seconds: of so many people. rested: seconds since each of them last gave a device up; none: never.
    """
    ahead = _Ahead(people, turn_seconds, devices, rested)
    late = ahead.next_end() < -LATE_SECONDS
    begins, alone = ahead.begins(), len(people) == 1
    found: dict[str, Outlook] = {}
    others = 1 if devices == 1 else 0  # who has the only device has it first
    for theirs in people:
        has_one = any(one.had is not None for one in theirs)
        waiting = [one for one in theirs if one.had is None]
        for depth, one in enumerate(waiting, start=int(has_one and devices == 1)):
            before = others if not depth and not has_one else len(people) - 1
            found[one.name] = Outlook(begins.get(one.name), before, depth, alone, late, devices, one.need)
        others += not has_one
    return found


class _Person:
    """waiting: in the order in which they came. since: when it last gave a device up. runs: its own that have one."""

    __slots__ = ("runs", "since", "waiting")

    def __init__(self, waiting: list[Waiting], since: float) -> None:
        self.waiting, self.since = waiting, since
        self.runs: list[_Holder] = []


class _Holder:
    """ends: when it is over, if nobody interrupts it."""

    __slots__ = ("began", "ends", "one", "person")

    def __init__(self, person: _Person, one: Waiting, began: float, ends: float) -> None:
        self.person, self.one, self.began, self.ends = person, one, began, ends


class _Ahead:
    """The line from now on, in which nobody comes and all do what they have to; the rules are those of `Line`."""

    def __init__(
        self, people: Sequence[Sequence[Waiting]], turn_seconds: Callable[[int], float], devices: int,
        rested: Sequence[float],
    ) -> None:  # fmt: skip
        self._turn_seconds, self._devices = turn_seconds, devices
        self._now, self._free = 0.0, devices
        self._idle: deque[_Person] = deque()  # who has no device, by their turns
        self._busy: list[_Person] = []
        self._holders: list[_Holder] = []
        self._begins: dict[str, float] = {}
        self._order = {one.name: order for theirs in people for order, one in enumerate(theirs)}
        self._left = {one.name: one.left for theirs in people for one in theirs}
        self._waiting = sum(one.had is None for theirs in people for one in theirs)  # that have never begun
        self._ending = 0  # that have begun, and come to an end
        for at, theirs in enumerate(people):
            person = _Person([one for one in theirs if one.had is None], -(rested[at] if rested else math.inf))
            for one in theirs:
                if one.had is not None:
                    self._have(person, one, -one.had, one.left)
            (self._busy if person.runs else self._idle).append(person)

    def begins(self) -> dict[str, float]:
        """Name -> seconds until its first turn from now on, as far as that can be told."""
        self._fill()
        for _ in range(MOST_TURNS):
            if not self._waiting or not self._holders or not (self._ending or self._some_never_began()):
                break
            cut, ends = self._next_cut()
            over = self._holders[0] if len(self._holders) == 1 else min(self._holders, key=lambda one: one.ends)
            ends = max(self._now, ends)
            if cut is not None and ends < over.ends:
                self._now = ends
                self._step_aside(cut)
            elif over.ends == math.inf:
                break
            else:
                self._now = max(self._now, over.ends)
                self._ending -= 1
                self._leave(over)
            self._fill()
        return self._begins

    def _some_never_began(self) -> bool:
        """Whether a turn will come to somebody new, though nobody ends."""
        return any(person.waiting[0].name not in self._begins for person in self._idle)

    def next_end(self) -> float:
        """When somebody has to step aside for another: seconds from now, inf where nobody has."""
        return self._next_cut()[1]

    def _next_cut(self) -> tuple[_Holder | None, float]:
        if not self._idle:
            return None, math.inf
        turn = self._turn_seconds(len(self._idle) + len(self._busy))
        if len(self._holders) == 1:
            holder = self._holders[0]
            return holder, max(holder.began + turn, self._idle[0].since + turn / self._devices)
        beyond = [one for person in self._busy if len(person.runs) > 1 for one in self._in_order(person)[1:]]
        if beyond:
            return max(beyond, key=lambda holder: holder.began), self._now
        pairs = zip(sorted(self._holders, key=lambda holder: holder.began), self._idle, strict=False)
        cuts = [(max(holder.began + turn, person.since + turn / self._devices), at, holder)
                for at, (holder, person) in enumerate(pairs)]  # fmt: skip
        if not cuts:
            return None, math.inf
        ends, _, holder = min(cuts, key=lambda cut: cut[:2])
        return holder, ends

    def _in_order(self, person: _Person) -> list[_Holder]:
        return sorted(person.runs, key=lambda holder: self._order[holder.one.name])

    def _fill(self) -> None:
        while self._free > 0:
            person = self._idle[0] if self._idle else self._next_busy()
            if person is None or person.waiting[0].need > self._free:
                return
            if self._idle:
                self._idle.popleft()
                self._busy.append(person)
            one = person.waiting.pop(0)
            self._have(person, one, self._now, self._now + self._left[one.name])

    def _have(self, person: _Person, one: Waiting, began: float, ends: float) -> None:
        if one.name not in self._begins:
            self._begins[one.name] = max(0.0, began)
            self._waiting -= one.had is None
            self._ending += ends < math.inf
        holder = _Holder(person, one, began, ends)
        self._free -= one.need
        self._holders.append(holder)
        person.runs.append(holder)

    def _next_busy(self) -> _Person | None:
        waiting = (person for person in self._busy if person.waiting)
        return min(waiting, key=lambda person: len(person.runs), default=None)

    def _step_aside(self, holder: _Holder) -> None:
        one, waiting = holder.one, holder.person.waiting
        self._left[one.name] = holder.ends - self._now
        waiting.insert(0, one)
        if len(waiting) > 1 and self._order[waiting[1].name] < self._order[one.name]:
            waiting.sort(key=lambda each: self._order[each.name])
        self._leave(holder)

    def _leave(self, holder: _Holder) -> None:
        person = holder.person
        self._holders.remove(holder)
        self._free += holder.one.need
        person.runs.remove(holder)
        if person.runs:
            return
        self._busy.remove(person)
        person.since = self._now
        if person.waiting:
            self._idle.append(person)

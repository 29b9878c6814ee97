"""When who waits for the device is about to have it, and what is said of that: arithmetic alone."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOST_TURNS = 2000  # that are looked ahead: beyond, nothing is said of the time
FEW_SECONDS = 10.0
LATE_SECONDS = 3.0  # a step takes less, mostly


@dataclass(frozen=True)
class Waiting:
    """left: seconds of training that it still needs; inf where that is not known."""

    name: str
    left: float = math.inf


@dataclass(frozen=True)
class Outlook:
    """Of one that waits. seconds: until it has the device, None where that cannot be told.

    people: others whose turn comes before its own person's. runs: of the same person, to be over before.
    alone: whether nobody else's wait. late: whether who has the device should have stepped aside by now.
    """

    seconds: float | None
    people: int
    runs: int
    alone: bool
    late: bool = False

    @property
    def words(self) -> str:
        """ "about 2 min: 3 others have their turn first"."""
        if self.late:  # it prepares its first step, or works at a piece of a job that is not to be cut
            return "as soon as the one before it can be interrupted" if self.people == 1 else self._why
        return ": ".join(filter(None, (about(self.seconds), self._why)))

    @property
    def _why(self) -> str:
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
    people: Sequence[Sequence[Waiting]], used_seconds: float, turn_seconds: Callable[[int], float]
) -> dict[str, Outlook]:  # fmt: skip
    """Of all in the line but the holder. people: by their turns, each with what waits of theirs, in order.

    used_seconds: what of its turn the holder, the first of the first, has had. turn_seconds: of so many people.
    """
    begins = _begins(people, used_seconds, turn_seconds)
    alone = len(people) == 1
    late = not alone and used_seconds > turn_seconds(len(people)) + LATE_SECONDS
    return {
        one.name: Outlook(begins.get(one.name), place if not depth else len(people) - 1, depth, alone, late)
        for place, waiting in enumerate(people)
        for depth, one in enumerate(waiting)
        if place or depth
    }


def _begins(
    people: Sequence[Sequence[Waiting]], used_seconds: float, turn_seconds: Callable[[int], float]
) -> dict[str, float]:  # fmt: skip
    """Name -> seconds until its first turn from now on, as far as that can be told."""
    ring = deque(deque((one.name, one.left) for one in waiting) for waiting in people if waiting)
    names = {one.name for waiting in people for one in waiting}
    begins: dict[str, float] = {}
    now, used = 0.0, used_seconds
    for _ in range(MOST_TURNS):
        if len(begins) == len(names) or now == math.inf:
            break
        person = ring.popleft()
        name, left = person.popleft()
        begins.setdefault(name, now)
        turn = left if not ring else min(left, max(0.0, turn_seconds(len(ring) + 1) - used))
        now, used = now + turn, 0.0
        if turn < left:
            person.appendleft((name, left - turn))
        if person:
            ring.append(person)
    return begins

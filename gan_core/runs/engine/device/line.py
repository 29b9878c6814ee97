"""Who is in line for the devices, and who has which: people take turns. Without locks, threads or a clock."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False)
class Party:
    """Who uses devices together, mostly one run; twins are a party of two, on one device.

    need: slots that it takes at once. only: the one slot that it asks for; None: any. held: those it has now; last:
    those it had before. aside: of its members, who has stopped between two steps. left: seconds that it still needs,
    as far as is known. began: when its turn did. begun: whether it has said itself that it works. left_behind: by a
    server that is gone.
    """

    members: set[str]
    need: int = 1
    only: int | None = None
    aside: set[str] = field(default_factory=set)
    left: float = math.inf
    held: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    began: float = 0.0
    begun: bool = False
    left_behind: bool = False

    def may_have(self, slot: int) -> bool:
        return self.only is None or slot == self.only


@dataclass(eq=False)
class Person:
    """parties: in the order in which they came. since: when it last had to give a slot up."""

    owner: str
    parties: list[Party] = field(default_factory=list)
    since: float = -math.inf

    @property
    def has_one(self) -> bool:
        return any(party.held for party in self.parties)

    @property
    def behind_holders(self) -> int:
        """The first place behind its parties that have a slot."""
        return max((at + 1 for at, party in enumerate(self.parties) if party.held), default=0)


class Line:
    """People in the order of their turns, each with parties in line, and `slots` devices.

    Everybody's first party comes before anybody's second, so that with N slots the first N people have one each.
    Who needs several slots, or a certain one, is not overtaken by those behind: what is free is kept for it.
    turn_seconds: of so many people. Times are those of whoever calls.
    """

    def __init__(self, slots: int, turn_seconds: Callable[[int], float]) -> None:
        self.slots, self._turn_seconds = slots, turn_seconds
        self.people: list[Person] = []
        self.called: Party | None = None  # put first
        self._free = set(range(slots))

    def find(self, run_id: str) -> tuple[Person, Party] | None:
        for person in self.people:
            for party in person.parties:
                if run_id in party.members:
                    return person, party
        return None

    # --- coming and going

    def join(self, owner: str, party: Party, *, front: bool) -> None:
        """front: before the owner's other parties, but behind those that have a slot."""
        person = next((one for one in self.people if one.owner == owner), None)
        if person is None:
            person = Person(owner)
            self.people.append(person)
        person.parties.insert(person.behind_holders if front else len(person.parties), party)

    def remove(self, person: Person, party: Party, now: float) -> None:
        """It leaves. Who has had a slot goes behind the others with what else is theirs."""
        had = bool(party.held)
        self._release(party)
        person.parties.remove(party)
        if self.called is party:
            self.called = None
        if not person.parties:
            self.people.remove(person)
        elif had and not person.has_one and self.called not in person.parties:
            self._to_the_end(person, now)

    def step_aside(self, person: Person, party: Party, now: float) -> None:
        """Its turn is over: it gives its slots up and stays in line."""
        party.aside.clear()
        self._release(party)
        if self.called in person.parties:  # of the same person: it goes on right behind what was put first
            person.parties.remove(party)
            person.parties.insert(person.parties.index(self.called) + 1, party)
        elif not person.has_one:
            self._to_the_end(person, now)

    def _to_the_end(self, person: Person, now: float) -> None:
        person.since = now
        self.people.remove(person)
        self.people.append(person)

    def _release(self, party: Party) -> None:
        self._free |= set(party.held)
        party.last, party.held = party.held or party.last, ()

    def first(self, person: Person, party: Party) -> None:
        """Put it first: it is next, and who has a slot that it may have steps aside now."""
        person.parties.remove(party)
        person.parties.insert(person.behind_holders, party)
        if not person.has_one:
            self.people.remove(person)
            waits = (at for at, other in enumerate(self.people) if not other.has_one)
            self.people.insert(next(waits, len(self.people)), person)
        self.called = party

    # --- who has what

    def waiting(self) -> list[tuple[Person, Party]]:
        """Who has no slot, in the order in which they are to get one: everybody's first, then anybody's second ...

        A second is what comes to a person who has one slot, or whose first goes before it.
        """
        found = []
        for at, person in enumerate(self.people):
            waiting = [party for party in person.parties if not party.held]
            for which, party in enumerate(waiting, start=len(person.parties) - len(waiting)):
                found.append((party is not self.called, which, at, person, party))
        return [(person, party) for _, _, _, person, party in sorted(found, key=lambda one: one[:3])]

    def grant(self, now: float) -> None:
        """What is free goes to who is next: the slot that it had before, else one that nobody else names."""
        free, waiting = set(self._free), self.waiting()
        named = {party.only for _, party in waiting}
        for _, party in waiting if free else ():
            fit = sorted(filter(party.may_have, free), key=lambda slot: (slot not in party.last, slot in named, slot))
            taken = fit[: party.need]
            free -= set(taken)  # where that is not enough, it is kept until the rest is there
            if len(taken) == party.need:
                party.held, party.began, party.begun = tuple(sorted(taken)), now, False
                self._free -= set(taken)
                if self.called is party:
                    self.called = None

    def ends(self) -> dict[Party, float]:
        """Of those that have to step aside for others: when.

        Others are people who have no slot, and what was put first. First go those of whom a person has more than one,
        at once; then whose turn began first, once it is over, but the turns of N slots do not all end at the same
        moment: who has just stepped aside waits an Nth of a turn for the next slot.
        """
        found: dict[Party, float] = {}
        free, turn, holders = set(self._free), self._turn_seconds(len(self.people)), self._by_their_end()
        seen: set[int] = set()
        for person, party in self.waiting():
            if len(found) == len(holders):
                break
            at_once = party is self.called
            if not at_once and (person.has_one or id(person) in seen):
                continue
            seen.add(id(person))
            kept = set(sorted(filter(party.may_have, free))[: party.need])
            free -= kept
            missing = party.need - len(kept)
            for other, beyond in holders:
                useful = sum(map(party.may_have, other.held))
                if missing > 0 and useful and other not in found:
                    missing -= useful
                    over = max(other.began + turn, person.since + turn / self.slots)
                    found[other] = -math.inf if at_once or beyond else over
        return found

    def _by_their_end(self) -> list[tuple[Party, bool]]:
        """Who has a slot, in the order in which they are to give it up; whether it is not its person's first."""
        beyond, first = [], []
        for person in self.people:
            held = [party for party in person.parties if party.held]
            first += held[:1]
            beyond += held[1:]
        beyond.sort(key=lambda party: -party.began)
        first.sort(key=lambda party: party.began)
        return [*((party, True) for party in beyond), *((party, False) for party in first)]

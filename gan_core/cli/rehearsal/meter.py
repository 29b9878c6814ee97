"""What the server and the rehearsal itself take of the machine, phase by phase; and whether memory grows."""

from __future__ import annotations

import contextlib
import itertools
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from gan_core.cli.rehearsal.person import Person

WARM_UP_SHARE = 1 / 3  # of the rounds: what is kept for later visitors is kept by then
FEWEST_ROUNDS = 4  # after that: between two readings of one process lies what was just measured, or just thrown away


@dataclass(frozen=True)
class Phase:
    """One part of a round. server, students: processor seconds; memory_mb: the server's at its end; at: minutes from
    the first phase to there. None where the server did not tell."""

    name: str
    round: int
    seconds: float
    server: float | None
    students: float
    memory_mb: float | None
    at: float


class Meter:
    """Asks the server at the beginning and the end of each phase, as the teacher."""

    def __init__(self, teacher: Person) -> None:
        self._teacher = teacher
        self._start = time.monotonic()
        self.phases: list[Phase] = []

    @contextlib.asynccontextmanager
    async def phase(self, name: str, number: int = 0) -> AsyncIterator[None]:
        print(f"… {name}", file=sys.stderr)
        told, own, start = await self._teacher.load() or {}, time.process_time(), time.monotonic()
        yield
        seconds, students = time.monotonic() - start, time.process_time() - own
        now = await self._teacher.load() or {}
        before, after = told.get("processor_seconds"), now.get("processor_seconds")
        server = None if before is None or after is None else after - before
        at = (time.monotonic() - self._start) / 60
        self.phases.append(Phase(name, number, seconds, server, students, now.get("memory_mb"), at))


def growth(phases: Sequence[Phase]) -> float | None:
    """MB a minute by which the server's memory grows; None where too few rounds can be compared.

    The median of the slopes between the ends of the same phase in two rounds (Theil 1950), so that neither what one
    phase needs and another does not, nor one odd reading, counts. The first rounds are left out.
    """
    rounds = 1 + max((phase.round for phase in phases), default=0)
    late = [one for one in phases if one.round >= WARM_UP_SHARE * rounds and one.memory_mb is not None]
    if len({one.round for one in late}) < FEWEST_ROUNDS:
        return None
    slopes = [
        (later.memory_mb - sooner.memory_mb) / (later.at - sooner.at)
        for sooner, later in itertools.combinations(late, 2)
        if sooner.name == later.name and sooner.round < later.round
        if sooner.memory_mb is not None and later.memory_mb is not None
    ]
    return statistics.median(slopes) if slopes else None

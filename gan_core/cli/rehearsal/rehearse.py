"""`rehearse`: play a class against a running server and say in a table whether it holds."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from websockets.exceptions import InvalidHandshake, WebSocketException

from gan_core.cli.rehearsal.meter import Meter
from gan_core.cli.rehearsal.parts import (
    OPENING_SECONDS,
    Follower,
    click_all,
    corrected,
    drag_all,
    images_per_second,
    open_all,
)
from gan_core.cli.rehearsal.person import Person
from gan_core.cli.rehearsal.report import Line, load_table, report, table
from gan_core.cli.terminal.errors import CommandError

TRAINED = "preset=fashion-fast&total_images=100000000&seed=1"
ROUND_MINUTES = 3.0  # a longer rehearsal is played in rounds, each a class that comes, works and leaves
ALONE, WATCHED, AGAIN, CLICKED, DRAGGED = 0.15, 0.3, 0.1, 0.25, 0.2
"""Shares of a round."""


@dataclass
class Played:
    """What all rounds have found. drags: of each person; speeds: of each round the run's, alone and watched."""

    opened: list[float] = field(default_factory=list)
    clicks: list[float] = field(default_factory=list)
    drags: list[list[float]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    speeds: list[tuple[float, float]] = field(default_factory=list)


def rehearse(arguments: argparse.Namespace) -> int:
    """Status 0 where everything holds, 1 where something does not."""
    try:
        lines, meter = asyncio.run(_play(arguments))
    except (InvalidHandshake, WebSocketException, TimeoutError) as problem:
        raise CommandError(f"The server stopped answering in the rehearsal ({problem or 'too slow'}).") from None
    holds = all(line.holds for line in lines)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if arguments.json:
        told = {"holds": holds, "students": arguments.students, "lines": [asdict(one) for one in lines]}
        print(json.dumps({**told, "phases": [asdict(one) for one in meter.phases]}))
        return 0 if holds else 1
    here = urlsplit(arguments.url).hostname in ("localhost", "127.0.0.1", "::1")
    print(f"{table(lines)}\n\n{load_table(meter.phases, os.cpu_count() if here else None)}\n")
    if any(phase.server is None for phase in meter.phases):
        print("The server tells a teacher alone what it takes: give the teacher's token with --teacher.")
    print(
        f"{arguments.students} students, {arguments.minutes:g} minutes; load of this machine {load:.1f}. "
        + ("The class holds." if holds else "It does not hold: see the lines marked with !.")
    )
    return 0 if holds else 1


async def _play(asked: argparse.Namespace) -> tuple[list[Line], Meter]:
    url = asked.url.rstrip("/") + "/"
    teacher = Person(url, asked.token, asked.teacher)
    rounds = max(1, math.floor(asked.minutes / ROUND_MINUTES))
    meter, played = Meter(teacher), Played()
    try:
        await teacher.open(TRAINED if not asked.run else f"run={asked.run}")
        run = asked.run
        for number in range(rounds):
            people = [Person(url, asked.token) for _ in range(asked.students)]
            try:
                async with meter.phase(f"all open the page within {OPENING_SECONDS:g} s", number):
                    played.opened += await open_all(people)
                run = run or await _train(teacher)
                await _round(teacher, people, run, 60.0 * asked.minutes / rounds, number, played, meter)
            finally:
                await asyncio.gather(*(one.close() for one in people), return_exceptions=True)
        if not asked.run:
            await teacher.draw("stop")
        played.delays = corrected(played.delays, url)
        return report(**vars(played), phases=meter.phases), meter
    finally:
        await teacher.close()


async def _round(
    teacher: Person, people: Sequence[Person], run: str, seconds: float, number: int, played: Played, meter: Meter
) -> None:  # fmt: skip
    """One thing after another: follow the run, click, drag."""
    first = Follower(teacher)
    watching = asyncio.create_task(first.follow(run, time.monotonic() + 2 * seconds + 120))
    try:
        await _first_news(first, watching)
        await _watched(first, people, run, seconds, number, played, meter)
        async with meter.phase("each clicks once in 10 s", number):
            played.clicks += await click_all(people, CLICKED * seconds)
        async with meter.phase("all drag on Explore", number):
            played.drags += await drag_all(people, DRAGGED * seconds)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _train(teacher: Person) -> str:
    """Press Train, as a person would; the run's id."""
    await teacher.draw("train")
    for _ in range(20):
        if run := teacher.run():
            return run
        await asyncio.sleep(0.5)
        await teacher.draw()
    raise CommandError("No run could be started here: name one that trains with --run.")


async def _first_news(first: Follower, watching: asyncio.Task[None]) -> None:
    end = time.monotonic() + 120
    while len(first.images) < 5:
        if watching.done() or time.monotonic() > end:
            raise CommandError("The run does not train: wait until the device is free, or name one with --run.")
        await asyncio.sleep(0.2)


async def _watched(
    first: Follower, people: Sequence[Person], run: str, seconds: float, number: int, played: Played, meter: Meter
) -> None:  # fmt: skip
    """The run's speed alone (before and after) and while all follow it, with no other load; and how old the news was
    for them."""
    marks = [time.monotonic()]
    async with meter.phase("the run alone", number):
        await asyncio.sleep(ALONE * seconds)
    marks.append(time.monotonic())
    followers = [Follower(person) for person in people]
    async with meter.phase("all follow the run", number):
        end = time.monotonic() + WATCHED * seconds
        await asyncio.gather(*(one.follow(run, end) for one in followers))
    marks.append(time.monotonic())
    async with meter.phase("the run alone again", number):
        await asyncio.sleep(AGAIN * seconds)
    marks.append(time.monotonic())
    before, watched, after = (images_per_second(first, since, until) for since, until in itertools.pairwise(marks))
    played.speeds.append(((before + after) / 2, watched))
    played.delays += [delay for one in followers for delay in one.delays]

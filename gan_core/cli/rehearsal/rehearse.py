"""`rehearse`: play a class against a running server and say in a table whether it holds."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from websockets.exceptions import InvalidHandshake, WebSocketException

from gan_core.cli.rehearsal.parts import (
    Follower,
    click_all,
    corrected,
    drag_all,
    images_per_second,
    open_all,
)
from gan_core.cli.rehearsal.person import Person
from gan_core.cli.terminal.errors import CommandError

TRAINED = "preset=fashion-fast&total_images=100000000&seed=1"
FIRST_PAGE, RERUN, PICTURE, LIVE, SPEED = 5.0, 1.5, 0.25, 0.5, 0.85
"""What must hold: seconds at the 95th percentile, and the share of its own speed that the run keeps."""
STARVED = 0.2  # of the median number of pictures: who gets fewer waits while others drag
ALONE, WATCHED, AGAIN, CLICKED, DRAGGED = 0.15, 0.3, 0.1, 0.25, 0.2
"""Shares of the time."""


@dataclass(frozen=True)
class Line:
    """One line of the table. p50, p95: seconds; of the speed, images a second alone and watched. within: limit."""

    what: str
    p50: float
    p95: float
    within: str
    holds: bool
    count: int


def rehearse(arguments: argparse.Namespace) -> int:
    """Status 0 where everything holds, 1 where something does not."""
    try:
        lines = asyncio.run(_play(arguments))
    except (InvalidHandshake, WebSocketException, TimeoutError) as problem:
        raise CommandError(f"The server stopped answering in the rehearsal ({problem or 'too slow'}).") from None
    holds = all(line.holds for line in lines)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if arguments.json:
        print(json.dumps({"holds": holds, "students": arguments.students, "lines": [asdict(one) for one in lines]}))
    else:
        print(table(lines))
        print(
            f"{arguments.students} students, {arguments.minutes:g} minutes; load of this machine {load:.1f}. "
            + ("The class holds." if holds else "It does not hold: see the lines marked with !.")
        )
    return 0 if holds else 1


async def _play(asked: argparse.Namespace) -> list[Line]:
    url = asked.url.rstrip("/") + "/"
    people = [Person(url, asked.token) for _ in range(asked.students)]
    teacher = Person(url, asked.token)
    seconds = 60.0 * asked.minutes
    try:
        _say("opening the page")
        await teacher.open(TRAINED if not asked.run else f"run={asked.run}")
        opened = await open_all(people)
        run = asked.run or await _train(teacher)
        first = Follower(teacher)
        watching = asyncio.create_task(first.follow(run, time.monotonic() + 2 * seconds + 120))
        try:
            await _first_news(first, watching)
            speeds, delays = await _watched(first, people, run, seconds)
            _say("clicking")
            clicks = await click_all(people, CLICKED * seconds)
            _say("dragging on Explore")
            drags = await drag_all(people, DRAGGED * seconds)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            if not asked.run:
                await teacher.draw("stop")
        return report(opened, clicks, drags, corrected(delays, url), speeds)
    finally:
        await asyncio.gather(*(one.close() for one in [teacher, *people]), return_exceptions=True)


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
    first: Follower, people: Sequence[Person], run: str, seconds: float
) -> tuple[tuple[float, float], list[float]]:
    """The run's speed alone (before and after) and while all follow it; and how old the news was for them."""
    marks = [time.monotonic()]
    _say("the run alone")
    await asyncio.sleep(ALONE * seconds)
    marks.append(time.monotonic())
    _say(f"{len(people)} follow it")
    followers = [Follower(person) for person in people]
    end = time.monotonic() + WATCHED * seconds
    await asyncio.gather(*(one.follow(run, end) for one in followers))
    marks.append(time.monotonic())
    _say("the run alone again")
    await asyncio.sleep(AGAIN * seconds)
    marks.append(time.monotonic())
    before, watched, after = (images_per_second(first, since, until) for since, until in itertools.pairwise(marks))
    return ((before + after) / 2, watched), [delay for one in followers for delay in one.delays]


def report(
    opened: Sequence[float], clicks: Sequence[float], drags: Sequence[Sequence[float]], delays: Sequence[float],
    speeds: tuple[float, float],
) -> list[Line]:  # fmt: skip
    """The table's lines. speeds: images a second alone, and while all follow."""
    counts = [len(one) for one in drags]
    starved = sum(count < STARVED * statistics.median(counts) for count in counts) if counts else 0
    alone, watched = speeds
    share = watched / alone if alone else 0.0
    return [
        _line("first page", opened, FIRST_PAGE),
        _line("rerun after a click", clicks, RERUN),
        _line("picture under the hand", [took for one in drags for took in one], PICTURE),
        Line("people who wait while others drag", starved, starved, "0", starved == 0 and bool(counts), len(counts)),
        _line("live delay", delays, LIVE),
        Line(f"run's speed, {share:.2f} of alone", alone, watched, f"at least {SPEED}", share >= SPEED, 2),
    ]


def _line(what: str, seconds: Sequence[float], limit: float) -> Line:
    if not seconds:
        return Line(what, float("nan"), float("nan"), f"{limit:g} s", False, 0)
    p50, p95 = percentile(seconds, 0.5), percentile(seconds, 0.95)
    return Line(what, p50, p95, f"{limit:g} s", p95 <= limit, len(seconds))


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the smallest value that at least this share of all do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * round(1000 * share) // 1000)
    return ordered[max(0, rank - 1)]


def table(lines: Sequence[Line]) -> str:
    rows: list[tuple[str, ...]] = [("", "p50", "p95", "limit (p95)", "of")]
    for one in lines:
        kind = "img/s" if one.what.startswith("run's") else "" if one.within == "0" else "s"
        digits = 0 if kind != "s" else 3
        values = (f"{value:.{digits}f} {kind}".rstrip() for value in (one.p50, one.p95))
        rows.append((("  " if one.holds else "! ") + one.what, *values, one.within, str(one.count)))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if i in (0, 3) else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _say(words: str) -> None:
    print(f"… {words}", file=sys.stderr)

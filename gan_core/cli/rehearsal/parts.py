"""What the class does: open the page, follow a run, click, drag on Explore; each gives the seconds that it took."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from gan_core.cli.rehearsal.person import PATIENCE_SECONDS, Person
from gan_core.cli.rehearsal.protocol import unpack

CLICK_SECONDS = 10.0  # between two clicks of one person
OPENING_SECONDS = 30.0  # within which all begin to open the page, one after another
HAND_SECONDS = 1 / 60  # between two movements of a hand
BUTTON = "projector"  # of one person's own page: pressing it changes nothing for others


@dataclass
class Follower:
    """Somebody who watches a run: how old each piece of news was, and how far the run has come."""

    person: Person
    delays: list[float] = field(default_factory=list)
    images: list[tuple[float, float]] = field(default_factory=list)  # (seconds here, images seen by the run)

    async def follow(self, run: str, until: float) -> None:
        socket = await self.person.guarded(f"live/{run}")
        columns: list[str] = []
        try:
            while (left := until - time.monotonic()) > 0:
                frame = await asyncio.wait_for(socket.recv(), left)
                now = time.time()
                assert isinstance(frame, bytes)
                header, blobs = unpack(frame)
                columns = header.get("columns", columns)
                if header["type"] == "records" and columns:
                    rows = np.frombuffer(blobs[0], "<f4").reshape(-1, len(columns))
                    self.images.append((time.monotonic(), float(rows[-1, columns.index("images")])))
                    if "at" in header:
                        self.delays.append(now - header["at"])
        except (TimeoutError, ConnectionClosed):
            pass
        finally:
            await socket.close()


def images_per_second(follower: Follower, since: float, until: float) -> float:
    """The run's speed between two moments, as a follower heard of it; 0 where nothing came."""
    seen = [(at, images) for at, images in follower.images if since <= at <= until]
    if len(seen) < 2 or seen[-1][0] <= seen[0][0]:
        return 0.0
    return (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])


def corrected(delays: Sequence[float], url: str) -> list[float]:
    """Between two machines clocks differ: there the fastest news counts as sent and heard at once."""
    here = urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
    offset = 0.0 if here or not delays else min(delays)
    return [max(0.0, delay - offset) for delay in delays]


async def open_all(people: Sequence[Person]) -> list[float]:
    """All begin to open the page within `OPENING_SECONDS`, evenly."""

    async def one(person: Person, after: float) -> float:
        await asyncio.sleep(after)
        return await person.open()

    gap = OPENING_SECONDS / max(1, len(people))
    return list(await asyncio.gather(*(one(person, i * gap) for i, person in enumerate(people))))


async def click_all(people: Sequence[Person], seconds: float) -> list[float]:
    """Everybody clicks once each `CLICK_SECONDS`, not all at the same moment."""
    end, found, chance = time.monotonic() + seconds, list[float](), random.Random(0)

    async def one(person: Person, first: float) -> None:
        await asyncio.sleep(first)
        while time.monotonic() < end:
            start = time.monotonic()
            found.append(await person.draw(BUTTON))
            await asyncio.sleep(max(0.0, CLICK_SECONDS - (time.monotonic() - start)))

    await asyncio.gather(*(one(person, chance.uniform(0, min(CLICK_SECONDS, seconds))) for person in people))
    return found


async def drag_all(people: Sequence[Person], seconds: float) -> list[list[float]]:
    """Everybody drags on Explore: of each the seconds from a movement of the hand to its picture."""
    end = time.monotonic() + seconds

    async def one(person: Person, number: int) -> list[float]:
        socket = await person.guarded("explore")
        found: list[float] = []
        try:
            await asyncio.wait_for(socket.recv(), PATIENCE_SECONDS)  # hello
            await socket.send(json.dumps({"id": 1, "slot": "models", "do": "models"}))
            models = (await _answer(socket, 1))["models"]
            model = models[0] if models else None  # a class looks at the same one
            asked = 1
            while model and time.monotonic() < end:
                start, asked = time.perf_counter(), asked + 1
                look = {"where": {"seed": asked * 1000 + number}, "class": [0] if model.get("classes") else None}
                request = {"id": asked, "slot": "picture", "do": "look", "model": model["id"], "look": look}
                await socket.send(json.dumps(request))
                await _answer(socket, asked)
                took = time.perf_counter() - start
                found.append(took)
                await asyncio.sleep(max(0.0, HAND_SECONDS - took))
        except (TimeoutError, ConnectionClosed):
            pass
        finally:
            await socket.close()
        return found

    return list(await asyncio.gather(*(one(person, i) for i, person in enumerate(people))))


async def _answer(socket: ClientConnection, number: int) -> dict[str, Any]:
    while True:
        frame = await asyncio.wait_for(socket.recv(), PATIENCE_SECONDS)
        assert isinstance(frame, bytes)
        header, _ = unpack(frame)
        if header.get("id") == number and "progress" not in header:
            if "problem" in header:
                raise ValueError(str(header["problem"]))
            return header

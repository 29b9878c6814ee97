"""One class on several servers: each tells the others, through files in the folder that they share, what is shown.

A file for each kind of state and server, replaced as a whole; of each kind the newest holds, by a number that counts
up from server to server. A server is believed once its sign of life has been seen to change: what a dead one left is
not shown to the next lesson.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pages.server.live import wire

log = logging.getLogger(__name__)

FOLDER = "relay"
LOOK_SECONDS = 0.25
BEAT_SECONDS = 2.0
GONE_SECONDS = 10.0  # without a sign of life
OLD_SECONDS = 86_400.0  # files of servers that ended
LARGEST_BYTES = 20_000_000
OF_EACH = ("answers", "here")  # each server has its own, beside the others'
_NAME = re.compile(r"([0-9a-f]{8})\.([a-z_]{1,20})")


@dataclass
class Neighbour:
    """Another server, as this one knows it. changed: when its sign of life was last seen to change; None: never."""

    beat: Any = None
    changed: float | None = None
    seen: dict[str, tuple[int, int, int]] = field(default_factory=dict)  # kind -> what tells that a file changed
    told: dict[str, dict[str, Any]] = field(default_factory=dict)  # kind -> header

    @property
    def is_here(self) -> bool:
        return self.changed is not None and time.monotonic() - self.changed < GONE_SECONDS


class ClassRelay:
    """folder: where all servers of the class may write. heard: called with what another server tells, on the loop."""

    def __init__(self, folder: Path, heard: Callable[[str, dict[str, Any], bytes], None]) -> None:
        self._folder, self._heard = folder / FOLDER, heard
        self.server = secrets.token_hex(4)
        self.neighbours: dict[str, Neighbour] = {}
        self._number = 0  # the greatest that was seen anywhere
        self._numbers: dict[str, int] = {}  # kind -> that of what holds
        self._waiting: dict[str, tuple[dict[str, Any], bytes]] = {}  # kind -> what is to be written
        self._beat, self._next_beat = 0, 0.0
        self._task: asyncio.Task[None] | None = None

    def tell(self, kind: str, header: dict[str, Any], blob: bytes = b"") -> None:
        """To the other servers, soon, as it is then; of each kind the newest alone."""
        self._number += 1
        self._numbers[kind] = self._number
        self._waiting[kind] = {**header, "number": self._number}, blob

    def attend(self, busy: Callable[[], bool]) -> None:
        """Write and look as long as somebody is here."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._attend(busy))

    async def _attend(self, busy: Callable[[], bool]) -> None:
        while busy():
            try:
                await self.exchange()
            except OSError as problem:
                log.warning("the other servers of the class cannot be told: %s", problem)
            except Exception:
                log.exception("the other servers of the class")
            await asyncio.sleep(LOOK_SECONDS)

    async def exchange(self) -> None:
        """Write what waits, and hear what is new, in the order in which it came about. Raises OSError."""
        if time.monotonic() >= self._next_beat:
            self._next_beat, self._beat = time.monotonic() + BEAT_SECONDS, self._beat + 1
            self._waiting["beat"] = {"number": 0, "beat": self._beat}, b""
        waiting = {kind: wire.pack(header, [blob] if blob else []) for kind, (header, blob) in self._waiting.items()}
        self._waiting = {}
        for kind, number, header, blob in sorted(
            await asyncio.to_thread(self._exchanged, waiting), key=lambda news: news[1]
        ):
            self._number = max(self._number, number)
            if kind in OF_EACH:
                self._heard(kind, header, blob)
            elif number > self._numbers.get(kind, 0):
                self._numbers[kind] = number
                self._heard(kind, header, blob)

    def of_others(self, kind: str) -> list[dict[str, Any]]:
        """What each other server that is there told last of a kind."""
        return [one.told[kind] for one in list(self.neighbours.values()) if one.is_here and kind in one.told]

    # --- in a thread of its own, one at a time

    def _exchanged(self, waiting: dict[str, bytes]) -> list[tuple[str, int, dict[str, Any], bytes]]:
        self._folder.mkdir(parents=True, exist_ok=True)
        for kind, frame in waiting.items():
            temporary = self._folder / f".{self.server}.{kind}.tmp"
            temporary.write_bytes(frame)
            os.replace(temporary, self._folder / f"{self.server}.{kind}")
        found: list[tuple[str, int, dict[str, Any], bytes]] = []
        with os.scandir(self._folder) as entries:
            # Who is here at all, first: others of a server are read once that is known.
            for entry in sorted(entries, key=lambda entry: not entry.name.endswith(".beat")):
                name = _NAME.fullmatch(entry.name)
                if name and name[1] != self.server:
                    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                        found += self._look(entry, *name.groups())
        return found

    def _look(self, entry: os.DirEntry[str], server: str, kind: str) -> list[tuple[str, int, dict[str, Any], bytes]]:
        stat, known = entry.stat(follow_symlinks=False), self.neighbours.setdefault(server, Neighbour())
        mark = stat.st_ino, stat.st_mtime_ns, stat.st_size
        if not known.is_here and time.time() - stat.st_mtime > OLD_SECONDS:
            Path(entry.path).unlink(missing_ok=True)
            return []
        if kind != "beat" and (known.seen.get(kind) == mark or not known.is_here):  # beats of one tick look alike
            return []
        if stat.st_size > LARGEST_BYTES:
            return []
        header, blobs = wire.unpack(Path(entry.path).read_bytes())
        number = int(header["number"])
        if kind == "beat":
            if known.beat is not None and header["beat"] != known.beat:
                known.changed = time.monotonic()
            known.beat = header["beat"]
        known.seen[kind], known.told[kind] = mark, header
        return [] if kind == "beat" else [(kind, number, header, blobs[0] if blobs else b"")]

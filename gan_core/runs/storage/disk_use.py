"""How much of the disk runs and jobs take, all together and each person's."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

FRESH_SECONDS = 5.0  # so long an answer holds
_LISTS = ("", ".trash", "jobs", "jobs/.trash")  # folders of runs and jobs: they change when one comes or goes
MOST_BYTES = 5_000_000  # of a description that is read for its owner


@dataclass(frozen=True)
class DiskUse:
    """Bytes. by_owner: of each person's runs and jobs; "" is whoever sits at the machine."""

    total: int
    by_owner: dict[str, int]


class DiskMeter:
    """Measures a folder of runs, each run anew only where something in it has changed."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._guard = threading.Lock()
        self._known: dict[str, tuple[tuple[int, ...], int]] = {}  # path -> times of change below it, bytes
        self._owners: dict[str, str] = {}
        self._last: tuple[float, list[int], DiskUse] | None = None

    def use(self) -> DiskUse:
        """As it was at most FRESH_SECONDS ago, and since a run or job last came, was deleted or had back."""
        with self._guard:
            come_and_gone = [_time_of(self._runs_dir / name) for name in _LISTS]
            if (
                self._last is None
                or time.monotonic() - self._last[0] > FRESH_SECONDS
                or come_and_gone != self._last[1]
            ):
                self._last = time.monotonic(), come_and_gone, self._measured()
            return self._last[2]

    def forget(self) -> None:
        """Look again when next asked."""
        with self._guard:
            self._last = None

    def _measured(self) -> DiskUse:
        total, by_owner = 0, defaultdict[str, int](int)
        for folder, described in ((self._runs_dir, "config.json"), (self._runs_dir / "jobs", "job.json")):
            for path in _entries(folder):
                if path.is_dir(follow_symlinks=False):
                    if path.path == str(self._runs_dir / "jobs"):
                        continue
                    size = self._size(path.path)
                    if not path.name.startswith("."):
                        by_owner[self._owner(path.path, described)] += size
                else:
                    size = _size_of(path)
                total += size
        return DiskUse(total, dict(by_owner))

    def _size(self, folder: str) -> int:
        """Of a run's folder: its files lie in it and in folders below it, which change when one comes or goes."""
        inside = _entries(folder)
        folders = [entry for entry in inside if entry.is_dir(follow_symlinks=False)]
        files = [entry for entry in inside if not entry.is_dir(follow_symlinks=False)]
        own = sum(_size_of(entry) for entry in files)
        times = tuple(_changed(entry) for entry in folders)
        known = self._known.get(folder)
        if known is None or known[0] != times:
            known = self._known[folder] = times, sum(_deep(entry.path) for entry in folders)
        return own + known[1]

    def _owner(self, folder: str, described: str) -> str:
        if folder not in self._owners:
            try:
                with open(os.path.join(folder, described), "rb") as file:
                    owner = json.loads(file.read(MOST_BYTES)).get("owner", "")
            except (OSError, ValueError, AttributeError):
                return ""
            self._owners[folder] = owner if isinstance(owner, str) else ""
        return self._owners[folder]


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _size_of(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0


def _time_of(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _changed(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0


def _deep(folder: str) -> int:
    return sum(
        _deep(entry.path) if entry.is_dir(follow_symlinks=False) else _size_of(entry) for entry in _entries(folder)
    )

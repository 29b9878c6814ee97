"""Commands to a run that another process trains: small files in its folder, which that process takes out in order."""

from __future__ import annotations

import contextlib
import json
import math
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from gan_core.config.files import write_atomically
from gan_core.runs.commands import Change, CheckpointNow, Command, Pace, Pause, Resume, StepOnce, Stop
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.training.trainer import Players

LARGEST_BYTES = 10_000
MOST_WAITING = 1_000
_KINDS: dict[str, type[Command]] = {
    "pause": Pause, "resume": Resume, "step": StepOnce, "pace": Pace, "stop": Stop, "checkpoint": CheckpointNow,
    "change": Change,
}  # fmt: skip
_NAMES = {kind: name for name, kind in _KINDS.items()}


class Inbox:
    """`commands` in a run's folder. It is there as long as a process that trains the run looks into it."""

    def __init__(self, folder: RunFolder) -> None:
        self._place, self._run = folder.root / "commands", folder.id

    @property
    def is_open(self) -> bool:
        return self._place.is_dir()

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """For the process that trains the run: in the block others may put commands in; what lay there is gone."""
        self._clear()
        self._place.mkdir(exist_ok=True)
        try:
            yield
        finally:
            self._clear()
            with contextlib.suppress(OSError):
                self._place.rmdir()

    def name_of(self, command: Command) -> str:
        """As files call it. Raises ValueError for one that is not for others to ask."""
        name = _NAMES.get(type(command))
        if name is None:
            raise ValueError(f"The run {self._run} is trained by another process, where this cannot be asked of it.")
        return name

    def put(self, command: Command) -> None:
        """Raises ValueError for one that is not for others to ask, OSError where nothing can be written."""
        name = self.name_of(command)
        if sum(1 for _ in self._place.glob("*.json")) >= MOST_WAITING:
            raise ValueError(
                f"The process that trains {self._run} does not take its commands; look whether it hangs."
            )
        told = {} if isinstance(command, Stop) else asdict(command)  # who asks through a folder is a person
        data = json.dumps({"do": name, **told}).encode()
        write_atomically(self._place / f"{time.time_ns():020d}-{secrets.token_hex(4)}.json", data)

    def take(self) -> list[Command]:
        """What came since the last time, oldest first; what is no command is thrown away."""
        found = []
        for path in sorted(self._place.glob("*.json"), key=_when):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
                if not path.is_symlink() and path.stat().st_size <= LARGEST_BYTES:
                    found.append(_read(json.loads(path.read_bytes())))
            with contextlib.suppress(OSError):
                path.unlink()
        return found

    def _clear(self) -> None:
        if self.is_open:
            for path in self._place.glob("*.json"):
                path.unlink(missing_ok=True)


def _when(path: Path) -> tuple[int, str]:
    """By the clock of who keeps the folder, which is one for all that put commands there, then by theirs."""
    try:
        return path.stat().st_mtime_ns, path.name
    except OSError:
        return 0, path.name


def _read(told: Any) -> Command:
    """Raises ValueError, TypeError or KeyError."""
    if not isinstance(told, dict):
        raise TypeError("a command")
    fields = {name: value for name, value in told.items() if name != "do"}
    command = _KINDS[told["do"]](**fields)
    if isinstance(command, Stop) and fields:
        raise TypeError("a reason")
    if isinstance(command, StepOnce) and command.players not in get_args(Players):
        raise ValueError("players")
    if isinstance(command, Pace):
        pace = command.seconds_per_step
        if isinstance(pace, bool) or not isinstance(pace, int | float) or not (math.isfinite(pace) and pace >= 0):
            raise ValueError("seconds_per_step")
    if isinstance(command, Change) and not isinstance(command.path, str):
        raise TypeError("path")
    return command

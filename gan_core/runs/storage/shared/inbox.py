"""Commands to a run that another process trains: small files in its folder, which that process takes out in order."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from gan_core.config.files import write_atomically
from gan_core.runs.commands import Change, CheckpointNow, Command, Pace, Pause, PutFirst, Resume, StepOnce, Stop
from gan_core.runs.evaluation_record import Evaluation, as_row, from_row
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.training.trainer import Players

LARGEST_BYTES = 10_000
MOST_WAITING = 1_000
ANSWER_SECONDS = 6.0  # whoever trains the run takes a command out sooner, also over a shared file system
LOOK_SECONDS = 0.02
MOST_BROUGHT = 10
_BROUGHT = ".evaluations"
NOBODY = "Nobody answers for the run {}: its process may have ended. Nothing was changed."
_KINDS: dict[str, type[Command]] = {
    "pause": Pause, "resume": Resume, "step": StepOnce, "pace": Pace, "stop": Stop, "checkpoint": CheckpointNow,
    "change": Change, "put first": PutFirst,
}  # fmt: skip
_NAMES = {kind: name for name, kind in _KINDS.items()}


class Inbox:
    """`commands` in a run's folder. It is there as long as a process that trains the run looks into it."""

    def __init__(self, folder: RunFolder) -> None:
        self._place, self.run = folder.root / "commands", folder.id

    @property
    def is_open(self) -> bool:
        return self._place.is_dir()

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies there: a look that costs some microseconds."""
        try:
            with os.scandir(self._place) as found:
                return next(found, None) is None
        except OSError:
            return True

    def open(self) -> None:
        """For the process that trains the run: from now on others may put commands in; what lay there is gone.

        Raises OSError.
        """
        self._clear()
        self._place.mkdir(exist_ok=True)

    def close(self) -> None:
        """What nobody took is gone too."""
        with contextlib.suppress(OSError):
            self._clear()
            self._place.rmdir()

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Open in the block."""
        self.open()
        try:
            yield
        finally:
            self.close()

    def name_of(self, command: Command) -> str:
        """As files call it. Raises ValueError for one that is not for others to ask."""
        name = _NAMES.get(type(command))
        if name is None:
            raise ValueError(f"The run {self.run} is trained by another process, where this cannot be asked of it.")
        return name

    def put(self, command: Command) -> Path:
        """Where it lies until it is taken. Raises ValueError for one that is not for others to ask, OSError where
        nothing can be written."""
        name = self.name_of(command)
        if sum(1 for _ in self._place.glob("*.json")) >= MOST_WAITING:
            raise ValueError(f"The process that trains {self.run} does not take its commands; look whether it hangs.")
        told = {} if isinstance(command, Stop) else asdict(command)  # who asks through a folder is a person
        path = self._place / f"{self._next():020d}-{secrets.token_hex(4)}.json"
        write_atomically(path, json.dumps({"do": name, **told}).encode())
        return path

    def _next(self) -> int:
        """After all that lie there, whatever the clocks of those who put them say."""
        found = [int(name) for path in self._place.glob("*.json") if (name := path.name.partition("-")[0]).isdigit()]
        return max([time.time_ns(), *(number + 1 for number in found)])

    def take(self) -> list[Command]:
        """What came since the last time, oldest first; what is no command is thrown away."""
        found = []
        for path in sorted(self._place.glob("*.json")):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
                if not path.is_symlink() and path.stat().st_size <= LARGEST_BYTES:
                    found.append(_read(json.loads(path.read_bytes())))
            with contextlib.suppress(OSError):
                path.unlink()
        return found

    def bring(self, evaluations: Sequence[Evaluation]) -> Path:
        """Measured by another process, for the one that trains the run to write down. Raises OSError."""
        path = self._place / f"{secrets.token_hex(8)}{_BROUGHT}"
        write_atomically(path, json.dumps([as_row(one) for one in evaluations]).encode())
        return path

    def take_brought(self) -> list[Evaluation]:
        """Evaluations that came since the last time; what is none is thrown away."""
        found = []
        for path in self._place.glob(f"*{_BROUGHT}"):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
                if not path.is_symlink() and path.stat().st_size <= LARGEST_BYTES * 10:
                    found += [from_row(row) for row in json.loads(path.read_bytes())[:MOST_BROUGHT]]
            with contextlib.suppress(OSError):
                path.unlink()
        return found

    def _clear(self) -> None:
        if self.is_open:
            for path in self._place.iterdir():
                path.unlink(missing_ok=True)


def wait_for(put: Sequence[tuple[Inbox, Path]]) -> None:
    """Until whoever trains these runs has taken what was put in; what nobody has taken in time is withdrawn.

    Raises ValueError in one sentence where that is so.
    """
    until, left = time.monotonic() + ANSWER_SECONDS, list(put)
    while left := [(inbox, path) for inbox, path in left if path.exists()]:
        if time.monotonic() >= until:
            for _, path in left:
                path.unlink(missing_ok=True)
            raise ValueError(NOBODY.format(left[0][0].run))
        time.sleep(LOOK_SECONDS)


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

"""One thread that takes out what other programs ask of the runs in hand, and gives the runs' signs of life."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from gan_core.runs.commands import Command
from gan_core.runs.engine.run_life import RunLife
from gan_core.runs.storage.shared.lock import BEAT_SECONDS

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1


class CommandReader:
    """Its thread lives as long as a run that it was given does. tell: checks a command, and hands it to a run."""

    def __init__(self, tell: Callable[[RunLife, Command], None]) -> None:
        self._tell = tell
        self._guard = threading.Lock()  # of all below
        self._runs: list[RunLife] = []
        self._attending = False
        self._thread: threading.Thread | None = None  # the last one

    def attend(self, runs: Iterable[RunLife]) -> None:
        """Take commands for these too, until each has ended."""
        with self._guard:
            self._runs += list(runs)
            if not self._attending:
                self._attending = True
                self._thread = threading.Thread(target=self._attend, name="command-reader", daemon=True)
                self._thread.start()

    def _attend(self) -> None:
        next_beat = time.monotonic() + BEAT_SECONDS
        while runs := self._left():
            beats = time.monotonic() >= next_beat
            if beats:
                next_beat = time.monotonic() + BEAT_SECONDS
            for run in runs:
                for command in run.taken_commands(beats=beats):
                    self._hand_over(run, command)
            time.sleep(LOOK_SECONDS)

    def _left(self) -> list[RunLife]:
        """Those that have not ended; the thread is over where there is none."""
        with self._guard:
            self._runs = [run for run in self._runs if not run.ended]
            if not self._runs:
                self._attending = False
            return list(self._runs)

    def join(self, timeout_seconds: float | None) -> None:
        """Wait until the thread is over, which it soon is once every run has ended."""
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _hand_over(self, run: RunLife, command: Command) -> None:
        try:
            self._tell(run, command)
        except (ValueError, TypeError) as error:  # it was checked when it was sent: only a race gets here
            log.info("run %s: another program asked for what cannot be done: %s", run.folder.id, error)
        except Exception:
            log.exception("run %s: a command of another program failed", run.folder.id)

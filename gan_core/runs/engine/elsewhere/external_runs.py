"""Watches a run that another process trains: turns what is new on disk into the events that its worker would emit."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator

from gan_core.runs.snapshot import Evaluated, Event, GridMade, LiveChange, Recorded, RunView, StateChanged
from gan_core.runs.storage.reader import RunReader


class ExternalRunWatcher:
    """Compares the disk with what it has seen before. `view` is the manager's; `trains_here` says whose the run is.

    Ask it every few seconds, from one thread at a time. While the run trains here it has nothing to say: the run's
    own thread does, and what that has told is not told again.
    """

    def __init__(
        self, reader: RunReader, run_id: str, view: Callable[[str], RunView], trains_here: Callable[[str], bool]
    ) -> None:  # fmt: skip
        self._reader, self._run, self._view_of, self._trains_here = reader, run_id, view, trains_here
        self._view: RunView | None = None  # None: what is on the disk now is known already
        self._step = -1  # of the newest point known
        self._grids: frozenset[int] = frozenset()  # the steps of those known
        self._changes: list[LiveChange] = []
        self._evaluations: frozenset[tuple[int, str, int]] = frozenset()  # those known: step, features, samples

    def news(self) -> list[Event]:
        """Nothing at first, then what came since: state, changes, records, grids, evaluations, each oldest first.

        Raises UnknownRun or UnreadableRun.
        """
        if self._trains_here(self._run):
            self._view = None
            return []
        view = self._view_of(self._run)  # read anew only where the files changed
        if view == self._view:
            return []
        if self._view is not None and view.step < self._view.step:
            self._step = min(self._step, view.step - 1)  # it went back to a checkpoint: what comes now is new
        changes, points = self._reader.changes(self._run), self._reader.records(self._run, self._step)
        steps = [step for step, _ in self._reader.grids(self._run)]
        evaluations = {(e.step, *e.kind): e for e in self._reader.evaluations(self._run)}
        news: list[Event] = [
            StateChanged(view),
            *_since(self._changes, changes),
            *(Recorded(self._run, dict(zip(points, map(float, row), strict=True)))
              for row in zip(*points.values(), strict=True)),
            *self._new_grids(steps),
            *(Evaluated(self._run, e) for key, e in evaluations.items() if key not in self._evaluations),
        ]  # fmt: skip
        # All was read: only now it is known, so that what fails on the way is told at the next look.
        first, self._view = self._view is None, view
        self._changes, self._grids, self._evaluations = changes, frozenset(steps), frozenset(evaluations)
        self._step = max([self._step, *map(int, points["step"][-1:])])
        return [] if first else news

    def _new_grids(self, steps: list[int]) -> Iterator[GridMade]:
        """One that is damaged, or has vanished since it was listed, is passed over."""
        for step in steps if self._view is not None else ():
            if step not in self._grids:
                with contextlib.suppress(ValueError):
                    yield GridMade(self._run, self._reader.grid(self._run, step), kept=True)


def _since(known: list[LiveChange], now: list[LiveChange]) -> list[LiveChange]:
    """What follows the part that both have in common: a change may have taken a later one's place."""
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(known, now, strict=False)))
    return now[same:]

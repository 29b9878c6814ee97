"""Watching a run that another process trains: what is new of it on the disk, as its own thread would have told."""

from __future__ import annotations

from collections.abc import Callable

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
        self._step, self._grids, self._changes = -1, 0, 0
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
        known, self._view = self._view is None, view
        changes, records, steps = self._new_changes(), self._new_records(), self._new_grids()
        evaluations = self._new_evaluations()
        if known:
            return []
        grids = [GridMade(self._run, self._reader.grid(self._run, step), kept=True) for step in steps]
        return [StateChanged(view), *changes, *records, *grids, *evaluations]

    def _new_changes(self) -> list[LiveChange]:
        changes = self._reader.changes(self._run)
        new, self._changes = changes[self._changes :], len(changes)
        return new

    def _new_records(self) -> list[Recorded]:
        columns = self._reader.records(self._run, self._step)
        values = zip(*columns.values(), strict=True)
        new = [Recorded(self._run, dict(zip(columns, map(float, row), strict=True))) for row in values]
        self._step = int(new[-1].values["step"]) if new else self._step
        return new

    def _new_evaluations(self) -> list[Evaluated]:
        found = {(e.step, *e.kind): e for e in self._reader.evaluations(self._run)}
        new = [Evaluated(self._run, e) for key, e in found.items() if key not in self._evaluations]
        self._evaluations = frozenset(found)
        return new

    def _new_grids(self) -> list[int]:
        steps = [step for step, _ in self._reader.grids(self._run)]
        new, self._grids = steps[self._grids :], len(steps)
        return new

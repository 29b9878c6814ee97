"""Watching a run that another process trains: what happened is told once, whatever its files did meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from gan_core.runs import RunManager
from gan_core.runs.engine.elsewhere.external_runs import ExternalRunWatcher
from gan_core.runs.snapshot import Event, GridMade, LiveChange, Recorded, StateChanged
from gan_core.runs.storage.grids import save_grid
from gan_core.runs.storage.run_folder import RunFolder, UnreadableRun
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from tests.runs.helpers import at_rest, folder_of, open_manager, quick


class Other:
    """What another process writes of a run."""

    def __init__(self, manager: RunManager) -> None:
        self.run = manager.start(quick(steps=20), stop_at_step=4)
        at_rest(manager, self.run)
        self.manager, self.folder = manager, folder_of(manager, self.run)
        self.step = 4

    def goes_on(self, step: int) -> None:
        """To a step, with a point of the curves and a sample grid there; also back to one that was before."""
        self.step = step
        grid = self.manager.grid(self.run, 0)
        with closing(RunWriter(self.folder)) as writer:
            writer.rewind(step)
            writer.add_point({"step": float(step), "d_loss": 1.0})
            writer.add_grid(save_grid(self.folder, replace(grid, step=step)))
            self.stand(writer)

    def changes(self, before: int, after: int) -> None:
        with closing(RunWriter(self.folder)) as writer:
            writer.add_change(LiveChange(self.run, self.step, "k_d", before, after))
            self.stand(writer)

    def stand(self, writer: RunWriter) -> None:
        writer.write_status(RunStatus(state="stopped", step=self.step, images=16 * self.step))


@pytest.fixture
def other(manager: RunManager) -> Other:
    return Other(manager)


@pytest.fixture
def watcher(other: Other) -> Iterator[ExternalRunWatcher]:
    """In a process that does not train it, and knows what is there now."""
    manager = open_manager(other.folder.root.parent.parent)
    found = manager.follow(other.run)
    assert found.news() == []
    yield found
    manager.close()


def told(events: list[Event]) -> dict[str, list[int]]:
    """Kind -> the steps of it."""
    found: dict[str, list[int]] = {}
    for event in events:
        if isinstance(event, StateChanged):
            found.setdefault("state", []).append(event.view.step)
        elif isinstance(event, Recorded):
            found.setdefault("point", []).append(int(event.values["step"]))
        elif isinstance(event, GridMade):
            found.setdefault("grid", []).append(event.grid.step)
        elif isinstance(event, LiveChange):
            found.setdefault("change", []).append(event.step)
    return found


def test_a_grid_that_vanishes_between_two_looks_takes_nothing_along(
    other: Other, watcher: ExternalRunWatcher
) -> None:
    other.goes_on(8)
    other.goes_on(12)
    other.changes(1, 2)
    other.folder.grid_file(8, points=False).unlink()
    assert told(watcher.news()) == {"state": [12], "point": [8, 12], "grid": [12], "change": [12]}
    assert watcher.news() == []
    other.goes_on(16)
    assert told(watcher.news()) == {"state": [16], "point": [16], "grid": [16]}


def test_what_could_not_be_read_is_told_at_the_next_look(
    other: Other, watcher: ExternalRunWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.goes_on(8)
    other.changes(1, 2)
    with monkeypatch.context() as broken:
        broken.setattr(RunFolder, "evaluations", _unreadable)
        with pytest.raises(UnreadableRun):
            watcher.news()
    assert told(watcher.news()) == {"state": [8], "point": [8], "grid": [8], "change": [8]}
    assert watcher.news() == []


def test_a_run_that_goes_back_tells_what_it_makes_again(other: Other, watcher: ExternalRunWatcher) -> None:
    other.goes_on(8)
    other.goes_on(20)
    assert told(watcher.news())["grid"] == [8, 20]
    other.goes_on(9)  # what was after it is forgotten
    assert told(watcher.news()) == {"state": [9], "point": [9], "grid": [9]}
    other.goes_on(20)
    assert told(watcher.news()) == {"state": [20], "point": [20], "grid": [20]}


def test_a_change_that_takes_a_later_one_s_place_is_told(other: Other, watcher: ExternalRunWatcher) -> None:
    other.goes_on(20)
    other.changes(1, 2)
    assert told(watcher.news())["change"] == [20]
    other.goes_on(9)
    other.changes(1, 3)  # it will not be made at step 20 any more
    assert told(watcher.news())["change"] == [9]


def _unreadable(folder: RunFolder) -> None:
    raise UnreadableRun(f"The data of the run {folder.id} cannot be read.")

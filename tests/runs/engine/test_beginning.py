"""The beginning of a run is kept step by step, and a pace chosen before the start holds from the first one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gan_core.config.codec import replace_at
from gan_core.data import Ring
from gan_core.measure.referee.evidence import aftermath_steps
from gan_core.runs import RunManager
from gan_core.runs.commands import Change, Pace, Stop
from gan_core.training import Trainer, preset
from tests.runs.helpers import at_rest, open_manager, quick, until


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[RunManager]:
    found = open_manager(tmp_path)
    yield found
    found.close()


def kept(manager: RunManager, run: str) -> list[int]:
    at_rest(manager, run)
    return [step for step, _ in manager.grids(run)]


def test_every_step_to_fifty_of_points_is_kept_and_then_the_usual_ones(manager: RunManager) -> None:
    steps = kept(manager, manager.start(quick(steps=90, every=10, data=Ring())))
    assert steps[:51] == list(range(51))
    assert steps[51:] == [60, 80, 90]  # two points of the curves apart, and the last


def test_every_step_to_twenty_of_pictures_by_small_networks_is_kept(manager: RunManager) -> None:
    steps = kept(manager, manager.start(quick(steps=40, every=10)))
    assert steps == [*range(21), 40]


def test_of_large_networks_only_the_usual_ones_are_kept(manager: RunManager) -> None:
    config = replace_at(preset("fashion-fast").config, "generator.width", 128)
    config = replace_at(replace_at(config, "batch_size", 8), "record.every_steps", 1)
    assert kept(manager, manager.start(config, stop_at_step=3)) == [0, 2, 3]


def test_a_pace_holds_from_the_first_step_on(manager: RunManager) -> None:
    run = manager.start(quick(steps=1000), seconds_per_step=30.0)
    start = time.monotonic()
    until(lambda: manager.view(run).step == 1)
    assert manager.view(run).seconds_per_step == 30.0
    until(lambda: time.monotonic() - start > 1.0)  # unpaced it would be at its end by now
    assert manager.view(run).step == 1
    manager.send(run, Stop())
    at_rest(manager, run)


def test_for_a_hundred_steps_after_a_live_change_points_and_looks_come_more_often(manager: RunManager) -> None:
    run = manager.start(quick(steps=1_000, every=100, data=Ring()), seconds_per_step=0.01)
    until(lambda: manager.view(run).step >= 60)
    manager.send(run, Change("g_optimizer.lr", 0.002))
    until(lambda: bool(manager.changes(run)))
    manager.send(run, Pace(0.0))
    steps = kept(manager, run)
    (change,) = manager.changes(run)
    after = change.step
    points = [int(step) for step in manager.records(run)["step"]]
    extra = {after + 25, after + 50, after + 75, after + 100}
    assert points == sorted(extra | set(range(100, 1_001, 100)))
    assert [step for step in steps if step > 50] == sorted({after + 50, after + 100} | set(range(200, 1_001, 200)))


def test_a_change_is_watched_although_others_follow_it() -> None:
    """The first is looked at half and whole a watch after it, and the last for as long."""
    config = quick(steps=1_000, every=100, data=Ring())
    trainer = Trainer(config, config.data.load(config.size, Path()), torch.device("cpu"))
    for step in (10, 57, 104):
        trainer.step_count = step
        trainer.change("ema.ramp_up", step / 1_000)
    watched = {}
    for step in range(105, 300):
        trainer.step_count = step
        watched[step] = trainer.due.point, trainer.due.aftermath
    assert [step for step, (point, _) in watched.items() if point] == [110, 135, 160, 185, 200, 210]
    assert [step for step, (_, look) in watched.items() if look] == [110, 160, 210]
    assert {110, 160, 210} <= aftermath_steps([10, 57, 104])


def test_files_of_before_two_changes_were_watched_at_once_still_open() -> None:
    config = quick(steps=1_000, every=100, data=Ring())
    trainer = Trainer(config, config.data.load(config.size, Path()), torch.device("cpu"))
    trainer.due.load_state({"grid_images": 0, "changed_at": 1})
    trainer.step_count = 101
    assert trainer.due.aftermath


def test_what_is_watched_after_a_live_change_outlives_a_checkpoint() -> None:
    config = quick(steps=1_000, every=100, data=Ring())
    data = config.data.load(config.size, Path())
    first, second = (Trainer(config, data, torch.device("cpu")) for _ in range(2))
    first.step()
    first.change("g_optimizer.lr", 0.002)
    second.load_state(first.state())
    for trainer in (first, second):
        assert (trainer.due.point, trainer.due.next_point) == (False, 26)
        trainer.step_count = 51
        assert (trainer.due.point, trainer.due.aftermath, trainer.due.grid, trainer.due.next_point) == (
            True,
            True,
            False,
            76,
        )
        trainer.step_count = 126
        assert (trainer.due.point, trainer.due.next_point) == (False, 200)

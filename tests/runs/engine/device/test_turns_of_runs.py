"""Real runs of several people on one device: all get their turns, and become what each would have become alone."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.runs import Change, CheckpointNow, Pause, Resume, RunManager, RunView, StateChanged, StepOnce, Stop
from gan_core.runs.commands import Pace
from gan_core.runs.engine import waiting
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.engine.device.budget import Budget, Room, held_bytes, needed_bytes
from gan_core.runs.lineage.branches import start_branch
from gan_core.training import RunConfig, Trainer
from tests.runs.helpers import at_rest, fingerprint, open_manager, quick, straight, until, until_state

TURN_SECONDS = 0.03
LONG = quick(steps=1_000_000)


def begin(manager: RunManager, config: RunConfig, owner: str, stop: StopCondition | None = None) -> str:
    """A run of somebody's."""
    config = manager.launcher.configs.resolved(config)
    run = manager.launcher.make(config, "", "", stop or StopCondition(), owner=owner)
    manager.launcher.launch(run)
    return run.manifest.id


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[RunManager]:
    """Turns of a moment; all runs stay in memory."""
    made = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1, turn_seconds=TURN_SECONDS)
    yield made
    made.close(timeout_seconds=60.0)


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunManager]:
    """The same; nobody who waits has room in memory, which is noticed within a moment."""
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 0.005)
    budget = Budget(memory=2_000_000)  # one of these runs needs 1.6 MB
    made = RunManager(
        tmp_path / "runs", tmp_path / "data", device="cpu", threads=1, turn_seconds=2 * TURN_SECONDS, budget=budget
    )
    yield made
    made.close(timeout_seconds=60.0)


def watch(manager: RunManager, run: str) -> list[RunView]:
    """Every view of it that listeners are told of."""
    seen: list[RunView] = []

    def hear(event: Any) -> None:
        if isinstance(event, StateChanged):
            seen.append(event.view)

    manager.subscribe(run, hear)
    return seen


def aside(manager: RunManager, run: str) -> RunView:
    """Wait until the run has had a turn, and waits for its next one."""
    until(lambda: (view := manager.view(run)).state == "queued" and view.step > 0)
    return manager.view(run)


@pytest.mark.parametrize("room", ["manager", "crowded"])
def test_runs_of_three_people_take_turns_and_end_with_the_same_bits_as_alone(
    room: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    manager: RunManager = request.getfixturevalue(room)
    configs = [quick(steps=80, seed=seed, record__checkpoint_images=1000) for seed in range(3)]
    runs = [begin(manager, config, f"person{i}") for i, config in enumerate(configs)]
    seen = [watch(manager, run) for run in runs]
    views = [at_rest(manager, run) for run in runs]
    assert [view.state for view in views] == ["finished"] * 3
    for i, run in enumerate(runs):
        assert fingerprint(manager, run) == straight(tmp_path / f"alone{i}", configs[i])
        went = [view.state for view in seen[i]]
        turns = sum(a == "queued" and b == "running" for a, b in pairwise(went))
        assert turns > 1, "it was moved aside, and viewers were told"
        waits = [view for view in seen[i] if view.state == "queued" and view.step]
        assert {view.queue_place for view in waits} <= {0, 1, 2}
        assert any("other" in view.queue_words for view in waits)
    assert manager.launcher.context.room.held() == 0


def test_what_waits_in_a_crowded_memory_is_let_go_of_and_comes_back(crowded: RunManager, tmp_path: Path) -> None:
    config = quick(steps=60, seed=5)
    run, other = begin(crowded, config, "ada"), begin(crowded, LONG, "bob")
    until(lambda: crowded.launcher.worker(run)._trainer is None and crowded.view(run).step > 0)  # type: ignore[union-attr]
    step = crowded.view(run).step
    assert crowded.view(run).checkpoints[-1] == step, "what was let go of lies on the disk"
    until(lambda: crowded.view(run).step > step)
    assert at_rest(crowded, run).state == "finished"
    assert fingerprint(crowded, run) == straight(tmp_path / "alone", config)
    crowded.send(other, Stop())


def test_its_time_is_its_own(manager: RunManager) -> None:
    """Neither its elapsed time nor a limit in seconds counts what others had."""
    began = time.monotonic()
    runs = [begin(manager, LONG, owner, StopCondition(seconds=0.5)) for owner in "abc"]
    for run in runs:
        view = at_rest(manager, run)
        assert (view.state, view.cut_short) == ("finished", True)
        assert view.elapsed_seconds >= 0.5
    assert time.monotonic() - began >= sum(manager.view(run).elapsed_seconds for run in runs)


def test_one_person_s_runs_go_one_after_another(manager: RunManager) -> None:
    first, second = begin(manager, quick(steps=300), "ada"), begin(manager, quick(steps=4), "ada")
    seen = watch(manager, first)
    at_rest(manager, second)
    assert manager.view(first).state == "finished"
    assert "queued" not in [view.state for view in seen][1:]


@pytest.mark.parametrize("room", ["manager", "crowded"])
def test_commands_reach_a_run_that_was_moved_aside(
    room: str, request: pytest.FixtureRequest
) -> None:  # fmt: skip
    """It pauses, steps, changes, keeps a checkpoint and stops, whether its networks are in memory or not."""
    manager: RunManager = request.getfixturevalue(room)
    run, other = begin(manager, LONG, "ada"), begin(manager, LONG, "bob")
    manager.send(other, Pace(0.5))  # a turn of its own takes a while: there is time to ask
    aside(manager, run)
    manager.send(run, Pause())
    step = until_state(manager, run, "paused").step
    manager.send(run, Change("k_d", 2))
    until(lambda: manager.config(run).k_d == 2)
    manager.send(run, CheckpointNow())
    until(lambda: step in manager.view(run).checkpoints)
    manager.send(run, StepOnce())
    until(lambda: (view := manager.view(run)).state == "paused" and view.step == step + 1)
    manager.send(run, Resume())
    aside(manager, run)
    manager.cancel(run)
    view = at_rest(manager, run)
    assert (view.state, view.checkpoints[-1]) == ("stopped", view.step)
    manager.send(other, Stop())
    at_rest(manager, other)
    manager.resume(run, stop_at_step=view.step + 4)
    assert at_rest(manager, run).state == "finished"
    assert [(change.step, change.after) for change in manager.changes(run)] == [(step, 2)]


def test_a_kill_while_it_waits_for_its_turn_loses_nothing(manager: RunManager, tmp_path: Path) -> None:
    """Its folder as it is then, copied to another machine, goes on to the same bits."""
    config = quick(steps=100, seed=3, record__checkpoint_images=1000)
    run, other = begin(manager, config, "ada"), begin(manager, LONG, "bob")
    manager.send(other, Pace(1.0))
    aside(manager, run)
    until(lambda: bool(manager.view(run).checkpoints))
    (tmp_path / "later" / "runs").mkdir(parents=True)
    shutil.copytree(manager.runs_dir / run, tmp_path / "later" / "runs" / run)
    later = open_manager(tmp_path / "later")
    try:
        assert later.view(run).state == "interrupted"
        later.resume(run)
        assert at_rest(later, run).state == "finished"
        assert fingerprint(later, run) == straight(tmp_path / "alone", config)
    finally:
        later.close()


def test_the_program_ends_while_many_wait_and_each_goes_on_later(crowded: RunManager, tmp_path: Path) -> None:
    config = quick(steps=60, seed=1)
    runs = [begin(crowded, config, f"p{i}") for i in range(4)]
    until(lambda: all(crowded.view(run).step > 0 for run in runs))
    crowded.close(timeout_seconds=60.0)
    again = open_manager(tmp_path)
    try:
        wanted = straight(tmp_path / "alone", config)
        for run in runs:
            if again.view(run).state != "finished":
                assert again.view(run).state == "stopped"
                again.resume(run)
            assert at_rest(again, run).state == "finished"
            assert fingerprint(again, run) == wanted
    finally:
        again.close()


def test_a_run_put_first_is_next(manager: RunManager) -> None:
    manager.launcher.context.queue._turn_seconds = 1000.0
    holder = begin(manager, LONG, "ada")
    until_state(manager, holder, "running")
    second, third = begin(manager, LONG, "bob"), begin(manager, quick(steps=30), "cy")
    until_state(manager, third, "queued")
    manager.first(third)
    assert at_rest(manager, third).state == "finished"
    until_state(manager, second, "running")
    assert manager.view(holder).state == "queued"
    assert manager.view(holder).step > 0
    with pytest.raises(ValueError, match="is running, not waiting"):
        manager.first(second)


def test_twins_are_one_party_and_stay_in_step(manager: RunManager, tmp_path: Path) -> None:
    config, changes = quick(steps=40, seed=4), {"g_optimizer.lr": 0.001}
    other = begin(manager, LONG, "bob")
    twins = manager.start_twins(config, changes)
    seen = watch(manager, twins[0])
    assert [at_rest(manager, run).state for run in twins] == ["finished"] * 2
    manager.send(other, Stop())
    assert "queued" in [view.state for view in seen if view.step]
    undisturbed = open_manager(tmp_path / "alone")
    try:
        alone = undisturbed.start_twins(config, changes)
        for one, two in zip(twins, alone, strict=True):
            at_rest(undisturbed, two)
            assert fingerprint(manager, one) == fingerprint(undisturbed, two)
    finally:
        undisturbed.close()


def test_twins_that_wait_for_their_turn_pause_and_stop_at_once(manager: RunManager) -> None:
    twins = manager.start_twins(LONG, {"g_optimizer.lr": 0.001})
    other = begin(manager, LONG, "bob")
    manager.send(other, Pace(2.0))
    for run in twins:
        aside(manager, run)
    manager.launcher.context.queue._turn_seconds = 1000.0  # the other one keeps the device from now on
    until(lambda: manager.view(other).state == "running" and manager.view(twins[0]).state == "queued")
    manager.send(twins[0], Pause())
    for run in twins:
        until_state(manager, run, "paused")
    manager.send(twins[1], Stop())
    for run in twins:
        assert at_rest(manager, run).state == "stopped"


def test_a_branch_that_repeats_its_parents_steps_takes_turns_too(crowded: RunManager, tmp_path: Path) -> None:
    """It is let go of on the way there, and becomes what it would have become."""
    config = quick(steps=100, seed=6, record__checkpoint_images=100_000)

    def branched(manager: RunManager, *, beside: bool) -> str:
        parent = manager.start(config, stop_at_step=60)
        at_rest(manager, parent)
        other = begin(manager, LONG, "bob") if beside else ""
        branch = start_branch(
            manager.launcher, parent, 40, {"g_optimizer.lr": 0.001}, "", StopCondition(steps=80)
        )  # fmt: skip
        assert at_rest(manager, branch).state == "finished"
        if other:
            manager.send(other, Stop())
            at_rest(manager, other)
        return branch

    branch = branched(crowded, beside=True)
    undisturbed = open_manager(tmp_path / "alone")
    try:
        assert fingerprint(crowded, branch) == fingerprint(undisturbed, branched(undisturbed, beside=False))
    finally:
        undisturbed.close()


def test_of_memory_who_is_to_train_sooner_keeps_it() -> None:
    places = {"a": 0, "b": 1, "c": 2, "d": 3}
    room = Room(Budget(memory=100, memory_each=50), [torch.device("cpu")], lambda name: places.get(name, -1))
    for name, owner in (("d", ""), ("c2", "cy"), ("c", "cy"), ("b", "bob"), ("a", "ada")):
        room.hold(name, owner, 30, torch.device("cpu"), stays=False)
    assert {name: room.crowded(name) for name in ("a", "b", "c", "d", "c2", "nobody")} == {
        "a": False, "b": False, "c": False, "d": True, "c2": True, "nobody": False,
    }  # fmt: skip
    room.drop("d")
    room.drop("b")
    assert room.held() == 90
    assert room.crowded("c2"), "90 of 100, but its person has 60 of 50"
    room.hold("twin", "", 50, torch.device("cpu"), stays=True)
    assert not room.crowded("twin")
    assert room.crowded("c"), "with what stays in any case 110 of 100"


def test_what_a_run_holds_is_known_before_it_begins(manager: RunManager, tmp_path: Path) -> None:
    config = quick(steps=10)
    data = manager._datasets.load(config.data, config.size)
    trainer = Trainer(config, data, manager.launcher.context.device)
    assert needed_bytes(manager.launcher.configs.cost(config)) == pytest.approx(held_bytes(trainer), rel=0.02)

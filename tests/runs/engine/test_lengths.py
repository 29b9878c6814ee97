"""How long a run was asked to train: kept with it, gone on to after a kill, and said at its end."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gan_core.runs import RunManager
from gan_core.runs.groups.sweep_plan import Plan
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.snapshot import RunView
from gan_core.runs.storage.writer import RunWriter
from tests.runs.helpers import at_rest, folder_of, open_manager, quick, until


def as_killed(manager: RunManager, run: str) -> None:
    """What a kill leaves: the files say that it trains, and nobody does."""
    folder = folder_of(manager, run)
    writer = RunWriter(folder)
    writer.write_status(dataclasses.replace(folder.status(), state="running"))
    writer.close()
    assert manager.view(run).state == "interrupted"


def begun(manager: RunManager, **length: float) -> str:
    """A run that was stopped soon after it had begun."""
    config = quick(steps=100_000, every=4)
    run = manager.start(config, **length)  # type: ignore[arg-type]
    until(lambda: manager.view(run).step > 0)
    manager.close()
    return run


def test_killed_and_resumed_it_goes_on_to_where_it_was_asked_to(tmp_path: Path) -> None:
    first = open_manager(tmp_path)
    run = begun(first, stop_at_step=20_000)
    as_killed(first, run)
    manager = open_manager(tmp_path)
    assert manager.view(run).goal == "step 20,000"
    assert manager.view(run).end_images == 20_000 * 16
    at = manager.view(run).step
    manager.resume(run, stop_at_step=at + 40)  # another length is the new one
    view = at_rest(manager, run)
    assert (view.state, view.step, view.until_step) == ("finished", at + 40, at + 40)
    assert view.words.startswith(f"stopped after {at + 40:,} steps as asked, ")
    assert view.words.endswith("% of its planned length")
    assert view.end_images == view.images
    as_killed(manager, run)
    manager.resume(run)
    assert at_rest(manager, run).step == at + 40
    manager.resume(run, total_images=(at + 60) * 16)  # a new length in images ends the one in steps
    view = at_rest(manager, run)
    assert (view.step, view.until_step, view.words) == (at + 60, None, "finished its planned length")
    manager.close()


def test_one_that_has_come_to_it_goes_on_to_its_planned_length(tmp_path: Path) -> None:
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=30), stop_at_step=10)
    assert at_rest(manager, run).cut_short
    manager.resume(run)
    view = at_rest(manager, run)
    assert (view.state, view.step, view.until_step, view.cut_short) == ("finished", 30, None, False)
    manager.close()


def test_so_many_seconds_are_remembered_too(tmp_path: Path) -> None:
    first = open_manager(tmp_path)
    run = begun(first, stop_after_seconds=1_000.0)
    view = open_manager(tmp_path).view(run)
    assert (view.state, view.until_seconds, view.goal) == ("stopped", 1_000.0, "1,000 s of training")
    manager = open_manager(tmp_path)
    manager.resume(run, stop_after_seconds=view.elapsed_seconds + 0.2)
    done = at_rest(manager, run)
    assert done.state == "finished"
    assert done.cut_short
    assert done.words.startswith("stopped after ")
    assert " s as asked, " in done.words
    assert done.elapsed_seconds >= view.elapsed_seconds + 0.2
    manager.close()


def view_of(**known: object) -> RunView:
    config = {"batch_size": 16, "k_d": 2}
    blank = RunView("r", "", "", "running", 100, 3_200, 32_000, 10.0, 320.0, "cpu", 1, config, "")
    return dataclasses.replace(blank, **known)  # type: ignore[arg-type]


def test_what_is_left_is_told_of_the_length_that_was_asked_for() -> None:
    assert view_of().eta_seconds == pytest.approx(90.0)
    assert view_of(until_step=150).end_images == 4_800
    assert view_of(until_step=150).eta_seconds == pytest.approx(5.0)
    assert view_of(until_seconds=30.0).eta_seconds == pytest.approx(20.0)
    assert view_of(until_step=10**9).end_images == 32_000
    assert view_of(until_step=150, device_share=0.5).eta_seconds == pytest.approx(10.0)


@pytest.mark.parametrize(("known", "words"), [
    ({"until_seconds": 15.0, "images": 700}, "stopped after 15 s as asked, 2% of its planned length"),
    ({"until_step": 100, "images": 31_999}, "stopped after 100 steps as asked, 99% of its planned length"),
    ({"until_step": 1, "step": 1, "images": 16}, "stopped after 1 step as asked, less than 1% of its planned length"),
    ({"images": 32_000, "until_seconds": 15.0}, "finished its planned length"),
])  # fmt: skip
def test_where_it_ended_is_said_with_how_much_was_planned(known: dict[str, object], words: str) -> None:
    assert view_of(state="finished", **known).words == words


def test_a_branch_stops_where_its_parent_was_to(tmp_path: Path) -> None:
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=100, record__checkpoint_images=1000), stop_at_step=40)
    at_rest(manager, run)
    branch = manager.branch(run, 30)
    assert at_rest(manager, branch).step == 40
    own = manager.branch(run, 30, stop_at_step=36)
    assert at_rest(manager, own).step == 36
    whole = manager.branch(run, 40)  # that length lies behind it
    assert at_rest(manager, whole).step == 100
    longer = manager.branch(run, 30, stop_at_step=120)
    assert at_rest(manager, longer).step == 120
    with pytest.raises(ValueError, match="begins at step 30; it cannot stop at step 30"):
        manager.branch(run, 30, stop_at_step=30)
    manager.close()


def test_a_branch_s_seconds_are_its_own(tmp_path: Path) -> None:
    """Those in which it goes through its parent's steps again are none of them."""
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=100_000, record__checkpoint_images=10_000_000), stop_at_step=60)
    parent = at_rest(manager, run)
    branch = manager.branch(run, 50, stop_after_seconds=0.15)  # from nothing: 50 steps come first
    view = at_rest(manager, branch)
    began = next(row.elapsed_seconds for row in folder_of(manager, branch).checkpoints() if row.step == 50)
    assert view.state == "finished"
    assert view.step > 50
    assert view.elapsed_seconds >= began + 0.15
    assert view.words.startswith("stopped after its time as asked, ")
    assert parent.until_seconds is None
    manager.close()


def test_twins_and_sweeps_remember_it(tmp_path: Path) -> None:
    manager = open_manager(tmp_path)
    twins = manager.start_twins(quick(steps=1_000), {"d_optimizer.lr": 0.001}, stop_at_step=8)
    plan = Plan(quick(steps=1_000), (), seeds=(1, 2))
    made = Sweeps(manager).start(plan, stop_at_step=8)
    members = [member.run for member in Sweeps(manager).sweep(made).members]
    for run in (*twins, *members):
        view = at_rest(manager, run)
        assert (view.state, view.step, view.until_step) == ("finished", 8, 8)
    for run in (twins[0], members[0]):
        as_killed(manager, run)
    manager.resume(twins[0])
    Sweeps(manager).go_on(made)
    for run in (*twins, *members):
        assert at_rest(manager, run).step == 8 or run == twins[1]
    assert Sweeps(manager).go_on(made) == 2  # all have come to it: on to the planned length
    assert [at_rest(manager, run).step for run in members] == [1_000, 1_000]
    with pytest.raises(ValueError, match="is at its end"):
        Sweeps(manager).go_on(made)
    manager.close()

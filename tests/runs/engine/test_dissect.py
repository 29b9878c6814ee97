"""Slow motion through a run's next step: the run stays the same run, and who watches is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_core.runs import Dissect, Dissected, Event, Pause, Resume, RunManager, StepOnce, Stop
from gan_core.training.observe.scene import decode_scene
from tests.runs.helpers import at_rest, fingerprint, quick, straight, until, until_state
from tests.training.observe.test_microscope import decoded

SHORT = quick(steps=40, data="ring", batch_size=16)
LONG = quick(steps=10_000_000, data="ring", batch_size=16)


def begun(manager: RunManager, config=SHORT) -> str:  # type: ignore[no-untyped-def]
    """A run that stands before its first step."""
    run = manager.start(config)
    manager.send(run, Pause())
    until_state(manager, run, "paused")
    return run


def test_a_dissected_step_leaves_the_run_as_it_would_be(manager: RunManager, tmp_path: Path) -> None:
    wanted = straight(tmp_path / "straight", SHORT)
    run = begun(manager)
    for _ in range(3):
        step = manager.view(run).step
        manager.send(run, Dissect())
        until(lambda step=step: manager.view(run).step == step + 1 and manager.view(run).state == "paused")
        found = manager.dissected(run)
        assert found
        assert found.step == step + 1
    manager.send(run, Resume())
    at_rest(manager, run)
    assert fingerprint(manager, run) == wanted


def test_who_listens_is_told_and_who_comes_later_can_ask(manager: RunManager) -> None:
    run = begun(manager, LONG)
    heard: list[Event] = []
    manager.subscribe(run, heard.append)
    assert manager.dissected(run) is None
    manager.send(run, Dissect("discriminator"))
    until(lambda: any(isinstance(e, Dissected) for e in heard) and manager.view(run).state == "paused")
    (told,) = [e for e in heard if isinstance(e, Dissected)]
    assert manager.dissected(run) == told
    words, arrays = decoded(told.data)
    assert (words["step"], words["g"]) == (manager.view(run).step, None)
    assert arrays["real"].shape == (16, 2)
    with pytest.raises(ValueError, match="not a scene"):
        decode_scene(told.data)
    manager.send(run, StepOnce())  # from here on it is an old step
    until(lambda: manager.view(run).state == "paused" and manager.view(run).step == told.step + 1)
    assert manager.dissected(run) is None
    manager.send(run, Stop())
    at_rest(manager, run)
    assert manager.dissected(run) is None


def test_a_running_run_takes_one_step_apart_and_pauses(manager: RunManager) -> None:
    run = manager.start(LONG)
    until_state(manager, run, "running")
    manager.send(run, Dissect())
    view = until_state(manager, run, "paused")
    until(lambda: manager.dissected(run) is not None)
    assert manager.dissected(run).step == view.step  # type: ignore[union-attr]
    manager.send(run, Stop())
    at_rest(manager, run)


def test_runs_of_pictures_say_that_there_is_none(manager: RunManager) -> None:
    run = begun(manager, quick(steps=10_000_000))
    with pytest.raises(ValueError, match="runs of points"):
        manager.send(run, Dissect())
    assert manager.view(run).state == "paused"
    manager.send(run, Stop())
    at_rest(manager, run)


def test_steps_of_the_parent_are_not_taken_apart(manager: RunManager) -> None:
    parent = manager.start(LONG, stop_at_step=600)
    at_rest(manager, parent)
    run = manager.branch(parent, 599)
    manager.send(run, Pause())
    view = until_state(manager, run, "paused")
    assert view.step < 599
    with pytest.raises(ValueError, match="from step 599 on"):
        manager.send(run, Dissect())
    manager.send(run, Stop())


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_pause_right_after_it_does_not_drop_the_step(manager: RunManager, state: str) -> None:
    run = begun(manager, LONG) if state == "paused" else manager.start(LONG)
    before = until_state(manager, run, state).step
    for command in (Dissect(), Pause()):
        manager.send(run, command)
    until(lambda: manager.dissected(run) is not None and manager.view(run).state == "paused")
    assert manager.dissected(run).step == manager.view(run).step > before  # type: ignore[union-attr]
    manager.send(run, Stop())
    at_rest(manager, run)


def test_a_pause_takes_back_a_step_that_waits_for_the_device(manager: RunManager) -> None:
    run = begun(manager, LONG)
    other = manager.start(LONG)
    until_state(manager, other, "running")
    manager.send(run, Dissect())
    step = until_state(manager, run, "queued").step
    manager.send(run, Pause())
    assert until_state(manager, run, "paused").step == step
    assert manager.dissected(run) is None
    for each in (other, run):
        manager.send(each, Stop())
        at_rest(manager, each)

"""A run's life in one process: commands, the line for the device, events, the end."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gan_core.config.codec import ConfigError
from gan_core.runs import (
    LIVE,
    Change,
    CheckpointNow,
    Event,
    GridMade,
    LiveChange,
    Pause,
    Recorded,
    Resume,
    RunManager,
    StateChanged,
    StepOnce,
    Stop,
    UnknownRun,
)
from gan_core.runs.groups.sweep_plan import Plan
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.storage.weights.checkpoints import write_checkpoint
from tests.runs.groups.test_sweeps import ring
from tests.runs.helpers import at_rest, fingerprint, folder_of, quick, straight, until, until_state

LONG = quick(steps=10_000_000)


def test_a_run_trains_to_its_length_and_leaves_everything_behind(manager: RunManager) -> None:
    run = manager.start(quick(steps=40), preset="first-gan", title="Mine")
    view = at_rest(manager, run)
    assert (view.state, view.step, view.images, view.error) == ("finished", 40, 640, "")
    assert (view.title, view.preset) == ("Mine", "first-gan")
    assert view.checkpoints == (40,)
    assert manager.records(run)["step"].tolist() == list(range(4, 41, 4))
    steps = [step for step, _ in manager.grids(run)]
    assert steps[0] == 0
    assert steps[-1] == 40
    grid = manager.grid(run, 40)
    assert grid.columns * grid.rows == 16 == len(grid.scores)
    assert manager.checkpoint_generator(run).is_file()


def test_one_can_wait_until_a_run_is_at_rest(manager: RunManager) -> None:
    run = manager.start(LONG)
    assert manager.wait(run, timeout_seconds=0.01).state in LIVE
    manager.send(run, Stop())
    assert manager.wait(run).state == "stopped"
    assert manager.wait(run).state == "stopped", "one at rest is not waited for"
    with pytest.raises(UnknownRun):
        manager.wait("20260101-000000000-nobody-0000")


def test_pause_step_change_resume_and_stop(manager: RunManager) -> None:
    run = manager.start(LONG)
    until(lambda: manager.view(run).step > 0 or len(manager.records(run)["step"]) > 0)
    manager.send(run, Pause())
    paused = until_state(manager, run, "paused")
    manager.send(run, StepOnce())
    until(lambda: manager.view(run).state == "paused" and manager.view(run).step > paused.step)
    assert manager.view(run).step == paused.step + 1
    manager.send(run, Change("g_optimizer.lr", 0.25))
    until(lambda: manager.view(run).config["g_optimizer"]["lr"] == 0.25)
    assert manager.changes(run) == [LiveChange(run, paused.step + 1, "g_optimizer.lr", 5e-4, 0.25)]
    manager.send(run, CheckpointNow())
    until(lambda: paused.step + 1 in manager.view(run).checkpoints)
    manager.send(run, Resume())
    until_state(manager, run, "running")
    manager.send(run, Stop())
    view = at_rest(manager, run)
    assert view.state == "stopped"
    assert view.step == view.checkpoints[-1]
    assert manager.config(run).g_optimizer.lr == 0.25


def test_a_checkpoint_by_hand_stays_by_hand_when_the_run_stops_at_that_very_step(manager: RunManager) -> None:
    run = manager.start(LONG)
    manager.send(run, Pause())
    view = until_state(manager, run, "paused")
    manager.send(run, CheckpointNow())
    manager.send(run, Stop())
    at_rest(manager, run)
    (row,) = [row for row in folder_of(manager, run).checkpoints() if row.step == view.step]
    assert row.by_hand


@pytest.mark.parametrize("data", ["shapes", "ring"])
def test_a_pause_keeps_the_samples_of_its_own_step(manager: RunManager, data: str) -> None:
    run = manager.start(quick(steps=10_000_000, every=1_000, data=data))
    until(lambda: manager.view(run).state == "running" and bool(manager.grids(run)))
    before = -1
    for command in (Pause(), StepOnce(), StepOnce()):
        manager.send(run, command)
        until(lambda before=before: manager.view(run).state == "paused" and manager.view(run).step > before)  # type: ignore[misc]
        step = before = manager.view(run).step
        until(lambda step=step: manager.grids(run)[-1][0] == step)  # type: ignore[misc]
        assert manager.grid(run, step).step == step
    manager.send(run, Stop())
    at_rest(manager, run)


def test_a_pause_does_not_change_the_run(manager: RunManager, tmp_path: Path) -> None:
    config = quick(steps=40)
    wanted = straight(tmp_path / "straight", config)
    run = manager.start(config)
    manager.send(run, Pause())
    step = until_state(manager, run, "paused").step
    for _ in range(3):
        manager.send(run, StepOnce())
        step += 1
        until(lambda step=step: (manager.view(run).state, manager.view(run).step) == ("paused", step))  # type: ignore[misc]
    manager.send(run, Resume())
    assert at_rest(manager, run).state == "finished"
    assert fingerprint(manager, run) == wanted


def test_the_elapsed_time_stands_still_during_a_pause(manager: RunManager) -> None:
    run = manager.start(LONG)
    until_state(manager, run, "running")
    manager.send(run, Pause())
    before, began = until_state(manager, run, "paused").elapsed_seconds, time.monotonic()
    time.sleep(0.3)  # the time that may not be counted
    manager.send(run, StepOnce())
    until(lambda: manager.view(run).state == "paused" and manager.view(run).elapsed_seconds > before)
    passed = time.monotonic() - began
    assert manager.view(run).elapsed_seconds - before < passed - 0.25  # the step is, however long it took


def test_two_runs_stand_in_line_and_the_second_starts_by_itself(manager: RunManager) -> None:
    first, second, third = manager.start(LONG), manager.start(quick(steps=20)), manager.start(quick(steps=20))
    until_state(manager, first, "running")
    until(lambda: [manager.view(r).queue_place for r in (first, second, third)] == [0, 1, 2])
    assert manager.view(second).state == "queued"
    manager.cancel(third)
    assert at_rest(manager, third).state == "stopped"
    assert manager.view(first).state == "running"  # nobody had to end first
    with pytest.raises(ValueError, match="not waiting"):
        manager.cancel(first)
    manager.send(first, Stop())
    assert at_rest(manager, second).state == "finished"
    assert at_rest(manager, first).state == "stopped"


def test_what_is_asked_of_a_waiting_run_is_done_when_its_turn_comes(manager: RunManager) -> None:
    first, second = manager.start(LONG), manager.start(LONG)
    until_state(manager, first, "running")
    manager.send(second, Change("k_d", 2))
    manager.send(second, CheckpointNow())
    manager.send(second, Pause())
    manager.send(first, Stop())
    view = until_state(manager, second, "paused")
    assert view.step == 0
    assert view.checkpoints == (0,)
    assert manager.changes(second) == [LiveChange(second, 0, "k_d", 1, 2)]


@pytest.mark.parametrize("begun", [False, True])
def test_what_was_set_while_it_waited_is_kept_where_it_is_stopped_before_its_turn(
    manager: RunManager, begun: bool
) -> None:
    """A new run, and one that goes on from its last step."""
    waiting, step = "", 0
    if begun:
        waiting = manager.start(LONG, stop_at_step=6)
        step = at_rest(manager, waiting).step
    first = manager.start(LONG)
    until_state(manager, first, "running")
    if begun:
        manager.resume(waiting, stop_at_step=12)
    else:
        waiting = manager.start(LONG, stop_at_step=12)
    until_state(manager, waiting, "queued")
    manager.send(waiting, Change("k_d", 2))
    manager.cancel(waiting)
    assert at_rest(manager, waiting).state == "stopped"
    assert manager.config(waiting).k_d == 2
    manager.send(first, Stop())
    at_rest(manager, first)
    manager.resume(waiting, stop_at_step=12)
    view = at_rest(manager, waiting)
    assert manager.changes(waiting) == [LiveChange(waiting, step, "k_d", 1, 2)]
    assert (view.step, view.images) == (12, 16 * (step + 2 * (12 - step)))  # two batches for each update of G


def test_a_paused_run_gives_the_device_back_and_waits_for_it_again(manager: RunManager) -> None:
    first = manager.start(LONG)
    until_state(manager, first, "running")
    manager.send(first, Pause())
    paused = until_state(manager, first, "paused")
    second = manager.start(LONG)
    until_state(manager, second, "running")
    manager.send(first, Resume())
    assert until_state(manager, first, "queued").queue_place == 1
    manager.send(first, Pause())
    until_state(manager, first, "paused")
    manager.send(first, StepOnce())
    until_state(manager, first, "queued")
    assert manager.view(first).step == paused.step
    manager.send(second, Pause())
    until(lambda: manager.view(first).state == "paused" and manager.view(first).step == paused.step + 1)
    manager.send(first, Resume())
    until_state(manager, first, "running")


@pytest.mark.parametrize("state", ["paused", "queued"])
def test_a_run_stops_from_a_pause_and_from_waiting_after_one_with_everything_kept(
    manager: RunManager, state: str
) -> None:
    run = manager.start(LONG)
    until(lambda: len(manager.records(run)["step"]) > 0)
    manager.send(run, Pause())
    step = until_state(manager, run, "paused").step
    if state == "queued":
        other = manager.start(LONG)
        until_state(manager, other, "running")
        manager.send(run, Resume())
        until_state(manager, run, "queued")
        manager.cancel(run)
    else:
        manager.send(run, Stop())
    view = at_rest(manager, run)
    assert (view.state, view.step, view.checkpoints[-1]) == ("stopped", step, step)


def test_stop_while_it_is_being_prepared(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> None:
    loading, go_on = threading.Event(), threading.Event()
    load = manager._datasets.load

    def slow(*arguments: object) -> object:
        loading.set()
        assert go_on.wait(180)
        return load(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(manager._datasets, "load", slow)
    run = manager.start(LONG)
    assert loading.wait(180)
    manager.send(run, Stop())
    go_on.set()
    view = at_rest(manager, run)
    assert (view.state, view.step) == ("stopped", 0)


def test_a_run_at_rest_takes_no_commands_and_says_so(manager: RunManager) -> None:
    run = manager.start(quick(steps=10))
    at_rest(manager, run)
    with pytest.raises(ValueError, match="is finished and takes no commands now"):
        manager.send(run, Pause())
    with pytest.raises(UnknownRun, match='no run called "nothing-there"'):
        manager.send("nothing-there", Pause())


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("batch_size", 8, "batch_size cannot change while a run trains"),
        ("g_optimizer.lr", -1, "g_optimizer.lr is -1; it must be a number from 0 to 10"),
        ("g_optimizer.nothing", 1, "not a field"),
    ],
)
def test_a_change_that_cannot_be_is_refused_before_it_is_sent(
    manager: RunManager, path: str, value: float, words: str
) -> None:
    run = manager.start(LONG)
    with pytest.raises(ConfigError, match=words):
        manager.send(run, Change(path, value))


def test_events_tell_the_whole_story_and_the_last_one_comes_at_rest(manager: RunManager) -> None:
    blocker = manager.start(LONG)
    run = manager.start(quick(steps=40))
    events: list[Event] = []
    resumable: list[bool] = []

    def listen(event: Event) -> None:
        events.append(event)
        if isinstance(event, StateChanged) and event.view.state == "finished":
            resumable.append(manager.launcher.worker(run) is None)
        raise RuntimeError("a listener's fault is its own")

    end = manager.subscribe(run, listen)
    manager.send(blocker, Stop())
    at_rest(manager, run)
    until(lambda: any(resumable))
    end()
    states = [e.view.state for e in events if isinstance(e, StateChanged)]
    assert states[0] in ("queued", "running")
    assert states[-1] == "finished"
    steps = [e.values["step"] for e in events if isinstance(e, Recorded)]
    assert steps == manager.records(run)["step"].tolist()
    kept = [e.grid.step for e in events if isinstance(e, GridMade) and e.kept]
    assert kept == [step for step, _ in manager.grids(run)]
    count = len(events)
    manager.resume(run, total_images=1000)
    at_rest(manager, run)
    assert len(events) == count


def test_one_of_two_equal_listeners_leaves_the_other(manager: RunManager) -> None:
    heard: list[Event] = []
    run = manager.start(LONG)
    end = manager.subscribe(run, heard.append)
    manager.subscribe(run, heard.append)
    end()
    end()  # twice does no harm
    manager.send(run, Stop())
    at_rest(manager, run)
    assert heard


def test_a_run_that_has_just_ended_can_be_resumed_at_once(manager: RunManager) -> None:
    run = manager.start(quick(steps=10))
    for length in range(200, 1000, 100):
        until_state(manager, run, "finished")
        manager.resume(run, total_images=length)
        assert manager.view(run).state in LIVE
    at_rest(manager, run)
    assert [change.after for change in manager.changes(run)] == list(range(200, 1000, 100))


def test_a_longer_length_is_not_lost_while_the_run_waits_in_line(manager: RunManager) -> None:
    run = manager.start(quick(steps=10))
    at_rest(manager, run)
    blocker = manager.start(LONG)
    until_state(manager, blocker, "running")
    manager.resume(run, total_images=320)
    assert manager.view(run).total_images == 320
    manager.send(blocker, Stop())
    view = at_rest(manager, run)
    assert (view.state, view.step, view.total_images) == ("finished", 20, 320)
    assert manager.changes(run) == [LiveChange(run, 10, "total_images", 160, 320)]


def test_resume_says_why_not(manager: RunManager) -> None:
    run = manager.start(quick(steps=10))
    with pytest.raises(ValueError, match="not at rest"):
        manager.resume(run)
    at_rest(manager, run)
    with pytest.raises(ValueError, match="has seen its 160 images; give it a greater length"):
        manager.resume(run)
    with pytest.raises(ConfigError, match="total_images is 5"):
        manager.resume(run, total_images=5)
    assert manager.view(run).state == "finished"


def test_limits_end_a_run_that_is_not_at_its_length(manager: RunManager) -> None:
    by_steps = manager.start(LONG, stop_at_step=7)
    by_time = manager.start(LONG, stop_after_seconds=0.2)
    assert (at_rest(manager, by_steps).state, manager.view(by_steps).step) == ("finished", 7)
    view = at_rest(manager, by_time)
    assert view.state == "finished"
    assert 0.2 <= view.elapsed_seconds < 60
    manager.resume(by_steps, stop_at_step=9)
    assert at_rest(manager, by_steps).step == 9


def test_close_stops_what_trains_waits_and_pauses_and_nothing_starts_after_it(manager: RunManager) -> None:
    paused = manager.start(LONG)
    until_state(manager, paused, "running")
    manager.send(paused, Pause())
    until_state(manager, paused, "paused")
    running, waiting = manager.start(LONG), manager.start(LONG)
    until_state(manager, running, "running")
    began = time.monotonic()
    manager.close()
    assert time.monotonic() - began < 120
    assert [manager.view(r).state for r in (paused, running, waiting)] == ["stopped"] * 3
    assert manager.view(running).checkpoints[-1] == manager.view(running).step
    for refused in (lambda: manager.start(LONG), lambda: manager.resume(paused), lambda: manager.branch(running)):
        with pytest.raises(ConfigError, match="closing"):
            refused()
    assert len(manager.views()) == 3


def test_watching_changes_nothing_in_the_run(manager: RunManager, tmp_path: object) -> None:
    config = quick(steps=200, ema__half_life_images=0)
    run = manager.start(config)
    manager.subscribe(run, lambda event: None)
    at_rest(manager, run)
    assert fingerprint(manager, run) == straight(manager.runs_dir.parent / "unwatched", config)


def test_an_invalid_configuration_starts_nothing(manager: RunManager) -> None:
    with pytest.raises(ConfigError, match="batch must be a multiple of the pack"):
        manager.start(quick(steps=10, pack=4, batch_size=6))
    assert manager.views() == []
    assert list(manager.runs_dir.iterdir()) == []


@pytest.mark.parametrize("together", [False, True], ids=["alone", "in a sweep"])
def test_a_run_that_saves_longer_than_anybody_waits_is_stopped_and_not_failed(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    saving, let_go = threading.Event(), threading.Event()

    def slow(*arguments: Any, **options: Any) -> Any:
        saving.set()
        assert let_go.wait(180)
        return write_checkpoint(*arguments, **options)

    if together:
        sweep = Sweeps(manager).start(Plan(ring(steps=10_000_000), (), seeds=(1, 2)))
        run, *_ = (member.run for member in Sweeps(manager).sweep(sweep).members)
    else:
        run = manager.start(LONG)
    until(lambda: manager.view(run).step > 0)
    monkeypatch.setattr("gan_core.runs.engine.recorder.write_checkpoint", slow)
    manager.close(timeout_seconds=0.05)
    assert saving.wait(180)
    let_go.set()
    view = at_rest(manager, run)
    assert (view.state, view.error) == ("stopped", "")
    assert view.checkpoints[-1] == view.step
    assert manager.grids(run)[-1][0] == view.step
    assert manager.grid(run, view.step).step == view.step

"""Twins: each is the run that it would be alone, and they go in step, whatever is asked of them."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from gan_core.config.codec import ConfigError, replace_at
from gan_core.runs import Change, Pause, Resume, RunManager, StepOnce, Stop, UnknownRun
from gan_core.runs.commands import Pace
from gan_core.training import Trainer
from tests.runs.engine.test_exact_resume import Nursery, nursery, one_nursery, when  # noqa: F401
from tests.runs.helpers import (
    Print,
    at_rest,
    edit_config_json,
    fingerprint,
    folder_of,
    open_manager,
    quick,
    until,
    until_state,
)

CONFIG = quick(steps=160, penalty="r1", instance_noise__sigma=0.1)
KNOB = {"d_optimizer.lr": 0.002}


def alone(manager: RunManager, config: Any) -> Print:
    run = manager.start(config)
    assert at_rest(manager, run).state == "finished"
    return fingerprint(manager, run)


class Watch:
    """Sees every step of every trainer: how far apart the two were, and whether both computed at once."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.apart, self.at_once, self.turns = 0, False, 0
        self._steps: dict[int, int] = {}
        self._busy = threading.Lock()
        self._last = 0
        step = Trainer.step_in_parts

        def watched(trainer: Trainer, *arguments: Any, **options: Any) -> None:
            if not self._busy.acquire(blocking=False):
                self.at_once = True
                self._busy.acquire()
            step(trainer, *arguments, **options)
            self.turns += self._last != id(trainer)
            self._last = id(trainer)
            self._steps[id(trainer)] = trainer.step_count
            if len(self._steps) == 2:
                a, b = self._steps.values()
                self.apart = max(self.apart, abs(a - b))
            self._busy.release()

        patch.setattr(Trainer, "step_in_parts", watched)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def test_each_is_the_run_that_it_would_be_alone_and_they_go_in_step(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [alone(manager, CONFIG), alone(manager, replace_at(CONFIG, "d_optimizer.lr", 0.002))]
    watch = Watch(monkeypatch)
    twins = manager.start_twins(CONFIG, KNOB, preset="shapes", title="Pair")
    for run, other in (twins, reversed(twins)):
        view = at_rest(manager, run)
        assert (view.state, view.error, view.twin_of, view.title) == ("finished", "", other, "Pair")
    assert [fingerprint(manager, run) for run in twins] == expected
    assert expected[0] != expected[1]
    assert 1 <= watch.apart <= 4  # steps between two points of the curves
    assert not watch.at_once
    assert watch.turns >= 160 / 4
    first, second = (manager.records(run) for run in twins)
    assert first["step"].tolist() == second["step"].tolist()
    assert first["d_lr"][0] != second["d_lr"][0]
    assert manager.grid(twins[0], 0).png == manager.grid(twins[1], 0).png  # the same weights and latents


def test_what_is_asked_of_one_is_done_by_both_at_the_same_step(manager: RunManager, watch: Watch) -> None:
    a, b = manager.start_twins(quick(steps=10_000_000), KNOB)
    when(manager, b, 40, lambda: manager.send(b, Pause()))
    views = [until_state(manager, run, "paused") for run in (a, b)]
    assert views[0].step == views[1].step >= 40
    manager.send(a, StepOnce())
    until(lambda: [manager.view(run).step - views[0].step for run in (a, b)] == [1, 1])
    assert [until_state(manager, run, "paused").state for run in (a, b)] == ["paused"] * 2
    manager.send(b, Resume())
    for run in (a, b):
        until_state(manager, run, "running")
    here = manager.view(a).step // 4 * 4 + 40
    when(manager, a, here + 40, lambda: manager.send(a, Change("g_optimizer.lr", 0.003)))
    when(manager, a, here + 80, lambda: manager.send(a, Change("d_optimizer.lr", 0.004)))
    until(lambda: len(manager.changes(a)) == 2)
    manager.send(b, Stop())
    ends = [at_rest(manager, run) for run in (a, b)]
    assert [view.state for view in ends] == ["stopped"] * 2
    assert ends[0].step == ends[1].step
    shared, own = manager.changes(a)
    assert [(c.step, c.path, c.after) for c in manager.changes(b)] == [(shared.step, "g_optimizer.lr", 0.003)]
    assert (own.path, manager.config(b).d_optimizer.lr) == ("d_optimizer.lr", 0.002)
    assert watch.apart <= 4
    assert not watch.at_once


def test_stopped_and_resumed_together_they_end_as_if_nothing_had_been(manager: RunManager, watch: Watch) -> None:
    expected = [fingerprint(manager, run) for run in both_at_rest(manager, manager.start_twins(CONFIG, KNOB))]
    watch._steps.clear()
    a, b = manager.start_twins(CONFIG, KNOB, stop_at_step=57)
    both_at_rest(manager, (a, b))
    manager.resume(b, stop_at_step=102)
    assert [manager.view(run).step for run in both_at_rest(manager, (a, b))] == [102, 102]
    manager.resume(a)
    assert [fingerprint(manager, run) for run in both_at_rest(manager, (a, b))] == expected
    assert not watch.at_once


def both_at_rest(manager: RunManager, twins: tuple[str, str]) -> tuple[str, str]:
    for run in twins:
        assert at_rest(manager, run).state in ("finished", "stopped")
    return twins


def test_while_they_pause_another_run_has_the_device_and_they_wait_for_it(manager: RunManager) -> None:
    a, b = manager.start_twins(quick(steps=10_000_000), KNOB)
    until(lambda: min(manager.view(run).step for run in (a, b)) > 0)
    other = manager.start(quick(steps=10_000_000))
    assert manager.view(other).state == "queued"
    manager.send(a, Pause())
    until_state(manager, other, "running")
    assert [until_state(manager, run, "paused").state for run in (a, b)] == ["paused"] * 2
    manager.send(b, Resume())
    assert [until_state(manager, run, "queued").state for run in (a, b)] == ["queued"] * 2
    manager.send(other, Stop())
    assert [until_state(manager, run, "running").state for run in (a, b)] == ["running"] * 2
    manager.send(a, Pace(0.05))
    until(lambda: manager.view(b).seconds_per_step == 0.05)
    manager.send(a, Stop())
    both_at_rest(manager, (a, b))


def test_where_one_diverges_the_other_goes_on_and_is_resumed_alone(manager: RunManager) -> None:
    a, b = manager.start_twins(quick(steps=120, d_optimizer="sgd"), {"d_optimizer.lr": 10.0, "penalty": "r1"})
    assert at_rest(manager, b).state == "diverged"
    assert at_rest(manager, a).state == "finished"
    manager.resume(a, total_images=130 * 16)
    assert (at_rest(manager, a).step, manager.view(b).state) == (130, "diverged")


def test_a_twin_whose_other_is_gone_goes_on_alone(manager: RunManager) -> None:
    a, b = both_at_rest(manager, manager.start_twins(quick(steps=60), KNOB, stop_at_step=20))
    edit_config_json(folder_of(manager, b), twin_of="somebody-else")
    manager.resume(a)
    assert (at_rest(manager, a).state, manager.view(b).step) == ("finished", 20)
    with pytest.raises(UnknownRun):
        manager.view("somebody-else")


def test_what_is_left_is_told_by_the_share_of_the_device_that_a_twin_has(manager: RunManager) -> None:
    a, b = manager.start_twins(quick(steps=10_000_000), KNOB)
    until(lambda: all(manager.view(run).recent_images_per_second > 0 for run in (a, b)))

    def share() -> float:
        view = manager.view(a)
        assert view.eta_seconds is not None
        return (view.total_images - view.images) / (view.eta_seconds * view.recent_images_per_second)

    assert share() == pytest.approx(0.5)
    manager.send(a, Stop())
    both_at_rest(manager, (a, b))
    edit_config_json(folder_of(manager, b), twin_of="somebody-else")
    manager.resume(a)
    until(lambda: manager.view(a).recent_images_per_second > 0)
    assert share() == pytest.approx(1.0)


def test_twins_that_go_on_apart_do_not_share_the_device(manager: RunManager) -> None:
    a, b = both_at_rest(manager, manager.start_twins(quick(steps=10_000_000), KNOB, stop_at_step=20))
    edit_config_json(folder_of(manager, b), twin_of="somebody-else")
    manager.resume(a)
    until_state(manager, a, "running")
    manager.send(a, Pause())
    until_state(manager, a, "paused")
    edit_config_json(folder_of(manager, b), twin_of=a)
    manager.resume(b)
    until_state(manager, b, "running")
    manager.send(a, Resume())
    assert until_state(manager, a, "queued", "running").state == "queued"
    manager.send(b, Stop())
    until_state(manager, a, "running")


def test_twins_of_different_length_and_pace(manager: RunManager, watch: Watch) -> None:
    """Twice the batch is half the steps; larger networks would have fewer points: the first one's spacing holds."""
    config = quick(steps=80, every=0)
    a, b = both_at_rest(manager, manager.start_twins(config, {"batch_size": 32, "generator.hidden": "700,700"}))
    assert (manager.view(a).step, manager.view(b).step) == (80, 40)
    spacing = manager.config(a).record.every_steps
    assert manager.config(b).record.every_steps == spacing
    assert [fingerprint(manager, run).points for run in (a, b)] == [80 // spacing, 40 // spacing]
    assert not watch.at_once


@pytest.mark.long  # killed at random: test_exact_resume.py; stopped and resumed together: above
def test_killed_in_the_middle_again_and_again(nursery: Nursery) -> None:  # noqa: F811
    manager = open_manager(nursery.folder)
    expected = [fingerprint(manager, run) for run in both_at_rest(manager, manager.start_twins(CONFIG, KNOB))]
    a, b = both_at_rest(manager, manager.start_twins(CONFIG, KNOB, stop_at_step=5))
    for step, run in ((40, a), (84, b), (132, a)):
        assert nursery.raise_child(resume=run, pause_at=step) == -signal.SIGKILL
        views = [manager.view(each) for each in (a, b)]
        assert [view.state for view in views] == ["interrupted"] * 2
        assert max(view.step for view in views) >= step  # on the disk the other may be a second behind
    for act in (7, 30, 55, 70):
        if {manager.view(each).state for each in (a, b)} == {"interrupted"}:
            assert nursery.raise_child(resume=a, kill_at=act) in (0, -signal.SIGKILL)
    if manager.view(a).state != "finished":
        manager.resume(a)
        at_rest(manager, a)
    if at_rest(manager, b).state != "finished":  # the other's end was the end of that process
        manager.resume(b)
        at_rest(manager, b)
    assert [fingerprint(manager, run) for run in (a, b)] == expected
    manager.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"d_optimizer.lr": 0.01, "loss": "hinge"}, []),
        ({"discriminator.hidden": "8"}, ["The discriminator starts from other weights"]),
        ({"generator.hidden": "8"}, ["Both networks start from other weights"]),
        ({"latent.distribution": "uniform"}, ["Their latents are not the same"]),
        ({"batch_size": 32}, ["their batches are not the same", "a different number of steps"]),
        ({"data": {"name": "shapes", "count": 61}}, ["They learn from other data"]),
        ({"seed": 9}, ["Both networks start", "With another seed nothing is the same"]),
    ],
)
def test_what_twins_would_not_have_in_common_is_said(
    manager: RunManager, changes: dict[str, Any], words: list[str]
) -> None:
    found = manager.twin_cautions(quick(steps=100), changes)
    assert len(found) == len(words)
    assert all(part in sentence for part, sentence in zip(words, found, strict=True))


def test_twins_that_cannot_be_are_refused_and_leave_nothing(manager: RunManager) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({}, "would be the same"), ({"d_optimizer.lr": CONFIG.d_optimizer.lr}, "would be the same"),
        ({"no.such": 1}, "not a field"), ({"batch_size": 1}, "must be"), ({"pack": 4, "batch_size": 18}, "pack"),
    ]  # fmt: skip
    for changes, words in refused:
        with pytest.raises(ConfigError, match=words):
            manager.start_twins(CONFIG, changes)
    assert list(manager.runs_dir.iterdir()) == []

"""Sweeps: every member is a run like any other, whether it trains in one step with the others or after them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_core.config.codec import ConfigError, replace_at, set_at
from gan_core.data.sets.points import PointDataset
from gan_core.measure import measure_plane
from gan_core.runs import Change, Dissect, Pause, Resume, RunManager, StepOnce, Stop
from gan_core.runs.commands import CheckpointNow, Pace
from gan_core.runs.evaluation.plane_constants import plane_reference
from gan_core.runs.groups.sweep_measures import SAMPLES, best, measure, measured, unmeasured
from gan_core.runs.groups.sweep_member import SweepMember
from gan_core.runs.groups.sweep_plan import Axis, Plan, read_axis
from gan_core.runs.groups.sweeps import Sweeps, UnknownSweep, groups
from gan_core.runs.launcher import Launcher
from gan_core.runs.lineage.ready import ready_to_resume
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import is_held
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.weights.checkpoints import newest_sound
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import PRESETS, RunConfig, Trainer
from gan_core.training.observe.scene import decode_scene
from tests.runs.helpers import at_rest, open_manager, quick, until, until_state

CPU = torch.device("cpu")


def ring(*, steps: int, every: int = 5, **changes: Any) -> RunConfig:
    """Points with networks of a few units: a step takes a millisecond."""
    config = replace(PRESETS["ring"].config, batch_size=32, total_images=32 * steps, precision="float32")
    for path, value in {"generator.hidden": "12", "discriminator.hidden": "12", "record.every_steps": every}.items():
        config = replace_at(config, path, value)
    for path, value in changes.items():
        config = replace_at(config, path.replace("__", "."), value)
    return config


def members(manager: RunManager, sweep: str) -> list[str]:
    return [member.run for member in Sweeps(manager).sweep(sweep).members]


def folder(manager: RunManager, run: str) -> RunFolder:
    return RunFolder(manager.runs_dir / run)


def state(manager: RunManager, run: str) -> dict[str, Any]:
    found, warnings = newest_sound(folder(manager, run))
    assert found is not None
    assert not warnings
    return found[1]


def hand_of(manager: RunManager, run: str) -> SweepMember:
    member = manager.launcher.worker(run)
    assert isinstance(member, SweepMember)
    return member


def test_members_are_the_runs_that_they_would_be_alone(manager: RunManager) -> None:
    base = ring(steps=30)
    plan = Plan(base, (read_axis(base, "d_optimizer.lr=0.001,0.004"),), seeds=(1, 2))
    sweep = Sweeps(manager).start(plan, preset="ring", title="Rates")
    runs = members(manager, sweep)
    assert len(set(runs)) == 4
    for run, config in zip(runs, plan.configs(), strict=True):
        view = at_rest(manager, run)
        assert (view.state, view.step, view.error, view.sweep) == ("finished", 30, "", sweep)
        alone = manager.start(config)
        at_rest(manager, alone)
        ours, theirs = folder(manager, run).points(), folder(manager, alone).points()
        assert list(ours["step"]) == list(theirs["step"]) == [5, 10, 15, 20, 25, 30]
        for name in ("d_loss", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_lr", "d_lr", "sliced_wasserstein"):
            np.testing.assert_allclose(ours[name], theirs[name], rtol=2e-3, atol=2e-4, equal_nan=True, err_msg=name)
        assert folder(manager, run).grids() == folder(manager, alone).grids()
        mine, lone = state(manager, run), state(manager, alone)
        for part in ("generator", "discriminator", "average", "g_optimizer", "d_optimizer"):
            torch.testing.assert_close(mine[part], lone[part], rtol=1e-3, atol=1e-4)
        assert (mine["step"], mine["images"]) == (30, 30 * 32)
        assert torch.equal(mine["latents_rng"], lone["latents_rng"])
    assert Sweeps(manager).sweep(sweep).together == 4


def test_a_stopped_member_goes_on_alone_to_the_last_bit(manager: RunManager) -> None:
    plan = Plan(ring(steps=60), (), seeds=(1, 2, 3))
    sweep = Sweeps(manager).start(plan, stop_at_step=20)
    runs = members(manager, sweep)
    for run in runs:
        assert at_rest(manager, run).step == 20
    trainer = Trainer(plan.configs()[1], plan.base.data.load(1, Path()), CPU)
    trainer.load_state(state(manager, runs[1]))
    manager.resume(runs[1])
    assert at_rest(manager, runs[1]).step == 60
    while not trainer.finished:
        trainer.step()
    expected, found = trainer.state(), state(manager, runs[1])
    for part in ("generator", "discriminator", "average", "g_optimizer", "d_optimizer"):
        torch.testing.assert_close(found[part], expected[part], rtol=0, atol=0)
    assert manager.view(runs[0]).step == 20


def test_a_sweep_that_was_stopped_goes_on_to_the_last_bit_as_if_it_had_not_been(manager: RunManager) -> None:
    sweeps, plan = Sweeps(manager), Plan(ring(steps=30), (), seeds=(1, 2, 3, 4))
    straight = members(manager, sweeps.start(plan))
    stopped = sweeps.start(plan, stop_at_step=17)
    for run in members(manager, stopped):
        assert at_rest(manager, run).step == 17
    assert sweeps.go_on(stopped) == 4
    for run, other in zip(members(manager, stopped), straight, strict=True):
        at_rest(manager, run)
        at_rest(manager, other)
        found, expected = state(manager, run), state(manager, other)
        for part in ("generator", "discriminator", "average", "g_optimizer", "d_optimizer"):
            torch.testing.assert_close(found[part], expected[part], rtol=0, atol=0)
        ours, theirs = folder(manager, run).points(), folder(manager, other).points()
        for name in ("d_loss", "g_loss", "d_real", "d_grad_norm", "sliced_wasserstein"):
            np.testing.assert_array_equal(ours[name], theirs[name])


def test_what_one_is_asked_for_is_its_own(manager: RunManager) -> None:
    sweep = Sweeps(manager).start(Plan(ring(steps=100_000), (), seeds=(1, 2, 3)))
    first, second, third = runs = members(manager, sweep)
    until(lambda: all(manager.view(run).step > 0 for run in runs))
    manager.send(second, Change("g_optimizer.lr", 0.0))
    manager.send(third, CheckpointNow())
    manager.send(first, Stop())
    assert at_rest(manager, first).state == "stopped"
    until(lambda: bool(manager.view(third).checkpoints))
    until(lambda: bool(folder(manager, second).changes()))
    step = manager.view(second).step
    until(lambda: manager.view(second).step > step + 20)
    assert manager.config(second).g_optimizer.lr == 0.0
    assert manager.config(third).g_optimizer.lr > 0.0
    assert not manager.view(second).checkpoints
    for command in (Dissect(), StepOnce("generator"), Change("k_d", 2)):
        with pytest.raises(ValueError, match=r"train in one step|trains in one step"):
            manager.send(third, command)
    Sweeps(manager).stop(sweep)
    assert {at_rest(manager, run).state for run in runs} == {"stopped"}


def test_pausing_and_stepping_are_for_all(manager: RunManager) -> None:
    sweeps = Sweeps(manager)
    sweep = sweeps.start(Plan(ring(steps=100_000), (), seeds=(1, 2, 3, 4)))
    runs = members(manager, sweep)
    until(lambda: all(manager.view(run).step > 0 for run in runs))
    manager.send(runs[0], Pause())
    for run in runs:
        until_state(manager, run, "paused")
    other = manager.start(ring(steps=10))  # the device is free meanwhile
    assert at_rest(manager, other).state == "finished"
    before = [manager.view(run).step for run in runs]
    manager.send(runs[2], StepOnce())
    until(lambda: all(manager.view(r).step == b + 1 and manager.view(r).state == "paused"
                      for r, b in zip(runs, before, strict=True)))  # fmt: skip
    assert sweeps.go_on(sweep) == 4
    for run, step in zip(runs, before, strict=True):
        until(lambda run=run, step=step: manager.view(run).step > step + 5)  # type: ignore[misc]
    sweeps.pause(sweep)
    for run in runs:
        until_state(manager, run, "paused")
    manager.send(runs[0], Resume())
    until(lambda: all(manager.view(run).state == "running" for run in runs))
    sweeps.stop(sweep)
    assert {at_rest(manager, run).state for run in runs} == {"stopped"}


def test_where_one_of_those_that_pause_is_stopped_the_others_take_no_step(manager: RunManager) -> None:
    sweep = Sweeps(manager).start(Plan(ring(steps=100_000), (), seeds=(1, 2, 3)))
    runs = members(manager, sweep)
    until(lambda: all(manager.view(run).step > 0 for run in runs))
    manager.send(runs[0], Pause())
    for run in runs:
        until_state(manager, run, "paused")
    manager.send(runs[0], Stop())
    assert at_rest(manager, runs[0]).state == "stopped"
    manager.checkpoint_now(runs[1])
    until(lambda: bool(manager.view(runs[1]).checkpoints))
    assert manager.view(runs[1]).checkpoints == (manager.view(runs[0]).step,)
    Sweeps(manager).stop(sweep)
    assert {at_rest(manager, run).state for run in runs} == {"stopped"}


def test_a_sweep_waits_for_the_device_and_others_wait_for_it(manager: RunManager) -> None:
    sweeps = Sweeps(manager)
    holder = manager.start(ring(steps=100_000))
    until_state(manager, holder, "running")
    sweep = sweeps.start(Plan(ring(steps=10), (), seeds=(1, 2, 3)))
    runs = members(manager, sweep)
    last = manager.start(ring(steps=10))
    until(lambda: [manager.view(run).queue_place for run in (*runs, last)] == [1, 1, 1, 2])
    manager.cancel(runs[1])
    assert at_rest(manager, runs[1]).state == "stopped"
    manager.send(holder, Stop())
    assert {at_rest(manager, run).state for run in (runs[0], runs[2], last)} == {"finished"}
    assert sweeps.go_on(sweep) == 1
    assert at_rest(manager, runs[1]).state == "finished"
    with pytest.raises(ValueError, match="at its end"):
        sweeps.go_on(sweep)


def test_a_waiting_member_that_is_stopped_twice_takes_nobody_along(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = manager.start(ring(steps=100_000))
    until_state(manager, holder, "running")
    monkeypatch.setattr(manager.launcher.context.queue, "nudge", lambda: None)  # both are there before anybody looks
    runs = members(manager, Sweeps(manager).start(Plan(ring(steps=10), (), seeds=(1, 2, 3))))
    until(lambda: all(manager.view(run).queue_place == 1 for run in runs))
    hand = hand_of(manager, runs[1])
    hand.send(Stop())
    hand.send(Stop())
    assert at_rest(manager, runs[1]).state == "stopped"
    manager.send(holder, Stop())
    assert [at_rest(manager, run).state for run in (runs[0], runs[2])] == ["finished", "finished"]


def test_a_member_keeps_what_somebody_else_measured(manager: RunManager) -> None:
    runs = members(manager, Sweeps(manager).start(Plan(ring(steps=100_000), (), seeds=(1, 2))))
    until(lambda: all(manager.view(run).step > 0 for run in runs))
    manager.checkpoint_now(runs[0])
    until(lambda: bool(manager.view(runs[0]).checkpoints))
    step = manager.evaluate(runs[0]).step
    until(lambda: {e.step for e in manager.evaluations(runs[0])} >= {0, step}, 10.0)
    assert manager.view(runs[0]).state == "running"


def test_closing_keeps_everything_and_all_go_on_together(tmp_path: Path) -> None:
    manager = open_manager(tmp_path)
    sweep = Sweeps(manager).start(Plan(ring(steps=1500), (), seeds=(1, 2, 3)))
    runs = members(manager, sweep)
    until(lambda: all(manager.view(run).step > 3 for run in runs))
    manager.send(runs[0], Change("g_optimizer.lr", 0.002))
    until(lambda: bool(folder(manager, runs[0]).changes()))
    manager.close()
    again = open_manager(tmp_path)
    views = [again.view(run) for run in runs]
    assert {view.state for view in views} <= {"stopped", "finished"}
    assert all(view.checkpoints for view in views)
    if any(view.state == "stopped" for view in views):
        Sweeps(again).go_on(sweep)
    assert [(at_rest(again, run).state, at_rest(again, run).step) for run in runs] == [("finished", 1_500)] * 3
    assert again.config(runs[0]).g_optimizer.lr == 0.002
    again.close()


def test_two_threads_share_the_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (0.5, 0.5, 0.5))
    manager = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=2)
    sweep = Sweeps(manager).start(Plan(ring(steps=40), (), seeds=tuple(range(6))))
    runs = members(manager, sweep)
    trained = [hand_of(manager, run) for run in runs]
    assert len({id(member.worker) for member in trained}) == 2
    assert len({id(member.group) for member in trained}) == 1
    for run in runs:
        assert at_rest(manager, run).state == "finished"
    assert manager.launcher.context.queue.place(f"{runs[0]}+") == -1, "the place in line is given up"
    manager.close()


def test_a_busy_machine_gets_one_thread(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (1000.0, 1.0, 1.0))
    manager.threads = 2
    runs = members(manager, Sweeps(manager).start(Plan(ring(steps=4), (), seeds=(1, 2, 3, 4))))
    assert len({id(hand_of(manager, run).worker) for run in runs}) == 1
    for run in runs:
        at_rest(manager, run)


def test_trouble_of_one_ends_it_alone(manager: RunManager) -> None:
    base = ring(steps=40)
    wild = {"d_optimizer": {"name": "sgd", "lr": 10.0}, "loss": {"name": "least-squares"}}
    for path, value in wild.items():
        base = replace_at(base, path, value)
    plan = Plan(base, (read_axis(base, "d_optimizer.lr=0.001,10"),), seeds=(1, 2))
    runs = members(manager, Sweeps(manager).start(plan))
    views = [at_rest(manager, run) for run in runs]
    assert [view.state for view in views] == ["finished", "finished", "diverged", "diverged"]
    assert views[2].advice
    assert "became infinite or undefined" in views[2].error


@pytest.mark.parametrize("moment", ["in line", "going on", "paused", "slow"])
def test_a_folder_that_cannot_be_written_any_more_ends_one_alone(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    unwritable: set[str] = set()
    stand = RunWriter.write_status

    def stand_or_fail(writer: RunWriter, standing: RunStatus) -> None:
        if writer.folder.id in unwritable:
            raise OSError(30, "Read-only file system")
        stand(writer, standing)

    monkeypatch.setattr(RunWriter, "write_status", stand_or_fail)
    sweeps = Sweeps(manager)
    sweep = sweeps.start(
        Plan(ring(steps=100_000), (), seeds=(1, 2, 3)), stop_at_step=4 if moment == "in line" else None
    )
    first, *others = runs = members(manager, sweep)
    if moment == "in line":
        assert {at_rest(manager, run).state for run in runs} == {"finished"}
        unwritable.add(first)
        sweeps.go_on(sweep)
    else:
        until(lambda: all(manager.view(run).step > 0 for run in runs))
        if moment == "slow":
            manager.send(first, Pace(0.2))
            until(lambda: manager.view(first).seconds_per_step == 0.2)
        elif moment == "going on":
            sweeps.pause(sweep)
            for run in runs:
                until_state(manager, run, "paused")
        unwritable.add(first)
        if moment != "slow":
            manager.send(others[0], Pause() if moment == "paused" else Resume())
    view = at_rest(manager, first)
    assert (view.state, "Read-only file system" in view.error) == ("failed", True)
    if moment == "paused":
        for run in others:
            until_state(manager, run, "paused")
        manager.send(others[1], Resume())
    for run in others:
        step = until_state(manager, run, "running").step
        until(lambda run=run, step=step: manager.view(run).step > step)  # type: ignore[misc]
    sweeps.stop(sweep)
    assert {at_rest(manager, run).state for run in others} == {"stopped"}


def test_members_that_train_in_one_step_are_not_compiled_and_others_are() -> None:
    base = replace(ring(steps=8), backend="compiled")
    norms = Plan(base, (read_axis(base, "generator.norm=none,batch"),)).configs()
    assert [config.backend for config in norms] == ["dense", "compiled"]
    asked_for = Plan(base, (read_axis(base, "backend=compiled,reference"),)).configs()
    assert [config.backend for config in asked_for] == ["compiled", "reference"]


def test_what_cannot_train_together_trains_one_after_another(manager: RunManager) -> None:
    base = ring(steps=8)
    plan = Plan(
        base, (read_axis(base, "generator.norm=none,batch"), read_axis(base, "generator.hidden=8;8,8")), (1, 2)
    )
    configs = plan.configs()
    assert len(configs) == 8
    assert groups(configs) == [[0, 1], [2, 3], [4], [5], [6], [7]]
    sweep = Sweeps(manager).start(plan)
    assert Sweeps(manager).sweep(sweep).together == 4
    for run in members(manager, sweep):
        assert at_rest(manager, run).state == "finished"


def test_the_measures_name_the_best(manager: RunManager) -> None:
    base = ring(steps=50, every=2)
    sweeps = Sweeps(manager)
    sweep = sweeps.start(Plan(base, (read_axis(base, "g_optimizer.lr=0,0.004"),), (3,)))
    runs = members(manager, sweep)
    for run in runs:
        at_rest(manager, run)
    found = sweeps.measured(sweeps.sweep(sweep))
    distances = {run: values["sliced_wasserstein"] for run, values in found.items()}
    assert distances[runs[0]] == pytest.approx(folder(manager, runs[0]).points()["sliced_wasserstein"][-1])
    assert best(distances, "sliced_wasserstein") == min(distances, key=lambda run: distances[run])
    assert best({"a": 2.0, "b": 8.0}, "modes_covered") == "b"
    assert best({}, "modes_covered") is None
    with pytest.raises(ConfigError, match="nonsense"):
        best({"a": 1.0}, "nonsense")


def test_members_that_end_before_their_first_measure_are_measured_at_their_end(manager: RunManager) -> None:
    """Against their last kept points, measured by hand."""
    sweeps = Sweeps(manager)
    sweep = sweeps.sweep(sweeps.start(Plan(ring(steps=7), (), seeds=(1, 2))))
    runs = [member.run for member in sweep.members]
    for run in runs:
        assert at_rest(manager, run).state == "finished"
        assert np.isnan(manager.records(run)["sliced_wasserstein"]).all(), "no point of its curve was measured"
    found = measured(manager, runs)
    for run in runs:
        data = manager.config(run).data
        assert isinstance(data, PointDataset)
        fakes = decode_scene(manager.grid(run, 7).png).fakes
        assert found[run] == pytest.approx(measure_plane(fakes, plane_reference(data)), rel=1e-4)
        assert [one.step for one in manager.evaluations(run)] == [0, 7]


def test_pictures_are_measured_alike_before_they_are_compared(manager: RunManager) -> None:
    sweeps = Sweeps(manager)
    sweep = sweeps.sweep(sweeps.start(Plan(quick(steps=6, record__evaluate_images=0), (), seeds=(1, 2))))
    runs = [member.run for member in sweep.members]
    for run in runs:
        assert at_rest(manager, run).state == "finished"
    manager.evaluate(runs[0], samples=100)  # of another kind than the others': nobody can compare it
    assert unmeasured(manager, runs) == runs
    told: list[float] = []
    measure(manager, runs, lambda share, words: told.append(share))
    assert told == sorted(told)
    assert unmeasured(manager, runs) == []
    values = sweeps.measured(sweep)
    for run in runs:
        (one,) = (e for e in manager.evaluations(run) if e.samples == SAMPLES and e.step > 0)
        assert values[run]["fid"] == one.values["fid"]
    assert best({run: value["fid"] for run, value in values.items()}, "fid") in runs


def test_a_pause_of_those_that_train_one_after_another_lets_no_other_begin(manager: RunManager) -> None:
    sweeps = Sweeps(manager)
    sweep = sweeps.start(Plan(ring(steps=100_000), (), seeds=(1, 2, 3)), together=False)
    runs = members(manager, sweep)
    until(lambda: manager.view(runs[0]).step > 0)
    sweeps.pause(sweep)
    until_state(manager, runs[0], "paused")
    assert [at_rest(manager, run).state for run in runs[1:]] == ["stopped", "stopped"]
    until(lambda: manager.launcher.context.queue.place(runs[0]) == -1)  # once its grids are listed
    assert sweeps.go_on(sweep) == 3
    until_state(manager, runs[0], "running")
    assert [manager.view(run).state for run in runs[1:]] == ["queued", "queued"]
    sweeps.stop(sweep)
    assert {at_rest(manager, run).state for run in runs} == {"stopped"}


def test_where_one_group_cannot_start_those_that_train_keep_their_locks(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeps, launched = Sweeps(manager), []
    launch = manager.launcher.launch

    def full_at_the_second(*entry: Any, **options: Any) -> None:
        launched.append(entry)
        if len(launched) > 1:
            raise OSError(28, "No space left on device")
        launch(*entry, **options)

    monkeypatch.setattr(manager.launcher, "launch", full_at_the_second)
    with pytest.raises(OSError, match="No space left"):
        sweeps.start(Plan(ring(steps=100_000), (), seeds=(1, 2, 3)), together=False)
    (sweep,) = sweeps.all()
    first, *others = (member.run for member in sweep.members)
    until_state(manager, first, "running")
    assert is_held(folder(manager, first).lock)
    assert [is_held(folder(manager, run).lock) for run in others] == [False, False]


@pytest.mark.parametrize("what", ["a member", "its file"])
def test_a_sweep_that_does_not_fit_on_the_disk_leaves_nothing(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    sweeps, made = Sweeps(manager), []
    make = manager.launcher.make

    def full(*arguments: Any, **options: Any) -> Any:
        made.append(arguments)
        if what == "its file" or len(made) > 2:
            raise OSError(28, "No space left on device")
        return make(*arguments, **options)

    if what == "its file":
        monkeypatch.setattr("gan_core.runs.groups.sweeps.write_sweep", full)
    else:
        monkeypatch.setattr(manager.launcher, "make", full)
    with pytest.raises(OSError, match="No space left"):
        sweeps.start(Plan(ring(steps=10), (), seeds=(1, 2, 3)))
    assert not manager.views()
    assert not [path for path in manager.runs_dir.iterdir() if path.name != ".sweeps"]


def test_a_member_that_cannot_be_read_leaves_the_others_at_rest(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeps = Sweeps(manager)
    sweep = sweeps.start(Plan(ring(steps=20), (), seeds=(1, 2)), stop_at_step=5)
    runs = members(manager, sweep)
    for run in runs:
        at_rest(manager, run)

    def broken(launcher: Launcher, run: str, *arguments: Any) -> Any:
        if run == runs[1]:
            raise OSError(5, "Input/output error")
        return ready_to_resume(launcher, run, *arguments)

    monkeypatch.setattr("gan_core.runs.groups.sweeps.ready_to_resume", broken)
    with pytest.raises(OSError, match="Input/output"):
        sweeps.go_on(sweep)
    assert not is_held(folder(manager, runs[0]).lock)


def test_a_sweep_that_cannot_start_leaves_nothing(manager: RunManager) -> None:
    base = ring(steps=8)
    with pytest.raises(ConfigError, match=r"generator\.hidden"):
        Sweeps(manager).start(Plan(base, (Axis("generator.hidden", ("8", "a")),)))
    assert not manager.views()
    assert not Sweeps(manager).all()


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", '{"members": 3}', "[" * 5000,
        '{"id": "x", "title": "", "preset": "", "created": "", "axes": [], "seeds": [Infinity], "members": []}',
        json.dumps({"id": "x", "title": "", "preset": "", "created": "", "axes": [], "seeds": [], "draws": 0,
                    "together": 0, "members": [{"run": "../../etc", "values": {}}]}),
    ],
)  # fmt: skip
def test_a_file_that_is_no_sweep_is_passed_over(manager: RunManager, content: str) -> None:
    place = manager.runs_dir / ".sweeps"
    place.mkdir()
    (place / "20260101-000000000-sweep-abcd.json").write_text(content)
    assert Sweeps(manager).all() == []
    with pytest.raises(ValueError, match="cannot be read: its file is damaged\\.$"):
        Sweeps(manager).sweep("20260101-000000000-sweep-abcd")
    for name in ("nothing", "../secret", ""):
        with pytest.raises(UnknownSweep):
            Sweeps(manager).sweep(name)


def test_a_deleted_member_leaves_a_gap(manager: RunManager) -> None:
    sweeps = Sweeps(manager)
    sweep = sweeps.start(Plan(ring(steps=6), (), seeds=(1, 2)))
    runs = members(manager, sweep)
    for run in runs:
        at_rest(manager, run)
    (manager.runs_dir / runs[0] / "config.json").unlink()
    views = sweeps.views(sweeps.sweep(sweep))
    assert views[0] is None
    assert views[1] is not None
    assert measured(manager, runs)[runs[0]] == {}
    assert unmeasured(manager, runs) == []
    sweeps.forget(sweep)
    assert not sweeps.all()
    assert manager.view(runs[1]).state == "finished"


# --- plans


def test_a_grid_tries_every_combination_with_every_seed() -> None:
    base = ring(steps=8)
    plan = Plan(base, (read_axis(base, "k_d=1,2"), read_axis(base, "loss=hinge,wasserstein,hinge")), seeds=(7, 8))
    values = plan.members()
    assert len(values) == 2 * 2 * 2
    assert values[0] == {"k_d": "1", "loss": "hinge", "seed": "7"}
    assert {(c.k_d, type(c.loss).__name__, c.seed) for c in plan.configs()} == {
        (k, name, seed) for k in (1, 2) for name in ("Hinge", "Wasserstein") for seed in (7, 8)
    }


def test_values_of_a_range_lie_evenly_on_the_fields_own_scale() -> None:
    base = ring(steps=8)
    rates = [float(v) for v in read_axis(base, "g_optimizer.lr=1e-4..1e-2:5").values]
    assert rates == pytest.approx([1e-4, 3.162e-4, 1e-3, 3.162e-3, 1e-2], rel=1e-3)
    betas = [float(v) for v in read_axis(base, "g_optimizer.beta1=0..0.9:4").values]
    assert betas == pytest.approx([0, 0.3, 0.6, 0.9])
    assert read_axis(base, "k_d=1..4:4").values == ("1", "2", "3", "4")


def test_what_is_drawn_lies_in_its_range_and_comes_again_with_the_seed() -> None:
    base = ring(steps=8)
    axes = (read_axis(base, "g_optimizer.lr=1e-5..1e-1"), read_axis(base, "loss=hinge,wasserstein"),
            read_axis(base, "k_d=1..4"))  # fmt: skip
    plan = Plan(base, axes, draws=40, draw_seed=5)
    rates = [c.g_optimizer.lr for c in plan.configs()]
    assert all(1e-5 <= rate <= 1e-1 for rate in rates)
    assert 8 <= sum(rate < 1e-3 for rate in rates) <= 32, "evenly on a logarithmic scale"
    assert {type(c.loss).__name__ for c in plan.configs()} == {"Hinge", "Wasserstein"}
    assert {c.k_d for c in plan.configs()} == {1, 2, 3, 4}
    assert plan.members() == Plan(base, axes, draws=40, draw_seed=5).members()
    assert plan.members() != replace(plan, draw_seed=6).members()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must be FIELD"), ("k_d", "must be FIELD"), ("k_d=", "must be FIELD"), ("nothing=1", "not a field"),
        ("k_d=0,1", "k_d"), ("k_d=1,,2", "empty"), ("k_d=4..1", "smaller"), ("k_d=1..4:1", "number from 2"),
        ("ema=1", "group"), ("seed=1,2", "seeds"), ("g_optimizer.lr=a,b", "g_optimizer.lr"), ("loss=bad", "loss"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_swept_is_said_so(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_axis(ring(steps=8), text)


@pytest.mark.parametrize(
    ("axes", "more", "says"),
    [
        ((), {}, "needs a field"), (("k_d=1..4",), {}, "range"), (("k_d=1,2", "k_d=3,4"), {}, "twice"),
        (("g_optimizer.lr=1e-5..1e-1",), {"draws": 60, "seeds": (1, 2)}, "at most 64"),
        (("k_d=1,2", "pack=1,2", "loss=hinge,wasserstein", "batch_size=16,32", "data.std=0.1,0.2"), {}, "at most 4"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_said_so(axes: tuple[str, ...], more: dict[str, Any], says: str) -> None:
    base = ring(steps=8)
    with pytest.raises(ConfigError, match=says):
        Plan(base, tuple(read_axis(base, axis) for axis in axes), **more).members()


def test_a_field_of_another_member_of_a_family_is_swept_with_it() -> None:
    base = set_at(ring(steps=8), "penalty", "r1")
    assert read_axis(base, "penalty.gamma=0.1,1").values == ("0.1", "1")

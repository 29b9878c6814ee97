"""Evaluations: what is kept of them, which is the best, on demand, and what they leave as it was."""

from __future__ import annotations

import functools
import hashlib
import math
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from gan_core.config.codec import replace_at
from gan_core.data import Ring
from gan_core.export import load_generator
from gan_core.measure import Reference, features_for, measure_images, measure_plane
from gan_core.runs import RunManager, State, Stop, launcher
from gan_core.runs.engine.recorder import RunRecorder
from gan_core.runs.evaluation import on_demand
from gan_core.runs.evaluation import reference as evaluating
from gan_core.runs.evaluation import scheduler as cadence
from gan_core.runs.evaluation.plane_constants import plane_reference
from gan_core.runs.evaluation.reference import ReferenceCache
from gan_core.runs.evaluation_record import ClassShares, Evaluation, best_step, mark_best
from gan_core.runs.snapshot import Evaluated
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.weights.checkpoints import KEEP_AT_MOST, write_checkpoint
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig
from gan_core.training.observe.scene import decode_scene
from tests.runs.helpers import at_rest, fingerprint, folder_of, open_manager, quick, until


def made(step: int, fid: float, features: str = "pixel features", samples: int = 500) -> Evaluation:
    return Evaluation(step, 16 * step, step / 10, features, samples, {"fid": fid, "kid": math.nan}, {"fid": 2.0})


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    root = tmp_path / "some-run"
    for name in ("samples", "checkpoints"):
        (root / name).mkdir(parents=True)
    return RunFolder(root)


def state(step: int) -> dict[str, object]:
    return {"step": step, "images": 16 * step, "average": {"w": torch.zeros(2)}, "x": torch.zeros(2)}


def test_what_is_written_is_read_back(folder: RunFolder) -> None:
    shares = ClassShares(("a", "b"), (0.25, 0.75), (0.5, 0.5))
    one = replace(made(8, 100.0), classes=shares, cost_seconds=0.5)
    with closing(RunWriter(folder)) as writer:
        writer.add_evaluation(one)
        writer.add_evaluation(replace(one, values={"fid": 90.0}))  # in the place of the first
    (kept,) = folder.evaluations()
    assert kept == replace(one, values={"fid": 90.0}, best=True)


def test_the_best_is_of_its_kind_trained_and_finite() -> None:
    found = mark_best([
        made(0, 1.0), made(4, 50.0), made(8, math.nan), made(12, 40.0), made(16, 40.0), made(20, 60.0),
        made(12, 30.0, samples=2000), made(20, 10.0, "other features"),
    ])  # fmt: skip
    assert [(e.step, e.features, e.samples) for e in found if e.best] == [
        (12, "pixel features", 500), (12, "pixel features", 2000), (20, "other features", 500),
    ]  # fmt: skip
    assert best_step(found) == 12  # of the kind of which there are most
    assert best_step([made(0, 1.0)]) is None


def test_going_back_forgets_what_came_after_and_finds_the_best_again(folder: RunFolder) -> None:
    with closing(RunWriter(folder)) as writer:
        for step, fid in ((4, 50.0), (8, 20.0), (12, 30.0)):
            writer.add_evaluation(made(step, fid))
        assert [e.step for e in folder.evaluations() if e.best] == [8]
        writer.rewind(4)
    assert [(e.step, e.best) for e in folder.evaluations()] == [(4, True)]


def test_the_best_checkpoint_is_never_thinned_out(folder: RunFolder) -> None:
    with closing(RunWriter(folder)) as writer:
        for step in range(1, 61):
            if step == 21:
                writer.add_evaluation(made(21, 5.0))
            write_checkpoint(folder, writer, state(step), 0.0, by_hand=False)
            rows = {row.step for row in folder.checkpoints()}
            assert step < 21 or 21 in rows
            assert len(rows - {21}) <= KEEP_AT_MOST
        without = {row.step for row in folder.checkpoints()}
        writer.add_evaluation(made(60, 4.0))  # a better one: the old best is one of many again
        for step in range(61, 90):
            write_checkpoint(folder, writer, state(step), 0.0, by_hand=False)
    assert 21 in without
    assert {60} <= {row.step for row in folder.checkpoints()}
    assert len(folder.checkpoints()) == KEEP_AT_MOST + 1


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluations at every chance, whatever they cost."""
    for name, value in (("SHARE", 1e9), ("SAMPLES", 100), ("_EARLIEST_SECONDS", 0.0)):
        monkeypatch.setattr(cadence, name, value)


def config(steps: int, **changes: object) -> RunConfig:
    return quick(steps=steps, every=4, record__evaluate_images=128, **changes)


def test_a_run_is_evaluated_and_is_the_run_that_it_would_have_been(tmp_path: Path, eager: None) -> None:
    """Both reference lines beside every number, the best checkpoint named and kept, and not a bit of it changed."""
    manager = open_manager(tmp_path / "with")
    run = manager.start(config(100))
    heard: list[object] = []
    manager.subscribe(run, heard.append)
    view = at_rest(manager, run)
    found = manager.evaluations(run)
    assert view.state == "finished", view.error
    assert found[0].step == 0
    assert len(found) > 1
    assert found[-1].step == 100  # what it has become in the end
    assert all(e.samples == 100 and set(e.floor) == set(e.values) for e in found)
    (best,) = [e.step for e in found if e.best]
    assert view.best_step == best
    assert best in view.checkpoints
    assert {e.evaluation.step for e in heard if isinstance(e, Evaluated)} <= {e.step for e in found}
    known = fingerprint(manager, run)
    manager.close()
    other = open_manager(tmp_path / "without")
    plain = other.start(replace_at(config(100), "record.evaluate_images", 0))
    at_rest(other, plain)
    assert other.evaluations(plain) == []
    assert fingerprint(other, plain) == known
    other.close()


def test_too_few_real_images_are_no_reason_to_fail(tmp_path: Path, eager: None) -> None:
    manager = open_manager(tmp_path)
    run = manager.start(config(60, data__count=10))
    assert at_rest(manager, run).state == "finished"
    assert manager.evaluations(run) == []
    with pytest.raises(ValueError, match="real images"):
        manager.evaluate(run, samples=100)
    manager.close()


def test_on_demand_it_is_what_the_measures_say_of_its_samples(manager: RunManager) -> None:
    """Against the generator's file, its own latents drawn anew, and the measures called by hand."""
    run = manager.start(quick(steps=8))
    at_rest(manager, run)
    one = manager.evaluate(run, samples=120)
    about, settings = manager.manifest(run), manager.config(run)
    net = load_generator(manager.checkpoint_generator(run), settings, channels=about.channels, class_count=0)
    z = torch.randn(120, settings.latent.dim, generator=_stream(settings.seed))
    with torch.no_grad():
        pixels = ((net(z, None) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    data = settings.data.load(settings.size, manager.data_dir)
    space = features_for(settings.data, settings.size, about.channels)
    wanted = measure_images(pixels, Reference.build(space, data.images, data.held_out, 120, 11))
    assert one.features == space.name
    for name, value in wanted.values.items():
        assert one.values[name] == pytest.approx(value, rel=1e-3, abs=1e-3, nan_ok=True)
    assert (one.step, one.samples, one.best) == (8, 120, True)
    assert [e.step for e in manager.evaluations(run)] == [0, 8]
    assert manager.view(run).best_step == 8
    assert manager.evaluate(run, 0, samples=120).step == 0


def _stream(seed: int) -> torch.Generator:
    digest = hashlib.sha256(f"{seed}/evaluation".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def test_points_in_the_plane_have_measures_of_their_own(manager: RunManager) -> None:
    run = manager.start(replace(quick(steps=8), data=Ring()))
    assert at_rest(manager, run).state == "finished"
    one = manager.evaluate(run)
    assert (one.features, one.samples) == ("points in the plane", 2000)
    reference = plane_reference(manager.config(run).data)
    assert one.floor["mmd"] == reference.floors["mmd"].mean
    shown = measure_plane(decode_scene(manager.grid(run, 8).png).fakes, reference)
    assert one.values["sliced_wasserstein"] == pytest.approx(shown["sliced_wasserstein"], rel=1e-2)


def test_a_run_that_trains_keeps_what_somebody_else_measured(manager: RunManager) -> None:
    run = manager.start(config(100_000, total_images=100_000_000))
    until(lambda: bool(manager.view(run).step))
    manager.checkpoint_now(run)
    until(lambda: bool(manager.view(run).checkpoints))
    step = manager.evaluate(run, samples=100).step
    until(lambda: {e.step for e in manager.evaluations(run)} >= {0, step})
    assert manager.view(run).state == "running"


def test_what_was_measured_is_kept_where_the_run_ends_meanwhile(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = manager.start(config(100_000, total_images=100_000_000))
    until(lambda: bool(manager.view(run).step))
    manager.checkpoint_now(run)
    until(lambda: bool(manager.view(run).checkpoints))
    ending, go_on = threading.Event(), threading.Event()
    stand, measure = RunRecorder.set_state, on_demand.evaluate_run

    def slow(self: RunRecorder, state: State, *arguments: Any, **words: Any) -> None:
        if state == "stopped":
            ending.set()
            assert go_on.wait(180)
        stand(self, state, *arguments, **words)

    def until_the_end(*arguments: Any) -> list[Evaluation]:
        found = measure(*arguments)
        manager.send(run, Stop())
        assert ending.wait(180)
        return found

    monkeypatch.setattr(RunRecorder, "set_state", slow)
    monkeypatch.setattr(on_demand, "evaluate_run", until_the_end)
    step = manager.evaluate(run, samples=100).step
    go_on.set()
    assert at_rest(manager, run).state == "stopped"
    assert {e.step for e in manager.evaluations(run)} >= {0, step}


def test_what_cannot_be_evaluated_is_a_sentence_and_stopping_keeps_nothing(manager: RunManager) -> None:
    run = manager.start(quick(steps=8))
    at_rest(manager, run)
    with pytest.raises(ValueError, match="from 100 to 10,000 samples, not 99"):
        manager.evaluate(run, samples=99)
    with pytest.raises(ValueError, match="no checkpoint up to step 3"):
        manager.evaluate(run, 3)
    with pytest.raises(on_demand.Cancelled, match="nothing was kept"):
        manager.evaluate(run, samples=100, cancelled=lambda: True)
    assert manager.evaluations(run) == []


def test_a_branch_brings_its_parents_evaluations_along(manager: RunManager) -> None:
    run = manager.start(quick(steps=8))
    at_rest(manager, run)
    manager.evaluate(run, samples=100)
    branch = manager.branch(run, 8, {"total_images": 16 * 12})
    at_rest(manager, branch)
    assert manager.evaluations(branch)[:2] == manager.evaluations(run)


def test_who_watches_from_another_process_hears_of_them(manager: RunManager, tmp_path: Path) -> None:
    run = manager.start(quick(steps=8))
    at_rest(manager, run)
    follower = manager.follow(run)
    follower.news()
    with closing(RunWriter(folder_of(manager, run))) as writer:
        writer.add_evaluation(made(8, 3.0))
    news = [event for event in follower.news() if isinstance(event, Evaluated)]
    assert [event.evaluation.values["fid"] for event in news] == [3.0]
    assert np.isnan(news[0].evaluation.values["kid"])


@pytest.mark.parametrize("how", ["close", "other"])
def test_no_thread_is_left_inside_torch_when_a_manager_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Real images are still looked at when the run ends: that is given up, and its thread has ended.

    A thread that comes out of torch while Python takes itself down aborts the process ("terminate called"). Another
    manager's run that waited for the same asks once more.
    """
    monkeypatch.setattr(evaluating, "references", functools.cache(ReferenceCache))
    for module in (cadence, launcher):
        monkeypatch.setattr(module, "references", evaluating.references)
    at_work, let_go = threading.Event(), threading.Event()

    def slow(*arguments: Any, between: Any, **options: Any) -> Reference:
        at_work.set()
        while not let_go.is_set():
            between()
            torch.randn(64, 64) @ torch.randn(64, 64)
        return Reference.build(*arguments, **options)

    monkeypatch.setattr(evaluating, "Reference", SimpleNamespace(build=slow))
    before = set(threading.enumerate())
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=10_000_000, record__evaluate_images=100))
    until(at_work.is_set)
    if how == "other":
        at_work.clear()
        evaluating.references().end()
        let_go.set()
        until(at_work.is_set)
        until(lambda: len(manager.evaluations(run)) > 0)
    manager.close(timeout_seconds=None)
    assert {
        thread.name for thread in set(threading.enumerate()) - before if not thread.name.startswith("grid")
    } == set()
    assert manager.view(run).state == "stopped"

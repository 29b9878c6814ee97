"""The referee's evidence as it is gathered from a run's folder, against what the run itself saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.referee.record import Recorder
from gan_core.config.codec import apply_sets
from gan_core.measure.referee.eye import LOOKS
from gan_core.measure.referee.findings import HEALTHY, LIVE_CHANGE, diagnose
from gan_core.runs import RunManager
from gan_core.runs.commands import Change
from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.evaluation.diagnosis import Diagnoser
from gan_core.training import RunConfig, preset
from tests.runs.helpers import at_rest, open_manager, quick


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[RunManager]:
    found = open_manager(tmp_path)
    yield found
    found.close()


def diagnoser(manager: RunManager) -> Diagnoser:
    return Diagnoser(DatasetCache(manager.data_dir))


def plane(**pairs: str) -> RunConfig:
    base = {"total_images": str(128 * 600), "batch_size": "128", "record.evaluate_images": "0",
            "precision": "float32"}  # fmt: skip
    return apply_sets(preset("ring-collapse").config, base | {k.replace("__", "."): v for k, v in pairs.items()})


@pytest.mark.parametrize("kind", ["points", "images"])
def test_the_folder_tells_what_the_run_itself_saw(manager: RunManager, kind: str) -> None:
    calm = {"g_optimizer__lr": "0.001", "total_images": str(128 * 300)}
    config = plane(**calm) if kind == "points" else quick(steps=60, record__evaluate_images=0)
    run = manager.start(config)
    at_rest(manager, run)
    stored = diagnoser(manager).evidence(manager, run)
    seen, _ = Recorder(manager.data_dir).record(config)
    assert stored.looks["step"].tolist() == seen.looks["step"].tolist()
    for name in LOOKS:
        assert np.allclose(stored.looks[name], seen.looks[name], rtol=1e-3, atol=1e-5, equal_nan=True), name
    for name in ("step", "d_loss", "g_loss", "d_accuracy_fake", "g_grad_norm"):
        assert np.allclose(stored.curves[name], seen.curves[name], rtol=1e-3, equal_nan=True), name
    assert stored.floor == seen.floor
    assert stored.is_plane == (kind == "points")


def test_a_blind_discriminator_is_found_and_its_cure_can_be_branched_to(manager: RunManager) -> None:
    run = manager.start(plane(d_optimizer__lr="1e-6", g_optimizer__lr="0.001"))
    at_rest(manager, run)
    judge = diagnoser(manager)
    findings = judge.diagnose(manager, run)
    kinds = [finding.kind for finding in findings]
    assert {"G wins", "diverging"} & set(kinds)
    assert judge.diagnose(manager, run) is findings  # nothing new, nothing worked out again
    (wins,) = [finding for finding in findings if finding.kind == "G wins"]
    assert wins.suggestion == {"d_optimizer.lr": 0.001}
    branch = manager.branch(run, 0, wins.suggestion)
    assert at_rest(manager, branch).config["d_optimizer"]["lr"] == 0.001
    assert manager.view(branch).parent == run


def test_a_rate_that_was_raised_on_the_way_is_named_a_hundred_steps_later(manager: RunManager) -> None:
    calm = plane(
        g_optimizer__lr="0.001", g_optimizer__beta1="0", d_optimizer__beta1="0", total_images=str(128 * 1_400)
    )
    run = manager.start(calm, stop_at_step=763)
    at_rest(manager, run)
    manager.resume(run)
    manager.send(run, Change("g_optimizer.lr", 0.3))
    at_rest(manager, run)
    (change,) = [one for one in manager.changes(run) if one.path == "g_optimizer.lr"]
    evidence = diagnoser(manager).evidence(manager, run)
    first, *_ = diagnose(evidence.until(change.step + 100))
    assert (first.kind, first.step, first.suggestion) == (LIVE_CHANGE, change.step, {"g_optimizer.lr": 0.001})
    branch = manager.branch(run, change.step, first.suggestion)
    assert at_rest(manager, branch).config["g_optimizer"]["lr"] == 0.001


def test_a_run_is_looked_at_anew_where_it_has_gone_on(manager: RunManager) -> None:
    run = manager.start(plane(total_images=str(128 * 300)))
    at_rest(manager, run)
    judge = diagnoser(manager)
    early = judge.evidence(manager, run)
    manager.resume(run, total_images=128 * 600)
    at_rest(manager, run)
    late = judge.evidence(manager, run)
    fresh = diagnoser(manager).evidence(manager, run)
    assert late.step > early.step
    assert np.allclose(late.looks["movement"], fresh.looks["movement"], equal_nan=True)


def test_a_grid_whose_file_is_gone_is_left_out(manager: RunManager) -> None:
    run = manager.start(quick(steps=60, record__evaluate_images=0))
    at_rest(manager, run)
    steps = diagnoser(manager).evidence(manager, run).looks["step"].tolist()
    (manager.runs_dir / run / "samples" / f"{round(steps[2]):08d}.png").unlink()
    looked = diagnoser(manager).evidence(manager, run).looks["step"].tolist()
    assert looked == [step for step in steps if step != steps[2]]


def test_a_run_that_has_just_begun_is_not_judged(manager: RunManager) -> None:
    run = manager.start(replace(quick(steps=8, record__evaluate_images=0)))
    at_rest(manager, run)
    findings = diagnoser(manager).diagnose(manager, run)
    assert findings == () or [finding.kind for finding in findings] == [HEALTHY]

"""A small part of the referee's trial, on a seed that no threshold has seen; the whole is in benchmarks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.referee.live import LIVE_BAD, LIVE_HEALTHY
from benchmarks.referee.record import Recorder, load, save
from benchmarks.referee.scenarios import Scenario
from benchmarks.referee.table import DOCUMENT, table
from benchmarks.referee.trial import (
    BAD,
    FIT_SEEDS,
    HEALTHY,
    LEAST,
    REPORT_SEEDS,
    RESULTS,
    SCENARIOS,
    judge,
    moments,
    record_file,
)
from gan_core.measure.referee.findings import KINDS, TROUBLES, findings_by, thresholds
from gan_core.measure.referee.scores import SCORES
from gan_core.objectives.base import losses

SEED = 11
QUICK = ("ring, D asleep", "ring, still", "clothes, D asleep")


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    torch.set_num_threads(1)
    return Recorder()


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.name in QUICK], ids=lambda s: s.name)
def test_a_scenario_is_judged_rightly_from_a_fresh_seed(scenario: Scenario, recorder: Recorder) -> None:
    """At half of the trial's length for images, which is as well recorded."""
    config = scenario.config(SEED)
    if scenario.images:
        config = replace(config, total_images=config.total_images // 2)
    evidence, _ = recorder.record(config)
    found = {kind for cut in moments(evidence) for kind in findings_by(cut, thresholds())}
    if scenario.kinds:
        assert found & set(scenario.kinds), found
    else:
        assert not found & set(TROUBLES), found


def test_a_record_comes_back_as_it_was(recorder: Recorder, tmp_path: Path) -> None:
    scenario = HEALTHY[0]
    evidence, seconds = recorder.record(replace(scenario.config(SEED), total_images=128 * 400))
    save(tmp_path / "x.json", evidence, seconds)
    back, _ = load(tmp_path / "x.json")
    assert back.config == evidence.config
    assert back.floor == evidence.floor
    for one, other in ((back.curves, evidence.curves), (back.looks, evidence.looks)):
        assert set(one) == set(other)
        for name in one:
            assert one[name].tolist() == pytest.approx(other[name].tolist(), nan_ok=True)


def test_the_suite_is_what_was_promised() -> None:
    """At least six seeds each; none that is fitted to is reported; ill and healthy, points and images; every kind;
    twelve kinds of live changes, and every loss but the one that saturates.
    """
    assert len({*FIT_SEEDS, *REPORT_SEEDS}) >= 6
    assert not {*FIT_SEEDS} & {*REPORT_SEEDS}
    for group in (BAD, HEALTHY):
        assert {scenario.images for scenario in group} == {True, False}
    assert {kind for scenario in BAD for kind in scenario.kinds} == set(SCORES)
    assert {"oscillation", "plateau"} <= {scenario.kinds[0] for scenario in BAD if scenario.images}
    assert len(LIVE_BAD + LIVE_HEALTHY) >= 12
    played = {losses.name_of(scenario.base.loss) for scenario in HEALTHY}
    assert played >= {"non-saturating", "hinge", "least-squares", "wasserstein", "relativistic"}
    assert len({record_file(Path(), scenario, 1) for scenario in SCENARIOS}) == len(SCENARIOS)


def test_the_table_and_the_thresholds_are_those_of_the_results() -> None:
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert table(found).strip() in DOCUMENT.read_text(encoding="utf-8")
    assert set(thresholds()) == set(SCORES)
    assert all(thresholds()[kind][where] >= LEAST[kind] for kind in SCORES for where in ("plane", "images"))


def test_the_figures_of_the_results_follow_from_their_verdicts() -> None:
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    verdict = {name: {int(seed): kinds for seed, kinds in by.items()} for name, by in found["verdicts"].items()}
    assert {kind for by in verdict.values() for kinds in by.values() for kind in kinds} <= {*KINDS, "too early"}
    ill, well = judge(BAD, verdict, REPORT_SEEDS), judge(HEALTHY, verdict, REPORT_SEEDS)
    assert (sum(ill), len(ill)) == (found["bad_found"], found["bad_runs"])
    assert (well.count(False), len(well)) == (found["healthy_accused"], found["healthy_runs"])
    assert sum(ill) >= 0.9 * len(ill) > 0
    assert well.count(False) <= 0.05 * len(well)

"""What the referee must not say: each was said once of a run of which it was not true."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gan_core.config.codec import replace_at, walk
from gan_core.data import UnequalMixture
from gan_core.measure.referee.evidence import Changed, Evidence, Measured, aftermath_steps
from gan_core.measure.referee.findings import HEALTHY, LIVE_CHANGE, Finding, diagnose
from gan_core.measure.referee.live_words import field_words
from gan_core.measure.referee.words import CAUSES, NOT_GOOD, STILL_FAR, TITLES, suggestion
from gan_core.objectives.base import augmentations, losses, penalties
from gan_core.training import RunConfig
from gan_core.training.optimizers import optimizers
from tests.measure.test_referee import BROKEN, COUNT, ILL, IMAGES, PLANE, RAISED, STEPS, kinds, run

LAST = int(STEPS[-1])
REAL = {"sliced_wasserstein": 0.02, "modes_covered": 8.0, "high_quality_share": 0.99}
FAR = {"sliced_wasserstein": 1.02}
RAMP = Changed(2_000, "ema.ramp_up", 0.05, 0.06)


def measured(evidence: Evidence, *found: tuple[int, dict[str, float]]) -> Evidence:
    """With evaluations of points: at a step, what is not as real samples have it."""
    return replace(evidence, measured=tuple(Measured(at, at * 64, REAL | values, REAL, FAR) for at, values in found))


def first(evidence: Evidence) -> Finding:
    return diagnose(evidence)[0]


def late(config: RunConfig = PLANE, **values: Any) -> Evidence:
    """A run with nothing left to go."""
    return run(replace(config, total_images=LAST * 64), **values)


def test_trouble_that_comes_after_a_change_without_harm_came_by_itself() -> None:
    chase = {"movement": np.where(STEPS > 2_400, 1.2, 0.1), "distance": np.r_[1.0, np.full(COUNT - 1, 0.3)]}
    assert kinds(run(PLANE, (RAMP,), **chase)) == ["oscillation"]
    slow = chase | {"distance": np.where(STEPS > 2_400, 0.4, chase["distance"])}
    assert kinds(run(PLANE, (RAMP,), **slow))[:2] == [LIVE_CHANGE, "oscillation"]  # it has become worse too


def test_an_innocent_later_change_does_not_take_the_blame() -> None:
    """What broke little by little is laid to the change that it began with, not to each that comes after."""
    later = replace(RAMP, step=3_000)
    away = np.interp(STEPS, [0, 100, 2_000, 3_000, 3_900], [1.0, 0.3, 0.3, 0.42, 0.42])
    said = first(run(PLANE, (*RAISED, later), distance=away, movement=np.where(STEPS > 2_400, 1.2, 0.1)))
    assert (said.kind, said.step) == (LIVE_CHANGE, 2_000)
    assert said.title.startswith("Since you raised G's learning rate at step 2,000")


def test_what_was_raised_first_is_not_called_lowered() -> None:
    down = Changed(2_200, "g_optimizer.lr", 0.3, 0.0005)
    said = first(run(PLANE, (*RAISED, down), g_loss=BROKEN))
    assert said.title == "Since you raised G's learning rate at step 2,000, training has gone wrong"
    assert said.suggestion == {"g_optimizer.lr": 0.001}
    drag = Changed(2_000, "g_optimizer.lr", 0.001, 0.0005), Changed(2_003, "g_optimizer.lr", 0.0005, 0.3)
    assert "raised" in first(run(PLANE, drag, g_loss=BROKEN)).title


def test_each_change_has_its_own_step() -> None:
    off = Changed(2_050, "ema.half_life_images", 10_000, 0)
    said = first(run(PLANE, (*RAISED, off), g_loss=BROKEN))
    assert said.title == (
        "Since you raised G's learning rate at step 2,000, and set the moving average's half-life to 0 at step "
        "2,050, training has gone wrong"
    )


def test_a_gradient_that_stays_small_has_not_exploded() -> None:
    assert kinds(run(PLANE, RAISED, d_grad_norm=np.where(STEPS > 2_000, 0.63, 0.05))) == [HEALTHY]
    assert LIVE_CHANGE in kinds(run(PLANE, RAISED, d_grad_norm=np.where(STEPS > 2_000, 63.0, 5.0)))


@pytest.mark.parametrize(("seen", "accused"), [(0.95, False), (0.8, True)])
def test_what_an_evaluation_finds_lost_is_laid_to_the_change_where_the_looks_bear_it_out(
    seen: float, accused: bool
) -> None:
    evidence = run(PLANE, RAISED, even_modes=np.where(STEPS > 2_000, seen, 0.95))
    found = measured(evidence, (2_000, {}), (2_400, {"modes_covered": 2.0}))
    assert (LIVE_CHANGE in kinds(found)) == accused
    if accused:
        assert (
            first(found).words
            == "The share of the modes that the samples miss has gone, as measured, from 0 to 0.75."
        )


@pytest.mark.parametrize("ratio", [1.5, 4.0])
def test_all_in_the_heaviest_mode_is_a_collapse(ratio: float) -> None:
    data = UnequalMixture(ratio=ratio)
    modes = data.modes()
    assert modes is not None
    heaviest = float(np.max(modes.weights))
    config = replace(PLANE, data=data)
    assert kinds(run(config, even_modes=heaviest)) == ["mode collapse"]
    assert kinds(run(config, even_modes=1 - 0.3 * (1 - heaviest))) == [HEALTHY]


def test_a_dot_is_a_collapse_wherever_it_lies() -> None:
    """Between two modes it counts as half in each, and of data without modes as ever more different points."""
    assert kinds(run(PLANE, even_modes=0.25, spread=0.03, twins=0.01)) == ["mode collapse"]
    spread = np.where(STEPS > 3_000, 0.004, 0.001)
    assert "mode collapse" in kinds(run(PLANE, even_modes=np.nan, spread=spread, twins=spread))


def test_no_trouble_is_not_said_of_pictures_without_variety() -> None:
    real, poor = {"fid": 5.0, "recall": 0.9, "coverage": 0.96}, {"fid": 200.0, "recall": 0.006, "coverage": 0.03}
    found = Measured(LAST, LAST * 64, poor, real, {"fid": 2_000.0})
    said = first(replace(late(IMAGES), measured=(found,)))
    assert (said.kind, said.title) == (HEALTHY, NOT_GOOD)
    assert said.cause != CAUSES[HEALTHY]


def test_an_evaluation_counts_until_the_next_is_due_and_is_told_of_for_longer() -> None:
    poor = {"high_quality_share": 0.1, "modes_covered": 3.0}
    for at, told in ((0.55, True), (0.3, True), (0.2, False)):
        evidence = measured(late(), (int(at * LAST), poor))
        assert ("Measured at" in first(evidence).words) == told
        assert (first(evidence).title == NOT_GOOD) == told


def test_of_pictures_that_were_never_measured_it_is_said_that_it_is_early() -> None:
    assert first(run(IMAGES)).title == STILL_FAR
    assert first(late(IMAGES)).title == TITLES[HEALTHY]


def test_that_nobody_has_run_ahead_is_not_said_of_a_discriminator_that_is_always_right() -> None:
    assert first(late()).cause == CAUSES[HEALTHY]
    sure = first(late(d_accuracy_real=1.0, d_accuracy_fake=1.0))
    assert (sure.kind, sure.cause) == (HEALTHY, "The discriminator is ahead, and the generator follows.")


def test_a_blind_discriminator_is_not_called_sure() -> None:
    gone = ILL["vanishing gradient"]
    assert "vanishing gradient" in kinds(run(PLANE, **gone))
    assert "vanishing gradient" not in kinds(run(PLANE, **gone, d_accuracy_fake=0.3))
    assert "vanishing gradient" not in kinds(run(PLANE, **gone, d_accuracy_real=0.49))


def test_samples_that_are_on_their_way_back_have_not_run_away() -> None:
    out = np.where(STEPS > 2_500, 4.0, 1.0)
    assert "diverging" in kinds(run(PLANE, radius=out))
    assert kinds(run(PLANE, radius=np.where(STEPS == LAST, 1.5, out))) == [HEALTHY]


def test_a_run_whose_evaluations_become_better_is_on_no_plateau() -> None:
    """A share of a squared distance to what was very far away hides it."""
    still = run(PLANE, **ILL["plateau"])
    assert kinds(still) == ["plateau"]
    assert kinds(measured(still, (1_500, {}), (LAST, {}))) == ["plateau"]
    assert kinds(measured(still, (1_500, {"high_quality_share": 0.7}), (LAST, {"high_quality_share": 0.9}))) == [
        HEALTHY
    ]
    assert kinds(measured(still, (1_500, {"modes_covered": 6.0}), (LAST, {}))) == [HEALTHY]
    assert kinds(measured(still, (1_500, {"sliced_wasserstein": 0.08}), (LAST, {"sliced_wasserstein": 0.05}))) == [
        HEALTHY
    ]


def test_a_rate_is_not_lowered_to_more_than_it_is() -> None:
    change, _ = suggestion("plateau", replace_at(PLANE, "d_optimizer.lr", 1e-9))
    assert "d_optimizer.lr" not in change
    assert change["g_optimizer.lr"] < PLANE.g_optimizer.lr


@pytest.mark.parametrize(
    ("good", "words"), [(0.02, "about halfway"), (0.6, "most of the way"), (0.97, "close to real")]
)
def test_points_between_the_modes_are_not_called_close_to_real_ones(good: float, words: str) -> None:
    evidence = late(distance=np.r_[1.0, np.full(COUNT - 1, 0.005)], movement=0.3)
    assert words in first(measured(evidence, (LAST, {"high_quality_share": good}))).words


def test_the_looks_after_changes_that_follow_each_other_are_those_of_one_watch() -> None:
    assert aftermath_steps([810]) == {860, 910}
    assert aftermath_steps([810, 857, 1_000]) >= {860, 910, 960, 1_050, 1_100}


def test_what_was_changed_is_called_by_a_noun() -> None:
    """Labels such as "Every" are read beside a control, and make no sentence: each live field is tried."""
    families = {"loss": losses, "penalty": penalties, "augmentation": augmentations, "g_optimizer": optimizers}
    asked = {field: [entry.name for entry in family] for field, family in families.items()}
    seen = {}
    for field, names in asked.items():
        for name in names:
            config = replace_at(IMAGES, field, families[field].get(name).cls())
            seen |= {path: field_words(config, path) for path, spec, _ in walk(config) if spec.live}
    assert "penalty.interval" in seen
    verbs = {path: words for path, words in seen.items() if words.split()[-1] in ("every", "after", "in", "to", "at")}
    assert not verbs

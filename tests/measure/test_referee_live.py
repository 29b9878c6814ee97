"""What the referee says of a change on the way, and of what was measured: on evidence that is made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gan_core.measure.referee.evidence import Changed, Evidence, Measured
from gan_core.measure.referee.findings import HEALTHY, LIVE_CHANGE, diagnose
from gan_core.measure.referee.numbers import share_words
from gan_core.measure.referee.words import NOT_GOOD, STILL_FAR, TITLES
from tests.measure.test_referee import BROKEN, IMAGES, PLANE, RAISED, STEPS, kinds, run

REAL = {"fid": 5.0, "recall": 0.7, "coverage": 0.9, "class_entropy": 2.3}
UNTRAINED = {"fid": 871.0, "recall": 0.0, "coverage": 0.0, "class_entropy": 0.0}
POOR = {"fid": 531.0, "recall": 0.0, "coverage": 0.03, "class_entropy": 2.2}


def evaluated(values: dict[str, float], config: Any = IMAGES, **columns: Any) -> Evidence:
    """A run that was evaluated at a half and at its end, with the same result."""
    last = int(STEPS[-1])
    found = tuple(Measured(step, step * 64, values, REAL, UNTRAINED) for step in (last // 2, last))
    return replace(run(config, **columns), measured=found)


@pytest.mark.parametrize("config", [PLANE, IMAGES], ids=["plane", "images"])
def test_what_was_changed_last_is_named_within_a_hundred_steps_with_the_way_back(config: Any) -> None:
    evidence = run(config, RAISED, g_loss=BROKEN)
    assert LIVE_CHANGE not in kinds(evidence.until(2_000))
    first, *_ = diagnose(evidence.until(2_100))
    assert (first.kind, first.step) == (LIVE_CHANGE, 2_000)
    assert first.title == "Since you raised G's learning rate at step 2,000, training has gone wrong"
    assert first.words == "G's loss has gone from 0.9 to 9."
    assert first.suggestion == {"g_optimizer.lr": 0.001}
    assert "back to 0.001" in first.suggestion_words
    assert "branch from step 2,000" in first.suggestion_words


def test_a_change_that_did_no_harm_is_not_accused() -> None:
    assert kinds(run(PLANE, RAISED)) == [HEALTHY]
    lowered = Changed(2_000, "g_optimizer.lr", 0.004, 0.001)
    assert kinds(run(PLANE, (lowered,), g_loss=np.where(STEPS > 2_000, 1.3, 0.9))) == [HEALTHY]


def test_what_was_broken_before_is_no_fault_of_the_change() -> None:
    assert LIVE_CHANGE not in kinds(run(PLANE, RAISED, even_modes=np.where(STEPS > 500, 0.125, 0.95)))


def test_of_two_changes_the_one_before_the_break_is_named() -> None:
    other = Changed(1_000, "k_d", 1, 3)
    (first, *_) = diagnose(run(PLANE, (other, *RAISED), g_loss=BROKEN))
    assert first.step == 2_000
    assert list(first.suggestion) == ["g_optimizer.lr"]


def test_one_that_moved_in_several_steps_goes_back_to_where_it_began() -> None:
    drag = tuple(Changed(2_000 + i, "g_optimizer.lr", before, after)
                 for i, (before, after) in enumerate(((0.004, 0.02), (0.02, 0.1), (0.1, 0.3))))  # fmt: skip
    (first, *_) = diagnose(run(PLANE, drag, g_loss=BROKEN))
    assert (first.step, first.suggestion) == (2_000, {"g_optimizer.lr": 0.004})


def test_what_a_later_change_makes_worse_is_laid_to_the_one_that_broke_it() -> None:
    more = Changed(2_500, "g_optimizer.lr", 0.3, 3.0)
    worse = np.where(STEPS > 2_500, 90.0, BROKEN)
    (first, *_) = diagnose(run(PLANE, (*RAISED, more), g_loss=worse))
    assert (first.step, first.suggestion) == (2_000, {"g_optimizer.lr": 0.001})
    (first, *_) = diagnose(run(PLANE, (*RAISED, more), g_loss=np.where(STEPS > 2_500, 90.0, 0.9)))
    assert (first.step, first.suggestion) == (2_500, {"g_optimizer.lr": 0.3})


@pytest.mark.parametrize(("g_at", "d_at", "height"), [(2_000, 2_300, 3.0), (2_000, 2_300, 40.0), (1_990, 2_060, 9.0)])
def test_the_one_that_broke_it_is_named_and_the_later_one_beside_it(g_at: int, d_at: int, height: float) -> None:
    """Where it was hardly so broken that it is said, and the later one made it worse; or nobody could tell yet."""
    both = Changed(g_at, "g_optimizer.lr", 0.001, 0.3), Changed(d_at, "d_optimizer.lr", 0.004, 0.04)
    loss = np.where(d_at + 100 <= STEPS, height, np.where(STEPS > 2_000, 2.5, 0.9))
    (first, *_) = diagnose(run(PLANE, both, g_loss=loss))
    assert (first.step, set(first.suggestion)) == (g_at, {"g_optimizer.lr", "d_optimizer.lr"})


def test_what_has_healed_before_the_next_change_did_not_break_it() -> None:
    later = Changed(2_500, "d_optimizer.lr", 0.004, 0.04)
    loss = np.where(STEPS > 2_500, 60.0, np.where((STEPS > 2_000) & (STEPS <= 2_200), 9.0, 0.9))
    (first, *_) = diagnose(run(PLANE, (*RAISED, later), g_loss=loss))
    assert (first.step, list(first.suggestion)) == (2_500, ["d_optimizer.lr"])


@pytest.mark.parametrize("healed", [True, False])
def test_a_change_that_was_taken_back(healed: bool) -> None:
    back = Changed(2_500, "g_optimizer.lr", 0.3, 0.001)
    loss = np.where((STEPS > 2_000) & (STEPS <= 2_600), 9.0, 0.9) if healed else BROKEN
    said = diagnose(run(PLANE, (*RAISED, back), g_loss=loss))
    if healed:
        assert [finding.kind for finding in said] == [HEALTHY]
    else:
        assert said[0].title == "Since you raised G's learning rate at step 2,000, training has gone wrong"
        assert said[0].suggestion_words == (
            "It is taken back. If the samples do not recover, branch from step 2,000, just before it."
        )


def test_slow_trouble_is_laid_to_the_change_before_it_and_nothing_else_is_advised() -> None:
    evidence = run(PLANE, RAISED, even_modes=np.where(STEPS > 2_400, 0.125, 0.95), twins=0.01)
    first, *others = diagnose(evidence)
    assert first.kind == LIVE_CHANGE
    assert "mode collapse" in [finding.kind for finding in others]
    assert not any(finding.suggestion for finding in others)


def test_a_hot_discriminator_is_found_by_what_was_measured() -> None:
    """Pooled pictures come nearer and nearer; recall, coverage and the Fréchet distance say that they do not."""
    sure = {"d_accuracy_real": 1.0, "d_accuracy_fake": 1.0}
    assert kinds(run(IMAGES, **sure)) == [HEALTHY]
    assert "D wins" in kinds(evaluated(POOR, **sure))
    nearly = {"d_accuracy_real": 0.84, "d_accuracy_fake": 0.9}
    assert "D wins" in kinds(evaluated(POOR, **nearly))
    assert kinds(evaluated(POOR | {"coverage": 0.5}, **nearly)) == [HEALTHY]
    good = {"fid": 20.0, "recall": 0.5, "coverage": 0.8, "class_entropy": 2.2}
    assert kinds(evaluated(good, **sure)) == [HEALTHY]


def test_two_classes_of_ten_are_a_collapse_however_different_the_pictures() -> None:
    evidence = evaluated(POOR | {"class_entropy": 0.8})
    assert "mode collapse" in kinds(evidence)
    first, last = evidence.measured
    begun = replace(first, values={**first.values, "class_entropy": 0.1})
    assert kinds(replace(evidence, measured=(begun, last))) == [HEALTHY]  # they become more


def test_healthy_never_contradicts_the_newest_evaluation() -> None:
    (said,) = diagnose(evaluated(POOR | {"fid": 368.0, "recall": 0.03}))
    assert said.kind == HEALTHY
    assert said.title == STILL_FAR
    assert "Fréchet distance 368 (real samples: 5)" in said.words
    assert "recall 0.03" in said.words
    assert "close to real" not in said.words
    assert "%" not in said.words
    late = evaluated(POOR)
    (said,) = diagnose(replace(late, config=replace(late.config, total_images=300_000)))
    assert said.title == NOT_GOOD  # it is not early any more


def test_of_points_that_miss_places_or_lie_beside_them_it_is_said_that_they_are_not_good() -> None:
    real = {"sliced_wasserstein": 0.02, "modes_covered": 8.0, "high_quality_share": 0.99}
    last = int(STEPS[-1])
    evidence = run(PLANE)
    for values, good in (({}, True), ({"modes_covered": 5.0}, False), ({"high_quality_share": 0.2}, False)):
        found = Measured(last, last * 64, real | values, real, {"sliced_wasserstein": 1.0})
        (said,) = diagnose(replace(evidence, measured=(found,)))
        assert said.kind == HEALTHY
        assert said.title == (TITLES[HEALTHY] if good else STILL_FAR)


def test_an_old_evaluation_says_nothing_of_now() -> None:
    evidence = evaluated(POOR, d_accuracy_real=1.0, d_accuracy_fake=1.0)
    first, _ = evidence.measured
    old = replace(evidence, measured=(replace(first, step=first.step // 3, images=first.images // 3),))
    assert kinds(old) == [HEALTHY]
    assert "Measured" not in diagnose(old)[0].words


def test_shares_of_the_way_are_words() -> None:
    said = [share_words(share) for share in (0.01, 0.2, 0.5, 0.9, 3.0)]
    assert len(set(said)) == 5
    assert "close to real" in said[0]
    assert "further" in said[-1]

"""Modes covered, high quality and proportions: against loops, by hand, and for generators that have collapsed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_core.data.sets.points import Modes
from gan_core.measure import count_modes
from tests.measure.brute_force import draw, ring_modes


def by_loops(points, modes):
    """(nearest [K], high quality [K]), one sample and one mode at a time."""
    nearest, high = [0] * len(modes.centres), [0] * len(modes.centres)
    for x, y in np.asarray(points, dtype=np.float64):
        away = [math.hypot(x - cx, y - cy) for cx, cy in modes.centres]
        k = away.index(min(away))
        nearest[k] += 1
        high[k] += away[k] / modes.std <= 3
    return nearest, high


@given(
    k=st.integers(1, 9), std=st.floats(0.01, 1.0), spread=st.floats(0.01, 3.0), count=st.integers(1, 60),
    seed=st.integers(0, 999),
)  # fmt: skip
def test_counts_are_those_of_loops(k, std, spread, count, seed):
    modes = ring_modes(k, std)
    points = draw(ring_modes(k, spread), count, seed)
    counts, (nearest, high) = count_modes(points, modes), by_loops(points, modes)
    assert counts.nearest.tolist() == nearest
    assert counts.high_quality.tolist() == high
    assert counts.covered == sum(h > 0 for h in high)
    assert counts.high_quality_share == pytest.approx(sum(high) / count)
    expected = sum(q / count * math.log(q / count * k) for q in nearest if q)
    assert counts.reverse_kl(modes.weights) == pytest.approx(expected, abs=1e-12)


def test_three_standard_deviations_are_the_border_and_one_sample_is_enough():
    modes = Modes(np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]]), 0.5, np.full(3, 1 / 3))
    inside, outside = 1.5 - 1e-6, 1.5 + 1e-6
    points = np.array([[0.0, inside], [10.0, outside], [10 - inside * 0.6, inside * 0.8], [20.0 + outside, 0.0]])
    counts = count_modes(points, modes)
    assert counts.nearest.tolist() == [1, 2, 1]
    assert counts.high_quality.tolist() == [1, 1, 0]
    assert counts.covered == 2
    assert counts.high_quality_share == 0.5


def test_a_cloud_over_all_modes_covers_them_and_has_found_none():
    modes = ring_modes(8, 0.02)
    cloud = np.random.default_rng(5).normal(scale=0.7, size=(20_000, 2))
    counts = count_modes(cloud, modes)
    assert (counts.covered, counts.found(modes.weights)) == (8, 0)
    some = Modes(modes.centres[:5], modes.std, np.full(5, 1 / 5))
    assert count_modes(draw(some, 500, 3), modes).found(modes.weights) == 5
    few = np.repeat(modes.centres, [100, 1, 2, 0, 0, 0, 0, 0], axis=0)  # a fair share of 103 is 13, a tenth of it 1.3
    assert count_modes(few, modes).found(modes.weights) == 2


@pytest.mark.parametrize("k", [2, 8, 25])
def test_a_generator_with_one_mode_covers_one_and_its_reverse_kl_is_log_k(k):
    modes = ring_modes(k)
    only = Modes(modes.centres[:1], modes.std, np.ones(1))
    counts = count_modes(draw(only, 2_000, 3), modes)
    assert counts.covered == 1
    assert counts.reverse_kl(modes.weights) == pytest.approx(math.log(k))
    assert counts.high_quality_share > 0.98


def test_with_unequal_weights_a_rare_mode_alone_costs_more_than_a_common_one():
    modes = ring_modes(3, 0.01, [0.7, 0.2, 0.1])
    for k, weight in enumerate(modes.weights):
        only = Modes(modes.centres[k : k + 1], modes.std, np.ones(1))
        kl = count_modes(draw(only, 100, k), modes).reverse_kl(modes.weights)
        assert kl == pytest.approx(-math.log(weight))
    shares = np.repeat(modes.centres, [7, 2, 1], axis=0)
    assert count_modes(shares, modes).reverse_kl(modes.weights) == pytest.approx(0.0, abs=1e-12)


def test_samples_between_the_modes_have_no_quality_but_their_proportions_count():
    modes = ring_modes()
    counts = count_modes(np.repeat(modes.centres * (1 + 4 * modes.std), 5, axis=0), modes)
    assert counts.covered == 0
    assert counts.high_quality_share == 0.0
    assert counts.reverse_kl(modes.weights) == pytest.approx(0.0, abs=1e-12)


def test_samples_that_are_not_finite_are_of_no_quality():
    modes = ring_modes()
    points = draw(modes, 100, 1)
    points[:30] = modes.centres[2]
    points[30:50, 0], points[50:60, 1] = np.nan, np.inf
    counts = count_modes(points, modes)
    nearest, high = by_loops(np.delete(points, np.s_[30:60], axis=0), modes)
    assert counts.nearest.tolist() == nearest
    assert counts.high_quality_share == sum(high) / 100  # of all hundred
    assert math.isnan(counts.reverse_kl(modes.weights))
    nothing = count_modes(np.full((9, 2), np.nan), modes)
    assert (nothing.covered, nothing.high_quality_share) == (0, 0.0)


def test_a_perfect_generator_has_the_share_of_a_gaussian_within_three_standard_deviations():
    counts = count_modes(draw(ring_modes(), 200_000, 5), ring_modes())
    assert counts.high_quality_share == pytest.approx(1 - math.exp(-4.5), abs=1e-3)

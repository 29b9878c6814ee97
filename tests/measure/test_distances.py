"""Sliced Wasserstein and MMD against other formulas in float64, and what they must do under simple changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core.measure.distances import MaximumMeanDiscrepancy, SlicedWasserstein
from tests.measure.brute_force import draw, median_distance, mmd2, ring_modes, sliced_w1

DIRECTIONS, WIDTHS = 64, (1, 0.5, 0.25, 0.125, 0.0625)

numbers = st.integers(0, 10_000)
sizes = st.integers(2, 30)


def cloud(count, seed, scale=1.0):
    return (scale * np.random.default_rng(seed).standard_normal((count, 2))).astype(np.float32)


@given(n=sizes, m=sizes, seed=numbers, scale=st.sampled_from([0.01, 1.0, 30.0]))
@settings(max_examples=40)
def test_sliced_wasserstein_is_the_area_between_the_distribution_functions(n, m, seed, scale):
    fakes, real = cloud(n, seed, scale), cloud(m, seed + 1)
    assert SlicedWasserstein(real, n)(fakes) == pytest.approx(sliced_w1(fakes, real, DIRECTIONS), rel=1e-4)


def test_sliced_wasserstein_is_exact_enough_at_the_size_and_on_the_data_it_is_used_for():
    modes = ring_modes()
    fakes, real = draw(modes, 2_000, 1), draw(modes, 8_192, 2)
    assert SlicedWasserstein(real, 2_000)(fakes) == pytest.approx(sliced_w1(fakes, real, DIRECTIONS), rel=2e-5)


def test_sliced_wasserstein_of_a_moved_lump_is_two_thirds_of_the_way():
    """A lump moved by v: the mean of |v cos| over all directions is 2 |v| / pi."""
    real, fakes = np.zeros((70, 2)), np.tile([3.0, 4.0], (50, 1))
    assert SlicedWasserstein(real, 50)(fakes) == pytest.approx(5 * 2 / math.pi, rel=1e-3)


@given(n=sizes, seed=numbers, dx=st.floats(-9, 9), dy=st.floats(-9, 9))
def test_sliced_wasserstein_of_a_moved_copy_is_the_mean_projection_of_the_move(n, seed, dx, dy):
    real = cloud(n, seed)
    angles = (np.arange(DIRECTIONS) + 0.5) * math.pi / DIRECTIONS
    expected = float(np.mean(np.abs(dx * np.cos(angles) + dy * np.sin(angles))))
    assert SlicedWasserstein(real, n)(real + np.array([dx, dy])) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@given(n=sizes, times=st.integers(1, 5), seed=numbers)
def test_sliced_wasserstein_of_the_same_points_is_zero_however_often_each_is_there(n, times, seed):
    real = cloud(n, seed)
    again = np.random.default_rng(seed).permutation(np.repeat(real, times, axis=0))
    assert SlicedWasserstein(real, n * times)(again) == pytest.approx(0.0, abs=1e-6)


@given(n=sizes, m=sizes, seed=numbers, scale=st.floats(0.1, 10.0))
def test_sliced_wasserstein_is_symmetric_and_scales_with_the_plane(n, m, seed, scale):
    fakes, real = cloud(n, seed), cloud(m, seed + 1)
    distance = SlicedWasserstein(real, n)(fakes)
    assert SlicedWasserstein(fakes, m)(real) == pytest.approx(distance, rel=1e-4)
    assert SlicedWasserstein(real * scale, n)(fakes * scale) == pytest.approx(distance * scale, rel=1e-4)


@given(n=st.integers(2, 150), m=st.integers(3, 150), seed=numbers, scale=st.sampled_from([0.01, 1.0, 30.0]))
@settings(max_examples=25)
def test_mmd_is_the_unbiased_estimate(n, m, seed, scale):
    fakes, real = cloud(n, seed, scale), cloud(m, seed + 1)
    measure = MaximumMeanDiscrepancy(real)
    assert measure.median == pytest.approx(median_distance(real), rel=1e-5)
    expected = mmd2(fakes, real, [width * median_distance(real) for width in WIDTHS])
    assert measure(fakes) == pytest.approx(expected, abs=2e-5)


def test_mmd_is_exact_enough_at_the_size_and_on_the_data_it_is_used_for():
    modes = ring_modes()
    fakes, real = draw(modes, 1_000, 1), draw(modes, 1_000, 2)
    measure = MaximumMeanDiscrepancy(real)
    assert measure(fakes) == pytest.approx(mmd2(fakes, real, [w * measure.median for w in WIDTHS]), abs=2e-6)


@given(n=sizes, m=sizes, seed=numbers)
def test_neither_depends_on_the_order_of_the_points(n, m, seed):
    fakes, real, rng = cloud(n, seed), cloud(m, seed + 1), np.random.default_rng(seed)
    mixed_fakes, mixed_real = rng.permutation(fakes), rng.permutation(real)
    distance = SlicedWasserstein(real, n)(fakes)
    assert SlicedWasserstein(mixed_real, n)(mixed_fakes) == pytest.approx(distance, abs=1e-6)
    assert MaximumMeanDiscrepancy(mixed_real)(mixed_fakes) == pytest.approx(
        MaximumMeanDiscrepancy(real)(fakes), abs=1e-5
    )


def test_mmd_of_points_far_away_from_the_real_ones_is_the_two_within_and_nothing_across():
    """Far away in float32, where |x|^2 + |y|^2 - 2 x.y would have lost the distances among the fakes."""
    real = cloud(300, 1)
    measure = MaximumMeanDiscrepancy(real)
    lump = np.full((200, 2), 1e6, dtype=np.float32)
    spread = 1e6 + 1e3 * np.arange(200, dtype=np.float32)[:, None] * np.ones(2, dtype=np.float32)
    within_real = mmd2(np.array([[-1e9, 0.0], [1e9, 0.0]]), real, [w * measure.median for w in WIDTHS])
    assert measure(spread) == pytest.approx(within_real, abs=1e-5)
    assert measure(lump) == pytest.approx(1 + within_real, abs=1e-5)


def test_mmd_is_zero_in_the_mean_for_perfect_samples_of_any_size():
    """Unbiased, unlike the estimate with the diagonal left in, which would be about 1/20 here."""
    scores = [MaximumMeanDiscrepancy(cloud(40, seed))(cloud(20, 10_000 + seed)) for seed in range(300)]
    error = float(np.std(scores)) / math.sqrt(len(scores))
    assert abs(float(np.mean(scores))) < 4 * error < 0.01


def test_real_points_in_one_place_still_have_a_width():
    measure = MaximumMeanDiscrepancy(np.zeros((5, 2)))
    assert measure(np.zeros((4, 2))) == pytest.approx(0.0, abs=1e-6)
    assert measure(np.full((4, 2), 100.0)) == pytest.approx(2.0)


def test_a_sample_of_another_size_is_refused():
    with pytest.raises(ValueError, match="9 points were given; this was built for samples of 10"):
        SlicedWasserstein(np.zeros((5, 2)), 10)(np.zeros((9, 2)))

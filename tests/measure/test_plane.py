"""All measures together and their floors: a perfect sample is perfect, a collapsed or broken one is not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gan_core.data.sets.points import Modes
from gan_core.measure import PLANE_MEASURES, PlaneReference, measure_plane
from gan_core.measure.plane import FLOOR_SAMPLES, _samples
from tests.measure.brute_force import draw, ring_modes

COUNT = 2_000
NAMES = ("modes_covered", "high_quality_share", "reverse_kl", "sliced_wasserstein", "mmd")
UNEQUAL = (0.3, 0.25, 0.15, 0.1, 0.1, 0.05, 0.03, 0.02)


def grid_modes():
    x, y = np.meshgrid(np.linspace(-4, 4, 5), np.linspace(-4, 4, 5))
    return Modes(np.stack([x.ravel(), y.ravel()], axis=1), 0.05, np.full(25, 1 / 25))


ALL_MODES = {"ring": ring_modes(), "grid": grid_modes(), "unequal": ring_modes(8, 0.05, UNEQUAL)}


@pytest.fixture(scope="module", params=ALL_MODES)
def reference(request):
    modes = ALL_MODES[request.param]
    return PlaneReference.build(draw(modes, 8_192, 1), draw(modes, 65_536, 2), modes, COUNT)


def test_perfect_samples_lie_at_the_floor(reference):
    """Unlike a divergence of 0.33 for a perfect generator, as GAN Lab shows it, with nothing to compare it to."""
    found = [measure_plane(draw(reference.modes, COUNT, 100 + seed), reference) for seed in range(60)]
    for measure in PLANE_MEASURES:
        floor = reference.floors[measure.name]
        width, values = floor.high - floor.low, [f[measure.name] for f in found]
        # 90% of them are expected in the band, give or take 7% for a band from 32 samples and a share of 60.
        assert sum(floor.low <= v <= floor.high for v in values) >= 42, measure.name
        assert sum(floor.low - width <= v <= floor.high + width for v in values) >= 59, measure.name
        assert np.mean(values) == pytest.approx(floor.mean, abs=width / 4), measure.name


def test_the_floors_are_where_theory_has_them(reference):
    floors, k = reference.floors, len(reference.modes.weights)
    assert floors["modes_covered"].low == floors["modes_covered"].high == k
    assert floors["high_quality_share"].mean == pytest.approx(1 - math.exp(-4.5), abs=0.002)
    # 2 n KL of a sample's histogram is a chi-squared of K - 1 degrees of freedom, in the limit (Wilks).
    spread = math.sqrt(2 * (k - 1)) / (2 * COUNT)
    assert floors["reverse_kl"].mean == pytest.approx(
        (k - 1) / (2 * COUNT), abs=4 * spread / math.sqrt(FLOOR_SAMPLES)
    )
    assert 0 < floors["sliced_wasserstein"].mean < 0.03 * np.ptp(reference.modes.centres)
    assert floors["mmd"].low < 0 < floors["mmd"].high < 0.01


def test_a_collapsed_generator_is_beyond_every_floor_but_that_of_quality(reference):
    modes = reference.modes
    one = Modes(modes.centres[:1], modes.std, np.ones(1))
    found, floors = measure_plane(draw(one, COUNT, 7), reference), reference.floors
    assert found["modes_covered"] == 1
    assert found["reverse_kl"] == pytest.approx(-math.log(modes.weights[0]))
    assert found["high_quality_share"] > 0.98
    for name in ("reverse_kl", "sliced_wasserstein", "mmd"):
        assert found[name] > 20 * floors[name].high, name


def test_two_modes_missed_are_seen_by_all_that_look_at_proportions(reference):
    modes = reference.modes
    rest = Modes(modes.centres[2:], modes.std, modes.weights[2:] / modes.weights[2:].sum())
    found, floors = measure_plane(draw(rest, COUNT, 8), reference), reference.floors
    assert found["modes_covered"] == len(modes.weights) - 2
    for name in ("reverse_kl", "sliced_wasserstein", "mmd"):
        assert found[name] > floors[name].high, name


def test_blur_is_seen_by_quality(reference):
    modes = reference.modes
    found = measure_plane(draw(Modes(modes.centres, 2 * modes.std, modes.weights), COUNT, 9), reference)
    assert found["high_quality_share"] == pytest.approx(1 - math.exp(-9 / 8), abs=0.05)
    assert found["high_quality_share"] < reference.floors["high_quality_share"].low


def small(modes, seed=0, count=200, real=2_000):
    return PlaneReference.build(draw(modes, 500, 1), draw(modes, real, 2), modes, count, seed)


def test_floors_are_the_same_for_the_same_seed_and_others_for_another():
    assert small(ring_modes(), 3).floors == small(ring_modes(), 3).floors
    assert small(ring_modes(), 3).floors != small(ring_modes(), 4).floors


def test_floors_fall_with_more_points():
    few, many = small(ring_modes(), count=100).floors, small(ring_modes(), count=1_000, real=32_000).floors
    assert many["reverse_kl"].mean < few["reverse_kl"].mean / 5  # 1 / n
    assert many["sliced_wasserstein"].mean < few["sliced_wasserstein"].mean
    assert many["mmd"].high - many["mmd"].low < few["mmd"].high - few["mmd"].low


def test_floor_samples_are_disjoint_where_there_are_enough_points():
    real = np.arange(2 * 40 * FLOOR_SAMPLES).reshape(-1, 2)
    drawn = np.concatenate(list(_samples(real, 40, 5)))
    assert len(drawn) == 40 * FLOOR_SAMPLES
    assert len(np.unique(drawn, axis=0)) == len(drawn)
    assert not np.array_equal(drawn, real[: len(drawn)])  # shuffled
    for sample in _samples(real[:70], 40, 5):  # too few for two: drawn anew each time, none twice in a sample
        assert len(np.unique(sample, axis=0)) == 40


def test_without_modes_there_are_only_the_distances():
    spiral = np.random.default_rng(1).standard_normal((2_000, 2)).astype(np.float32)
    reference = PlaneReference.build(spiral[:500], spiral[500:], None, 300)
    assert tuple(m.name for m in reference.measures) == tuple(reference.floors) == NAMES[3:]
    assert tuple(measure_plane(spiral[:300], reference)) == NAMES[3:]


def test_every_measure_says_what_it_is():
    reference = small(ring_modes())
    assert tuple(m.name for m in PLANE_MEASURES) == NAMES
    assert reference.measures == PLANE_MEASURES
    assert tuple(measure_plane(draw(ring_modes(), 200, 3), reference)) == tuple(reference.floors) == NAMES
    assert len({m.label for m in PLANE_MEASURES}) == len(NAMES)
    assert all(m.help.endswith(".") and "20" in m.source for m in PLANE_MEASURES)
    collapsed = measure_plane(np.zeros((200, 2)), reference)
    for measure in PLANE_MEASURES:  # the direction that is called better is the one in which perfect samples lie
        perfect = reference.floors[measure.name].mean
        assert measure.higher_is_better == (perfect > collapsed[measure.name]), measure.name


def test_points_may_come_as_tensors_of_one_pixel_and_stay_as_they_are():
    modes = ring_modes()
    held_out, real, fakes = draw(modes, 500, 1), draw(modes, 2_000, 2), draw(modes, 200, 3)
    before = fakes.copy()
    found = measure_plane(fakes, PlaneReference.build(held_out, real, modes, 200))
    assert np.array_equal(fakes, before)
    pixels = [torch.from_numpy(a).view(-1, 2, 1, 1) for a in (held_out, real, fakes)]
    of_pixels = measure_plane(pixels[2], PlaneReference.build(pixels[0], pixels[1], modes, 200))
    assert of_pixels == pytest.approx(found, rel=1e-5, abs=1e-6)


def test_a_generator_that_has_run_away_is_measured_without_complaint():
    modes = ring_modes()
    reference, fakes = small(modes), draw(modes, 200, 3)
    fakes[:50] = np.nan
    broken = measure_plane(fakes, reference)
    assert broken["modes_covered"] == 8
    assert 0.6 < broken["high_quality_share"] <= 0.75
    assert all(math.isnan(broken[name]) for name in NAMES[2:])
    far = measure_plane(np.full((200, 2), 1e15, dtype=np.float32), reference)
    assert (far["modes_covered"], far["high_quality_share"]) == (0, 0)
    assert far["sliced_wasserstein"] == pytest.approx(math.sqrt(2) * 1e15 * 2 / math.pi, rel=1e-3)
    for value in (np.inf, -np.inf, 3e38):
        endless = measure_plane(np.full((200, 2), value, dtype=np.float32), reference)
        assert (endless["modes_covered"], endless["high_quality_share"]) == (0, 0)
        assert not any(math.isinf(v) for v in endless.values())


def test_what_does_not_fit_is_refused_in_one_sentence():
    modes = ring_modes()
    reference, points = small(modes), draw(modes, 300, 1)
    with pytest.raises(ValueError, match="199 fakes were given; this reference is for 200"):
        measure_plane(points[:199], reference)
    with pytest.raises(ValueError, match=r"shape \(200, 3\); it should be \(N, 2\)"):
        measure_plane(np.zeros((200, 3)), reference)
    with pytest.raises(ValueError, match="Count is 301; floors from 300 real points need 2 to 300"):
        PlaneReference.build(points, points, modes, 301)

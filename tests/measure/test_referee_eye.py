"""What the referee sees in samples, against definitions written out as loops, and samples whose state is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, pdist

from gan_core.data import Ring, Shapes
from gan_core.data.base import ImageSet
from gan_core.measure.referee.eye import Eye, cut_atlas, flat_features
from gan_core.training.observe.sample_grid import tile

RNG = np.random.default_rng(5)


def points(values: np.ndarray) -> ImageSet:
    images = torch.from_numpy(values.astype(np.float32)).view(-1, 2, 1, 1)
    return ImageSet(images, None, (), images, None)


@pytest.fixture(scope="module")
def ring() -> Eye:
    data = Ring(std=0.05)
    return Eye.build(data.load(1, None), data.modes(), 2_000)  # type: ignore[arg-type]


def test_distance_is_the_energy_distance_over_the_mean_distance_of_real_ones() -> None:
    real = RNG.normal(size=(900, 2))
    eye = Eye.build(points(real), None, 200)
    samples = RNG.normal(loc=1.5, size=(200, 2)).astype(np.float32)
    pair = float(pdist(eye.real).mean())
    expected = (2 * float(cdist(samples, eye.real).mean()) - float(pdist(samples).mean()) - pair) / pair
    assert eye.look(samples, None)["distance"] == pytest.approx(expected, rel=1e-4)


def test_twins_spread_radius_and_movement_by_their_definitions() -> None:
    real = RNG.normal(size=(900, 2))
    eye = Eye.build(points(real), None, 300)
    before = RNG.normal(size=(300, 2)).astype(np.float32)
    samples = (0.1 * before + np.array([3.0, 0.0])).astype(np.float32)
    found = eye.look(samples, before)
    centre = eye.real.mean(0)
    radius = math.sqrt(((eye.real - centre) ** 2).sum(1).mean())
    assert found["radius"] == pytest.approx(math.sqrt(((samples - centre) ** 2).sum(1).mean()) / radius, rel=1e-4)
    assert found["spread"] == pytest.approx(
        math.sqrt(((samples - samples.mean(0)) ** 2).sum(1).mean()) / radius, rel=1e-4
    )
    moved = math.sqrt(((samples - before) ** 2).sum(1).mean())
    assert found["movement"] == pytest.approx(moved / float(pdist(eye.real).mean()), rel=1e-4)
    assert found["twins"] == pytest.approx(0.1, rel=0.3)  # a tenth of the spread has a tenth of the distances


def test_real_samples_look_like_real_ones(ring: Eye) -> None:
    fresh = Ring(std=0.05).sample(2_000, torch.Generator().manual_seed(9)).numpy()
    found = ring.look(fresh, None)
    assert abs(found["distance"] - ring.floor[0]) < 5 * ring.floor[1] + 0.01
    assert found["even_modes"] == pytest.approx(1.0, abs=0.02)
    assert found["spread"] == pytest.approx(1.0, abs=0.05)
    assert found["twins"] == pytest.approx(1.0, abs=0.3)


def test_a_collapsed_sample_is_on_one_of_eight_modes(ring: Eye) -> None:
    place = np.tile(np.array([[1.0, 0.0]], np.float32), (2_000, 1))
    found = ring.look(place, None)
    assert found["even_modes"] == pytest.approx(1 / 8)
    assert found["twins"] == 0.0
    assert found["distance"] > 0.5


def test_copies_of_training_images_are_told_from_unseen_ones() -> None:
    data = Shapes(count=200).load(32, None)  # type: ignore[arg-type]
    eye = Eye.build(data, None, 64)
    copies = flat_features(data.images[:64].numpy())
    unseen = flat_features(data.held_out[:64].numpy())
    assert eye.look(copies, None)["copied"] == pytest.approx(0.0, abs=0.01)
    assert eye.look(unseen, None)["copied"] == pytest.approx(1.0, abs=0.35)


def test_what_is_not_finite_is_unknown(ring: Eye) -> None:
    samples = np.full((2_000, 2), np.nan, np.float32)
    assert all(math.isnan(value) for value in ring.look(samples, None).values())


@pytest.mark.parametrize(("channels", "rows", "columns"), [(1, 3, 5), (3, 4, 2)])
def test_a_grid_is_cut_into_the_pictures_it_was_made_of(channels: int, rows: int, columns: int) -> None:
    pictures = torch.from_numpy(RNG.integers(0, 256, (rows * columns, channels, 6, 6), dtype=np.uint8))
    atlas = tile(pictures, columns)
    cut = cut_atlas(atlas[:, :, 0] if channels == 1 else atlas, columns, rows)
    assert np.array_equal(cut, pictures.numpy())


@pytest.mark.parametrize(
    ("real", "unknown"),
    [
        (np.repeat(RNG.normal(size=(30, 2)), 2, axis=0), {"twins"}),  # every real one is there twice
        (np.zeros((40, 2)), {"twins", "spread", "radius", "distance", "movement"}),
        (np.ones((1, 2)), {"twins", "spread", "radius", "distance", "movement"}),
    ],
    ids=["doubles", "all the same", "one"],
)
def test_what_real_samples_give_no_measure_for_is_unknown(real: np.ndarray, unknown: set[str]) -> None:
    eye = Eye.build(points(real), None, 60)
    samples = RNG.normal(size=(60, 2)).astype(np.float32)
    found = eye.look(samples, samples + 1)
    for name in ("twins", "spread", "radius", "distance", "movement"):
        assert math.isnan(found[name]) == (name in unknown), name

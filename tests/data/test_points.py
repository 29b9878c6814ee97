"""Every density in the plane against itself and against independent formulas: it integrates to 1 and is sampled."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import torch

from gan_core.config.codec import differences, from_dict, replace_at, set_at, to_dict
from gan_core.config.fields import specs
from gan_core.data import (
    Blobs,
    Checkerboard,
    Drawn,
    Grid25,
    Line,
    Moons,
    OneGaussian,
    PointDataset,
    Ring,
    Spiral,
    UnequalMixture,
    point_datasets,
)
from gan_core.data.sets.point_shapes import keep_below

EVERY = pytest.mark.parametrize(
    "dataset", [entry.cls() for entry in point_datasets()], ids=lambda d: type(d).__name__
)
BINS = 24


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn_points(dataset: PointDataset, count: int, seed: int = 1) -> np.ndarray:
    return dataset.sample(count, seeded(seed)).double().numpy()


def cells(dataset: PointDataset, widen: float, fineness: float) -> tuple[np.ndarray, float]:
    """Midpoints [n, n, 2] of a grid over the extent, `widen` times as wide, and a cell's area.

    A cell is at most `fineness` standard deviations wide; 240 cells a side or a multiple lie on all squares' edges.
    """
    x0, x1, y0, y1 = dataset.extent
    std, n = min([v for k, v in vars(dataset).items() if k.startswith("std")], default=math.inf), 240
    while (side := widen * (x1 - x0) / n) > fineness * std:
        n *= 2
    middle = side * (np.arange(n) + 0.5 - n / 2)
    x, y = np.meshgrid((x0 + x1) / 2 + middle, (y0 + y1) / 2 + middle, indexing="ij")
    return np.stack([x, y], -1), side**2


def test_all_that_a_class_expects_are_there() -> None:
    names = [entry.name for entry in point_datasets()]
    wanted = "line ring grid25 moons spiral checkerboard blobs gaussian mixture drawn picture"
    assert sorted(names) == sorted(wanted.split())
    assert all(entry.label and entry.help for entry in point_datasets())


@EVERY
def test_the_density_integrates_to_one(dataset: PointDataset) -> None:
    """Midpoint rule, which for a Gaussian errs by 2 exp(-2 pi^2) = 5e-9 where cells are one std wide."""
    places, area = cells(dataset, widen=2, fineness=1.1)
    assert np.exp(dataset.log_pdf(places.reshape(-1, 2))).sum() * area == pytest.approx(1, abs=1e-6)


@EVERY
def test_samples_fall_where_the_density_says(dataset: PointDataset) -> None:
    """Pearson's chi-square over a grid of bins, rare ones and all outside put together."""
    count = 60_000
    places, area = cells(dataset, widen=1, fineness=1 / 3)
    n = len(places) // BINS
    pdf = np.exp(dataset.log_pdf(places.reshape(-1, 2))).reshape(BINS, n, BINS, n)
    expected = count * pdf.sum((1, 3)).ravel() * area
    x0, x1, y0, y1 = dataset.extent
    found = np.histogram2d(*drawn_points(dataset, count).T, bins=BINS, range=[(x0, x1), (y0, y1)])[0].ravel()
    assert found[expected == 0].sum() == 0
    common = expected >= 10
    found = np.append(found[common], count - found[common].sum())
    expected = np.append(expected[common], count - expected[common].sum())
    if expected[-1] < 10:
        assert found[-1] < 30
        found, expected = found[:-1], expected[:-1]
    statistic = ((found - expected) ** 2 / expected).sum()
    assert scipy.stats.chi2.sf(statistic, len(found) - 1) > 1e-3


@EVERY
def test_the_same_seed_draws_the_same_points_and_nothing_else_is_touched(dataset: PointDataset) -> None:
    before = torch.get_rng_state()
    first, again, other = (dataset.sample(500, seeded(seed)) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (500, 2)
    assert first.dtype == torch.float32
    assert torch.equal(before, torch.get_rng_state())
    assert dataset.sample(0, seeded(3)).shape == (0, 2)
    assert dataset.log_pdf(np.zeros((0, 2))).shape == (0,)


@EVERY
def test_it_loads_as_pictures_of_one_pixel(dataset: PointDataset, tmp_path: Path) -> None:
    info, loaded = dataset.info(tmp_path), dataset.load(28, tmp_path)
    assert (info.channels, info.native_size, info.count, info.classes) == (2, 1, 65_536, ())
    assert loaded.images.shape == (65_536, 2, 1, 1)
    assert loaded.held_out.shape == (8_192, 2, 1, 1)
    assert loaded.images.dtype == loaded.held_out.dtype == torch.float32
    assert loaded.images.is_contiguous()
    assert (loaded.labels, loaded.held_out_labels, loaded.classes) == (None, None, ())
    again = dataset.load(64, tmp_path)
    assert torch.equal(loaded.images, again.images)
    assert torch.equal(loaded.held_out, again.held_out)
    repeats = (loaded.held_out[:500, None] == loaded.images[None, :, :]).flatten(2).all(2)
    assert not repeats.any()


def variants() -> Iterator[PointDataset]:
    """Every dataset with each of its options at either end."""
    for entry in point_datasets():
        for name, spec in specs(entry.cls).items():
            if spec.kind in ("float", "int", "choice"):
                for value in spec.choices or (spec.low, spec.high):
                    yield replace_at(entry.cls(), name, value)
        yield entry.cls()


@pytest.mark.parametrize("dataset", list(variants()), ids=repr)
def test_what_is_shown_holds_the_points_at_either_end_of_every_option(dataset: PointDataset) -> None:
    points = drawn_points(dataset, 20_000)
    x0, x1, y0, y1 = dataset.extent
    assert x1 - x0 == pytest.approx(y1 - y0)
    inside = (points[:, 0] > x0) & (points[:, 0] < x1) & (points[:, 1] > y0) & (points[:, 1] < y1)
    assert inside.mean() >= 0.999
    spread = np.quantile(points, 0.995, axis=0) - np.quantile(points, 0.005, axis=0)
    assert spread.max() > 0.4 * (x1 - x0)  # and does not lose them in an empty plane
    assert np.isfinite(dataset.log_pdf(points[:2_000])).all()
    assert dataset.problems() == []


@pytest.mark.parametrize("dataset", [Ring(), Ring(5, 0.1), Grid25(), Blobs(), UnequalMixture()], ids=repr)
def test_mixtures_agree_with_scipy_and_fill_their_modes_by_weight(dataset: PointDataset) -> None:
    modes = dataset.modes()
    assert modes is not None
    points = drawn_points(dataset, 40_000)
    pdf = sum(
        weight * scipy.stats.multivariate_normal(centre, modes.std**2).pdf(points[:2_000])
        for centre, weight in zip(modes.centres, modes.weights, strict=True)
    )
    np.testing.assert_allclose(np.exp(dataset.log_pdf(points[:2_000])), pdf, rtol=1e-9)
    assert modes.centres.dtype == modes.weights.dtype == np.float64
    assert modes.weights.sum() == pytest.approx(1)
    distance = np.linalg.norm(points[:, None] - modes.centres, axis=2)
    found = np.bincount(distance.argmin(1), minlength=len(modes.weights))
    assert scipy.stats.chisquare(found, 40_000 * modes.weights).pvalue > 1e-3
    # The published definition of high quality, within 3 standard deviations of a mode: 1 - exp(-4.5) of the truth.
    assert (distance.min(1) < 3 * modes.std).mean() == pytest.approx(1 - math.exp(-4.5), abs=0.002)


def test_ring_and_grid_are_the_published_ones() -> None:
    ring, grid = Ring().modes(), Grid25().modes()
    assert (ring.std, grid.std) == (0.01, 0.05)
    np.testing.assert_allclose(np.hypot(*ring.centres.T), 1)
    angles = np.sort(np.degrees(np.arctan2(*ring.centres.T)) % 360)
    np.testing.assert_allclose(np.diff(angles), 45)
    assert {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)} == set(map(tuple, grid.centres))
    assert (ring.weights == 1 / 8).all()
    assert (grid.weights == 1 / 25).all()


def test_what_is_no_mixture_has_no_modes() -> None:
    without = {type(e.cls()).__name__ for e in point_datasets() if e.cls().modes() is None}  # type: ignore[attr-defined]
    assert without == {
        "Line", "Moons", "Spiral", "Checkerboard", "OneGaussian", "Drawn", "FromPicture"
    }  # fmt: skip


def test_weights_of_the_unequal_mixture_fall_by_the_ratio() -> None:
    modes = UnequalMixture(mode_count=4, ratio=3.0).modes()
    np.testing.assert_allclose(modes.weights, np.array([27, 9, 3, 1]) / 40)
    apart = [
        np.linalg.norm(a - b)
        for dataset in (UnequalMixture(mode_count=n) for n in range(2, 13))
        for i, a in enumerate(dataset.modes().centres)
        for b in dataset.modes().centres[:i]
    ]
    assert min(apart) > 5 * UnequalMixture().std


@pytest.mark.parametrize("dataset", [OneGaussian(), OneGaussian(0.3, 2.0, -0.9), OneGaussian(1, 1, 0)], ids=repr)
def test_one_gaussian_agrees_with_scipy(dataset: OneGaussian) -> None:
    across = dataset.correlation * dataset.std_x * dataset.std_y
    covariance = np.array([[dataset.std_x**2, across], [across, dataset.std_y**2]])
    points = drawn_points(dataset, 100_000)
    oracle = scipy.stats.multivariate_normal([0, 0], covariance).logpdf(points[:1_000])
    np.testing.assert_allclose(dataset.log_pdf(points[:1_000]), oracle, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.cov(points.T), covariance, atol=0.03)


def along(dataset: PointDataset, curve: object, point: np.ndarray, std: float) -> float:
    """log of the mean over u in [0, 1] of a Gaussian around curve(u), by adaptive quadrature."""

    def inner(u: float) -> float:
        return float(((curve(u) - point) ** 2).sum()) / (2 * std**2)  # type: ignore[operator]

    fine = np.linspace(0, 1, 4_001)
    values = np.array([inner(u) for u in fine])
    least, best = values.min(), fine[values.argmin()]
    span = sorted({0.0, 1.0, *np.clip(best + np.array([-0.2, -0.02, 0, 0.02, 0.2]), 0, 1)})
    total = sum(
        scipy.integrate.quad(lambda u: math.exp(least - inner(u)), a, b, epsabs=0, epsrel=1e-11, limit=500)[0]
        for a, b in pairwise(span)
    )
    return math.log(total / (2 * math.pi * std**2)) - least


def places_of_interest(dataset: PointDataset) -> np.ndarray:
    """Six points of its own, and six anywhere on the stage."""
    x0, x1, y0, y1 = dataset.extent
    anywhere = np.random.default_rng(2).uniform((x0, y0), (x1, y1), (6, 2))
    return np.concatenate([drawn_points(dataset, 6), anywhere])


def assert_same_density(found: np.ndarray, wanted: list[float]) -> None:
    """To eight digits as far as about ten standard deviations; beyond, the exponent to five."""
    near = np.array(wanted) > -50
    assert near.sum() >= 6
    np.testing.assert_allclose(found[near], np.array(wanted)[near], rtol=0, atol=1e-8)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dataset", [Line(), Line(170, 0.01), Line(0, 0.3)], ids=repr)
def test_the_line_is_the_convolution_of_a_segment(dataset: Line) -> None:
    end = np.array([math.cos(math.radians(dataset.angle)), math.sin(math.radians(dataset.angle))])
    points = places_of_interest(dataset)
    oracle = [along(dataset, lambda u: (2 * u - 1) * end, point, dataset.std) for point in points]
    assert_same_density(dataset.log_pdf(points), oracle)


@pytest.mark.parametrize("dataset", [Spiral(), Spiral(3.0, 0.05)], ids=repr)
def test_the_spiral_is_the_convolution_of_the_published_roll(dataset: Spiral) -> None:
    def roll(u: float) -> np.ndarray:
        t = 1.5 * math.pi * (1 + 2 * u * dataset.turns / 1.5)  # scikit-learn's make_swiss_roll, a fifth of its size
        return np.array([t * math.cos(t), t * math.sin(t)]) / 5

    points = places_of_interest(dataset)
    oracle = [along(dataset, roll, point, dataset.std) for point in points]
    assert_same_density(dataset.log_pdf(points), oracle)


@pytest.mark.parametrize("dataset", [Moons(), Moons(0.02), Moons(0.3)], ids=repr)
def test_the_moons_are_the_convolution_of_two_half_circles(dataset: Moons) -> None:
    def upper(u: float) -> np.ndarray:
        return np.array([math.cos(math.pi * u) - 0.5, math.sin(math.pi * u) - 0.25])

    points = places_of_interest(dataset)
    both = [  # the lower moon is the upper one turned by half a circle
        np.logaddexp(*(along(dataset, upper, p, dataset.std) for p in (point, -point))) - math.log(2)
        for point in points
    ]
    assert_same_density(dataset.log_pdf(points), both)


def test_the_far_plane_has_a_finite_logarithm() -> None:
    far = np.array([[50.0, -80.0], [-1e4, 3.0]])
    for dataset in (Line(), Moons(), Spiral(), Ring(), OneGaussian(), Drawn()):
        values = dataset.log_pdf(far)
        assert np.isfinite(values).all(), dataset
        assert (values < -1_000).all(), dataset


@pytest.mark.parametrize("squares", [2, 4, 8])
def test_the_checkerboard_is_uniform_on_every_second_square(squares: int) -> None:
    dataset, side = Checkerboard(squares=squares), 8 / squares
    points = drawn_points(dataset, 65_536)
    column, row = np.floor((points + 4) / side).astype(int).T
    assert ((column + row) % 2 == 0).all()
    found = np.bincount(row * squares + column, minlength=squares**2)
    assert (found > 0).sum() == squares**2 // 2
    assert scipy.stats.chisquare(found[found > 0]).pvalue > 1e-3
    assert set(np.unique(dataset.log_pdf(points))) == {-math.log(32)}
    light = points + np.array([side, 0])
    assert (dataset.log_pdf(light) == -math.inf).all()


def test_nothing_lies_on_the_far_edge_of_a_square() -> None:
    """Rounded to float32, one place in a million would; the density is 0 there."""
    upper = np.array([[-2.0, 0.0], [4.0, 2.0]])
    kept = keep_below(np.nextafter(upper, -np.inf), upper)
    assert (kept.double().numpy() < upper).all()
    np.testing.assert_allclose(kept.double().numpy(), upper, atol=3e-7)


@EVERY
def test_options_go_into_a_url_and_back(dataset: PointDataset) -> None:
    assert from_dict(type(dataset), to_dict(dataset)) == dataset
    for name, spec in specs(type(dataset)).items():
        if spec.kind in ("float", "int"):
            changed = replace(dataset, **{name: spec.low if spec.kind == "float" else int(spec.low or 0)})
            (pair,) = differences(changed, dataset).items()
            assert set_at(dataset, *pair) == changed

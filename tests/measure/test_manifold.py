"""Precision, recall, density and coverage, held against prdc, torch-fidelity and a plain table of all distances."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prdc import compute_prdc  # type: ignore[import-untyped]
from scipy.spatial.distance import cdist
from torch_fidelity.metric_prc import prc_features_to_metric  # type: ignore[import-untyped]

from gan_core.measure.frechet import Doubles
from gan_core.measure.manifold import Balls, Manifold, compare_manifolds, nearest_distances


def compared(generated: Doubles, real: Doubles, precision_k: int = 3, coverage_k: int = 5) -> Manifold:
    fakes, reals = (Balls.around(x, precision_k, coverage_k) for x in (generated, real))
    return compare_manifolds(fakes, reals, coverage_k)


@pytest.fixture(scope="module")
def features() -> tuple[Doubles, Doubles]:
    """700 generated, 900 real, of 40 numbers each; neither set lies wholly in the other."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((700, 40)) * 0.9 + 0.1, rng.standard_normal((900, 40))


@pytest.mark.parametrize("k", [3, 5])
def test_all_four_are_those_of_prdc(features: tuple[Doubles, Doubles], k: int) -> None:
    generated, real = features
    theirs = compute_prdc(real, generated, k)
    ours = compared(generated, real, k, k)
    for name, wanted in theirs.items():
        assert 0.05 < wanted < 4
        assert getattr(ours, name) == pytest.approx(wanted, rel=1e-3), name


def test_precision_and_recall_are_those_of_torch_fidelity(features: tuple[Doubles, Doubles]) -> None:
    generated, real = features
    theirs = prc_features_to_metric(
        torch.from_numpy(generated), torch.from_numpy(real), prc_neighborhood=3, prc_batch_size=300,
        save_cpu_ram=True, verbose=False,
    )  # fmt: skip
    ours = compared(generated, real)
    assert ours.precision == pytest.approx(theirs["precision"], rel=1e-3)
    assert ours.recall == pytest.approx(theirs["recall"], rel=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(7, 30), st.integers(7, 30), st.integers(1, 3))
def test_of_points_on_a_lattice_with_many_ties_the_definitions_hold(seed: int, n: int, m: int, width: int) -> None:
    """Copies and equal distances everywhere: <= for precision and recall, < for density and coverage."""
    rng = np.random.default_rng(seed)
    generated, real = (rng.integers(0, 3, (count, width)).astype(float) for count in (n, m))
    across = cdist(real, generated)
    real_near, real_wide = (np.sort(cdist(real, real))[:, [k]] for k in (3, 5))  # the 0-th is itself
    fake_near = np.sort(cdist(generated, generated))[:, 3]
    wanted = Manifold(
        float((across <= real_near).any(0).mean()),
        float((across <= fake_near).any(1).mean()),
        float((across < real_wide).sum(0).mean() / 5),
        float((across < real_wide).any(1).mean()),
    )
    found = compared(generated + 1000.0, real + 1000.0)  # far from the origin, where |x|^2 + |y|^2 - 2 x.y rounds
    assert found.precision == pytest.approx(wanted.precision)
    assert found.recall == pytest.approx(wanted.recall)
    assert found.density == pytest.approx(wanted.density)
    assert found.coverage == pytest.approx(wanted.coverage)


def test_a_perfect_a_collapsed_and_a_foreign_generator() -> None:
    rng = np.random.default_rng(1)
    real, perfect = rng.standard_normal((2, 2_000, 4))
    good = compared(perfect, real)
    assert (good.precision, good.recall, good.coverage) > (0.9, 0.9, 0.9)
    assert good.density == pytest.approx(1.0, abs=0.06)  # in the mean a ball holds as many generated as real ones
    one = compared(real[:1] + 1e-3 * rng.standard_normal((2_000, 4)), real)
    assert one.precision == 1.0
    assert max(one.recall, one.coverage) < 0.01
    assert compared(perfect + 50.0, real) == Manifold(0.0, 0.0, 0.0, 0.0)


def test_nearest_distances_are_sorted_and_copies_are_at_distance_nought() -> None:
    rng = np.random.default_rng(2)
    points = rng.standard_normal((300, 64)).astype(np.float32) + 30
    queries = np.concatenate([points[:5], rng.standard_normal((20, 64)).astype(np.float32) + 30])
    found = nearest_distances(queries, points, 4)
    np.testing.assert_allclose(found, np.sort(cdist(queries, points))[:, :4], atol=1e-5)
    assert (found[:5, 0] == 0.0).all()
    own = nearest_distances(points, points, 2, itself=True)
    np.testing.assert_allclose(own, np.sort(cdist(points, points))[:, 1:3], atol=1e-5)
    with pytest.raises(ValueError, match="at least 4"):
        nearest_distances(points[:3], points[:3], 3, itself=True)


_PUBLISHED_EXAMPLE = """
from benchmarks.quality.measures import draw, ours, peak_megabytes
from gan_core.measure.manifold import nearest_distances
generated, real = draw(0)
nearest_distances(generated[:1000], real[:1000])
before = peak_megabytes()
found = ours(generated, real)
print(peak_megabytes() - before, *found.values())
"""


@pytest.mark.long  # its figures are those of prdc, as above
@pytest.mark.timeout(1_800)  # 20 s of a quiet processor with wide vectors, minutes of an old one that others use
def test_the_published_example_comes_out_and_takes_less_than_500_megabytes() -> None:
    """Two samples of N(0, I), 10,000 x 1,000, k = 5, in a process of its own, whose peak is nobody else's.

    A whole table of distances would be 800 MB. The published draw is not seeded, so that ours is another: it may
    differ by as much as four of the standard deviations that `benchmarks.quality.measures` finds between draws.
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", _PUBLISHED_EXAMPLE]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    megabytes, precision, recall, density, coverage = map(float, run.stdout.split())
    assert megabytes < 500
    assert precision == pytest.approx(0.477, abs=4 * 0.005)
    assert recall == pytest.approx(0.471, abs=4 * 0.017)
    assert density == pytest.approx(1.056, abs=4 * 0.068)
    assert coverage == pytest.approx(0.974, abs=4 * 0.006)

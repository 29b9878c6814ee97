"""The data-copying test and the classes' histogram, held against scipy and against what they should find."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gan_core.measure.class_histogram import class_shares, entropy
from gan_core.measure.manifold import nearest_distances
from gan_core.measure.memorisation import data_copying_z


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(2, 40), st.booleans())
def test_z_is_that_of_mann_and_whitney(seed: int, n: int, m: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 6, k).astype(float) if ties else rng.exponential(size=k) for k in (n, m))
    if len(np.unique(np.concatenate([a, b]))) == 1:
        assert data_copying_z(a, b) == 0.0
        return
    theirs = stats.mannwhitneyu(a, b, alternative="less", method="asymptotic", use_continuity=False)
    assert stats.norm.cdf(data_copying_z(a, b)) == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-9)


def test_z_tells_a_copier_from_an_honest_and_from_a_poor_generator() -> None:
    rng = np.random.default_rng(0)
    train, held_out, honest = rng.standard_normal((3, 800, 6))

    def z(generated: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        return data_copying_z(nearest_distances(generated, train)[:, 0], nearest_distances(held_out, train)[:, 0])

    assert abs(z(honest)) < 3.5
    assert z(train[::-1]) < -20
    assert z(train + 0.01 * honest) < -20
    half = np.concatenate([train[:400], honest[:400]])
    assert z(half) < -5
    assert z(honest * 2) > 5


def test_too_few_are_refused() -> None:
    with pytest.raises(ValueError, match="1 and 3"):
        data_copying_z(np.ones(1), np.ones(3))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=50))
def test_shares_and_entropy_are_those_of_the_counts(classes: list[int]) -> None:
    shares = class_shares(np.array(classes), 8)
    assert shares.tolist() == pytest.approx([classes.count(c) / len(classes) for c in range(8)])
    assert entropy(shares) == pytest.approx(float(stats.entropy(shares)), abs=1e-12)


def test_entropy_goes_from_nought_to_the_logarithm_of_the_classes() -> None:
    assert entropy(np.array([0.0, 1.0, 0.0])) == 0.0
    assert math.copysign(1, entropy(np.array([0.0, 1.0, 0.0]))) == 1.0
    assert entropy(np.full(10, 0.1)) == pytest.approx(math.log(10))

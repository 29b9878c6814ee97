"""Intervals against scipy's own, and how often they hold what they should where that is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gan_core.apply.augmentation.intervals import Interval, paired, t_interval


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20).filter(lambda values: np.std(values) > 1e-6))
def test_it_is_scipy_s(values: list[float]) -> None:
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    found = t_interval(values)
    assert found.low == pytest.approx(low, abs=1e-9)
    assert found.high == pytest.approx(high, abs=1e-9)


def test_95_of_100_hold_the_truth() -> None:
    """Paired differences of two ways whose seeds share a large effect: 4,000 trials of 3 seeds, truth 0.02."""
    rng = np.random.default_rng(0)
    shared = rng.normal(0.8, 0.1, (4_000, 3))
    ones = shared + 0.02 + rng.normal(0, 0.01, shared.shape)
    others = shared + rng.normal(0, 0.01, shared.shape)
    found = [paired(list(a), list(b)) for a, b in zip(ones, others, strict=True)]
    held = np.mean([one.low <= 0.02 <= one.high for one in found if one.low is not None and one.high is not None])
    assert abs(held - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 4_000)
    apart = [t_interval(list(a)).width for a in ones]
    assert np.median([one.width for one in found]) < np.median(apart) / 4  # the pairing is worth it


def test_one_value_has_no_interval_and_none_is_an_error() -> None:
    assert t_interval([0.5]) == Interval(0.5, None, None, 1)
    with pytest.raises(ValueError, match="at least one"):
        t_interval([])


def test_values_that_agree_by_rounding_are_not_certain() -> None:
    """Of 20 images all three seeds have 15 right; a share may be anywhere within the twentieth."""
    found = t_interval([0.75, 0.75, 0.75], 1 / 20)
    half = stats.t.ppf(0.975, 2) * (1 / 20) / math.sqrt(12) / math.sqrt(3)
    assert found.low == pytest.approx(0.75 - half)
    assert t_interval([0.75, 0.75, 0.75]).width == 0.0


def test_clipping_keeps_what_is_possible() -> None:
    assert Interval(0.9, 0.7, 1.1, 3).clipped(0, 1) == Interval(0.9, 0.7, 1.0, 3)

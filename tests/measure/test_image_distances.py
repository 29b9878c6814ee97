"""Fréchet and kernel distance, held against closed forms and against torch-fidelity on the same features."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric  # type: ignore[import-untyped]
from torch_fidelity.metric_kid import kid_features_to_metric  # type: ignore[import-untyped]

from gan_core.measure.frechet import Doubles, Gaussian, fit_gaussian, frechet_distance
from gan_core.measure.kernel import kernel_distance


def drawn(count: int, width: int, seed: int, move: float = 0.0) -> Doubles:
    """As a network's features are: correlated, none below 0."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).standard_normal((width, width)) / width**0.5
    found: Doubles = np.maximum(rng.standard_normal((count, width)) @ mixing + move, 0.0)
    return found


def distance(a: Doubles, b: Doubles) -> float:
    return frechet_distance(fit_gaussian(a), fit_gaussian(b))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_gaussians_along_axes_have_a_distance_in_closed_form(seed: int, width: int) -> None:
    """|mu_a - mu_b|^2 + sum (s_a - s_b)^2 where both covariances are diagonal."""
    rng = np.random.default_rng(seed)
    mean_a, mean_b = rng.normal(size=(2, width))
    s_a, s_b = rng.uniform(0, 3, (2, width))
    wanted = ((mean_a - mean_b) ** 2).sum() + ((s_a - s_b) ** 2).sum()
    found = frechet_distance(Gaussian(mean_a, np.diag(s_a**2)), Gaussian(mean_b, np.diag(s_b**2)))
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("count", "width", "move"), [(300, 8, 0.0), (500, 64, 0.2), (90, 128, 0.1)])
def test_the_frechet_distance_is_that_of_torch_fidelity(count: int, width: int, move: float) -> None:
    """90 images in 128 dimensions: also where the covariances are singular."""
    a, b = drawn(count, width, 1), drawn(count + 50, width, 2, move)
    theirs = [fid_features_to_statistics(torch.from_numpy(x)) for x in (a, b)]
    wanted = fid_statistics_to_metric(*theirs, verbose=False)["frechet_inception_distance"]
    assert distance(a, b) == pytest.approx(wanted, rel=1e-3)
    assert distance(b, a) == pytest.approx(distance(a, b), rel=1e-6)


def test_features_of_one_set_are_at_no_distance_and_a_move_counts_squared() -> None:
    a = drawn(400, 10, 3)
    assert distance(a, a) == pytest.approx(0.0, abs=1e-9)
    assert distance(a, a + 0.5) == pytest.approx(10 * 0.25, rel=1e-9)
    assert distance(a.astype(np.float32), a) == pytest.approx(0.0, abs=1e-6)


def their_kid(a: Doubles, b: Doubles, subsets: int, size: int) -> tuple[float, float]:
    """torch-fidelity's mean and standard deviation over subsets."""
    said = kid_features_to_metric(
        torch.from_numpy(a), torch.from_numpy(b), kid_subsets=subsets, kid_subset_size=size, kid_kernel="poly",
        kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1.0, rng_seed=2020, verbose=False,
    )  # fmt: skip
    return said["kernel_inception_distance_mean"], said["kernel_inception_distance_std"]


@pytest.mark.parametrize("move", [0.0, 0.3])
def test_the_kernel_distance_is_that_of_torch_fidelity(move: float) -> None:
    """On the whole sets, where no chance comes in: subsets are capped at the smaller set."""
    a, b = drawn(250, 32, 4), drawn(250, 32, 5, move)
    wanted, spread = their_kid(a, b, 1, 250)
    assert spread == 0
    assert kernel_distance(a, b) == pytest.approx(wanted, rel=1e-3)
    assert kernel_distance(b, a, subset_size=10_000) == pytest.approx(wanted, rel=1e-3)


def test_the_kernel_distance_of_subsets_is_theirs_but_for_the_draw() -> None:
    a, b = drawn(600, 32, 4), drawn(800, 32, 5, 0.2)
    wanted, spread = their_kid(a, b, 200, 100)
    assert kernel_distance(a, b, subsets=200, subset_size=100) == pytest.approx(wanted, abs=5 * spread / 200**0.5)
    assert kernel_distance(a, b, 5, 50, seed=1) != kernel_distance(a, b, 5, 50, seed=2)


def test_the_kernel_distance_has_no_bias() -> None:
    """Over many pairs of one distribution its mean is 0, though there are only 20 in each (biased: far above 0)."""
    found = [kernel_distance(drawn(20, 6, 2 * i), drawn(20, 6, 2 * i + 1)) for i in range(300)]
    error = np.std(found) / len(found) ** 0.5
    assert abs(np.mean(found)) < 4 * error
    assert min(found) < 0 < max(found)


def test_sets_too_small_are_refused() -> None:
    with pytest.raises(ValueError, match="fitted to 1 images"):
        fit_gaussian(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="at least 2"):
        kernel_distance(np.zeros((1, 3)), np.zeros((5, 3)))

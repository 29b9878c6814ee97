"""The Fréchet distance between Gaussians fitted to features: FID, where the features are Inception's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Features = np.ndarray[Any, np.dtype[Any]]
Doubles = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Gaussian:
    """mean [F] and covariance [F, F] (of N - 1), float64."""

    mean: Doubles
    covariance: Doubles


def fit_gaussian(features: Features) -> Gaussian:
    """Of `features` [N, F], N > 1."""
    if len(features) < 2:
        raise ValueError(f"A Gaussian was to be fitted to {len(features)} images; it needs at least 2.")
    exact = np.asarray(features, np.float64)
    return Gaussian(exact.mean(0), np.atleast_2d(np.cov(exact, rowvar=False)))


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """|mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^1/2): Dowson & Landau 1982; Heusel et al. 2017, arXiv:1706.08500.

    tr (S_a S_b)^1/2 is the sum of the square roots of the eigenvalues of S_a^1/2 S_b S_a^1/2, which is symmetric, so
    that no complex numbers arise. 0 or more but for rounding; features squared are its unit. Fitted to N images the
    distance is too high by about a constant over N, so that only numbers of equally many images compare.
    """
    values, vectors = np.linalg.eigh(a.covariance)
    root_a = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root_a @ b.covariance @ root_a).clip(0)).sum()
    spread = np.trace(a.covariance) + np.trace(b.covariance) - 2 * cross
    return float(((a.mean - b.mean) ** 2).sum() + spread)

"""The kernel distance between features: KID, where the features are Inception's."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gan_core.measure.frechet import Features

SUBSETS, SUBSET_SIZE = 100, 1_000


def kernel_distance(
    generated: Features, real: Features, subsets: int = SUBSETS, subset_size: int = SUBSET_SIZE, seed: int = 0
) -> float:
    """The unbiased squared MMD of `generated` [N, F] and `real` [M, F] with the kernel (x.y / F + 1)^3.

    Bińkowski et al. 2018, arXiv:1801.01401, section 4: the mean over subsets of `subset_size` images of each, or of
    as many as the smaller set has; around 0, on either side, for a perfect generator. `seed` draws the subsets.
    """
    size = min(subset_size, len(generated), len(real))
    if size < 2:
        raise ValueError(f"The kernel distance was asked of {size} images; it needs at least 2 of each kind.")
    x, y = (torch.from_numpy(np.asarray(part, np.float64)) for part in (generated, real))
    if size == len(x) == len(y):
        subsets = 1  # every subset is the whole
    rng, total = np.random.default_rng(seed), 0.0
    for _ in range(subsets):
        rows, other = rng.choice(len(x), size, replace=False), rng.choice(len(y), size, replace=False)
        total += unbiased_mmd(x[torch.from_numpy(rows)], y[torch.from_numpy(other)])
    return total / subsets


def unbiased_mmd(x: Tensor, y: Tensor) -> float:
    """Equation 4 there, of float64 [n, F] and [m, F]: pairs of an image with itself do not count."""
    n, m = len(x), len(y)
    xx, yy, xy = _cubic(x, x), _cubic(y, y), _cubic(x, y)
    within_x = (xx.sum() - xx.diagonal().sum()) / (n * (n - 1))
    within_y = (yy.sum() - yy.diagonal().sum()) / (m * (m - 1))
    return float(within_x + within_y - 2 * xy.mean())


def _cubic(x: Tensor, y: Tensor) -> Tensor:
    inner = (x @ y.T).div_(x.shape[1]).add_(1.0)
    return inner * inner.square()

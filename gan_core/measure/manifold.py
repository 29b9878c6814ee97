"""Precision, recall, density and coverage: balls around images, as wide as to their k-th nearest neighbour.

All distances are Euclidean between features, in float64, and made a block of rows at a time: 10,000 against 10,000
take about 200 MB beside the features.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gan_core.measure.frechet import Doubles, Features

PRECISION_K, COVERAGE_K = 3, 5  # the neighbours of Kynkäänniemi et al. 2019 and of Naeem et al. 2020

_BLOCK_BYTES = 48 << 20
_NOUGHT = 1e-12  # of the largest squared norm: nearer than this, two images are the same one
_TIE = 1e-7  # of a distance: nearer than this, two distances are equal


@dataclass(frozen=True)
class Manifold:
    """All four in 0 to 1 but density, which is 0 or more and 1 in the mean for a perfect generator."""

    precision: float
    recall: float
    density: float
    coverage: float


@dataclass(frozen=True)
class Balls:
    """Images' features [N, F], and the distances [N] to the nearest others by which their balls are drawn.

    precision_radius: to the third nearest; coverage_radius: to the fifth.
    """

    features: Features
    precision_radius: Doubles
    coverage_radius: Doubles

    @classmethod
    def around(cls, features: Features, precision_k: int = PRECISION_K, coverage_k: int = COVERAGE_K) -> Balls:
        nearest = nearest_distances(features, features, max(precision_k, coverage_k), itself=True)
        return cls(features, nearest[:, precision_k - 1], nearest[:, coverage_k - 1])


def compare_manifolds(generated: Balls, real: Balls, k: int = COVERAGE_K) -> Manifold:
    """`k` is that of `real`'s coverage radii.

    precision: share of generated images in a real ball (<=); recall: share of real ones in a generated ball (<=);
    Kynkäänniemi et al. 2019, arXiv:1904.06991, equation 1. density: in how many real balls (<) a generated image
    lies in the mean, over k; coverage: share of real balls (<) that hold one; Naeem et al. 2020, arXiv:2002.09797,
    equations 4 and 5.
    """
    fakes, reals = len(generated.features), len(real.features)
    realistic, inside = torch.zeros(fakes, dtype=torch.bool), torch.zeros(fakes, dtype=torch.float64)
    recalled, covered = 0, 0
    near = _exact(real.precision_radius)[:, None] * (1 + _TIE)
    wide = _exact(real.coverage_radius)[:, None] * (1 - _TIE)
    fake_radius = _exact(generated.precision_radius) * (1 + _TIE)
    for rows, distance in _blocks(real.features, generated.features):
        realistic |= (distance <= near[rows]).any(0)
        recalled += int((distance <= fake_radius).any(1).sum())
        within = distance < wide[rows]
        inside += within.sum(0)
        covered += int(within.any(1).sum())
    density = float(inside.mean()) / k
    return Manifold(float(realistic.double().mean()), recalled / reals, density, covered / reals)


def nearest_distances(queries: Features, points: Features, k: int = 1, *, itself: bool = False) -> Doubles:
    """Distances [N, k] from each of `queries` [N, F] to its k nearest of `points` [M, F], the nearest first.

    itself: the two are the same set, and an image is no neighbour of its own.
    """
    wanted = k + itself
    if len(points) < wanted:
        raise ValueError(f"The {k} nearest of {len(points)} images were asked for; there must be at least {wanted}.")
    found = np.empty((len(queries), k))
    for rows, distance in _blocks(queries, points):
        if itself:
            distance[torch.arange(len(distance)), torch.arange(rows.start, rows.stop)] = torch.inf
        found[rows] = distance.topk(k, largest=False, sorted=True).values.numpy()
    return found


def _blocks(a: Features, b: Features) -> Iterator[tuple[slice, Tensor]]:
    """Rows of `a` and their distances to all of `b`, float64 [rows, M].

    |x - y|^2 = |x|^2 + |y|^2 - 2 x.y about the mean of `b`, which keeps the rounding small; what is only rounding
    counts as 0, so that copies are found at distance 0.
    """
    y = _exact(b)
    middle = y.mean(0)
    y = y - middle
    y_norm = y.square().sum(1)
    step = max(1, _BLOCK_BYTES // (8 * max(len(b), a.shape[1])))
    for start in range(0, len(a), step):
        rows = slice(start, min(start + step, len(a)))
        x = _exact(a[rows]) - middle
        x_norm = x.square().sum(1, keepdim=True)
        squares = torch.addmm(y_norm, x, y.T, alpha=-2.0).add_(x_norm)
        nought = _NOUGHT * float(max(x_norm.max(), y_norm.max()))
        yield rows, squares.masked_fill_(squares < nought, 0.0).sqrt_()


def _exact(features: Features) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(features, np.float64))

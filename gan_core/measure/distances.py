"""How far a sample of points in the plane is from a fixed sample of real ones: sliced Wasserstein and MMD.

Both are built once from the real points, and then score many samples of one size in milliseconds (float32 inside).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Points = np.ndarray[Any, np.dtype[Any]]
Singles = np.ndarray[Any, np.dtype[np.float32]]

DIRECTIONS = 64
WIDTHS = (1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16)  # of the median distance; see _kernel_sum
_ROWS = 64  # of a table of pairs at a time: what is worked on stays in the cache


class SlicedWasserstein:
    """Sliced Wasserstein-1 distance: the mean over directions of the exact W1 of projections, in units of the plane.

    W1(F, G) = integral_0^1 |F^-1(u) - G^-1(u)| du. For n and m sorted numbers both inverses are steps, so that it
    is a sum over the pieces between neighbours among i/n and j/m. Rabin et al. 2011, "Wasserstein barycenter and its
    application to texture mixing"; Bonneel et al. 2015, "Sliced and Radon Wasserstein barycenters of measures".

    The directions are DIRECTIONS angles spread evenly over the half circle: in the plane that is nearer to the mean
    over all of them than as many drawn at random, and it is the same every time.
    """

    def __init__(self, real: Points, count: int) -> None:
        """`real` float [M, 2], the fixed sample; `count`, how many points each scored sample has."""
        m = len(real)
        angles = math.pi * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
        self._directions = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)  # [P, 2]
        # The breaks in units of 1 / (n m), where they are whole numbers and so exact.
        ends = np.union1d(np.arange(1, count + 1) * m, np.arange(1, m + 1) * count)
        lengths = np.diff(ends, prepend=0)
        self._lengths = (lengths / (count * m)).astype(np.float32)  # [pieces], sum 1
        self._piece = (ends - 1) // m  # which of the scored points is the piece's
        self._real = self._sorted_projections(real)[:, (ends - 1) // count]  # [P, pieces]
        self._count = count

    def __call__(self, points: Points) -> float:
        """The distance of `points` float [count, 2]; 0 or more."""
        if len(points) != self._count:
            raise ValueError(f"{len(points)} points were given; this was built for samples of {self._count}.")
        difference = np.take(self._sorted_projections(points), self._piece, axis=1)
        difference -= self._real
        np.abs(difference, out=difference)
        return float(np.mean(np.einsum("pi,i->p", difference, self._lengths), dtype=np.float64))

    def _sorted_projections(self, points: Points) -> Singles:
        xy = np.asarray(points, dtype=np.float32)
        projections = self._directions[:, :1] * xy[:, 0] + self._directions[:, 1:] * xy[:, 1]  # [P, N]
        projections.sort(axis=1)
        return projections


class MaximumMeanDiscrepancy:
    """The unbiased estimate of the squared MMD, 0 in the mean for a perfect generator (and so at times below 0).

    MMD^2 = mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j); Gretton et al. 2012,
    "A kernel two-sample test", equation 3. k is the mean of the Gaussians exp(-|x - y|^2 / (2 s^2)) with s the median
    distance between real points (the median heuristic) times each of WIDTHS: the widest sees where the points are at
    large, the narrowest whether modes are blurred. k(x, x) = 1, so that MMD^2 is at most 2.
    """

    def __init__(self, real: Points) -> None:
        """`real` float [M, 2], M > 1: the fixed sample, which alone sets the widths."""
        self._real = np.asarray(real, dtype=np.float32)
        # The widest kernel's standard deviation, in units of the plane; if all points are in one place, any will do.
        self.median = _median_distance(self._real) or 1.0
        self._within_real = self._mean_within(self._real)

    def __call__(self, points: Points) -> float:
        """MMD^2 of `points` float [N, 2], N > 1."""
        xy = np.asarray(points, dtype=np.float32)
        across = _kernel_sum(self._scaled(xy), self._scaled(self._real)) / (len(xy) * len(self._real))
        return self._mean_within(xy) + self._within_real - 2 * across

    def _mean_within(self, xy: Singles) -> float:
        """The mean kernel over pairs of two different points: the half of the table above the diagonal is enough."""
        scaled, n, upper = self._scaled(xy), len(xy), 0.0
        for start in range(0, n, _ROWS):
            rows = scaled[start : start + _ROWS]
            upper += (_kernel_sum(rows, rows) - len(rows)) / 2  # the square on the diagonal, without k(x, x) = 1
            upper += _kernel_sum(rows, scaled[start + _ROWS :])
        return 2 * upper / (n * (n - 1))

    def _scaled(self, xy: Singles) -> Singles:
        """So that the widest kernel is exp(-|x - y|^2)."""
        return xy / np.float32(math.sqrt(2) * self.median)


def _kernel_sum(x: Singles, y: Singles) -> float:
    """The sum over all pairs of rows of the mean kernel, of points scaled by `_scaled`.

    Halving s raises the Gaussian to the fourth power, so that one exponential serves all of WIDTHS. Distances are
    taken from differences: |x|^2 + |y|^2 - 2 x.y would lose them where a sample has run far away.
    """
    total = 0.0
    for start in range(0, len(x), _ROWS):
        rows = x[start : start + _ROWS]
        kernel = np.subtract.outer(rows[:, 0], y[:, 0])
        np.square(kernel, out=kernel)
        other = np.subtract.outer(rows[:, 1], y[:, 1])
        np.square(other, out=other)
        kernel += other
        np.negative(kernel, out=kernel)
        np.exp(kernel, out=kernel)
        total += float(kernel.sum())
        for _ in WIDTHS[1:]:
            np.square(kernel, out=kernel)
            np.square(kernel, out=kernel)
            total += float(kernel.sum())
    return total / len(WIDTHS)


def _median_distance(real: Singles) -> float:
    rows, columns = np.triu_indices(len(real), 1)
    return float(np.median(np.hypot(*(real[rows] - real[columns]).T.astype(np.float64))))

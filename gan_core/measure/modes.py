"""Which peaks of a mixture of Gaussians a generator covers, how well, and in what proportions.

Definitions: Srivastava et al. 2017 (VEEGAN, arXiv:1705.07761), section 5: a sample is of high quality if it lies
within three standard deviations of the nearest mode, and the modes captured are those that are nearest to at least
one sample of high quality; 2,500 samples there. Lin et al. 2018 (PacGAN, arXiv:1712.04086), section 4: the same two,
and the reverse Kullback-Leibler divergence over the modes, for which every sample is assigned to its nearest mode
(there against the shares of a real sample; here against the true weights, which are known).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_core.data.sets.points import Modes

Points = np.ndarray[Any, np.dtype[Any]]
Counts = np.ndarray[Any, np.dtype[np.int64]]

HIGH_QUALITY = 3.0  # standard deviations
FOUND = 0.1  # of the samples that a mode would have by its weight


@dataclass(frozen=True)
class ModeCounts:
    """How N samples fall on K modes.

    nearest: int [K], samples (of any quality) that are nearer to this mode than to another; sums to the samples
        that are finite.
    high_quality: int [K], those of them within three standard deviations of it.
    total: N, finite or not.
    """

    nearest: Counts
    high_quality: Counts
    total: int

    @property
    def covered(self) -> int:
        """Modes with at least one sample of high quality, 0..K."""
        return int(np.count_nonzero(self.high_quality))

    def found(self, weights: Points) -> int:
        """Modes with a tenth, at the least, of the samples of high quality that they should have, 0..K.

        Stricter than `covered`: a cloud that lies over all modes has a sample in each and has found none.
        """
        return int(np.count_nonzero(self.high_quality >= np.maximum(1, FOUND * weights * self.total)))

    @property
    def high_quality_share(self) -> float:
        """Samples of high quality / all samples, 0..1; a sample that is not finite is of no quality.

        In the plane a perfect generator reaches 1 - exp(-9 / 2) = 0.989, not 1.
        """
        return int(self.high_quality.sum()) / self.total

    def reverse_kl(self, weights: Points) -> float:
        """KL(q || p) = sum_k q_k log(q_k / p_k) in nats; q: shares of samples nearest to each mode, p: `weights` [K].

        Every sample counts at its nearest mode, however far away it is: this measures proportions, and the
        high-quality share measures distance. Missed modes add nothing themselves (q_k = 0), so it stays finite: with
        equal weights it is log K where one mode has everything. NaN where a sample is not finite.
        """
        if int(self.nearest.sum()) < self.total:
            return float("nan")
        share = self.nearest / self.total
        hit = share > 0
        return float(np.sum(share[hit] * np.log(share[hit] / weights[hit])))


def count_modes(points: Points, modes: Modes) -> ModeCounts:
    """`points` float [N, 2] on the peaks of `modes`."""
    finite = np.asarray(points, dtype=np.float64)
    finite = finite[np.isfinite(finite).all(axis=1)]
    square = np.square(finite[:, :1] - modes.centres[:, 0])  # [N, K]
    square += np.square(finite[:, 1:] - modes.centres[:, 1])
    nearest = square.argmin(axis=1)
    near = np.take_along_axis(square, nearest[:, None], axis=1)[:, 0] <= (HIGH_QUALITY * modes.std) ** 2
    k = len(modes.centres)
    return ModeCounts(np.bincount(nearest, minlength=k), np.bincount(nearest[near], minlength=k), len(points))

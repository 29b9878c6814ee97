"""Does a generator hand out its training images again? The data-copying test."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gan_core.measure.frechet import Doubles


def data_copying_z(generated: Doubles, held_out: Doubles) -> float:
    """Z of Meehan et al. 2020, arXiv:2004.05675, section 3: far below 0 (-3, say), the generator copies.

    `generated` [n] and `held_out` [m] are distances to the nearest training image: of generated images, and of real
    images that nobody trained on. Z is Mann and Whitney's U (how often a generated image is the farther one, ties
    half), less its mean n m / 2, over its standard deviation under "no difference", corrected for ties. Around 0,
    give or take 2, where both are as near; far above 0, what is generated is far from any real image. Grows with the
    root of how many are compared.
    """
    n, m = len(generated), len(held_out)
    if n < 2 or m < 2:
        raise ValueError(f"Data copying was to be judged by {n} and {m} distances; it needs at least 2 of each.")
    everything: np.ndarray[Any, Any] = np.concatenate([generated, held_out])
    values, which, counts = np.unique(everything, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # from 1; those of equal values share their mean
    u = float(ranks[which[:n]].sum()) - n * (n + 1) / 2
    ties = float((counts.astype(np.float64) ** 3 - counts).sum()) / ((n + m) * (n + m - 1))
    spread = math.sqrt(n * m / 12 * (n + m + 1 - ties))
    return (u - n * m / 2) / spread if len(values) > 1 else 0.0

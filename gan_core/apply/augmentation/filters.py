"""Which synthetic images are used: those that a classifier of the real ones takes for their class, near to real ones.

The classifier is the one of the same seed that was trained on the real images alone, so that no filter knows more
than they tell. The first rule is that of GaFi (Lampis, Lomurno, Matteucci 2023, arXiv:2305.10118).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_CHUNK = 2_000


@dataclass(frozen=True)
class Filter:
    """least_confidence: of the classifier in the class that was asked for, 0: any.

    keep_nearest: the share that is kept of those, nearest first by the distance of features to the nearest real image
    of the class, 1: all.
    """

    least_confidence: float = 0.0
    keep_nearest: float = 1.0

    @property
    def active(self) -> bool:
        return self.least_confidence > 0 or self.keep_nearest < 1

    def candidates(self, wanted: int) -> int:
        """How many to draw at once for so many: as many again for what is lost at confidence, and for distance."""
        spare = 1.5 if self.least_confidence > 0 else 1.0
        return int(wanted * spare / self.keep_nearest + 1)


def chosen(probabilities: Tensor, distances: Tensor, rule: Filter) -> Tensor:
    """The rows int64 [M] that pass, in their order: of all with enough confidence the nearest share.

    probabilities: of the class asked for, float [N]. distances: to the nearest real image, float [N].
    """
    sure = torch.nonzero(probabilities >= rule.least_confidence).flatten()
    keep = max(1, round(len(sure) * rule.keep_nearest)) if len(sure) else 0
    nearest = torch.sort(distances[sure], stable=True).indices[:keep]
    return sure[nearest].sort().values


def nearest_distances(features: Tensor, real: Tensor) -> Tensor:
    """float [N]: the Euclidean distance of each row [N, F] to the nearest of [M, F]."""
    parts: tuple[Tensor, ...] = features.split(_CHUNK)  # type: ignore[no-untyped-call]
    exact = "donot_use_mm_for_euclid_dist" if len(real) * len(features) < 1e7 else "use_mm_for_euclid_dist"
    return torch.cat([torch.cdist(part, real, compute_mode=exact).amin(1) for part in parts])

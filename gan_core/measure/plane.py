"""The measures of a generator of points in the plane, and the floor of each: what a perfect generator scores."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from gan_core.data.sets.points import Modes
from gan_core.measure.distances import MaximumMeanDiscrepancy, Points, SlicedWasserstein
from gan_core.measure.modes import count_modes

FLOOR_SAMPLES = 32
MMD_POINTS = 1_000


@dataclass(frozen=True)
class PlaneMeasure:
    """One measure: its name (the column of a run's points), and what a page says about it.

    higher_is_better: which end is the good one. needs_modes: absent where the data have no peaks to count.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool
    needs_modes: bool
    help: str
    source: str


_VEEGAN = "Srivastava et al. 2017, arXiv:1705.07761, section 5"
PLANE_MEASURES = (
    PlaneMeasure(
        "modes_covered", "Modes covered", "modes", True, True,
        "Modes with at least one fake within three standard deviations of them.", _VEEGAN,
    ),
    PlaneMeasure(
        "high_quality_share", "High-quality share", "share of the fakes", True, True,
        "Fakes within three standard deviations of the nearest mode; of real points it is 98.9%.", _VEEGAN,
    ),
    PlaneMeasure(
        "reverse_kl", "Reverse KL over modes", "nats", False, True,
        "How far the shares of the modes are from the true ones; every fake counts at its nearest mode.",
        "Lin et al. 2018, arXiv:1712.04086, section 4",
    ),
    PlaneMeasure(
        "sliced_wasserstein", "Sliced Wasserstein distance", "units of the plane", False, False,
        "How far fakes have to be moved, on average, to lie as held-out real points do, seen along a line; the mean "
        "over 64 directions.",
        "Bonneel et al. 2015, doi:10.1007/s10851-014-0506-3",
    ),
    PlaneMeasure(
        "mmd", "Squared MMD", "", False, False,
        "How well a smooth function could tell fakes from held-out real points; around 0, on either side, for a "
        "perfect generator.",
        "Gretton et al. 2012, A kernel two-sample test, JMLR 13, equation 3",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Floor:
    """What samples of a perfect generator score: their mean, and the band of 90% of them (5% on each side)."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class PlaneReference:
    """What a run's fakes are measured against, made once by `build`.

    count: how many fakes each measurement takes. floors: by name of measure, for exactly that many.
    """

    count: int
    modes: Modes | None
    floors: dict[str, Floor]
    _sliced_wasserstein: SlicedWasserstein
    _mmd: MaximumMeanDiscrepancy

    @classmethod
    def build(
        cls, held_out: Points | Tensor, real: Points | Tensor, modes: Modes | None, count: int, seed: int = 0
    ) -> PlaneReference:
        """The reference of `held_out` [M, 2] (or [M, 2, 1, 1]), and its floors from `real`, in about half a second.

        `real` [L, 2], L >= count, are other real points (those of training): 32 samples of `count` of them, drawn by
        `seed` and disjoint where there are enough, are scored as fakes are. They are what a perfect generator makes.
        """
        against, perfect = _flat(held_out), _flat(real)
        if not 1 < count <= len(perfect):
            raise ValueError(f"Count is {count}; floors from {len(perfect)} real points need 2 to {len(perfect)}.")
        sliced_wasserstein = SlicedWasserstein(against, count)
        mmd = MaximumMeanDiscrepancy(_spread(against, MMD_POINTS))
        bare = cls(count, modes, {}, sliced_wasserstein, mmd)
        scores = [measure_plane(sample, bare) for sample in _samples(perfect, count, seed)]
        floors = {name: _floor([score[name] for score in scores]) for name in scores[0]}
        return cls(count, modes, floors, sliced_wasserstein, mmd)

    @property
    def measures(self) -> tuple[PlaneMeasure, ...]:
        """Those that these data have."""
        return tuple(m for m in PLANE_MEASURES if self.modes is not None or not m.needs_modes)


def sliced_wasserstein(fakes: Points, reference: PlaneReference) -> float:
    """That measure alone, of fakes [count, 2]; NaN where one is not finite. Raises ValueError as `measure_plane`."""
    points = _flat(fakes)
    if len(points) != reference.count:
        raise ValueError(f"{len(points)} fakes were given; this reference is for {reference.count}.")
    with np.errstate(over="ignore", invalid="ignore"):
        value = reference._sliced_wasserstein(points)
    return value if math.isfinite(value) else math.nan


def measure_plane(fakes: Points | Tensor, reference: PlaneReference) -> dict[str, float]:
    """Every measure of `fakes` [count, 2] (or [count, 2, 1, 1]) by name, in about 10 ms; a pure function.

    A fake that is not finite covers no mode and is of no quality; the other measures are NaN then.
    """
    points, found = _flat(fakes), {}
    if len(points) != reference.count:
        raise ValueError(f"{len(points)} fakes were given; this reference is for {reference.count}.")
    if reference.modes is not None:
        counts = count_modes(points, reference.modes)
        found["modes_covered"] = float(counts.covered)
        found["high_quality_share"] = counts.high_quality_share
        found["reverse_kl"] = counts.reverse_kl(reference.modes.weights)
    with np.errstate(over="ignore", invalid="ignore"):  # of a generator that has run away: NaN below
        found["sliced_wasserstein"] = reference._sliced_wasserstein(points)
        found["mmd"] = reference._mmd(_spread(points, MMD_POINTS))
    return {name: value if math.isfinite(value) else math.nan for name, value in found.items()}


def _flat(points: Points | Tensor) -> Points:
    """As an array [N, 2]."""
    array: Points = points.detach().cpu().numpy() if isinstance(points, Tensor) else np.asarray(points)
    if array.shape[1:] not in ((2,), (2, 1, 1)):
        raise ValueError(f"Points have the shape {array.shape}; it should be (N, 2) or (N, 2, 1, 1).")
    return array.reshape(-1, 2)


def _spread(points: Points, most: int) -> Points:
    """At most so many of them, evenly spread over their order."""
    n = len(points)
    return points if n <= most else points[np.arange(most) * n // most]


def _samples(real: Points, count: int, seed: int) -> Iterator[Points]:
    """FLOOR_SAMPLES samples of `count` rows; those of one shuffling are disjoint."""
    rng, each = np.random.default_rng(seed), len(real) // count
    for i in range(FLOOR_SAMPLES):
        if i % each == 0:
            order = rng.permutation(len(real))
        start = i % each * count
        yield real[order[start : start + count]]


def _floor(scores: list[float]) -> Floor:
    """Weibull's quantiles: a new score lies below the 5% quantile with a chance of exactly 5%, however few scores."""
    low, high = np.quantile(scores, (0.05, 0.95), method="weibull")
    return Floor(float(np.mean(scores)), float(low), float(high))

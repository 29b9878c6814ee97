"""Means of a few seeds with their 95% intervals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scipy.stats import t as student

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean of `count` values, and where the mean of ever more of them lies; low and high None: of one value."""

    mean: float
    low: float | None
    high: float | None
    count: int

    @property
    def width(self) -> float:
        return math.inf if self.low is None or self.high is None else self.high - self.low

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def clipped(self, low: float, high: float) -> Interval:
        """Of what can only be from `low` to `high`."""
        if self.low is None or self.high is None:
            return self
        return Interval(self.mean, max(low, self.low), min(high, self.high), self.count)


def t_interval(values: Sequence[float], resolution: float = 0.0) -> Interval:
    """mean ± t(0.975, n - 1) s / sqrt(n), for values that are independent and about normal (Student 1908).

    resolution: the smallest difference that two values can have, as 1 / m of accuracies on m images. Values that
    agree by being rounded to it are not the same: s is at least resolution / sqrt(12), what rounding alone gives.
    Raises ValueError for no values.
    """
    if not values:
        raise ValueError("An interval was asked for of no values; it needs at least one.")
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Interval(mean, None, None, 1)
    spread = max(statistics.stdev(values), resolution / math.sqrt(12))
    half = float(student.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * spread / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half, len(values))


def paired(ones: Sequence[float], others: Sequence[float], resolution: float = 0.0) -> Interval:
    """The interval of one - other, seed by seed: what the seeds share drops out of it."""
    return t_interval([a - b for a, b in zip(ones, others, strict=True)], resolution)

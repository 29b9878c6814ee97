"""Which classes a classifier finds among images, and how evenly."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_core.measure.frechet import Doubles

Classes = np.ndarray[Any, np.dtype[np.int64]]


def class_shares(classes: Classes, count: int) -> Doubles:
    """The share [count] of each class among `classes` [N]; they sum to 1."""
    return np.bincount(classes, minlength=count)[:count] / max(1, len(classes))


def entropy(shares: Doubles) -> float:
    """-sum p ln p in nats: 0 where all is one class, ln K where all K come alike (Shannon 1948)."""
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum()) + 0.0  # no minus zero

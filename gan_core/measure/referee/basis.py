"""What every score of the referee is made of: what is recent, how far the samples are, when it is too early."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gan_core.measure.referee.evidence import Evidence, middle, window
from gan_core.measure.referee.measured import (
    FEWEST_IMAGES,
    RECENT,
    distance_left,
    missing_variety,
    newest,
    still_gains,
)

FEWEST_POINTS, FEWEST_LOOKS = 6, 4
FEWEST_STEPS, FEWEST_PLANE_STEPS = 150, 200
FAR = 0.5  # shares of the way from real samples to the untrained generator's: see `badness`
MOST = 12.0  # what stands for infinity


@dataclass(frozen=True)
class Score:
    """value: how much of it there is; -MOST where none, or where the evidence does not say. evidence: its numbers."""

    value: float
    evidence: dict[str, float]


NOTHING = Score(-MOST, {})


def enough(evidence: Evidence) -> bool:
    """Whether there is anything to go by but a run's very beginning, in which every generator looks collapsed."""
    looks, points = len(evidence.looks.get("step", ())), len(evidence.curves.get("step", ()))
    if evidence.is_plane:
        trained = evidence.step >= FEWEST_PLANE_STEPS
    else:
        trained = evidence.step >= FEWEST_STEPS and evidence.images >= FEWEST_IMAGES
    return trained and looks >= FEWEST_LOOKS and points >= FEWEST_POINTS


def recent(evidence: Evidence, name: str) -> float:
    """The recent median of a column of the curves, or else of the looks; NaN where nothing is known."""
    table = evidence.curves if name in evidence.curves else evidence.looks
    return middle(window(table, name, RECENT))


def badness(evidence: Evidence) -> float:
    """Recent distance from the real samples: 0 is as near as real ones are, 1 as far as the untrained generator."""
    return share_of_way(evidence, recent(evidence, "distance"))


def far_off(evidence: Evidence) -> float:
    """As `badness`, or what the newest evaluation says, if that is worse and does not get better.

    The looks compare a few dozen small pictures; an evaluation sees 500, by features, and their variety.
    """
    pooled, one = badness(evidence), newest(evidence)
    if one is None or pooled >= FAR or still_gains(evidence):
        return pooled
    return most_of(pooled, distance_left(one), missing_variety(one), unknown=math.nan)


def share_of_way(evidence: Evidence, distance: float) -> float:
    column = evidence.looks.get("distance", np.zeros(0))
    floor = evidence.floor[0]
    if not len(column) or not column[0] > floor:
        return math.nan
    return float((distance - floor) / (column[0] - floor))


def log10(value: float) -> float:
    if math.isnan(value):
        return math.nan
    return max(-MOST, min(MOST, math.log10(value))) if value > 0 else -MOST


def most_of(*values: float, unknown: float = -MOST) -> float:
    """The greatest of those that are known; `unknown` of none."""
    return max((v for v in values if not math.isnan(v)), default=unknown)

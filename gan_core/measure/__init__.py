"""How good a generator is: pure functions of what it makes and of real data that it was not trained on."""

from __future__ import annotations

from gan_core.measure.distances import MaximumMeanDiscrepancy, SlicedWasserstein
from gan_core.measure.modes import ModeCounts, count_modes
from gan_core.measure.plane import PLANE_MEASURES, Floor, PlaneMeasure, PlaneReference, measure_plane

__all__ = [
    "PLANE_MEASURES",
    "Floor",
    "MaximumMeanDiscrepancy",
    "ModeCounts",
    "PlaneMeasure",
    "PlaneReference",
    "SlicedWasserstein",
    "count_modes",
    "measure_plane",
]

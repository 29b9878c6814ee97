"""How good a generator is: pure functions of what it makes and of real data that it was not trained on."""

from __future__ import annotations

from gan_core.measure.distances import MaximumMeanDiscrepancy, SlicedWasserstein
from gan_core.measure.features.spaces import FeatureSpace, features_for
from gan_core.measure.image_measures import IMAGE_MEASURES, ImageMeasure
from gan_core.measure.modes import ModeCounts, count_modes
from gan_core.measure.plane import PLANE_MEASURES, Floor, PlaneMeasure, PlaneReference, measure_plane
from gan_core.measure.report import Measures, Reference, measure_images

__all__ = [
    "IMAGE_MEASURES",
    "PLANE_MEASURES",
    "FeatureSpace",
    "Floor",
    "ImageMeasure",
    "MaximumMeanDiscrepancy",
    "Measures",
    "ModeCounts",
    "PlaneMeasure",
    "PlaneReference",
    "Reference",
    "SlicedWasserstein",
    "count_modes",
    "features_for",
    "measure_images",
    "measure_plane",
]

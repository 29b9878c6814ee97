"""Of every measure of a run its last and its best value, with their steps: a run may be past its best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.measure.image_measures import IMAGE_MEASURES
from gan_core.measure.plane import PLANE_MEASURES
from gan_core.runs.evaluation_record import Evaluation

_HIGHER = {measure.name: measure.higher_is_better for measure in (*IMAGE_MEASURES, *PLANE_MEASURES)}
_OF_POINTS = frozenset(measure.name for measure in PLANE_MEASURES)


@dataclass(frozen=True)
class Measured:
    """One measure of one run.

    features, samples: what it was taken on; "" and 0 of points in the plane, which are measured as they are shown.
    best: None where neither end of the measure is the good one. floor: what real data score against real data;
    untrained: the generator before its first step; NaN where unknown.
    """

    last: float
    step: int
    best: float | None
    best_step: int | None
    features: str = ""
    samples: int = 0
    floor: float = math.nan
    untrained: float = math.nan


def last_and_best(
    records: Mapping[str, NDArray[np.floating[Any]]], evaluations: Sequence[Evaluation]
) -> dict[str, Measured]:
    """Name of the measure -> its values; what was never measured is not there.

    Values of evaluations on other features, or on other numbers of samples, do not compare: all are of the kind of
    the newest one, of the most samples where that step has several.
    """
    trained = [one for one in evaluations if one.step > 0]
    if not trained:
        return _of_curves(records, {})
    newest = max(trained, key=lambda one: (one.step, one.samples))
    of_kind = sorted((one for one in trained if one.kind == newest.kind), key=lambda one: one.step)
    untrained: dict[str, float] = next(
        (one.values for one in evaluations if one.step == 0 and one.kind == newest.kind), {}
    )
    names = dict.fromkeys(name for one in of_kind for name in one.values)
    series = {name: {one.step: one.values[name] for one in of_kind if name in one.values} for name in names}
    if names.keys() <= _OF_POINTS:
        return _of_curves(records, series)
    found = {}
    for name, values in series.items():
        one = _measured(name, values, newest.features, newest.samples, newest.floor.get(name, math.nan),
                        untrained.get(name, math.nan))  # fmt: skip
        if one is not None:
            found[name] = one
    return found


def _of_curves(
    records: Mapping[str, NDArray[np.floating[Any]]], evaluated: Mapping[str, Mapping[int, float]]
) -> dict[str, Measured]:
    """Points in the plane are measured as they are shown, in the curves and by evaluations: both are one series."""
    found = {}
    for name in _OF_POINTS:
        values = records.get(name, np.zeros(0))
        curve = {int(step): float(v) for step, v in zip(records.get("step", ()), values, strict=False)}
        one = _measured(name, curve | dict(evaluated.get(name, {})))
        if one is not None:
            found[name] = one
    return found


def _measured(name: str, values: Mapping[int, float], *more: Any) -> Measured | None:
    known = {step: value for step, value in sorted(values.items()) if math.isfinite(value)}
    if not known:
        return None
    last = max(known)
    higher = _HIGHER.get(name)
    if higher is None:
        return Measured(known[last], last, None, None, *more)
    best = (max if higher else min)(known, key=lambda step: known[step])  # the earliest of equals
    return Measured(known[last], last, known[best], best, *more)

"""One final value per measure of a run: the values by which runs are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.measure.plane import PLANE_MEASURES
from gan_core.runs.evaluation_record import Evaluation
from gan_core.training.statistics import METRICS

TAIL = 0.1
"""The share of a curve, at its end, that the mean is taken over: a single point of it is mostly noise."""
_MEANT = (*METRICS, "images_per_second")
_NEWEST = ("images", "elapsed_seconds", *(measure.name for measure in PLANE_MEASURES))


def final_values(
    records: Mapping[str, NDArray[np.floating[Any]]], evaluations: Sequence[Evaluation] = ()
) -> dict[str, float]:
    """Name -> value; what was never measured is not there.

    Of the curves the mean over the last tenth of their points (at least one); of measures in the plane, of the images
    seen and of the seconds trained the newest; of evaluations those of the best checkpoint, named
    "measure|features|samples".
    """
    found: dict[str, float] = {}
    for name in _MEANT:
        values = _known(records, name)
        if len(values):
            found[name] = float(values[-max(1, round(TAIL * len(values))) :].mean())
    for name in _NEWEST:
        values = _known(records, name)
        if len(values):
            found[name] = float(values[-1])
    for one in evaluations:
        if one.best:
            found |= {evaluation_key(name, one): value for name, value in one.values.items() if np.isfinite(value)}
    return found


def evaluation_key(name: str, evaluation: Evaluation) -> str:
    """Of a measure, what it was taken on and how many samples: only values of one key may be compared."""
    return f"{name}|{evaluation.features}|{evaluation.samples}"


def _known(records: Mapping[str, NDArray[np.floating[Any]]], name: str) -> NDArray[np.floating[Any]]:
    values = records.get(name)
    return np.zeros(0) if values is None else values[np.isfinite(values)]

"""The record of one evaluation: the measures, what they were taken on, and the floor that real data reach."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

CRITERIA = ("fid", "sliced_wasserstein")
"""What makes a checkpoint the best, less being better: of images the Fréchet distance, of points the Wasserstein."""

COLUMNS = (
    "step", "images", "elapsed_seconds", "features", "samples", "values", "floor", "classes", "cost_seconds", "best",
)  # fmt: skip
_COLUMN_LIST = ", ".join(f'"{name}"' for name in COLUMNS)


@dataclass(frozen=True)
class ClassShares:
    """Into which classes a classifier puts generated and real images: shares that add up to 1, as `names` are."""

    names: tuple[str, ...] = ()
    generated: tuple[float, ...] = ()
    real: tuple[float, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """The measures of one checkpoint or moment of a run.

    step 0 is the untrained generator: the upper of the two reference lines. features: the name of what the measures
    look at; samples: how many generated images (or points) were measured, against as many real ones. values: name
    of the measure -> value, NaN where it is not defined. floor: the same of real data against real data. cost: what
    it took. best: by its criterion (`CRITERIA`) the best of the run on these features and so many samples.
    """

    step: int
    images: int
    elapsed_seconds: float
    features: str
    samples: int
    values: dict[str, float]
    floor: dict[str, float]
    classes: ClassShares = field(default_factory=ClassShares)
    cost_seconds: float = 0.0
    best: bool = False

    @property
    def criterion(self) -> float:
        """What is compared to find the best, less being better; infinite where it could not be measured."""
        value = next((self.values[name] for name in CRITERIA if name in self.values), math.nan)
        return value if math.isfinite(value) else math.inf

    @property
    def kind(self) -> tuple[str, int]:
        """Only evaluations of one kind may be compared: the values depend on the features and on how many samples."""
        return self.features, self.samples


def mark_best(evaluations: list[Evaluation]) -> list[Evaluation]:
    """The same, in order of steps, with the best trained one of each kind marked, the earliest of equals."""
    ordered = sorted(evaluations, key=lambda e: (e.step, e.features, e.samples))
    best: dict[tuple[str, int], Evaluation] = {}
    for one in ordered:
        if one.step > 0 and one.criterion < (best[one.kind].criterion if one.kind in best else math.inf):
            best[one.kind] = one
    return [replace(one, best=best.get(one.kind) is one) for one in ordered]


def best_step(evaluations: list[Evaluation]) -> int | None:
    """The step of the best trained one, of the kind of which there are most; None where there is none."""
    counts = Counter(one.kind for one in evaluations if one.step > 0)
    if not counts:
        return None
    usual = max(counts, key=lambda kind: (counts[kind], -kind[1]))
    return next((one.step for one in mark_best(evaluations) if one.best and one.kind == usual), None)


def read_evaluations(db: sqlite3.Connection) -> list[Evaluation]:
    """In order of steps. Raises ValueError or TypeError where the table does not hold them."""
    rows = db.execute(f"SELECT {_COLUMN_LIST} FROM evaluations ORDER BY step, features, samples")
    return [_evaluation(*row) for row in rows]


def _evaluation(
    step: Any, images: Any, seconds: Any, features: Any, samples: Any, values: str, floor: str, classes: str,
    cost: Any, best: Any,
) -> Evaluation:  # fmt: skip
    shares = json.loads(classes)
    names, generated, real = (shares.get(key, []) for key in ("names", "generated", "real"))
    if not len(names) == len(generated) == len(real):
        raise ValueError(f"the evaluation at step {step} has no such classes")
    return Evaluation(
        int(step), int(images), float(seconds), str(features), int(samples), _numbers(values), _numbers(floor),
        ClassShares(tuple(map(str, names)), tuple(map(float, generated)), tuple(map(float, real))),
        float(cost), bool(best),
    )  # fmt: skip


def _numbers(text: str) -> dict[str, float]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("the values of an evaluation are not named")
    return {str(name): math.nan if value is None else float(value) for name, value in found.items()}


def add_evaluation(db: sqlite3.Connection, evaluation: Evaluation) -> None:
    """Write one down in the place of another of its step and kind, and mark the best anew."""
    row = as_row(evaluation)
    db.execute(f"INSERT OR REPLACE INTO evaluations ({_COLUMN_LIST}) VALUES ({', '.join('?' * len(row))})", row)
    mark_best_again(db)


def mark_best_again(db: sqlite3.Connection) -> None:
    """After evaluations came or went."""
    for one in mark_best(read_evaluations(db)):
        place = (int(one.best), one.step, one.features, one.samples)
        db.execute("UPDATE evaluations SET best = ? WHERE step = ? AND features = ? AND samples = ?", place)


def as_row(evaluation: Evaluation) -> tuple[Any, ...]:
    """In the order of COLUMNS, what is not finite as null."""
    shares = evaluation.classes
    classes = {"names": shares.names, "generated": shares.generated, "real": shares.real} if shares.names else {}
    return (
        evaluation.step, evaluation.images, evaluation.elapsed_seconds, evaluation.features, evaluation.samples,
        json.dumps(_plain(evaluation.values)), json.dumps(_plain(evaluation.floor)), json.dumps(classes),
        evaluation.cost_seconds, int(evaluation.best),
    )  # fmt: skip


def from_row(row: Sequence[Any]) -> Evaluation:
    """What `as_row` gives, also by way of JSON. Raises ValueError or TypeError for what is none."""
    if len(row) != len(COLUMNS):
        raise ValueError("an evaluation")
    return _evaluation(*row)


def _plain(values: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation for JSON: what is not finite is null."""
    shares = evaluation.classes
    classes = {"names": list(shares.names), "generated": list(shares.generated), "real": list(shares.real)}
    return {
        "step": evaluation.step, "images": evaluation.images, "elapsed_seconds": evaluation.elapsed_seconds,
        "features": evaluation.features, "samples": evaluation.samples, "values": _plain(evaluation.values),
        "floor": _plain(evaluation.floor), "classes": classes if shares.names else None,
        "cost_seconds": evaluation.cost_seconds, "best": evaluation.best,
    }  # fmt: skip

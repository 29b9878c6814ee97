"""One method tried once: it is given the table without the hidden cells, and scored on those."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.comparing import scores
from gan_core.apply.tables.comparing.datasets import Subject
from gan_core.apply.tables.comparing.downstream import model_score
from gan_core.apply.tables.encoded import Imputer, Record, Tell


def try_once(
    imputer: Imputer,
    subject: Subject,
    mask: NDArray[np.bool_],
    seed: int,
    tell: Tell,
    record: Record,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """Every score of SCORES or None, "columns" (name to score and value) and "seconds", as plain JSON.

    mask: (n, d), what is hidden; the method never sees the target either. Raises Cancelled through `tell`.
    clock: of the seconds (`Workplace.clock`).
    """
    truth = subject.data
    start = clock()
    data = truth.hidden(mask)
    fitted = imputer.fit(data, seed, lambda fraction, words: tell(0.5 * fraction, words), record)
    filled = fitted.fill(data)
    seconds = clock() - start
    tell(0.5, "chances of categories")
    chances = {j: fitted.probabilities(data, j) for j, k in enumerate(truth.categories) if k > 0 and mask[:, j].any()}
    numeric = bool((mask & (np.asarray(truth.categories) == 0)).any())
    drawn = []
    for i in range(scores.DRAWS if numeric else 0):
        tell(0.55 + 0.4 * i / scores.DRAWS, f"draw {i + 1} of {scores.DRAWS}")
        drawn.append(fitted.draws(data, 1, seed * scores.DRAWS + i)[0])
    tell(0.95, "scores")
    model = None
    if subject.target is not None:
        model = model_score(truth, filled, subject.target, subject.target_categories, seed)
    return {
        "rmse": scores.rmse(truth, mask, filled),
        "accuracy": scores.accuracy(truth, mask, filled),
        "log_loss": scores.log_loss(truth, mask, chances),
        "energy": scores.energy(truth, filled, seed),
        "correlation": scores.correlation(truth, filled),
        "coverage": scores.coverage(truth, mask, np.stack(drawn)) if drawn else None,
        "target": model,
        "columns": _columns(subject, mask, filled),
        "seconds": seconds,
    }


def _columns(subject: Subject, mask: NDArray[np.bool_], filled: NDArray[np.float64]) -> dict[str, Any]:
    made = {}
    for j, (name, k) in enumerate(zip(subject.data.names, subject.data.categories, strict=True)):
        score = scores.accuracy if k else scores.rmse
        value = score(subject.data, mask, filled, j)
        if value is not None:
            made[name] = {"score": "accuracy" if k else "rmse", "value": value}
    return made

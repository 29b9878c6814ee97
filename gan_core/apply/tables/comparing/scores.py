"""How good fills are: pure functions of a table, of what was hidden from it, and of what a method put there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from gan_core.apply.tables.encoded import Encoded

Floats = NDArray[np.float64]
MOST_ROWS = 1000  # that distances between rows are taken of
DRAWS = 19  # the smallest to the largest of 19 draws holds a 20th one with a chance of 18 in 20
LEAST_CHANCE = 1e-6  # a category is never held less likely, so that log loss stays finite


@dataclass(frozen=True)
class Score:
    """label: in a table's head. better: which way; "near" is near to `aim`. words: what it is, one sentence."""

    name: str
    label: str
    better: Literal["lower", "higher", "near"]
    words: str
    aim: float = 0.0

    def distance(self, value: float) -> float:
        """The lower, the better."""
        return {"lower": value, "higher": -value, "near": abs(value - self.aim)}[self.better]


SCORES = {
    score.name: score
    for score in (
        Score("rmse", "RMSE of numbers", "lower", "Root mean square error on a scale where a column spans 0 to 1."),
        Score("accuracy", "Accuracy of categories", "higher", "Share of hidden categories that were met."),
        Score("log_loss", "Log loss of categories", "lower", "Minus the log of the chance given to the true one."),
        Score("energy", "Energy distance", "lower", "How far filled rows are from true rows as a distribution."),
        Score("correlation", "Correlation error", "lower", "Mean difference of the columns' correlations."),
        Score(
            "coverage", "Coverage of 90% intervals", "near",
            "Share of hidden numbers between the smallest and largest of 19 draws; 85 to 95% is right.", 0.9,
        ),
        Score("target", "Model on the filled table", "higher", "Accuracy, or R² for numbers, on true held-out rows."),
    )
}  # fmt: skip


def span(truth: Encoded) -> Floats:
    """(d,): the range that counts as 1."""
    return np.where(truth.high > truth.low, truth.high - truth.low, 1.0)


def rmse(truth: Encoded, mask: NDArray[np.bool_], filled: Floats, column: int | None = None) -> float | None:
    """Of hidden numbers, in one column or all; None where none is hidden."""
    counted = _counted(truth, mask, column, numeric=True)
    error = ((filled - truth.values) / span(truth))[counted]
    return float(np.sqrt((error**2).mean())) if len(error) else None


def accuracy(truth: Encoded, mask: NDArray[np.bool_], filled: Floats, column: int | None = None) -> float | None:
    """Of hidden categories, in one column or all; None where none is hidden."""
    counted = _counted(truth, mask, column, numeric=False)
    return float((filled == truth.values)[counted].mean()) if counted.any() else None


def log_loss(truth: Encoded, mask: NDArray[np.bool_], probabilities: dict[int, Floats]) -> float | None:
    """In nats, over all hidden categories. probabilities: (n, k) by column."""
    losses = []
    for j, p in probabilities.items():
        rows = np.flatnonzero(mask[:, j])
        chance = p[rows, truth.values[rows, j].astype(int)]
        losses.append(-np.log(np.clip(chance, LEAST_CHANCE, 1.0)))
    every = np.concatenate(losses) if losses else np.zeros(0)
    return float(every.mean()) if len(every) else None


def coverage(truth: Encoded, mask: NDArray[np.bool_], draws: Floats) -> float | None:
    """Share of hidden numbers within the draws, (19, n, d), smallest to largest: 0.9 where draws are right."""
    counted = _counted(truth, mask, None, numeric=True)
    inside = (truth.values >= draws.min(axis=0)) & (truth.values <= draws.max(axis=0))
    return float(inside[counted].mean()) if counted.any() else None


def energy(truth: Encoded, filled: Floats, seed: int) -> float | None:
    """sqrt(2 E|X - Y| - E|X - X'| - E|Y - Y'|) of true rows X and filled rows Y (Székely & Rizzo 2013).

    Numbers on a scale of 0 to 1, categories as corners 1 apart; of at most 1,000 rows that were known as a whole;
    None where there are none.
    """
    rows = np.flatnonzero(truth.observed.all(axis=1))
    if not len(rows):
        return None
    rows = np.sort(np.random.default_rng(seed).permutation(rows)[:MOST_ROWS])
    x, y = points(truth, truth.values[rows]), points(truth, filled[rows])
    return energy_distance(x, y)


def energy_distance(x: Floats, y: Floats) -> float:
    """Between two sets of points (rows, F)."""
    squared = 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()
    return float(np.sqrt(max(squared, 0.0)))


def correlation(truth: Encoded, filled: Floats) -> float | None:
    """Mean absolute difference of Pearson's correlations between columns, categories as one column each.

    Of rows that were known as a whole, and of columns that vary; None where there are no two.
    """
    rows = truth.observed.all(axis=1)
    x, y = points(truth, truth.values[rows]), points(truth, filled[rows])
    column = np.repeat(np.arange(len(truth.categories)), [max(k, 1) for k in truth.categories])
    if len(x) < 2:
        return None
    varies = (x.std(axis=0) > 1e-9) & (y.std(axis=0) > 1e-9)
    pairs = np.triu(column[varies][:, None] != column[varies], 1)
    if not pairs.any():
        return None
    difference = np.atleast_2d(np.corrcoef(x[:, varies].T) - np.corrcoef(y[:, varies].T))
    return float(np.abs(difference[pairs]).mean())


def points(truth: Encoded, values: Floats) -> Floats:
    """(n, d) cells as (n, F) coordinates: numbers on the table's scale of 0 to 1, categories 1 apart."""
    scaled = (values - truth.low) / span(truth)
    parts = [
        (values[:, j : j + 1] == np.arange(k)) / np.sqrt(2) if k else scaled[:, j : j + 1]
        for j, k in enumerate(truth.categories)
    ]
    return np.concatenate(parts, axis=1)


def _counted(truth: Encoded, mask: NDArray[np.bool_], column: int | None, numeric: bool) -> NDArray[np.bool_]:
    counted: NDArray[np.bool_] = mask & ((np.asarray(truth.categories) == 0) == numeric)
    if column is not None:
        counted = counted & (np.arange(mask.shape[1]) == column)
    return counted

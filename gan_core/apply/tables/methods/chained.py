"""Chained equations: each column is predicted from all others, in turn, until nothing changes any more.

The loop is that of scikit-learn's IterativeImputer (order, start, end; Buck 1960, van Buuren & Groothuis-Oudshoorn
2011), with a classifier where a column is a category, which that one has not.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.encoded import Encoded, FittedImputer, Imputer, Record, Tell, settled
from gan_core.apply.tables.methods.matrix import Layout, certain, frequencies
from gan_core.apply.tables.methods.refitted import Refitted

TOLERANCE = 1e-3  # IterativeImputer's `tol`: of the largest number, which is 1 here
DRAW_SWEEPS = 5  # rounds of drawing for one imputed table, as in mice

Matrix = NDArray[np.float64]


class ColumnModel(Protocol):
    """Predicts one column from the others: a number on a scale of 0 to 1, or the probabilities of k categories."""

    def guess(self, x: Matrix) -> Matrix:
        """(n,) numbers, or (n, k) probabilities."""

    def draw(self, x: Matrix, random: np.random.Generator) -> Matrix:
        """(n,) numbers, or codes, drawn from what the model holds possible."""


class ChainedImputer(Imputer):
    """What the methods of this family share; each says by what a column is predicted."""

    rounds: int

    @abstractmethod
    def model(self, x: Matrix, y: Matrix, categories: int, seed: int, drawing: bool) -> ColumnModel:
        """A model of a column y (n,) by the others x (n, width). drawing: fitted anew for every imputed table."""

    def fit(self, data: Encoded, seed: int, tell: Tell, record: Record) -> FittedChain:
        fitted = FittedChain(self, data, seed)
        fitted.learn(tell, record)
        return fitted


class FittedChain(Refitted):
    """Draws are multiple imputation by chained equations: every missing cell begins as an observed one of its column
    at random, and is drawn `DRAW_SWEEPS` times in turn, by models fitted anew to what was drawn for the others.

    New rows are filled by the models of the last round, in as many rounds, until they change no more.
    """

    method: ChainedImputer

    def __init__(self, method: Imputer, data: Encoded, seed: int) -> None:
        super().__init__(method, data, seed)
        self._layout = Layout.of(data)
        self._known = data.observed
        self._models: dict[int, ColumnModel] = {}
        matrix = self._layout.matrix(data.values)
        self._start = np.array(
            [column[~np.isnan(column)].mean() if (~np.isnan(column)).any() else 0.0 for column in matrix.T]
        )
        self._filled = np.where(np.isnan(matrix), self._start, matrix)

    def learn(self, tell: Tell, record: Record) -> None:
        order = self._order(~self._known)
        for turn in range(self.method.rounds):
            before = self._filled.copy()
            for i, j in enumerate(order):
                rounds = f"round {turn + 1} of at most {self.method.rounds}, {self.data.names[j][:40]}"
                tell((turn + i / len(order)) / self.method.rounds, rounds)
                self._models[j] = self._model(j)
                self._predict(j, self._filled, ~self._known[:, j])
            change = float(np.abs(self._filled - before).max(initial=0.0))
            record("change", {"step": turn + 1, "value": change})
            if change < TOLERANCE:
                break

    def fill(self, data: Encoded) -> Matrix:
        return settled(self._layout.cells(self._whole(data)), data)

    def probabilities(self, data: Encoded, column: int) -> Matrix:
        """Of the column's classifier, with one more vote in 100 shared out as all rows have it."""
        prior = frequencies(self.data, column)
        guess = np.tile(prior, (len(data.values), 1))
        if self._known[:, column].any():
            model = self._models.get(column) or self._model(column)
            guess = 0.99 * model.guess(self._others(column, self._whole(data))) + 0.01 * prior
        return certain(guess, data, column)

    def draws(self, data: Encoded, count: int, seed: int) -> Matrix:
        own = self._is_own(data)
        n, values = len(self._filled), self.data.values if own else np.vstack([self.data.values, data.values])
        known = ~np.isnan(values)
        made = []
        for one in range(count):
            random = np.random.default_rng([seed, one])
            matrix = self._layout.matrix(self._at_random(values, known, random))
            for _ in range(DRAW_SWEEPS):
                for j in self._order(~known):
                    self._draw(j, matrix, known, n, random)
            made.append(self._layout.cells(matrix if own else matrix[n:]))
        return settled(np.stack(made) if made else np.empty((0, *data.values.shape)), data)

    def _at_random(self, values: Matrix, known: NDArray[np.bool_], random: np.random.Generator) -> Matrix:
        made = values.copy()
        for j in range(values.shape[1]):
            pool = self.data.values[self._known[:, j], j]
            made[~known[:, j], j] = random.choice(pool if len(pool) else np.zeros(1), int((~known[:, j]).sum()))
        return made

    def _draw(self, j: int, matrix: Matrix, known: NDArray[np.bool_], n: int, random: np.random.Generator) -> None:
        """Draw all missing cells of a column; the model learns from the first n rows, those that were fitted."""
        rows = np.flatnonzero(known[:n, j])
        x = self._others(j, matrix)
        model = self.method.model(
            x[rows], self._target(j, rows), self.data.categories[j], int(random.integers(2**32)), True
        )
        gap = ~known[:, j]
        self._put(j, matrix, gap, model.draw(x[gap], random))

    def _order(self, gaps: NDArray[np.bool_]) -> list[int]:
        """Columns with gaps, those with the fewest first; those of which nothing was observed are left at 0."""
        order = np.argsort(gaps[: len(self._known)].mean(axis=0), kind="mergesort")
        return [int(j) for j in order if gaps[:, j].any() and self._known[:, j].any()]

    def _model(self, j: int) -> ColumnModel:
        rows = np.flatnonzero(self._known[:, j])
        x = self._others(j, self._filled)[rows]
        return self.method.model(x, self._target(j, rows), self.data.categories[j], self.seed, False)

    def _target(self, j: int, rows: NDArray[np.intp]) -> Matrix:
        if self.data.categories[j]:
            return np.asarray(self.data.values[rows, j])
        return np.asarray((self.data.values[rows, j] - self._layout.low[j]) / self._layout.span[j])

    def _others(self, j: int, matrix: Matrix) -> Matrix:
        place = self._layout.slices[j]
        others = np.hstack([matrix[:, : place.start], matrix[:, place.stop :]])
        return others if others.shape[1] else np.zeros((len(matrix), 1))  # a table of one column

    def _predict(self, j: int, matrix: Matrix, gap: NDArray[np.bool_]) -> None:
        if gap.any():
            guess = self._models[j].guess(self._others(j, matrix)[gap])
            self._put(j, matrix, gap, guess.argmax(axis=1) if self.data.categories[j] else guess)

    def _put(self, j: int, matrix: Matrix, gap: NDArray[np.bool_], cells: NDArray[np.float64 | np.intp]) -> None:
        place, k = self._layout.slices[j], self.data.categories[j]
        if k:
            matrix[gap, place] = cells[:, None] == np.arange(k)
        else:
            matrix[gap, place.start] = cells

    def _is_own(self, data: Encoded) -> bool:
        return data is self.data or np.array_equal(data.values, self.data.values, equal_nan=True)

    def _whole(self, data: Encoded) -> Matrix:
        """The matrix without gaps: what the fit ended with, or for new rows what its models say."""
        if self._is_own(data):
            return self._filled
        matrix, gaps = self._layout.matrix(data.values), ~data.observed
        matrix = np.where(np.isnan(matrix), self._start, matrix)
        order = self._order(gaps)
        for j in order:
            if j not in self._models:  # a column that was complete when it was fitted
                self._models[j] = self._model(j)
        for _ in range(self.method.rounds):
            before = matrix.copy()
            for j in order:
                self._predict(j, matrix, gaps[:, j])
            if np.abs(matrix - before).max(initial=0.0) < TOLERANCE:
                break
        return matrix


class Certain:
    """The model of a category of which only one code was seen."""

    def __init__(self, code: int, categories: int) -> None:
        self._row = np.eye(categories)[code]

    def guess(self, x: Matrix) -> Matrix:
        return np.tile(self._row, (len(x), 1))

    def draw(self, x: Matrix, random: np.random.Generator) -> Matrix:
        return np.full(len(x), float(self._row.argmax()))


def resampled(x: Matrix, y: Matrix, seed: int) -> tuple[Matrix, Matrix]:
    """As many rows, drawn with replacement (the bootstrap)."""
    rows = np.random.default_rng(seed).integers(len(y), size=len(y))
    return x[rows], y[rows]


def all_classes(probabilities: Matrix, classes: NDArray[np.float64], categories: int) -> Matrix:
    """(n, k) from the probabilities of those classes that a classifier has seen."""
    made = np.zeros((len(probabilities), categories))
    made[:, classes.astype(np.intp)] = probabilities
    return made


def draw_classes(probabilities: Matrix, random: np.random.Generator) -> Matrix:
    """(n,) codes, each drawn by its row of probabilities."""
    steps = probabilities.cumsum(axis=1)
    luck = random.random((len(steps), 1)) * steps[:, -1:]
    return np.asarray((luck >= steps).sum(axis=1), np.float64)


__all__ = ["Certain", "ChainedImputer", "ColumnModel", "FittedChain", "FittedImputer", "all_classes", "draw_classes"]

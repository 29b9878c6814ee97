"""A table as the matrix that methods work on: numbers on a scale of 0 to 1, a category as one column each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.encoded import Encoded


@dataclass(frozen=True, eq=False)
class Layout:
    """How a table's columns lie in the matrix. slices: where each column is; low, span: of numeric ones."""

    categories: tuple[int, ...]
    slices: tuple[slice, ...]
    low: NDArray[np.float64]
    span: NDArray[np.float64]

    @staticmethod
    def of(data: Encoded) -> Layout:
        """A column without range gets the span 1, as scikit-learn's MinMaxScaler gives it."""
        slices, start = [], 0
        for k in data.categories:
            slices.append(slice(start, start + max(1, k)))
            start += max(1, k)
        span = data.high - data.low
        return Layout(data.categories, tuple(slices), data.low, np.where(span > 0, span, 1.0))

    @property
    def width(self) -> int:
        return self.slices[-1].stop if self.slices else 0

    def matrix(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, d) cells as (n, width), NaN where a cell is."""
        made = np.empty((len(values), self.width))
        for j, (k, place) in enumerate(zip(self.categories, self.slices, strict=True)):
            column = values[:, j]
            if k:
                made[:, place] = column[:, None] == np.arange(k)
                made[np.isnan(column), place] = np.nan
            else:
                made[:, place.start] = (column - self.low[j]) / self.span[j]
        return made

    def cells(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """The way back, (n, d): of a category's columns the largest counts."""
        made = np.empty((len(matrix), len(self.categories)))
        for j, (k, place) in enumerate(zip(self.categories, self.slices, strict=True)):
            if k:
                made[:, j] = matrix[:, place].argmax(axis=1)
            else:
                made[:, j] = matrix[:, place.start] * self.span[j] + self.low[j]
        return made


def frequencies(data: Encoded, column: int) -> NDArray[np.float64]:
    """(k,) of a category column: how often each is among what is observed; all alike where nothing is."""
    codes = data.values[data.observed[:, column], column].astype(np.intp)
    counts = np.bincount(codes, minlength=data.categories[column]).astype(np.float64)
    return counts / counts.sum() if len(codes) else np.full(len(counts), 1 / len(counts))


def certain(guess: NDArray[np.float64], data: Encoded, column: int) -> NDArray[np.float64]:
    """(n, k) with 1 at what is observed, and rows that sum to 1."""
    k = data.categories[column]
    codes = data.values[:, column]
    total = guess.sum(axis=1, keepdims=True)
    made = np.where(total > 0, guess / np.where(total > 0, total, 1.0), 1 / k)
    known = ~np.isnan(codes)
    made[known] = codes[known, None] == np.arange(k)
    return made

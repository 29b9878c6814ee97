"""Columns as a network's features: numbers on a scale of 0 to 1, a category as one feature for each of its values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.encoded import Encoded

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Features:
    """d columns as F features. categories: k of each column, 0 for numbers; low, high: (d,) the range that is 0 to 1.

    mean, std: (F,) of the observed cells on that scale, by which networks see standardised inputs; std is 1 where
    nothing varies.
    """

    categories: tuple[int, ...]
    low: Floats
    high: Floats
    mean: Floats
    std: Floats

    @classmethod
    def of(cls, data: Encoded) -> Features:
        """Fitted to the observed cells."""
        blank = np.zeros(0)
        bare = cls(data.categories, data.low, data.high, blank, blank)
        x, known = bare.encode(data.values), data.observed[:, bare.column]
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, x, 0.0).sum(axis=0) / count
        std = np.sqrt(np.where(known, (x - mean) ** 2, 0.0).sum(axis=0) / count)
        return cls(data.categories, data.low, data.high, mean, np.where(std > 1e-6, std, 1.0))

    @cached_property
    def column(self) -> NDArray[np.int64]:
        """(F,): the column that each feature belongs to."""
        return np.repeat(np.arange(len(self.categories)), [max(k, 1) for k in self.categories])

    @cached_property
    def numeric(self) -> NDArray[np.int64]:
        """The features that are numbers, in order."""
        return np.flatnonzero(np.asarray(self.categories)[self.column] == 0)

    @cached_property
    def groups(self) -> tuple[tuple[int, int, int], ...]:
        """(column, first feature, first feature after it) of every category."""
        return tuple(
            (j, int(np.searchsorted(self.column, j)), int(np.searchsorted(self.column, j)) + k)
            for j, k in enumerate(self.categories)
            if k > 0
        )

    @property
    def count(self) -> int:
        return len(self.column)

    @property
    def _span(self) -> Floats:
        return np.where(self.high > self.low, self.high - self.low, 1.0)

    def encode(self, values: Floats) -> Floats:
        """(n, d) cells to (n, F): numbers scaled (new rows may leave 0 to 1), categories one-hot; 0 where missing."""
        cells = np.nan_to_num((values - self.low) / self._span, nan=0.0)
        x = cells[:, self.column].copy()
        for j, start, stop in self.groups:
            x[:, start:stop] = values[:, j : j + 1] == np.arange(stop - start)
        return x

    def decode(self, x: Floats) -> Floats:
        """(..., F) to (..., d) cells: numbers kept within the range that was seen, the likeliest category."""
        first = np.searchsorted(self.column, np.arange(len(self.categories)))
        values: Floats = np.clip(x[..., first], 0.0, 1.0) * self._span + self.low
        for j, start, stop in self.groups:
            values[..., j] = x[..., start:stop].argmax(axis=-1)
        return values

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        arrays = {"low": self.low, "high": self.high, "mean": self.mean, "std": self.std}
        return {"categories": list(self.categories)}, arrays

    @classmethod
    def from_state(cls, state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Features:
        """Raises ValueError where the arrays do not fit the columns."""
        try:
            categories = tuple(int(k) for k in state["categories"])
            low, high, mean, std = (np.asarray(arrays[key], np.float64) for key in ("low", "high", "mean", "std"))
        except (KeyError, TypeError, ValueError):
            raise ValueError("The saved columns of this method cannot be read.") from None
        made = cls(categories, low, high, mean, std)
        fits = min(categories, default=-1) >= 0 and low.shape == high.shape == (len(categories),)
        if not fits or not mean.shape == std.shape == (made.count,):
            raise ValueError("The saved columns of this method do not fit together.")
        return made

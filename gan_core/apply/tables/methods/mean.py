"""The mean of a number, the most frequent category: what everything else has to be better than."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.encoded import Encoded, FittedImputer, Imputer, Record, Tell, imputers, settled
from gan_core.apply.tables.methods.matrix import certain, frequencies
from gan_core.apply.tables.methods.refitted import Refitted
from gan_core.config.fields import choice


class FittedMean(Refitted):
    """Draws are observed cells of the same column at random (hot deck): a mean has no spread of its own."""

    method: Mean

    def fill(self, data: Encoded) -> NDArray[np.float64]:
        return settled(np.broadcast_to(self._guess(), data.values.shape), data)

    def _guess(self) -> NDArray[np.float64]:
        return np.array([self._of_column(j) for j in range(len(self.data.names))])

    def _of_column(self, j: int) -> float:
        known = self.data.values[self.data.observed[:, j], j]
        if self.data.categories[j]:
            return float(frequencies(self.data, j).argmax())  # of several as frequent ones the first, as scipy has it
        if not len(known):
            return 0.0
        return float(np.median(known) if self.method.of == "median" else known.mean())

    def draws(self, data: Encoded, count: int, seed: int) -> NDArray[np.float64]:
        random = np.random.default_rng(seed)
        made = np.empty((count, *data.values.shape))
        for j in range(len(data.names)):
            known = self.data.values[self.data.observed[:, j], j]
            made[:, :, j] = random.choice(known if len(known) else np.zeros(1), made.shape[:2])
        return settled(made, data)

    def probabilities(self, data: Encoded, column: int) -> NDArray[np.float64]:
        """How often each category is among what was observed."""
        guess = np.tile(frequencies(self.data, column), (len(data.values), 1))
        return certain(guess, data, column)


@imputers.register("mean", label="Mean or most frequent", source="sklearn.impute.SimpleImputer")
@dataclass(frozen=True)
class Mean(Imputer):
    """Numbers by the mean of their column, categories by the most frequent one."""

    fitted: ClassVar[type[FittedImputer]] = FittedMean
    most_rows: ClassVar[int] = 1_000_000
    of: str = choice("mean", ("mean", "median"), label="Middle", help="Of numbers: their mean, or their median.")

    def fit(self, data: Encoded, seed: int, tell: Tell, record: Record) -> FittedMean:
        return FittedMean(self, data, seed)

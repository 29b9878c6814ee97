"""Chained equations with linear models: Bayesian ridge for numbers, logistic regression for categories."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gan_core.apply.tables.encoded import FittedImputer, imputers
from gan_core.apply.tables.methods.chained import (
    Certain,
    ChainedImputer,
    ColumnModel,
    FittedChain,
    Matrix,
    all_classes,
    draw_classes,
    resampled,
)
from gan_core.config.fields import integer


class _Ridge:
    """A number by Bayesian ridge; draws are from its predictive distribution, both within the observed range."""

    def __init__(self, x: Matrix, y: Matrix) -> None:
        from sklearn.linear_model import BayesianRidge  # type: ignore[import-untyped]  # slow to import

        self._model: Any = BayesianRidge().fit(x, y)

    def guess(self, x: Matrix) -> Matrix:
        return np.asarray(np.clip(self._model.predict(x), 0.0, 1.0))

    def draw(self, x: Matrix, random: np.random.Generator) -> Matrix:
        mean, deviation = self._model.predict(x, return_std=True)
        return np.asarray(np.clip(mean + deviation * random.standard_normal(len(x)), 0.0, 1.0))


class _Logistic:
    """A category by logistic regression."""

    def __init__(self, x: Matrix, y: Matrix, categories: int) -> None:
        from sklearn.linear_model import LogisticRegression

        self._categories = categories
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not come to its end after so many steps
            self._model: Any = LogisticRegression(max_iter=200).fit(x, y)

    def guess(self, x: Matrix) -> Matrix:
        return all_classes(self._model.predict_proba(x), self._model.classes_, self._categories)

    def draw(self, x: Matrix, random: np.random.Generator) -> Matrix:
        return draw_classes(self.guess(x), random)


@imputers.register(
    "iterative", label="Iterative, linear", source="sklearn.impute.IterativeImputer with BayesianRidge"
)
@dataclass(frozen=True)
class Iterative(ChainedImputer):
    """Each column by a linear model of all others, in turn, until nothing changes."""

    fitted: ClassVar[type[FittedImputer]] = FittedChain
    most_rows: ClassVar[int] = 50_000
    rounds: int = integer(10, low=1, high=100, label="Rounds", help="At most so many times through all columns.")

    def model(self, x: Matrix, y: Matrix, categories: int, seed: int, drawing: bool) -> ColumnModel:
        """For draws a category's model learns from rows drawn with replacement, so that it differs as well."""
        if drawing and categories:
            x, y = resampled(x, y, seed)
        if not categories:
            return _Ridge(x, y)
        seen = np.unique(y)
        return Certain(int(seen[0]), categories) if len(seen) == 1 else _Logistic(x, y, categories)

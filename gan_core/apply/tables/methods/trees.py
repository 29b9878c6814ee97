"""Chained equations with trees: as missForest (Stekhoven & Bühlmann 2012) and MICE-CART (Burgette & Reiter 2010)."""

from __future__ import annotations

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
    resampled,
)
from gan_core.config.fields import choice, integer

DRAW_LEAF = 5  # rows in a leaf at least, as in mice's `cart`


class _Trees:
    """A number or a category by the mean, or the vote, of trees."""

    def __init__(self, model: Any, x: Matrix, y: Matrix, categories: int) -> None:
        self._model: Any = model.fit(x, y)
        self._categories = categories

    def guess(self, x: Matrix) -> Matrix:
        if self._categories:
            return all_classes(self._model.predict_proba(x), self._model.classes_, self._categories)
        return np.asarray(self._model.predict(x), np.float64)

    def draw(self, x: Matrix, random: np.random.Generator) -> Matrix:
        raise NotImplementedError("Draws are made by a _Donors.")


class _Donors(_Trees):
    """A single tree, whose draw is the cell of a row in the same leaf, taken at random."""

    def __init__(self, model: Any, x: Matrix, y: Matrix, categories: int) -> None:
        super().__init__(model, x, y, categories)
        leaves = self._model.apply(x)
        order = np.argsort(leaves, kind="stable")
        self._y, self._leaves = y[order], leaves[order]

    def draw(self, x: Matrix, random: np.random.Generator) -> Matrix:
        leaves = self._model.apply(x)
        first = np.searchsorted(self._leaves, leaves, side="left")
        many = np.searchsorted(self._leaves, leaves, side="right") - first
        return np.asarray(self._y[first + (random.random(len(x)) * many).astype(np.intp)])


@imputers.register(
    "trees", label="Iterative, trees", source="sklearn.impute.IterativeImputer with ExtraTreesRegressor (missForest)"
)
@dataclass(frozen=True)
class Trees(ChainedImputer):
    """Each column by trees on all others, in turn: follows bends and jumps that a line cannot."""

    fitted: ClassVar[type[FittedImputer]] = FittedChain
    most_rows: ClassVar[int] = 10_000
    rounds: int = integer(5, low=1, high=50, label="Rounds", help="At most so many times through all columns.")
    forest: str = choice(
        "extra-trees", ("extra-trees", "random-forest", "single-tree"), label="Trees",
        help="Extra trees split at random places, a random forest at the best ones; a single tree is MICE-CART.",
    )  # fmt: skip
    trees: int = integer(30, low=1, high=500, label="How many", help="Trees of a forest; a single tree is one.")
    leaf: int = integer(1, low=1, high=100, label="Smallest leaf", help="Rows that a leaf holds at least.")

    def model(self, x: Matrix, y: Matrix, categories: int, seed: int, drawing: bool) -> ColumnModel:
        """For draws: one tree on rows drawn with replacement, as one of a forest (Doove et al. 2014)."""
        if drawing:
            x, y = resampled(x, y, seed)
        seen = np.unique(y)
        if categories and len(seen) == 1:
            return Certain(int(seen[0]), categories)
        if drawing:
            return _Donors(self._single(bool(categories), seed), x, y, categories)
        return _Trees(self._estimator(bool(categories), seed), x, y, categories)

    def _single(self, classifier: bool, seed: int) -> Any:
        from sklearn import tree  # type: ignore[import-untyped]  # slow to import

        options: dict[str, Any] = {"random_state": seed, "min_samples_leaf": max(self.leaf, DRAW_LEAF)}
        if self.forest == "extra-trees":
            options |= {"max_features": None}
            return (tree.ExtraTreeClassifier if classifier else tree.ExtraTreeRegressor)(**options)
        return (tree.DecisionTreeClassifier if classifier else tree.DecisionTreeRegressor)(**options)

    def _estimator(self, classifier: bool, seed: int) -> Any:
        from sklearn import ensemble, tree

        options = {"random_state": seed, "min_samples_leaf": self.leaf}
        if self.forest == "single-tree":
            return (tree.DecisionTreeClassifier if classifier else tree.DecisionTreeRegressor)(**options)
        options["n_estimators"] = self.trees
        if self.forest == "random-forest":
            return (ensemble.RandomForestClassifier if classifier else ensemble.RandomForestRegressor)(**options)
        return (ensemble.ExtraTreesClassifier if classifier else ensemble.ExtraTreesRegressor)(**options)

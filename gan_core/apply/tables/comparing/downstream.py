"""The score of a model that learns from a filled table and is tried on rows as they truly are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.comparing.scores import points
from gan_core.apply.tables.encoded import Encoded

Floats = NDArray[np.float64]
TREES = 100
TEST_SHARE = 0.3


def model_score(truth: Encoded, filled: Floats, target: Floats, categories: int, seed: int) -> float | None:
    """Accuracy for a target of `categories` codes, R² for numbers (0 categories): a random forest's.

    It learns from the filled cells of seven rows in ten and is tried on the true cells of those among the others that
    are known as a whole. target: (n,), NaN where missing. None where too few rows are left or the target is constant.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # type: ignore[import-untyped]

    known = np.flatnonzero(~np.isnan(target))
    order = np.random.default_rng(seed).permutation(known)
    tested = order[: round(TEST_SHARE * len(order))]
    learned = order[len(tested) :]
    tested = tested[truth.observed[tested].all(axis=1)]
    if len(tested) < 5 or len(learned) < 5 or len(np.unique(target[learned])) < 2:
        return None
    if categories == 0 and np.ptp(target[tested]) == 0:
        return None
    kind = RandomForestClassifier if categories else RandomForestRegressor
    model = kind(TREES, random_state=seed, n_jobs=1)
    model.fit(points(truth, filled[learned]), target[learned])
    return float(model.score(points(truth, truth.values[tested]), target[tested]))

"""What is measured of synthetic rows, beside columns shuffled apart and beside real rows that were held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.comparing.scores import points
from gan_core.apply.tables.encoded import Encoded
from gan_core.apply.tables.synthetic import measures

Floats = NDArray[np.float64]
LABELS = {
    "ctgan": "This GAN", "library": "The library ctgan", "independent": "Columns drawn apart", "real": "Held-out rows"
}  # fmt: skip
TREES, LEAST_ROWS = 100, 10


def independent(real: Encoded, count: int, seed: int) -> Floats:
    """(count, d): each column drawn from the real one by itself; what no model of pairs of columns scores."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.choice(real.values[:, j], count) for j in range(len(real.names))], axis=1)


def measure(name: str, real: Encoded, held_out: Floats, made: Floats, target: str, seed: int) -> dict[str, Any]:
    """As plain JSON. name: in LABELS; of "real", rows that are real, the model learns from the training rows.

    Shapes and trends are those of as many rows as were held out, as fewer rows are always further from a table.
    """
    some = made[: len(held_out)]
    shapes = measures.column_shapes(real, some)
    learned = real.values if name == "real" else made
    return {
        "label": LABELS[name],
        "shapes": float(np.mean(list(shapes.values()))),
        "columns": shapes,
        "trends": measures.pair_trends(real, some),
        "model": model_score(real, learned, held_out, target, seed) if target else None,
        "categories": measures.kept_categories(real, made),
        "privacy": measures.privacy(real, held_out, made),
    }


def model_score(real: Encoded, learned: Floats, held_out: Floats, target: str, seed: int) -> float | None:
    """Accuracy, or R² for numbers, on held-out rows, of a random forest that learned from made or real ones.

    Of rows without gaps; None where fewer than 10 are left on either side.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # type: ignore[import-untyped]

    j = real.names.index(target)
    sides = []
    for cells in (learned, held_out):
        whole = cells[~np.isnan(cells).any(axis=1)]
        x = points(real, whole)
        column = np.repeat(np.arange(len(real.categories)), [max(k, 1) for k in real.categories])
        sides.append((x[:, column != j], whole[:, j]))
    (x, y), (tested, truth) = sides
    if len(y) < LEAST_ROWS or len(truth) < LEAST_ROWS or not x.shape[1]:
        return None
    kind = RandomForestClassifier if real.categories[j] else RandomForestRegressor
    return float(kind(TREES, random_state=seed, n_jobs=1).fit(x, y).score(tested, truth))


def verdict(ways: Mapping[str, Any]) -> str:
    """One sentence: what rows are like, beside what shuffled columns and real rows score."""
    made, apart, real = ways["ctgan"], ways["independent"], ways["real"]
    words = f"Columns alone are met to {made['shapes']:.2f} (held-out rows: {real['shapes']:.2f})"
    if made["trends"] is not None:
        better = "more than" if made["trends"] > apart["trends"] else "no more than"
        words += (
            f", pairs to {made['trends']:.2f}, {better} the {apart['trends']:.2f} of columns drawn apart "
            f"(held-out rows: {real['trends']:.2f})"
        )
    if made["model"] is not None and real["model"] is not None:
        words += (
            f"; a model that learned from made rows scores {made['model']:.2f}, from real ones {real['model']:.2f}"
        )
    return f"{words}."

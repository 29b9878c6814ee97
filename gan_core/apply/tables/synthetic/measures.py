"""How like the real table synthetic rows are, what a model learns from them, and whether they are copies.

All compare cells (rows, d) of one `Encoded` table's columns; a missing cell counts as a value of its own in shapes
and is left out of correlations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp

from gan_core.apply.tables.comparing.scores import span
from gan_core.apply.tables.encoded import Encoded

Floats = NDArray[np.float64]
BINS = 10
CHUNK = 500
MOST_RECORDS = 2000
COPY = 1e-9  # nearer than this is the same row
MOST_COPIES = 0.01  # beyond what held-out rows have, where a warning is due


def column_shapes(real: Encoded, made: Floats) -> dict[str, float]:
    """1 - Kolmogorov-Smirnov distance of numbers, 1 - total variation of categories, by column; 1 is alike.

    A number's score is lowered by how much more, or less, often its cells are missing.
    """
    found = {}
    for j, (name, k) in enumerate(zip(real.names, real.categories, strict=True)):
        a, b = real.values[:, j], made[:, j]
        if k:
            found[name] = 1 - total_variation(_codes(a, k), _codes(b, k), k + 1)
            continue
        gaps = abs(float(np.isnan(a).mean() - np.isnan(b).mean()))
        a, b = a[~np.isnan(a)], b[~np.isnan(b)]
        apart = float(ks_2samp(a, b).statistic) if len(a) and len(b) else float(bool(len(a)) != bool(len(b)))
        found[name] = 1 - max(apart, gaps)
    return found


def pair_trends(real: Encoded, made: Floats) -> float | None:
    """Mean over pairs of columns: 1 - |r - r'| / 2 of two numbers, otherwise 1 - total variation of their table.

    Numbers beside categories are cut into 10 bins of as many real cells each. None for a single column.
    """
    d = len(real.names)
    codes = [_binned(real, made, j) for j in range(d)]
    scores = []
    for i in range(d):
        for j in range(i + 1, d):
            if real.categories[i] == real.categories[j] == 0:
                r = [_correlation(values[:, i], values[:, j]) for values in (real.values, made)]
                scores.append(1 - abs(r[0] - r[1]) / 2)
            else:
                (a, b, count), (c, e, other) = codes[i], codes[j]
                scores.append(1 - total_variation(a * other + c, b * other + e, count * other))
    return float(np.mean(scores)) if scores else None


def total_variation(a: NDArray[np.int64], b: NDArray[np.int64], count: int) -> float:
    """Half the sum of the differences of two frequencies of `count` codes."""
    shares = [np.bincount(codes, minlength=count) / max(len(codes), 1) for codes in (a, b)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def closest_records(real: Encoded, made: Floats, most: int = MOST_RECORDS) -> Floats:
    """(rows,): how far each made row, of the first `most`, is from the nearest real one; 0 is a copy.

    Root mean square over columns: numbers on a scale of 0 to 1, a category that differs, or a gap, counts 1.
    """
    made = made[:most]
    x, y = (_comparable(real, values) for values in (made, real.values))
    nearest = [cdist(x[i : i + CHUNK], y).min(axis=1) for i in range(0, len(x), CHUNK)]
    return np.concatenate(nearest) / np.sqrt(len(real.names)) if nearest else np.zeros(0)


def privacy(real: Encoded, held_out: Floats, made: Floats) -> dict[str, Any]:
    """Nearest distances of made rows beside those of real rows that were held out; and a sentence on copies.

    copies: share of made rows that are rows of the training table; as_near: share that are nearer to one than 95 in
    100 held-out rows are, 0.05 where made rows are as new as real ones.
    """
    own, other = closest_records(real, made), closest_records(real, held_out)
    copies, expected = (float((distance <= COPY).mean()) if len(distance) else 0.0 for distance in (own, other))
    as_near = float((own < np.quantile(other, 0.05)).mean()) if len(other) and len(own) else None
    return {
        "median": float(np.median(own)) if len(own) else None,
        "median_held_out": float(np.median(other)) if len(other) else None,
        "copies": copies, "copies_held_out": expected, "as_near": as_near, "words": _words(copies, expected, as_near),
    }  # fmt: skip


def kept_categories(real: Encoded, made: Floats) -> dict[str, Any]:
    """How many categories of the real table occur among made rows, of all; `lost`: the names of columns and codes."""
    there, lost = 0, []
    total = 0
    for j, k in enumerate(real.categories):
        for code in range(k):
            if (real.values[:, j] == code).any():
                total += 1
                met = bool((made[:, j] == code).any())
                there += met
                if not met:
                    lost.append([real.names[j], code])
    return {"kept": there, "of": total, "lost": lost}


def _words(copies: float, expected: float, as_near: float | None) -> str:
    if copies > expected + MOST_COPIES:
        return (
            f"{copies:.0%} of the synthetic rows are copies of real ones ({expected:.0%} of held-out rows are the "
            "same as another's): do not give them away as new."
        )
    if as_near is not None and as_near > 0.15:
        return (
            f"{as_near:.0%} of the synthetic rows lie nearer to a real one than all but 5% of held-out rows do: they "
            "may tell of the people in the table."
        )
    return (
        "Synthetic rows are no nearer to real ones than held-out rows are; that alone does not make them anonymous."
    )


def _codes(values: Floats, k: int) -> NDArray[np.int64]:
    return np.where(np.isnan(values), k, np.nan_to_num(values)).astype(np.int64)


def _binned(real: Encoded, made: Floats, j: int) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Codes of a real and a made column, and how many there are; a gap is the last."""
    k, values = real.categories[j], real.values[:, j]
    if k:
        return _codes(values, k), _codes(made[:, j], k), k + 1
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.zeros(0)
    both = [
        np.where(np.isnan(v), len(edges) + 1, np.searchsorted(edges, np.nan_to_num(v), "right")).astype(np.int64)
        for v in (values, made[:, j])
    ]
    return both[0], both[1], len(edges) + 2


def _correlation(a: Floats, b: Floats) -> float:
    """Pearson's, of rows where both are known; 0 where one does not vary."""
    known = ~(np.isnan(a) | np.isnan(b))
    a, b = a[known], b[known]
    if len(a) < 2 or a.std() < 1e-12 or b.std() < 1e-12:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _comparable(real: Encoded, values: Floats) -> Floats:
    """Coordinates whose squared distance is the sum of columns' squared differences, each at most about 1."""
    scaled = (values - real.low) / span(real)
    parts = []
    for j, k in enumerate(real.categories):
        if k:
            parts.append(_codes(values[:, j], k)[:, None] == np.arange(k + 1))
            parts[-1] = parts[-1] / np.sqrt(2)
        else:
            gap = np.isnan(values[:, j : j + 1])
            parts += [np.where(gap, 0.0, scaled[:, j : j + 1]), gap.astype(float)]
    return np.concatenate(parts, axis=1)

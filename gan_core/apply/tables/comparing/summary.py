"""Scores of several methods and seeds as means with intervals, the winner of each score, and one sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student_t

from gan_core.apply.tables.comparing.scores import SCORES, Score
from gan_core.apply.tables.encoded import imputers

GAN = "gain"
SIMPLEST_FIRST = ("mean", "knn", "iterative", "trees", GAN)
Interval = dict[str, float | None]


def interval(values: Sequence[float | None]) -> Interval:
    """mean, low and high: the 95% t-interval of the mean over seeds; all None without seeds, no interval for one.

    "seeds" is how many there are.
    """
    found = np.array([value for value in values if value is not None and math.isfinite(value)])
    if not len(found):
        return {"mean": None, "low": None, "high": None, "seeds": 0}
    mean = float(found.mean())
    if len(found) == 1:
        return {"mean": mean, "low": None, "high": None, "seeds": 1}
    half = float(student_t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))
    return {"mean": mean, "low": mean - half, "high": mean + half, "seeds": len(found)}


def summarise(parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """`methods`, `winner`, `clear` and `verdict` from the scores of each method, a mapping for each seed, same order.

    Each has every score of SCORES or None, "columns" (name to score and value) and "seconds".
    clear: score to whether the winner is ahead of each other method beyond chance, by paired differences over seeds.
    """
    methods: dict[str, dict[str, Any]] = {
        method: {
            "label": imputers.get(method).label if method in imputers else method,
            **{score: interval([one[score] for one in seeds]) for score in SCORES},
            "seconds": interval([one["seconds"] for one in seeds]),
            "columns": _columns(seeds),
        }
        for method, seeds in ((method, parts[method]) for method in simplest_first(parts))
    }
    winner: dict[str, str] = {}
    clear: dict[str, bool] = {}
    for name, score in SCORES.items():
        means = {m: scores[name]["mean"] for m, scores in methods.items() if scores[name]["mean"] is not None}
        if not means:
            continue
        winner[name] = min(means, key=lambda m: (score.distance(means[m]), _rank(m)))  # of equal ones the simpler
        best = [one[name] for one in parts[winner[name]]]
        others = [[one[name] for one in parts[m]] for m in means if m != winner[name]]
        clear[name] = all(_ahead(score, best, other) for other in others)
    return {"methods": methods, "winner": winner, "clear": clear, "verdict": verdict(methods, winner, clear)}


def _rank(method: str) -> int:
    return SIMPLEST_FIRST.index(method) if method in SIMPLEST_FIRST else len(SIMPLEST_FIRST)


def simplest_first(methods: Iterable[str]) -> list[str]:
    """In the order of tables and charts."""
    return sorted(methods, key=lambda method: (_rank(method), method))


def _columns(seeds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = dict.fromkeys(name for one in seeds for name in one["columns"])
    return {
        name: {
            "score": next(one["columns"][name]["score"] for one in seeds if name in one["columns"]),
            **interval([one["columns"][name]["value"] for one in seeds if name in one["columns"]]),
        }
        for name in names
    }


def _ahead(score: Score, best: Sequence[float | None], other: Sequence[float | None]) -> bool:
    """Whether the 95% interval of the mean paired difference lies above 0."""
    pairs = [
        score.distance(b) - score.distance(a)
        for a, b in zip(best, other, strict=True)
        if a is not None and b is not None
    ]
    low = interval(pairs)["low"]
    return low is not None and low > 0


def verdict(methods: Mapping[str, Any], winner: Mapping[str, str], clear: Mapping[str, bool]) -> str:
    """One sentence on the GAN beside the others, which says no more than the intervals carry."""
    main = next((name for name in ("rmse", "accuracy", "energy") if name in winner), None)
    if main is None:
        return "No cell was hidden that a score could be taken of."
    best, score = winner[main], SCORES[main]
    if GAN not in methods:
        return f"{methods[best]['label']} is best by {_by(score)}: {_told(methods[best][main])}."
    gan = methods[GAN]
    if best == GAN:
        ranked = [m for m in methods if m != GAN and methods[m][main]["mean"] is not None]
        if not ranked:
            return f"{gan['label']}, alone, has {_told(gan[main])} by {_by(score)}."
        second = methods[min(ranked, key=lambda m: score.distance(methods[m][main]["mean"]))]
        told = f"{_told(gan[main])} against {_told(second[main])} of {_name(second)}"
        if clear[main]:
            return f"{gan['label']} is best by {_by(score)}, beyond chance: {told}."
        return f"{gan['label']} leads by {_by(score)}, {told}, but that may be chance."
    rest = [_by(SCORES[name]) for name, method in winner.items() if method == GAN]
    also = f"it leads by {_listed(rest)}" if rest else "it leads by no other score either"
    how = "is behind" if clear[main] else "is behind, not beyond chance,"
    return (
        f"{gan['label']} {how} by {_by(score)}: {_told(gan[main])} against {_told(methods[best][main])} of "
        f"{_name(methods[best])}; {also}."
    )


def _by(score: Score) -> str:
    return score.label if score.label.startswith(("RMSE", "R²")) else score.label[0].lower() + score.label[1:]


def _name(method: Mapping[str, Any]) -> str:
    label = str(method["label"])
    return f"“{label}”"


def _told(found: Mapping[str, float | None]) -> str:
    mean, low, high = (found[key] for key in ("mean", "low", "high"))
    if mean is None:
        return "nothing"
    return f"{mean:.3f}" if low is None or high is None else f"{mean:.3f} ({low:.3f} to {high:.3f})"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

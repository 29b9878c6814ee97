"""From what the seeds found to what is said of it: accuracies, differences, the verdict, and the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_core.apply.augmentation.classifier import accuracy
from gan_core.apply.augmentation.files import results_csv
from gan_core.apply.augmentation.intervals import Interval, paired, t_interval
from gan_core.apply.augmentation.report import report_html
from gan_core.apply.augmentation.study import SeedResult, Study
from gan_core.apply.augmentation.verdict import FEW_HELD_OUT, Differences, Setting, verdict
from gan_core.apply.augmentation.ways import Way
from gan_core.config.files import write_atomically

Accuracies = dict[str, list[float]]
"""Way -> one for each seed, in [0, 1]."""


def conclude(study: Study, seeds: Sequence[SeedResult]) -> dict[str, Any]:
    """The outcome as plain JSON, with results.csv and report.html beside it. Raises OSError."""
    outcome = summarise(study, seeds)
    tables = {result.seed: result.confusions for result in seeds}
    write_atomically(study.place.result / "results.csv", results_csv(tables, study.split.classes))
    sheet = study.place.result / f"samples-seed-{study.asked.seed}.png"
    picture = sheet.read_bytes() if sheet.is_file() else b""
    write_atomically(study.place.result / "report.html", report_html(outcome, study.asked.title(), picture))
    return outcome


def summarise(study: Study, seeds: Sequence[SeedResult]) -> dict[str, Any]:
    """`ways`: name -> label, accuracy's mean, low, high and each seed's; `differences`: less `real`, in points.

    `classes`: way -> each class's accuracy, and its change in points against `real`; `confusion`: way -> counts of
    all seeds, rows the true class. low and high are None where there is one seed.
    """
    names = [way.name for way in study.ways]
    found: Accuracies = {name: [accuracy(result.confusions[name]) for result in seeds] for name in names}
    held = len(study.split.held_out)
    differences = {name: _points(found[name], found["real"], held) for name in names if name != "real"}
    effects = {way.name: _filter_effect(way, found, held) for way in study.ways if way.filtered}
    counts = {name: np.sum([result.confusions[name] for result in seeds], axis=0) for name in names}
    images = study.model.images if study.model is not None and study.synthesizes else 0
    learned_from = _learned_from(study) if images else 0
    setting = Setting(study.asked.per_class, len(seeds), held, learned_from)
    return {
        "verdict": verdict(_differences(study.ways, found, held), setting),
        "ways": {way.name: _way(way, found[way.name], held) for way in study.ways},
        "differences": {name: each.as_json() for name, each in differences.items()},
        "filter_effects": {name: each.as_json() for name, each in effects.items()},
        "classes": {name: _classes(name, seeds) for name in names},
        "class_names": list(study.split.classes),
        "confusion": {name: matrix.tolist() for name, matrix in counts.items()},
        "per_class": study.asked.per_class, "held_out": held, "seeds": [result.seed for result in seeds],
        "gan": {"augmentation": study.augmentation, "seeds": [result.gan for result in seeds]},
        "filtered": [result.filtered for result in seeds],
        "notes": notes(study, seeds),
    }  # fmt: skip


def _learned_from(study: Study) -> int:
    return study.asked.data.info(study.place.data_dir).count


def _way(way: Way, values: list[float], held: int) -> dict[str, Any]:
    interval = t_interval(values, 1 / held).clipped(0.0, 1.0)
    return {
        "label": way.label, "mean": interval.mean, "low": interval.low, "high": interval.high, "accuracies": values,
    }  # fmt: skip


def _points(ones: list[float], others: list[float], held: int) -> Interval:
    found = paired([100 * value for value in ones], [100 * value for value in others], 100 / held)
    return found.clipped(-100.0, 100.0)


def _filter_effect(way: Way, found: Accuracies, held: int) -> Interval:
    return _points(found[way.name], found[way.name.removesuffix("+filter")], held)


def _differences(ways: Sequence[Way], found: Accuracies, held: int) -> Differences:
    """Of the first ratio asked for, unfiltered: named before anything is measured, not the one that came out best."""
    first: dict[str, str] = {}
    for way in ways:
        if not way.filtered:
            first.setdefault(way.base, way.name)

    def less(one: str, other: str) -> Interval | None:
        return _points(found[first[one]], found[first[other]], held) if one in first and other in first else None

    return Differences(
        less("both", "real"), less("classic", "real"), less("synthetic", "real"), less("both", "classic"),
        less("all", "classic"), less("all", "real"),
    )  # fmt: skip


def _classes(name: str, seeds: Sequence[SeedResult]) -> list[dict[str, Any]]:
    def of(way: str) -> np.ndarray[Any, Any]:
        matrices = np.array([result.confusions[way] for result in seeds], dtype=np.float64)  # (S, K, K)
        return np.diagonal(matrices, axis1=1, axis2=2) / np.maximum(1, matrices.sum(2))  # type: ignore[no-any-return]

    here, real = of(name), of("real")
    held = np.maximum(1, np.array(seeds[0].confusions["real"]).sum(1))
    return [
        {
            "accuracy": float(here[:, index].mean()),
            "change": _points(here[:, index].tolist(), real[:, index].tolist(), int(held[index])).as_json(),
        }
        for index in range(here.shape[1])
    ]


def notes(study: Study, seeds: Sequence[SeedResult]) -> list[str]:
    """What one has to know to read the numbers, a sentence each."""
    found = []
    split, asked = study.split, study.asked
    if split.repeated:
        found.append(
            f"{split.repeated:,} images were not held out, as the same ones, pixel by pixel, are among the real ones."
        )
    if not split.own:
        found.append("The held-out images were drawn from the set by the first seed, a fifth of each class.")
    if len(split.held_out) < FEW_HELD_OUT:
        found.append(
            f"Only {len(split.held_out):,} images are held out: another {len(split.held_out):,} would give other "
            "accuracies, which the intervals do not tell."
        )
    if len(seeds) == 1:
        found.append("One seed has no interval; three or more have.")
    if study.model is not None and study.synthesizes:
        found.append(
            f"The synthetic images are of {study.model.label}, which learned from {_learned_from(study):,} images, "
            f"where the real ones here are {asked.per_class * len(split.classes):,}: what it adds may be those."
        )
        if len(seeds) > 1:
            found.append(
                "All seeds share this generator: the intervals leave out what training it again would change."
            )
    if any(result.gan and asked.seconds and result.gan["images"] < asked.gan_images for result in seeds):
        least = min(int(result.gan["images"]) for result in seeds if result.gan)
        found.append(f"The time for a GAN was up after {least:,} images of {asked.gan_images:,}; more may be better.")
    for result in seeds:
        if result.filtered.get("drawn"):
            share = result.filtered["passed"] / result.filtered["drawn"]
            found.append(f"Seed {result.seed}: {share:.0%} of the synthetic images passed the filter.")
    return found

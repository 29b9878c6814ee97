"""The referee: what is going wrong in a run, with the numbers that say so, a likely cause and one change to try.

`diagnose` is a pure function of a run's evidence. What counts as trouble is a score (`referee_scores`) above a
threshold; the thresholds are fitted to runs whose trouble is known, by `python -m benchmarks.referee`.
"""

from __future__ import annotations

import functools
import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gan_core.config.codec import differences, replace_at
from gan_core.measure.referee import live_words
from gan_core.measure.referee.basis import MOST, Score, badness, enough, most_of
from gan_core.measure.referee.evidence import Evidence
from gan_core.measure.referee.live_changes import AT, SOME, as_it_was, first_of, harm, suspect_of, suspects
from gan_core.measure.referee.measured import beside, distance_left, last_known
from gan_core.measure.referee.scores import SCORES
from gan_core.measure.referee.words import CAUSES, cause, suggestion, title, words
from gan_core.training.configuration.run_config import RunConfig

__all__ = ["HEALTHY", "KINDS", "TROUBLES", "Evidence", "Finding", "diagnose", "findings_by", "thresholds"]

THRESHOLDS_FILE = Path(__file__).with_name("thresholds.json")
HEALTHY, LIVE_CHANGE = "healthy", "live change"
TROUBLES = tuple(kind for kind in SCORES if kind != "plateau")
KINDS = (*SCORES, HEALTHY)
SHOWN_MEASURES = ("fid", "recall", "coverage", "sliced_wasserstein", "modes_covered", "high_quality_share")
BY_PIXELS = 0.35  # of the way left, below which they cannot tell sharp clothes from smeared ones
_MOMENTS = 8  # at which it is asked whether something was so already

Thresholds = dict[str, dict[str, float]]
"""Kind -> "plane" or "images" -> the least score that counts."""


@dataclass(frozen=True)
class Finding:
    """One thing that the referee says.

    kind: one of KINDS. step: the first of some moments at which it was seen. evidence: name of a number ->
    its value. words: what is seen, with the numbers. cause: the likeliest. suggestion: dotted path -> value, empty
    where nothing needs to change; suggestion_words: what that does.
    """

    kind: str
    step: int
    title: str
    evidence: dict[str, float]
    words: str
    cause: str
    suggestion: dict[str, Any]
    suggestion_words: str

    @property
    def trouble(self) -> bool:
        return self.kind in TROUBLES

    def sets(self, config: RunConfig) -> list[str]:
        """The suggestion as the values of `--set`."""
        return [f"{path}={text}" for path, text in differences(changed(config, self.suggestion), config).items()]

    def as_json(self, config: RunConfig) -> dict[str, Any]:
        numbers = {name: value if math.isfinite(value) else None for name, value in self.evidence.items()}
        return asdict(self) | {"evidence": numbers, "suggestion": self.sets(config)}


def changed(config: RunConfig, changes: dict[str, Any]) -> RunConfig:
    """The configuration with a finding's suggestion."""
    for path, value in changes.items():
        config = replace_at(config, path, value)
    return config


@functools.cache
def thresholds() -> Thresholds:
    """As they were fitted."""
    found: Thresholds = json.loads(THRESHOLDS_FILE.read_text(encoding="utf-8"))["thresholds"]
    return found


def findings_by(evidence: Evidence, limits: Thresholds) -> dict[str, Score]:
    """The kinds whose score reaches its threshold, the most urgent first; empty where there is nothing to say."""
    where = "plane" if evidence.is_plane else "images"
    known = enough(evidence) or evidence.diverged
    scores = {kind: score(evidence) for kind, score in SCORES.items() if known or kind == LIVE_CHANGE}
    found = {kind: score for kind, score in scores.items() if score.value >= limits[kind][where]}
    return without_echoes(_suspected(evidence, found, limits))


def _suspected(evidence: Evidence, found: dict[str, Score], limits: Thresholds) -> dict[str, Score]:
    """With the newest change in front, where what is wrong was not so before it and was soon afterwards."""
    if LIVE_CHANGE in found:
        return found
    for suspect in suspects(evidence):
        if harm(evidence, suspect.step).value < SOME:
            continue  # it came afterwards, and not from this
        before = as_it_was(evidence, suspect.step)
        soon = findings_by(as_it_was(evidence, min(evidence.step, 2 * suspect.step)), limits)
        troubles = {kind for kind in found if kind in TROUBLES and kind in soon}
        if troubles and enough(before) and not set(TROUBLES) & set(findings_by(before, limits)):
            return {LIVE_CHANGE: Score(MOST, {AT: float(first_of(evidence, suspect).step)}), **found}
    return found


def without_echoes(found: dict[str, Score]) -> dict[str, Score]:
    """Without what another finding already explains.

    A generator that has not moved yet draws samples that are alike: that is no collapse. What is in trouble is not on
    a plateau, and what has run away needs no other name.
    """
    stuck = {"D wins", "vanishing gradient"} & set(found)
    hidden = {"mode collapse"} if stuck and found.get("oscillation") is None and _unmoved(found) else set()
    if any(kind != "plateau" for kind in found):
        hidden.add("plateau")
    return {kind: score for kind, score in found.items() if kind not in hidden}


def _unmoved(found: dict[str, Score]) -> bool:
    """Whether the samples are still about as far away as the untrained generator's."""
    left = [found[kind].evidence["distance_left"] for kind in ("D wins", "vanishing gradient") if kind in found]
    return all(0.85 <= value <= 1.15 for value in left)


def diagnose(evidence: Evidence, limits: Thresholds | None = None) -> tuple[Finding, ...]:
    """What there is to say, the most urgent first; one "healthy" where nothing is wrong, () where it is too early."""
    limits = limits or thresholds()
    found = findings_by(evidence, limits)
    if found:
        said = tuple(_finding(evidence, kind, score, limits) for kind, score in found.items())
        return _undo_first(said) if LIVE_CHANGE in found else said
    if not enough(evidence):
        return ()
    return (_finding(evidence, HEALTHY, Score(MOST, _so_far(evidence)), limits),)


def _undo_first(said: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Nothing else is advised for what came with a change: that would mend one setting by another."""
    change, *others = said
    words = "Take back first what was changed."
    return change, *(replace(one, suggestion={}, suggestion_words=words) for one in others)


def _so_far(evidence: Evidence) -> dict[str, float]:
    """How near the samples are, by the newest evaluation where there is one, and what that measured.

    As a length, which is what people see: an energy distance is a squared one. Pixels alone call no images close.
    """
    one, bad = last_known(evidence), badness(evidence)
    pooled = math.sqrt(max(0.0, bad)) if math.isfinite(bad) else math.nan
    if one is None:
        return {"distance_left": pooled} if evidence.is_plane or pooled > BY_PIXELS else {}
    found = {name: one.values[name] for name in SHOWN_MEASURES if name in one.values}
    left = most_of(pooled, distance_left(one), beside(one), unknown=math.nan)
    return {"distance_left": left, **found}


def _finding(evidence: Evidence, kind: str, score: Score, limits: Thresholds) -> Finding:
    numbers = {name: float(value) for name, value in score.evidence.items() if not math.isnan(value)}
    if kind == LIVE_CHANGE:
        suspect = suspect_of(evidence, score)
        told = live_words.told(suspect, evidence, numbers)
        return Finding(
            kind, suspect.step, told.title, numbers, told.words, CAUSES[kind], suspect.undoing(), told.helps
        )
    step = evidence.step if kind == HEALTHY else _since(evidence, kind, limits)
    named, seen = title(kind, numbers, evidence), words(kind, numbers, evidence)
    return Finding(kind, step, named, numbers, seen, cause(kind, named, evidence), *suggestion(kind, evidence.config))


def _since(evidence: Evidence, kind: str, limits: Thresholds) -> int:
    """The first of some moments at which the kind was found."""
    steps = [int(evidence.step * (i + 1) / _MOMENTS) for i in range(_MOMENTS - 1)]
    return next((step for step in steps if kind in findings_by(evidence.until(step), limits)), evidence.step)

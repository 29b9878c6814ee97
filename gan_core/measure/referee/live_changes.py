"""Did what was changed while the run trained break it? What was changed last is suspected first."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gan_core.measure.referee.basis import MOST, NOTHING, Score, share_of_way
from gan_core.measure.referee.evidence import Changed, Column, Evidence
from gan_core.measure.referee.measured import distance_left, modes_lost
from gan_core.training.due import WATCHED_STEPS

FEWEST_BEFORE, FEWEST_LOOKS_BEFORE = 3, 2  # points and looks before a change, to know how the run was
FEWEST_LOOKS_AFTER = 2  # for a generator may look bad for a moment
PLAIN, SAID = 1.0, 0.6  # of `harm`: plain to see; what the referee speaks of at the least
SOME = 0.2  # of `harm`: what trouble that comes after a change needs beside it, or it came by itself
CALM_NORM = 1.0  # a gradient norm that stays below it has not exploded, however small it was before
OLD = 0.5  # of the steps before a change: before that the run was another
AT = "changed_at"  # the step, among the numbers
LATE = 3  # of the points since then, the newest ones are looked at
CURVES = ("d_loss", "g_loss", "d_grad_norm", "g_grad_norm")
LOOKS = ("distance", "even_modes", "spread", "radius")


@dataclass(frozen=True)
class Suspect:
    """Changes that came together: path -> (before, after), from `step` on.

    done: path -> how it was changed first, with the step of that.
    """

    step: int
    fields: dict[str, tuple[Any, Any]]
    done: dict[str, Changed]

    def undoing(self) -> dict[str, Any]:
        """What takes them back, and what a branch from their step begins with."""
        return {path: before for path, (before, _) in self.fields.items()}

    @property
    def undone(self) -> bool:
        """Whether they have been taken back already."""
        return all(before == after for before, after in self.fields.values())


def suspects(evidence: Evidence) -> list[Suspect]:
    """What was changed, newest first; a suspect also holds what was changed after it, for it may be all of it.

    Changes between two points of the curves cannot be told apart and come together.
    """
    groups: list[list[Changed]] = []
    for change in evidence.changes:
        if groups and not _points_between(evidence, groups[-1][-1].step, change.step):
            groups[-1].append(change)
        else:
            groups.append([change])
    found = []
    for i in range(len(groups) - 1, -1, -1):
        fields: dict[str, tuple[Any, Any]] = {}
        done: dict[str, Changed] = {}
        for group in groups[i:]:
            for change in group:
                before = fields.get(change.path, (change.before, None))[0]
                fields[change.path] = before, change.after
            done = _moved(group) | done
        found.append(Suspect(groups[i][0].step, fields, done))
    return found


def _moved(group: list[Changed]) -> dict[str, Changed]:
    """path -> its change from where it was to where it came to rest; its first one where it came back."""
    found: dict[str, Changed] = {}
    for change in group:
        first = found.setdefault(change.path, change)
        if change.after != first.before:
            found[change.path] = replace(first, after=change.after)
    return found


def _points_between(evidence: Evidence, start: int, end: int) -> bool:
    steps = evidence.curves.get("step", np.zeros(0))
    return bool(((steps > start) & (steps <= end)).any())


def harm(evidence: Evidence, step: int) -> Score:
    """How much worse the newest points are than every one of the points before `step`; 1 is plain to see.

    A loss four times as large, a gradient ten times or a hundredth, samples that have gone a quarter of the way
    back to the untrained generator's, or lost two fifths of their modes; by the curves, the looks or an evaluation.
    """
    seen = [_by_looks(evidence, name, step) for name in LOOKS]
    found = [_by_curve(evidence, name, step) for name in CURVES] + seen
    if max(score.value for score in seen) >= SOME:  # an evaluation alone may fall on a bad moment
        found.append(_by_evaluations(evidence, step))
    return max(found, key=lambda score: score.value)


def _by_curve(evidence: Evidence, name: str, step: int) -> Score:
    """By the median of the newest points after `step`."""
    before, after = _before_and_after(evidence.curves, name, step)
    if len(before) < FEWEST_BEFORE or not len(after):
        return NOTHING
    return _score(evidence, name, before, float(np.median(after[-LATE:])))


def _by_looks(evidence: Evidence, name: str, step: int) -> Score:
    """By the better one of the two newest looks after `step`; those soon after a change count too."""
    before, after = _before_and_after(_all_looks(evidence), name, step)
    after = after[-FEWEST_LOOKS_AFTER:]
    if len(before) < FEWEST_LOOKS_BEFORE or len(after) < FEWEST_LOOKS_AFTER:
        return NOTHING
    return min((_score(evidence, name, before, float(late)) for late in after), key=lambda score: score.value)


def _by_evaluations(evidence: Evidence, step: int) -> Score:
    """By the newest one after `step`, against the last one before: a quarter of the way, two fifths of the modes."""
    before = [one for one in evidence.measured if step * OLD < one.step <= step]
    if not before or evidence.measured[-1].step <= step:
        return NOTHING
    found = []
    for name, of, plain in (("way_left", distance_left, 0.25), ("modes_lost", modes_lost, 0.4)):
        was, is_now = of(before[-1]), of(evidence.measured[-1])
        if not math.isnan(was + is_now):
            numbers = {f"{name}_before": was, f"{name}_now": is_now}
            found.append(Score(min(MOST, (is_now - was) / plain), numbers))
    return max(found, key=lambda score: score.value, default=NOTHING)


def _score(evidence: Evidence, name: str, before: Column, late: float) -> Score:
    value = min(MOST, _worse(evidence, name, before, late))
    return Score(value, {f"{name}_before": float(np.median(before)), f"{name}_now": late})


def _worse(evidence: Evidence, name: str, before: Column, late: float) -> float:
    highest, size = float(np.max(before)), float(np.max(np.abs(before)))
    if name.endswith("_loss"):
        return math.log2((abs(late) + 0.1) / (size + 0.1)) / 2
    if name.endswith("_norm"):
        lowest = float(np.min(before))
        grown, shrunk = late / max(highest, CALM_NORM), lowest / max(late, 1e-12)
        return max(math.log10(max(grown, 1e-12)), math.log10(max(shrunk, 1e-12)) / 2)
    if name == "distance":
        return (share_of_way(evidence, late) - share_of_way(evidence, highest)) / 0.25
    if name == "radius":
        return math.log2(max(late, 1e-12) / max(highest, 1e-12))
    return (float(np.min(before)) - late) / 0.4  # of the modes, or of the spread of real samples


def _before_and_after(table: dict[str, Column], name: str, step: int) -> tuple[Column, Column]:
    """The known values in the later half of what was before `step`, and those after it."""
    column, steps = table.get(name), table.get("step")
    if column is None or steps is None:
        return np.zeros(0), np.zeros(0)
    known = np.isfinite(column)
    return column[known & (steps <= step) & (steps > step * OLD)], column[known & (steps > step)]


def _all_looks(evidence: Evidence) -> dict[str, Column]:
    """The usual looks and those soon after live changes, in order of steps."""
    tables = [table for table in (evidence.looks, evidence.aftermath) if len(table.get("step", ()))]
    if len(tables) < 2:
        return evidence.looks
    order = np.argsort(np.concatenate([table["step"] for table in tables]), kind="stable")
    return {name: np.concatenate([table[name] for table in tables])[order] for name in evidence.looks}


def most_harm(evidence: Evidence) -> Score:
    """Of the newest change that did plain harm, else of the one that did most; of one before it if that broke it."""
    known = suspects(evidence)
    plain = (suspect for suspect in known if harm(evidence, suspect.step).value >= PLAIN)
    named = next(plain, None) or max(known, key=lambda one: harm(evidence, one.step).value, default=None)
    return NOTHING if named is None else _accused(evidence, first_of(evidence, named))


def first_of(evidence: Evidence, suspect: Suspect) -> Suspect:
    """What is made worse was broken before: then it is the change that broke it, and all of what came since."""
    for other in suspects(evidence):
        if other.step < suspect.step and _broke_it(evidence, other, suspect):
            suspect = other
    return suspect


def _broke_it(evidence: Evidence, earlier: Suspect, later: Suspect) -> bool:
    """Whether the earlier one is harmful, and was so when the later one came or too young to tell."""
    if harm(evidence, earlier.step).value < SAID:
        return False
    if later.step - earlier.step < WATCHED_STEPS:
        return True
    steps = evidence.curves["step"]
    between = steps[(steps > earlier.step) & (steps <= later.step)][-2:]  # a leap may have come back by then
    return any(harm(evidence.until(int(step)), earlier.step).value >= SAID for step in (*between, later.step))


def _accused(evidence: Evidence, suspect: Suspect) -> Score:
    score = harm(evidence, suspect.step)
    return Score(score.value, {AT: float(suspect.step), **score.evidence})


def suspect_of(evidence: Evidence, score: Score) -> Suspect:
    """Of which `most_harm` spoke."""
    return next(suspect for suspect in suspects(evidence) if suspect.step == score.evidence[AT])


def as_it_was(evidence: Evidence, step: int) -> Evidence:
    """What was known at a step, of a run in which nothing was changed."""
    return replace(evidence.until(step), changes=())

"""How much each trouble there is in a run: one number a kind, from the evidence alone.

The numbers are compared with thresholds that were fitted to runs whose trouble is known (docs/referee.md). "Recent"
is the last four tenths of the images seen so far, so that a passing moment is not called a state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gan_core.measure.referee_evidence import Evidence, middle, window

RECENT = 0.6
FEWEST_POINTS, FEWEST_LOOKS = 6, 4
TURNS = 6  # looks before anything can be said to go to and fro
FAR = 0.5  # shares of the way from real samples to the untrained generator's: see `badness`
NOT_THERE, ARRIVED = 0.3, 0.15
MOST = 12.0  # what stands for infinity


@dataclass(frozen=True)
class Score:
    """value: how much of it there is; -MOST where none, or where the evidence does not say. evidence: its numbers."""

    value: float
    evidence: dict[str, float]


NOTHING = Score(-MOST, {})


def enough(evidence: Evidence) -> bool:
    """Whether there is anything to go by but a run's very beginning."""
    looks, points = len(evidence.looks.get("step", ())), len(evidence.curves.get("step", ()))
    return looks >= FEWEST_LOOKS and points >= FEWEST_POINTS


def recent(evidence: Evidence, name: str) -> float:
    """The recent median of a column of the curves, or else of the looks; NaN where nothing is known."""
    table = evidence.curves if name in evidence.curves else evidence.looks
    return middle(window(table, name, RECENT))


def badness(evidence: Evidence) -> float:
    """Recent distance from the real samples: 0 is as near as real ones are, 1 as far as the untrained generator."""
    return share_of_way(evidence, recent(evidence, "distance"))


def share_of_way(evidence: Evidence, distance: float) -> float:
    column = evidence.looks.get("distance", np.zeros(0))
    floor = evidence.floor[0]
    if not len(column) or not column[0] > floor:
        return math.nan
    return float((distance - floor) / (column[0] - floor))


def diverging(evidence: Evidence) -> Score:
    """A number became infinite, the samples ran away, or the losses are in the hundreds."""
    radius = recent(evidence, "radius")
    loss = max((abs(recent(evidence, name)) for name in ("d_loss", "g_loss")), default=math.nan)
    found = {"sample_radius": radius, "absolute_loss": loss, "stopped": float(evidence.diverged)}
    if evidence.diverged:
        return Score(MOST, found)
    return Score(_most(_log10(radius) / 0.5, _log10(loss) / 2.5), found)


def exploding_gradient(evidence: Evidence) -> Score:
    """Gradient norms in the hundreds, or above ten and still doubling, in a run that has not arrived."""
    late, earlier = (
        _most(*(middle(window(evidence.curves, name, *span)) for name in ("d_grad_norm", "g_grad_norm")))
        for span in ((0.8, 1.0), (0.4, 0.6))
    )
    bad = badness(evidence)
    if not late > 0 or not earlier > 0 or not bad >= ARRIVED:
        return NOTHING
    growing = min(_log10(late), math.log2(late / earlier))
    return Score(
        _most(_log10(late) / 2.5, growing),
        {"gradient_norm": late, "gradient_norm_earlier": earlier, "distance_left": bad},
    )


def vanishing_gradient(evidence: Evidence) -> Score:
    """Nothing comes back to a generator that has not arrived."""
    norm, bad = recent(evidence, "g_grad_norm"), badness(evidence)
    if not norm >= 0 or not bad >= NOT_THERE:
        return NOTHING
    return Score(min(MOST, -_log10(norm)), {"g_grad_norm": norm, "distance_left": bad})


def d_wins(evidence: Evidence) -> Score:
    """The discriminator is right about nearly every sample, and the generator is far away and gets no nearer."""
    real, fake, bad = (recent(evidence, "d_accuracy_real"), recent(evidence, "d_accuracy_fake"), badness(evidence))
    if not bad >= FAR or math.isnan(real + fake):
        return NOTHING
    found = {"d_accuracy_real": real, "d_accuracy_fake": fake, "distance_left": bad}
    return Score(min(real, fake), found)


def g_wins(evidence: Evidence) -> Score:
    """The discriminator takes nearly every generated sample for real, and they are far from real ones."""
    fake, bad = recent(evidence, "d_accuracy_fake"), badness(evidence)
    if not bad >= FAR or math.isnan(fake):
        return NOTHING
    return Score(1.0 - fake, {"d_accuracy_fake": fake, "distance_left": bad})


def mode_collapse(evidence: Evidence) -> Score:
    """The samples lie on few of the modes, or are nearly the same, and have been for some time."""
    even = window(evidence.looks, "even_modes", RECENT)
    if len(even):
        best = float(np.quantile(even, 0.75))
        return Score(
            1.0 - best, {"effective_share_of_modes": best, "modes_covered": recent(evidence, "modes_covered")}
        )
    alike = {name: window(evidence.looks, name, RECENT) for name in ("twins", "spread")}
    if not all(len(values) for values in alike.values()):
        return NOTHING
    found = {name: float(np.quantile(values, 0.75)) for name, values in alike.items()}
    return Score(
        1.0 - min(found.values()),
        {
            "nearest_sample_ratio": found["twins"],
            "sample_spread_ratio": found["spread"],
            "class_entropy": newest(evidence, "class_entropy"),
        },
    )


def newest(evidence: Evidence, name: str) -> float:
    """A measure of the newest evaluation; NaN where there is none."""
    column = evidence.evaluations.get(name, np.zeros(0))
    return float(column[-1]) if len(column) else math.nan


def oscillation(evidence: Evidence) -> Score:
    """The same latents go to other places all the time, and that brings them neither nearer nor to more modes."""
    if len(evidence.looks["step"]) < TURNS:
        return NOTHING
    movement, late = recent(evidence, "movement"), middle(window(evidence.looks, "distance", 0.8))
    earlier, bad = middle(window(evidence.looks, "distance", 0.4, 0.7)), badness(evidence)
    if math.isnan(movement + late + earlier + bad):
        return NOTHING
    gained = share_of_way(evidence, earlier) - share_of_way(evidence, late)
    modes = [middle(window(evidence.looks, "even_modes", *span)) for span in ((0.4, 0.7), (0.8, 1.0))]
    found_more = 0.0 if math.isnan(sum(modes)) else modes[1] - modes[0]
    held_up = min(1.0, max(0.0, bad / 0.1)) * min(1.0, max(0.0, 1.0 - 2 * max(gained, 2 * found_more)))
    return Score(movement * held_up, {"movement_per_look": movement, "distance_left": bad, "distance_gained": gained})


def memorising(evidence: Evidence) -> Score:
    """D scores real images that it has not seen more like generated ones; or samples are copies."""
    seen, unseen = recent(evidence, "d_real"), recent(evidence, "d_held_out")
    fake, copied = recent(evidence, "d_fake"), recent(evidence, "copied")
    gap, found = math.nan, {"copy_distance_ratio": copied, "data_copying_z": newest(evidence, "memorisation")}
    if evidence.config.loss.probability and seen - fake > 0.2:  # else scores have no scale to compare on
        gap = (seen - unseen) / (seen - fake)
        found |= {"d_real": seen, "d_held_out": unseen, "d_fake": fake, "overfit_gap": gap}
    return Score(_most(gap, 1.0 - copied), found)


def rates_will_fall(evidence: Evidence) -> bool:
    """Whether the schedule still halves the learning rates, at the least, before the run's end."""
    schedule, total = evidence.config.schedule, evidence.config.total_images
    now = schedule.factor(evidence.images, total)
    return schedule.factor(total, total) < 0.5 * now


def plateau(evidence: Evidence) -> Score:
    """The samples keep still and have come no nearer for half of the run, and no plan will change that."""
    if rates_will_fall(evidence):
        return NOTHING
    earlier, late = (middle(window(evidence.looks, "distance", *span)) for span in ((0.35, 0.65), (0.75, 1.0)))
    gained = share_of_way(evidence, earlier) - share_of_way(evidence, late)
    movement = recent(evidence, "movement")
    if math.isnan(gained + movement) or len(evidence.looks["step"]) < 2 * FEWEST_LOOKS:
        return NOTHING
    return Score(1.0 - max(0.0, 10.0 * gained) - movement, {"distance_gained": gained, "movement_per_look": movement})


SCORES: dict[str, Callable[[Evidence], Score]] = {
    "diverging": diverging,
    "exploding gradient": exploding_gradient,
    "vanishing gradient": vanishing_gradient,
    "D wins": d_wins,
    "G wins": g_wins,
    "mode collapse": mode_collapse,
    "memorising": memorising,
    "oscillation": oscillation,
    "plateau": plateau,
}
"""Kinds of findings, the most urgent first; "healthy" is what is left."""


def _log10(value: float) -> float:
    if math.isnan(value):
        return math.nan
    return max(-MOST, min(MOST, math.log10(value))) if value > 0 else -MOST


def _most(*values: float) -> float:
    """The greatest of those that are known; -MOST of none."""
    return max((v for v in values if not math.isnan(v)), default=-MOST)

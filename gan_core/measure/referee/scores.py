"""How much each trouble there is in a run: one number a kind, from the evidence alone.

The numbers are compared with thresholds that were fitted to runs whose trouble is known (docs/referee.md). "Recent"
is the last four tenths of the images seen so far, so that a passing moment is not called a state.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gan_core.data.sets.points import PointDataset
from gan_core.measure.referee.basis import (
    FAR,
    FEWEST_LOOKS,
    MOST,
    NOTHING,
    Score,
    badness,
    enough,
    far_off,
    log10,
    most_of,
    recent,
    share_of_way,
)
from gan_core.measure.referee.evidence import Evidence, middle, window
from gan_core.measure.referee.live_changes import most_harm
from gan_core.measure.referee.measured import RECENT, has_come_nearer, lacks_variety, missing_classes, newest_value

__all__ = ["MOST", "SCORES", "Score", "badness", "enough"]

SURE = 0.6  # of the real and of the generated samples: a discriminator that is right about fewer guesses
NO_VARIETY = 0.1  # so much less sure need D be, where an evaluation finds no variety either
DOT = 0.1  # of the distance between two real neighbours: samples nearer to each other are the same
TURNS = 6  # looks before anything can be said to go to and fro
NOT_THERE, ARRIVED = 0.3, 0.15  # shares of the way from real samples to the untrained generator's: see `badness`


def diverging(evidence: Evidence) -> Score:
    """A number became infinite, the samples ran away and are not coming back, or the losses are in the hundreds."""
    radius = min([recent(evidence, "radius"), *window(evidence.looks, "radius", RECENT)[-1:]])
    loss = max((abs(recent(evidence, name)) for name in ("d_loss", "g_loss")), default=math.nan)
    found = {"sample_radius": radius, "absolute_loss": loss, "stopped": float(evidence.diverged)}
    if evidence.diverged:
        return Score(MOST, found)
    return Score(most_of(log10(radius) / 0.5, log10(loss) / 2.5), found)


def exploding_gradient(evidence: Evidence) -> Score:
    """Gradient norms in the hundreds, or above ten and still doubling, in a run that has not arrived."""
    late, earlier = (
        most_of(*(middle(window(evidence.curves, name, *span)) for name in ("d_grad_norm", "g_grad_norm")))
        for span in ((0.8, 1.0), (0.4, 0.6))
    )
    bad = badness(evidence)
    if not late > 0 or not earlier > 0 or not bad >= ARRIVED:
        return NOTHING
    growing = min(log10(late), math.log2(late / earlier))
    return Score(
        most_of(log10(late) / 2.5, growing),
        {"gradient_norm": late, "gradient_norm_earlier": earlier, "distance_left": bad},
    )


def vanishing_gradient(evidence: Evidence) -> Score:
    """Nothing comes back to a generator that has not arrived, from a discriminator that is sure."""
    norm, bad = recent(evidence, "g_grad_norm"), badness(evidence)
    if not norm >= 0 or not bad >= NOT_THERE:
        return NOTHING
    if min(recent(evidence, "d_accuracy_real"), recent(evidence, "d_accuracy_fake")) < SURE:
        return NOTHING  # it is blind, or guesses: that has a name of its own
    return Score(min(MOST, -log10(norm)), {"g_grad_norm": norm, "distance_left": bad})


def d_wins(evidence: Evidence) -> Score:
    """The discriminator is right about nearly every sample, and the generator is far away and gets no nearer."""
    real, fake, bad = (recent(evidence, "d_accuracy_real"), recent(evidence, "d_accuracy_fake"), far_off(evidence))
    if not bad >= FAR or math.isnan(real + fake):
        return NOTHING
    found = {"d_accuracy_real": real, "d_accuracy_fake": fake, "distance_left": bad}
    return Score(min(real, fake) + (NO_VARIETY if lacks_variety(evidence) else 0.0), found)


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
            max((1.0 - best) / (1.0 - _heaviest(evidence)), 1.0 - _widest(evidence)),
            {"effective_share_of_modes": best, "modes_covered": recent(evidence, "modes_covered")},
        )
    alike = {name: window(evidence.looks, name, RECENT) for name in ("twins", "spread")}
    if not all(len(values) for values in alike.values()):
        return NOTHING
    found = {name: float(np.quantile(values, 0.75)) for name, values in alike.items()}
    few_classes = missing_classes(evidence) if badness(evidence) <= FAR else math.nan  # else the looks tell
    return Score(
        most_of(math.nan if _spreads(evidence) else 1.0 - min(found.values()), few_classes),
        {
            "nearest_sample_ratio": found["twins"],
            "sample_spread_ratio": found["spread"],
            "class_entropy": newest_value(evidence, "class_entropy"),
        },
    )


def _heaviest(evidence: Evidence) -> float:
    """The share of the data's heaviest mode, which is what `even_modes` is where all lie in it: a whole collapse."""
    data = evidence.config.data
    modes = data.modes() if isinstance(data, PointDataset) else None
    return 0.5 if modes is None or len(modes.weights) < 2 else float(np.max(modes.weights))


def _widest(evidence: Evidence) -> float:
    """How far apart the samples have been at most lately, real ones being 1: next to 0 is a dot, wherever it lies."""
    return float(np.max(window(evidence.looks, "spread", RECENT), initial=-math.inf))


def _spreads(evidence: Evidence) -> bool:
    """Whether the samples become more different from each other, as those of every generator do that learns."""
    late, earlier = (middle(window(evidence.looks, "twins", *span)) for span in ((0.75, 1.0), (0.25, 0.55)))
    return late > max(DOT, 1.2 * earlier)


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
    # Who comes back from further off than the untrained generator has learned nothing.
    progress = max(gained if bad < 1.0 else 0.0, 2 * found_more)
    held_up = min(1.0, max(0.0, bad / 0.1)) * min(1.0, max(0.0, 1.0 - 2 * progress))
    stays = 0.5 if rates_will_fall(evidence) else 1.0  # as the rates halve, so does the movement
    found = {"movement_per_look": movement, "distance_left": bad, "distance_gained": gained}
    return Score(movement * held_up * stays, found)


def memorising(evidence: Evidence) -> Score:
    """D scores real images that it has not seen more like generated ones; or samples are copies."""
    seen, unseen = recent(evidence, "d_real"), recent(evidence, "d_held_out")
    fake, copied = recent(evidence, "d_fake"), recent(evidence, "copied")
    gap, found = math.nan, {"copy_distance_ratio": copied, "data_copying_z": newest_value(evidence, "memorisation")}
    if evidence.config.loss.probability and seen - fake > 0.2:  # else scores have no scale to compare on
        gap = (seen - unseen) / (seen - fake)
        found |= {"d_real": seen, "d_held_out": unseen, "d_fake": fake, "overfit_gap": gap}
    return Score(most_of(gap, 1.0 - copied), found)


def rates_will_fall(evidence: Evidence) -> bool:
    """Whether the schedule still halves the learning rates, at the least, before the run's end."""
    schedule, total = evidence.config.schedule, evidence.config.total_images
    now = schedule.factor(evidence.images, total)
    return schedule.factor(total, total) < 0.5 * now


def plateau(evidence: Evidence) -> Score:
    """The samples keep still and have come no nearer for half of the run, and no plan will change that."""
    if rates_will_fall(evidence) or has_come_nearer(evidence):
        return NOTHING
    earlier, late = (middle(window(evidence.looks, "distance", *span)) for span in ((0.35, 0.65), (0.75, 1.0)))
    gained = share_of_way(evidence, earlier) - share_of_way(evidence, late)
    movement = recent(evidence, "movement")
    if math.isnan(gained + movement) or len(evidence.looks["step"]) < 2 * FEWEST_LOOKS:
        return NOTHING
    return Score(1.0 - max(0.0, 10.0 * gained) - movement, {"distance_gained": gained, "movement_per_look": movement})


SCORES: dict[str, Callable[[Evidence], Score]] = {
    "live change": most_harm,
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

"""What a run's newest evaluation says: how near its samples are, and how varied."""

from __future__ import annotations

import math

from gan_core.measure.referee.evidence import Evidence, Measured

FEWEST_IMAGES = 10_000  # before which nothing is judged
RECENT = 0.6  # of the images seen so far: what is older than that says nothing of now
LONG_AGO = 0.25  # of the images seen so far
HALF = 0.5  # likewise, of an evaluation: the next one is due by then where 20,000 images lie between two
_DISTANCES = {"fid": 0.5, "sliced_wasserstein": 1.0}  # to that power: the Fréchet distance is a squared one
_OLDER = 0.7  # of the images: an evaluation to compare the newest with
_MORE_CLASSES = 0.2  # nats that the entropy has risen by
_NO_VARIETY = 0.15  # of what real samples reach
_HALFWAY = 0.6
_MORE_IS_BETTER = ("high_quality_share", "recall", "coverage")
_NEARER, _STEP = 0.9, 0.01  # what a run that came nearer has left of its distance, and less by how much
_BETTER = 0.1  # by how much a share grows where that is plain
_GAIN = 0.85  # what a run that still learns has left of its distance, from one evaluation to a later one


def newest(evidence: Evidence) -> Measured | None:
    """The newest evaluation of the trained generator; None where there is none, or only an old one."""
    one = last_known(evidence)
    return one if one and one.images > HALF * evidence.images else None


def last_known(evidence: Evidence) -> Measured | None:
    """As `newest`, of a longer time ago too: what is said beside its step, and until something better is known."""
    trained = [one for one in evidence.measured if one.step > 0 and one.images > LONG_AGO * evidence.images]
    return trained[-1] if trained else None


def newest_value(evidence: Evidence, name: str) -> float:
    """A measure as it was last taken; NaN where it was not."""
    one = newest(evidence)
    return math.nan if one is None else one.values.get(name, math.nan)


def distance_left(one: Measured) -> float:
    """0 is as near as real samples are to each other, 1 as far as the untrained generator; NaN where unknown."""
    for name, power in _DISTANCES.items():
        now, real, untrained = (part.get(name, math.nan) for part in (one.values, one.floor, one.untrained))
        if untrained > real and math.isfinite(now):
            return float(max(0.0, (now - real) / (untrained - real)) ** power)
    return math.nan


def beside(one: Measured) -> float:
    """How far points are from real ones by the share of them that lies near a mode, as `distance_left`; or NaN.

    Points that have come to the right region and lie between the modes are halfway there.
    """
    near, real = one.values.get("high_quality_share", math.nan), one.floor.get("high_quality_share", math.nan)
    return _HALFWAY * max(0.0, 1.0 - near / real) if real > 0 else math.nan


def modes_lost(one: Measured) -> float:
    """Of the modes that real samples cover the share without a good sample; NaN where they are not counted."""
    covered, real = one.values.get("modes_covered", math.nan), one.floor.get("modes_covered", math.nan)
    return 1.0 - covered / real if real > 0 else math.nan


def missing_variety(one: Measured) -> float:
    """1 where neither recall nor coverage is anything like that of real samples, else 0; NaN where unknown.

    Between the two lies every generator that is still learning, so that nothing can be read from it.
    """
    ratios = [
        one.values[name] / one.floor[name]
        for name in ("recall", "coverage")
        if math.isfinite(one.values.get(name, math.nan)) and one.floor.get(name, 0.0) > 0
    ]
    return math.nan if not ratios else float(max(ratios) < _NO_VARIETY)


def lacks_variety(evidence: Evidence) -> bool:
    """Whether the newest evaluation finds next to none, and is no better than an earlier one."""
    one = newest(evidence)
    return one is not None and missing_variety(one) == 1.0 and not still_gains(evidence)


def missing_classes(evidence: Evidence) -> float:
    """1 - exp(H - H_real) of the classes' entropies in nats: 0 is as many as in the data; NaN where unknown.

    Every generator begins with few, so that it takes an earlier evaluation to say that they do not become more.
    """
    now = newest(evidence)
    earlier = [one for one in evidence.measured if FEWEST_IMAGES <= one.images <= _OLDER * evidence.images]
    if now is None or not earlier:
        return math.nan
    entropy, real, before = (
        part.get("class_entropy", math.nan) for part in (now.values, now.floor, earlier[-1].values)
    )
    return math.nan if entropy - before > _MORE_CLASSES else 1.0 - math.exp(entropy - real)


def has_come_nearer(evidence: Evidence) -> bool:
    """Whether the newest evaluation is plainly better than the last one of the first half, in any way."""
    now = newest(evidence)
    earlier = [one for one in evidence.measured if 0 < one.images <= HALF * evidence.images]
    if now is None or not earlier:
        return False
    then = earlier[-1]
    known = [name for name in _MORE_IS_BETTER if name in now.values and name in then.values]
    gains = [now.values[name] - then.values[name] for name in known] + [modes_lost(then) - modes_lost(now)]
    left, before = distance_left(now), distance_left(then)
    return left < min(_NEARER * before, before - _STEP) or any(gain > _BETTER for gain in gains)


def still_gains(evidence: Evidence) -> bool:
    """Whether the newest evaluation is better than one from the first seven tenths of the run."""
    now = newest(evidence)
    earlier = [one for one in evidence.measured if 0 < one.images <= _OLDER * evidence.images]
    return bool(now and earlier and distance_left(now) < _GAIN * distance_left(earlier[-1]))

"""Ways between latents: straight, along the sphere, and smooth through keyframes.

Everything is numpy float64; a last axis of length D is the latent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

WAYS = ("lerp", "slerp", "spline")
_NEAR = 1e-4  # radians: closer to parallel or opposite than this, the arc between two directions is not well defined


def lerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Floats:
    """(1 - t) a + t b. a, b: [D]; t: any shape [...] -> [..., D]. The ends are hit exactly."""
    first, last, part = _operands(a, b, t)
    return (1.0 - part) * first + part * last


def slerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Floats:
    """From a to b along the arc between their directions, at the norm that lies between theirs.

    With unit directions u, v at the angle w: direction (sin((1 - t) w) u + sin(t w) v) / sin w (Shoemake 1985),
    norm (1 - t) |a| + t |b|. `lerp` where an end is zero or the two are (nearly) parallel or opposite.
    """
    first, last, part = _operands(a, b, t)
    norms = float(np.linalg.norm(first)), float(np.linalg.norm(last))
    if min(norms) == 0.0:
        return lerp(a, b, t)
    u, v = first / norms[0], last / norms[1]
    # Kahan: exact at small angles and near pi, where arccos of the product is not
    angle = 2.0 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    if angle < _NEAR or angle > np.pi - _NEAR:
        return lerp(a, b, t)
    near, far = np.sin((1.0 - part) * angle) / np.sin(angle), np.sin(part * angle) / np.sin(angle)
    norm = (1.0 - part) * norms[0] + part * norms[1]
    on_arc = norm * (near * u + far * v)
    here: Floats = np.where(part == 0.0, first, np.where(part == 1.0, last, on_arc))
    return here


def _operands(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> tuple[Floats, Floats, Floats]:
    return np.asarray(a, np.float64), np.asarray(b, np.float64), np.asarray(t, np.float64)[..., None]


EASINGS: dict[str, Callable[[float], float]] = {
    "linear": lambda u: u,
    "ease-in": lambda u: u * u * u,
    "ease-out": lambda u: 1.0 - (1.0 - u) ** 3,
    "ease-in-out": lambda u: u * u * (3.0 - 2.0 * u),  # smoothstep: at rest at both ends
    "hold": lambda u: 0.0 if u < 1.0 else 1.0,
}
"""Name -> how far along a segment one is after the share u (0 to 1) of its time; 0 at 0 and 1 at 1."""


@dataclass(frozen=True)
class Spline:
    """A piecewise cubic through values [n, D] at times [n] whose first two derivatives are continuous.

    slopes2: second derivatives [n, D] at the knots.
    """

    times: Floats
    values: Floats
    slopes2: Floats

    def __call__(self, t: float) -> Floats:
        """[D] at a time, which is held within the first and the last knot's."""
        t = min(max(t, float(self.times[0])), float(self.times[-1]))
        i = min(int(np.searchsorted(self.times, t, side="right")) - 1, len(self.times) - 2)
        h = self.times[i + 1] - self.times[i]
        before, after = (self.times[i + 1] - t) / h, (t - self.times[i]) / h
        bend = (before**3 - before) * self.slopes2[i] + (after**3 - after) * self.slopes2[i + 1]
        here: Floats = before * self.values[i] + after * self.values[i + 1] + bend * (h * h / 6.0)
        return here


def spline(times: ArrayLike, values: ArrayLike, *, periodic: bool = False) -> Spline:
    """The natural (ends without curvature) or periodic cubic spline.

    times [n] increasing, n >= 2; values [n, D], the last equal to the first where periodic. With steps h and slopes
    d of the chords the second derivatives M solve
        h[i-1] M[i-1] + 2 (h[i-1] + h[i]) M[i] + h[i] M[i+1] = 6 (d[i] - d[i-1]).
    """
    knots, points = np.asarray(times, np.float64), np.asarray(values, np.float64)
    h = np.diff(knots)
    if len(knots) < 2 or points.shape[0] != len(knots) or not (h > 0).all():
        raise ValueError("A spline needs at least two points at increasing times, and a value for each.")
    chords = np.diff(points, axis=0) / h[:, None]
    n = len(h)
    if periodic:
        rows, before = np.arange(n), np.arange(n) - 1
        system = np.zeros((n, n))
        np.add.at(system, (rows, before), h[before])
        np.add.at(system, (rows, rows), 2.0 * (h[before] + h))
        np.add.at(system, (rows, (rows + 1) % n), h)
        inner = np.linalg.solve(system, 6.0 * (chords - chords[before]))
        return Spline(knots, points, np.concatenate([inner, inner[:1]]))
    slopes2 = np.zeros_like(points)
    if n > 1:
        system = np.diag(2.0 * (h[:-1] + h[1:])) + np.diag(h[1:-1], 1) + np.diag(h[1:-1], -1)
        slopes2[1:-1] = np.linalg.solve(system, 6.0 * np.diff(chords, axis=0))
    return Spline(knots, points, slopes2)


@dataclass(frozen=True)
class Timeline:
    """When a path is where: seconds[i] from key i to the next, with the pace easings[i].

    In a loop the last key's seconds lead back to the first; otherwise they count for nothing.
    """

    seconds: tuple[float, ...]
    easings: tuple[str, ...]
    loop: bool = False

    @property
    def segments(self) -> int:
        return len(self.seconds) if self.loop else len(self.seconds) - 1

    @property
    def total(self) -> float:
        """Seconds from the start to the end, or once round."""
        return float(sum(self.seconds[: self.segments]))

    @property
    def knots(self) -> Floats:
        """When the keys are reached, [segments + 1]."""
        return np.concatenate([[0.0], np.cumsum(self.seconds[: self.segments])])

    def locate(self, t: float) -> tuple[int, float]:
        """(segment, how far along it from 0 to 1, eased) at a time; before the start and after the end it rests."""
        if self.segments < 1:
            return 0, 0.0
        knots = self.knots
        end = float(knots[-1])
        if not self.loop and t >= end:
            return self.segments - 1, 1.0
        t = t % end if self.loop else max(t, 0.0)
        i = min(int(np.searchsorted(knots, t, side="right")) - 1, self.segments - 1)
        share = min(max((t - float(knots[i])) / self.seconds[i], 0.0), 1.0)
        return i, EASINGS[self.easings[i]](share)


class Walk:
    """A path through key values [n, D]; `way` is one of WAYS."""

    def __init__(self, values: ArrayLike, timeline: Timeline, way: str = "slerp") -> None:
        self.values = np.asarray(values, np.float64)
        self.timeline = timeline
        if way not in WAYS:
            raise ValueError(f'way is "{way}"; it must be one of {", ".join(WAYS)}.')
        self._between = slerp if way == "slerp" else lerp
        self._spline: Spline | None = None
        if way == "spline" and timeline.segments > 0:
            closed = np.concatenate([self.values, self.values[:1]]) if timeline.loop else self.values
            self._spline = spline(timeline.knots, closed, periodic=timeline.loop)

    def at(self, t: float) -> Floats:
        """[D] at a time in seconds."""
        i, part = self.timeline.locate(t)
        after = (i + 1) % len(self.values)
        if part in (0.0, 1.0):  # at a key: its very numbers
            key: Floats = self.values[after if part else i].copy()
            return key
        if self._spline is not None:
            start = float(self.timeline.knots[i])
            return self._spline(start + part * self.timeline.seconds[i])
        return self._between(self.values[i], self.values[after], part)

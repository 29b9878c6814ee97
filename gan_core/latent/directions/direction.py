"""Directions in a latent space: what one is, its usable range, and what is left of one without others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_core.data.base import Progress
from gan_core.latent.directions.population import Floats, Population

STRIP = (-3, -2, -1, 0, 1, 2, 3)
"""Where a strip shows a direction, in units of it."""
FARTHEST = 6
"""No range is looked for beyond this many units."""
NEIGHBOUR = 3  # up to which neighbour the sphere around a reference reaches
LEFT = 2 / 3  # a range ends where the usual pictures become fewer than this share of those that are usual unmoved
REFERENCES, MOVED = 512, 48  # pictures that stand for what is usual; pictures that are moved


@dataclass(frozen=True, eq=False)
class Direction:
    """A way to go from any point of a latent space.

    vector: float32 [d], of length 1. space: "z" or "w".
    unit: how far one step of its slider goes: one standard deviation of the generator's latents along it (SeFa in
        W, whose vectors follow from weights alone: the mean one of all coordinates).
    layers: which layers' styles move, 0 the coarsest; None: all, and always for "z".
    low, high: the usable range in units, as of `usable_range`; None where it was not measured.
    figures: what the method says of it, such as {"variance": 0.21}.
    """

    vector: Floats
    space: str
    unit: float
    label: str
    method: str
    layers: tuple[int, ...] | None = None
    low: float | None = None
    high: float | None = None
    figures: dict[str, float] = field(default_factory=dict)

    def pictures(self, population: Population, amount: float) -> Tensor:
        """The population's pictures, each moved by `amount` units; float32 [N, C, size, size] in [-1, 1]."""
        return population.moved(self.vector, amount * self.unit, self.layers)

    def described(self) -> dict[str, Any]:
        """Everything but the vector, as plain data."""
        return {
            "space": self.space,
            "unit": self.unit,
            "label": self.label,
            "method": self.method,
            "layers": None if self.layers is None else list(self.layers),
            "low": self.low,
            "high": self.high,
            "figures": self.figures,
        }


def unit_vector(vector: np.ndarray[Any, np.dtype[Any]]) -> Floats:
    """`vector` [d] of length 1, float32; ValueError where it has none."""
    exact = np.asarray(vector, np.float64)
    length = float(np.linalg.norm(exact))
    if not math.isfinite(length) or length < 1e-12:
        raise ValueError("The direction has no length: the pictures do not differ in this way.")
    return (exact / length).astype(np.float32)


def turned(vector: Floats) -> Floats:
    """The vector or its opposite, whichever has its largest entry positive: signs of eigenvectors are arbitrary."""
    return vector if vector[int(np.abs(vector).argmax())] >= 0 else -vector


def orthogonalised(
    direction: Direction, others: Sequence[Direction], population: Population | None = None
) -> Direction:
    """What is left of `direction` without `others`: v - Q Q^T v, Q an orthonormal basis of theirs, of length 1.

    Moving along it leaves the linear scores of the others as they are (Shen et al. 2020, InterFaceGAN,
    arXiv:1907.10786, section 3.2, there for one other). Its range has to be measured anew; `population` gives the
    unit.
    Raises ValueError where they are of another space, or where nothing is left.
    """
    spaces = {other.space for other in others} - {direction.space}
    if spaces:
        raise ValueError(
            f'The direction lies in {direction.space.upper()} and "{others[0].label}" in {spaces.pop().upper()}; '
            "both must lie in the same space."
        )
    vector = (
        project_out(direction.vector, np.stack([other.vector for other in others])) if others else direction.vector
    )
    unit = direction.unit if population is None else population.spread(vector)
    figures = {**direction.figures, "left": float(np.clip(vector @ direction.vector, 0, 1))}
    return replace(direction, vector=vector, unit=unit, low=None, high=None, figures=figures)


def project_out(vector: Floats, others: Floats) -> Floats:
    """`vector` [d] without its part in the span of the rows of `others` [n, d], of length 1.

    ValueError where less than a thousandth of it lies outside that span.
    """
    exact = np.asarray(vector, np.float64)
    _, scales, axes = np.linalg.svd(np.asarray(others, np.float64), full_matrices=False)
    basis = axes[scales > 1e-6 * max(1e-12, float(scales.max(initial=0.0)))]  # [rank, d]; alike ones count once
    left = exact - basis.T @ (basis @ exact)
    if np.linalg.norm(left) < 1e-3 * np.linalg.norm(exact):
        raise ValueError("Nothing is left of the direction without the others; leave one of them out.")
    return unit_vector(left)


@dataclass(frozen=True, eq=False)
class Usual:
    """What the generator normally makes, to judge a picture by.

    references: pictures of random latents, [R, pixels]. A picture is usual if it lies, in pixels, within the sphere
    around one of them that reaches to that one's third neighbour among them: radii [R] (the manifold of Kynkäänniemi
    et al. 2019, arXiv:1904.06991, eq. 1, there in a classifier's features).
    """

    references: Tensor
    radii: Tensor

    def share(self, pictures: Tensor) -> float:
        """How many of `pictures` [N, C, size, size] are usual, 0..1."""
        distances = torch.cdist(pictures.flatten(1), self.references)
        return float((distances <= self.radii).any(dim=1).float().mean())


def usual(pictures: Tensor) -> Usual:
    """From pictures of random latents, float32 [R, C, size, size]."""
    flat = pictures.flatten(1)
    distances = torch.cdist(flat, flat).fill_diagonal_(math.inf)
    return Usual(flat, distances.kthvalue(min(NEIGHBOUR, len(flat) - 1), dim=1).values)


def usable_range(
    direction: Direction, population: Population, normal: Usual, progress: Progress | None = None
) -> tuple[float, float]:
    """How far `population` can be moved before its pictures leave what the generator normally makes, (low, high).

    In units of the direction: where so many are no longer usual that fewer than two thirds are left of those that
    are usual unmoved. Looked at every whole unit, with a straight line in between, to six units either way;
    low <= 0 <= high.
    """
    unmoved = normal.share(direction.pictures(population, 0.0))
    least = LEFT * unmoved

    def end(sign: int) -> float:
        before = unmoved
        for amount in range(1, FARTHEST + 1):
            if progress is not None:
                progress((amount + (sign > 0) * FARTHEST) / (2 * FARTHEST + 1), f"moved by {sign * amount}")
            share = normal.share(direction.pictures(population, sign * amount))
            if share < least:
                return sign * (amount - 1 + (before - least) / (before - share))
            before = share
        return float(sign * FARTHEST)

    return end(-1), end(+1)


class RangeFinder:
    """Measures the usable range of many directions of one population, whose pictures are made once."""

    def __init__(self, population: Population, progress: Progress | None = None) -> None:
        """The last MOVED of the population (half of a small one) are moved; those before stand for the usual."""
        moved = min(MOVED, population.count // 2)
        stop = min(population.count - moved, REFERENCES)
        self.normal = usual(population.part(0, stop).pictures(progress))
        self.population = population.part(population.count - moved, population.count)

    def __call__(self, direction: Direction, progress: Progress | None = None) -> Direction:
        low, high = usable_range(direction, self.population, self.normal, progress)
        return replace(direction, low=low, high=high)


def measured(
    directions: Sequence[Direction], finder: RangeFinder, progress: Progress | None = None
) -> list[Direction]:
    """The directions with their ranges."""

    def part(index: int) -> Progress | None:
        if progress is None:
            return None
        words = f"how far direction {index + 1} of {len(directions)} can be used"
        return lambda fraction, _: progress((index + fraction) / len(directions), words)

    return [finder(direction, part(index)) for index, direction in enumerate(directions)]

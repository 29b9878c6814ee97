"""Points along curves and on a board, in the plane; their densities are exact.

A curve's points are uniform in its parameter, and Gaussian noise moves each: the density is the curve's convolution
with that Gaussian. Of a segment it is closed. Of other curves it is an integral of a smooth function, which
Gauss-Legendre quadrature gives to eight digits and more within ten standard deviations of the curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from gan_core.config.fields import choice, number
from gan_core.data.base import datasets
from gan_core.data.sets.points import (
    FAR,
    MARGIN,
    Doubles,
    Extent,
    PointDataset,
    log_tube,
    normal,
    square_around,
    uniform,
)

_NODES, _PANEL_STDS = 16, 4.0  # quadrature nodes in each piece of the curve, and how long a piece may be


def log_segment(points: Doubles, start: Doubles, stop: Doubles, std: float) -> Doubles:
    """log density, float64 [N], of Gaussian noise of `std` around places uniform on the segment (length > 0).

    With t along the segment from its middle, d across it and L its length:
    N(d; 0, std^2) (Phi((t + L/2) / std) - Phi((t - L/2) / std)) / L.
    """
    along = stop - start
    length = math.hypot(along[0], along[1])
    along = along / length
    rest = points - (start + stop) / 2
    t, d = np.abs(rest @ along), rest @ np.array([-along[1], along[0]])
    # By symmetry t may be taken positive; in the left tail the difference of logarithms keeps every digit.
    upper, lower = (torch.special.log_ndtr(torch.from_numpy((h - t) / std)) for h in (length / 2, -length / 2))
    between: Doubles = (upper + torch.log1p(-torch.exp(lower - upper))).numpy()
    density: Doubles = between - 0.5 * (d / std) ** 2 - math.log(length * std * math.sqrt(2 * math.pi))
    return density


def keep_below(points: Doubles, upper: Doubles) -> Tensor:
    """float32 points [N, 2]; what rounding put on the upper edge of its cell is put back below it."""
    edge = torch.from_numpy(upper).float()
    return torch.minimum(torch.from_numpy(points).float(), torch.nextafter(edge, torch.tensor(-math.inf)))


@datasets.register("line", label="Line")
@dataclass(frozen=True)
class Line(PointDataset):
    """A segment from -1 to 1, a little thick: Gaussian noise around it gives it a density."""

    angle: float = number(30.0, low=0, high=180, unit="degrees", label="Angle", help="Anticlockwise from the x axis.")
    std: float = number(
        0.05, low=0.01, high=0.3, scale="log", label="Standard deviation", help="How thick the line is."
    )

    def _ends(self) -> tuple[Doubles, Doubles]:
        angle = math.radians(self.angle)
        end = np.array([math.cos(angle), math.sin(angle)])
        return -end, end

    @property
    def extent(self) -> Extent:
        """The same at every angle."""
        return square_around(np.array([[-1.0, -1.0], [1.0, 1.0]]), FAR * self.std)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        start, stop = self._ends()
        places = start + uniform(count, rng)[:, None] * (stop - start)
        return torch.from_numpy(places + self.std * normal(count, rng)).float()

    def log_pdf(self, points: Doubles) -> Doubles:
        return log_segment(points, *self._ends(), self.std)


class Tube(PointDataset):
    """Gaussian noise around a place that is uniform in the parameter of a curve.

    pieces: how many smooth curves there are, each as likely as the others.
    """

    std: float
    pieces = 1

    def curve(self, u: Doubles) -> Doubles:
        """Places [..., 2] at u in [0, 1]; piece k is at k / pieces to (k + 1) / pieces."""
        raise NotImplementedError

    @property
    def extent(self) -> Extent:
        return square_around(self.curve(np.linspace(0, 1 - 1e-9, 1_000)), FAR * self.std)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        places = self.curve(uniform(count, rng))
        return torch.from_numpy(places + self.std * normal(count, rng)).float()

    def log_pdf(self, points: Doubles) -> Doubles:
        return log_tube(points, *_quadrature(self), self.std)


@lru_cache(maxsize=16)
def _quadrature(tube: Tube) -> tuple[Doubles, Doubles]:
    """Places [K, 2] and weights [K] of sum 1: Gauss-Legendre on panels a few standard deviations long."""
    fine = tube.curve(np.linspace(0, 1 - 1e-9, 2_001))
    longest = 2_000 * float(np.median(np.hypot(*np.diff(fine, axis=0).T)) * 2)  # no jump between pieces in it
    panels = tube.pieces * math.ceil(longest / (tube.pieces * _PANEL_STDS * tube.std))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    u = (np.arange(panels)[:, None] + (nodes + 1) / 2) / panels
    return tube.curve(u.ravel()), np.tile(weights / 2 / panels, panels)


@datasets.register("moons", label="Two moons", source="Pedregosa et al. 2011, scikit-learn: make_moons, centred")
@dataclass(frozen=True)
class Moons(Tube):
    """Two half circles of radius 1 that reach into each other, with Gaussian noise."""

    std: float = number(0.08, low=0.02, high=0.3, scale="log", label="Noise", help="Standard deviation of the noise.")
    pieces = 2

    def curve(self, u: Doubles) -> Doubles:
        """(cos a, sin a) and (1 - cos a, 1/2 - sin a) with a from 0 to pi, both moved by (-1/2, -1/4)."""
        upper = u < 0.5
        angle = math.pi * np.where(upper, 2 * u, 2 * u - 1)
        x = np.where(upper, np.cos(angle), 1 - np.cos(angle)) - 0.5
        y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle)) - 0.25
        return np.stack([x, y], -1)


@datasets.register("spiral", label="Spiral", source="Pedregosa et al. 2011, scikit-learn: make_swiss_roll, seen flat")
@dataclass(frozen=True)
class Spiral(Tube):
    """The Swiss roll: an arm that winds outwards and thins out as it goes, with Gaussian noise."""

    turns: float = number(1.5, low=0.5, high=3, label="Turns", help="How often it goes round; published: 1.5.")
    std: float = number(0.1, low=0.05, high=0.3, scale="log", label="Noise", help="Standard deviation of the noise.")

    def curve(self, u: Doubles) -> Doubles:
        """a (cos a, sin a) / 5 with the angle a uniform from 1.5 pi on, as in the published roll."""
        angle = 2 * math.pi * (0.75 + self.turns * u)
        return np.stack([angle * np.cos(angle), angle * np.sin(angle)], -1) / 5


@datasets.register("checkerboard", label="Checkerboard", source="Grathwohl et al. 2019, FFJORD, arXiv 1810.01367")
@dataclass(frozen=True)
class Checkerboard(PointDataset):
    """Uniform on the dark squares of a board from -4 to 4: sharp edges, and squares that touch at their corners."""

    squares: int = choice(
        4, (2, 4, 8), label="Squares", unit="a side", help="How many squares a side of the board has."
    )

    @property
    def extent(self) -> Extent:
        half = 4 * MARGIN
        return -half, half, -half, half

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """A dark square (the lowest left one is dark, and every second from there), then a place in it."""
        n, side = self.squares, 8 / self.squares
        chosen = (uniform(count, rng) * (n * n // 2)).astype(np.int64)
        row = chosen // (n // 2)
        column = 2 * (chosen % (n // 2)) + row % 2
        corner = np.stack([column, row], 1) * side - 4
        place = np.stack([uniform(count, rng), uniform(count, rng)], 1) * side
        return keep_below(corner + place, corner + side)

    def log_pdf(self, points: Doubles) -> Doubles:
        cell = np.floor((points + 4) * (self.squares / 8))
        dark = (cell.sum(1) % 2 == 0) & ((cell >= 0) & (cell < self.squares)).all(1)
        return np.where(dark, -math.log(32), -math.inf)

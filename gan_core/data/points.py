"""Points in the plane whose true density is known: what they are, and those that are mixtures of Gaussians.

A point is an "image" of two channels (x, y) and one pixel, in its own coordinates: nothing is rescaled to [-1, 1].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_core.config.fields import integer, number
from gan_core.config.registry import Entry
from gan_core.data.base import Dataset, ImageInfo, ImageSet, Progress, datasets

Doubles = np.ndarray[Any, np.dtype[np.float64]]
Extent = tuple[float, float, float, float]

TRAIN_POINTS, HELD_OUT_POINTS = 65_536, 8_192
MARGIN = 1.15  # what is shown is so much wider than where the points are
FAR = 4.0  # standard deviations beyond which a Gaussian is as good as empty (6e-5 of it in one direction)
_SEED, _HELD_OUT_SEED = 2_014, 2_015
_CHUNK = 1 << 22  # numbers at once in work on all pairs of points and places


@dataclass(frozen=True)
class Modes:
    """Where a mixture has its peaks: centres float64 [K, 2], the standard deviation of each, weights [K] of sum 1."""

    centres: Doubles
    std: float
    weights: Doubles


class PointDataset(Dataset):
    """A density in the plane, to draw from and to compute: both exact."""

    @property
    def extent(self) -> Extent:
        """(x0, x1, y0, y1), as wide as high: what a stage shows; at least 99.9% of the points lie in it."""
        raise NotImplementedError

    def modes(self) -> Modes | None:
        """The peaks that a generator should cover; None where there are none to count."""
        return None

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """`count` independent points, float32 [count, 2]; all randomness comes from `rng`, a generator on the CPU."""
        raise NotImplementedError

    def log_pdf(self, points: Doubles) -> Doubles:
        """The natural logarithm of the density at float64 [N, 2], as float64 [N]; -inf where there is nothing."""
        raise NotImplementedError

    def info(self, data_dir: Path) -> ImageInfo:
        return ImageInfo(2, 1, TRAIN_POINTS, (), licence="Drawn by this program")

    def load(self, size: int, data_dir: Path, progress: Progress | None = None) -> ImageSet:
        """float32 [65 536, 2, 1, 1] and 8 192 held out, the same every time; there is no `size` to choose."""
        points = self.sample(TRAIN_POINTS, torch.Generator().manual_seed(_SEED))
        held_out = self.sample(HELD_OUT_POINTS, torch.Generator().manual_seed(_HELD_OUT_SEED))
        if progress is not None:
            progress(1.0, "points drawn")
        return ImageSet(points.view(-1, 2, 1, 1), None, (), held_out.view(-1, 2, 1, 1), None)


def point_datasets() -> tuple[Entry[Dataset], ...]:
    """The registered datasets of points in the plane, in order of registration."""
    return tuple(entry for entry in datasets if issubclass(entry.cls, PointDataset))


def square_around(points: Doubles, reach: float) -> Extent:
    """The smallest square that holds everything within `reach` of these points [N, 2], and the margin."""
    low, high = points.min(0) - reach, points.max(0) + reach
    (x, y), half = (low + high) / 2, float((high - low).max()) / 2 * MARGIN
    return float(x - half), float(x + half), float(y - half), float(y + half)


def uniform(count: int, rng: torch.Generator) -> Doubles:
    """Uniform numbers in [0, 1), float64 [count]."""
    return torch.rand(count, generator=rng, dtype=torch.float64).numpy()


def normal(count: int, rng: torch.Generator) -> Doubles:
    """Standard Gaussian points, float64 [count, 2]."""
    return torch.randn(count, 2, generator=rng, dtype=torch.float64).numpy()


def log_tube(points: Doubles, places: Doubles, weights: Doubles, std: float) -> Doubles:
    """log of sum_k weights[k] N(point; places[k], std^2 I), float64 [N]; summed without over- or underflow."""
    out = np.empty(len(points))
    rows = max(1, _CHUNK // len(places))
    with np.errstate(divide="ignore"):  # a weight of 0 is a logarithm of -inf, and adds nothing
        log_weights = np.log(weights) - math.log(2 * math.pi * std**2)
    for start in range(0, len(points), rows):
        part = points[start : start + rows]
        terms = (part[:, 0, None] - places[:, 0]) ** 2
        terms += (part[:, 1, None] - places[:, 1]) ** 2
        terms *= -0.5 / std**2
        terms += log_weights
        top = terms.max(1)
        terms -= top[:, None]
        out[start : start + rows] = top + np.log(np.exp(terms, out=terms).sum(1))
    return out


class GaussianMixture(PointDataset):
    """Gaussians of one standard deviation around the centres that `modes` names."""

    def modes(self) -> Modes:
        raise NotImplementedError

    @property
    def extent(self) -> Extent:
        modes = self.modes()
        return square_around(modes.centres, FAR * modes.std)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        modes = self.modes()
        chosen = np.searchsorted(np.cumsum(modes.weights)[:-1], uniform(count, rng), side="right")
        return torch.from_numpy(modes.centres[chosen] + modes.std * normal(count, rng)).float()

    def log_pdf(self, points: Doubles) -> Doubles:
        modes = self.modes()
        return log_tube(points, modes.centres, modes.weights, modes.std)


def _circle(count: int, radius: float) -> Doubles:
    """`count` places on a circle, float64 [count, 2], the first on the right, anticlockwise."""
    angles = 2 * math.pi * np.arange(count) / count
    return radius * np.stack([np.cos(angles), np.sin(angles)], 1)


def _equal(count: int) -> Doubles:
    return np.full(count, 1 / count)


@datasets.register(
    "ring", label="Ring of Gaussians", source="Metz et al. 2017; Srivastava et al. 2017, VEEGAN"
)
@dataclass(frozen=True)
class Ring(GaussianMixture):
    """Gaussians on a circle of radius 1: eight of standard deviation 0.01 are the published test of mode collapse."""

    mode_count: int = integer(8, low=2, high=16, label="Gaussians", help="How many on the circle; published: 8.")
    std: float = number(
        0.01, low=0.005, high=0.2, scale="log", label="Standard deviation",
        help="How wide each Gaussian is; published: 0.01. Wider ones are easier to find.",
    )  # fmt: skip

    def modes(self) -> Modes:
        return Modes(_circle(self.mode_count, 1.0), self.std, _equal(self.mode_count))

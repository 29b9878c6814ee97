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
MARGIN = 1.25  # what is shown is so much wider than where the points are
FAR = 4.0  # standard deviations beyond which a Gaussian is as good as empty (6e-5 of it in one direction)
POINTS_SEED, _HELD_OUT_SEED = 2_014, 2_015
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
        points = self.sample(TRAIN_POINTS, torch.Generator().manual_seed(POINTS_SEED))
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


@datasets.register("ring", label="Ring of Gaussians", source="Metz et al. 2017; Srivastava et al. 2017, VEEGAN")
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


@datasets.register("grid25", label="Grid of 25 Gaussians", source="Srivastava et al. 2017, VEEGAN")
@dataclass(frozen=True)
class Grid25(GaussianMixture):
    """Five rows of five Gaussians, 2 apart, from -4 to 4; the published standard deviation is 0.05."""

    std: float = number(
        0.05, low=0.02, high=0.4, scale="log", label="Standard deviation",
        help="How wide each Gaussian is; published: 0.05. Wider ones are easier to find.",
    )  # fmt: skip

    def modes(self) -> Modes:
        x, y = np.meshgrid(np.linspace(-4, 4, 5), np.linspace(-4, 4, 5))
        return Modes(np.stack([x.ravel(), y.ravel()], 1), self.std, _equal(25))


@datasets.register("blobs", label="Disjoint blobs")
@dataclass(frozen=True)
class Blobs(GaussianMixture):
    """A few Gaussians with nothing between them: a continuous generator must tear its latents to leave the gap."""

    mode_count: int = integer(3, low=2, high=6, label="Blobs", help="How many, on a circle of radius 1.5.")
    std: float = number(
        0.15, low=0.05, high=0.3, label="Standard deviation",
        help="How wide each blob is; 0.15 leaves a gap of more than ten of them between three.",
    )  # fmt: skip

    def modes(self) -> Modes:
        return Modes(_circle(self.mode_count, 1.5), self.std, _equal(self.mode_count))


@datasets.register("mixture", label="Unequal mixture")
@dataclass(frozen=True)
class UnequalMixture(GaussianMixture):
    """Gaussians of unequal weight: the rare ones are the first that a generator forgets."""

    mode_count: int = integer(5, low=2, high=12, label="Gaussians", help="How many, spread over a disk of radius 2.")
    ratio: float = number(
        2.0, low=1.0, high=4.0, label="Ratio of weights",
        help="How many times heavier each is than the next, from the middle outwards; 1 makes them equal.",
    )  # fmt: skip
    std: float = number(
        0.15, low=0.02, high=0.3, scale="log", label="Standard deviation", help="How wide each Gaussian is."
    )  # fmt: skip

    def modes(self) -> Modes:
        """On Vogel's (1979) sunflower spiral, which spreads any number evenly over a disk."""
        k = np.arange(self.mode_count)
        radius, angle = 2 * np.sqrt((k + 0.5) / self.mode_count), k * math.pi * (3 - math.sqrt(5))
        weights = self.ratio ** -k.astype(np.float64)
        centres = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
        return Modes(centres, self.std, weights / weights.sum())


@datasets.register("gaussian", label="One Gaussian")
@dataclass(frozen=True)
class OneGaussian(PointDataset):
    """One Gaussian around the origin: a generator without hidden layers can be exact."""

    std_x: float = number(1.0, low=0.05, high=2.0, label="Standard deviation of x", help="How wide it is.")
    std_y: float = number(0.5, low=0.05, high=2.0, label="Standard deviation of y", help="How high it is.")
    correlation: float = number(
        0.6, low=-0.99, high=0.99, label="Correlation", help="How far y goes along with x; 0 is not at all."
    )

    @property
    def extent(self) -> Extent:
        return square_around(np.zeros((1, 2)), FAR * max(self.std_x, self.std_y))

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """x = std_x u, y = std_y (rho u + sqrt(1 - rho^2) v) with u and v independent and standard."""
        u, v = normal(count, rng).T
        y = self.correlation * u + math.sqrt(1 - self.correlation**2) * v
        return torch.from_numpy(np.stack([self.std_x * u, self.std_y * y], 1)).float()

    def log_pdf(self, points: Doubles) -> Doubles:
        rest = 1 - self.correlation**2
        u, y = points[:, 0] / self.std_x, points[:, 1] / self.std_y
        squared: Doubles = (u**2 - 2 * self.correlation * u * y + y**2) / rest
        return -squared / 2 - math.log(2 * math.pi * self.std_x * self.std_y * math.sqrt(rest))

"""From a picture back to a latent: gradient descent on the generator's input from many starts at once.

Zhu et al. 2016, arXiv:1609.03552, section 3.1 (projection by optimisation); Abdal, Qin, Wonka 2019,
arXiv:1904.03189 (W+). Per restart the loss is

    |x - t|^2 / p  +  feature_weight |f(x) - f(t)|^2 / q  +  prior_weight pull(latent),

x the generator's image, t the target, f the activations before the head of the run's own discriminator. p and q are
the medians of the same distances over random samples, so that both start near 1 whatever the data and the networks,
and the weights mean the same for every model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.latent.features import Features, discriminator_features
from gan_core.latent.model import Explorable
from gan_core.latent.search import (
    MOST_ITERATIONS,
    MOST_RESTARTS,
    SPACES,
    Follow,
    InversionOptions,
    LatentSearch,
    Moment,
    picture_of,
)
from gan_core.latent.survey import Survey, class_labels, survey
from gan_core.training.batches import to_unit

__all__ = [
    "MOST_ITERATIONS", "MOST_RESTARTS", "SPACES", "Closeness", "Follow", "Inversion", "InversionOptions", "Moment",
    "invert",
]  # fmt: skip


@dataclass(frozen=True)
class Closeness:
    """How near a search came, as root mean square error over pixels in grey levels of 255.

    random, nearest: the same of a random sample (the median of `pool`) and of the nearest of `pool`.
    """

    rmse: float
    random: float
    nearest: float
    pool: int

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio in dB, 20 log10(255 / rmse); at most 99."""
        return min(99.0, 20.0 * math.log10(255.0 / max(self.rmse, 1e-9)))

    def figures(self) -> str:
        return (
            f"Off by {self.rmse:.1f} of 255 grey levels (root mean square; PSNR {self.psnr:.1f} dB). The nearest of "
            f"{self.pool:,} random samples is off by {self.nearest:.1f}, a random one by {self.random:.1f}."
        )

    def verdict(self) -> str:
        """In words; the bounds are PSNRs of 40, 25 and 18 dB (off by 2.6, 14 and 32 grey levels)."""
        if self.psnr >= 40.0:
            return "The generator makes this very picture."
        if self.psnr >= 25.0:
            return "Very close: the differences are small."
        if self.psnr >= 18.0:
            return "Alike, with differences that show."
        return "Not close: this generator has no such picture, or none was found."


@dataclass(frozen=True, eq=False)
class Inversion:
    """What a search found. vector: float32, a point of `space`; label: its class, None without classes.

    curves: float32 [iterations + 1, restarts], each restart's RMSE in grey levels, NaN after it was given up; labels:
    each restart's class. best: the restart that won. spread: how far out the point lies, 1 for a typical latent,
    (low, high) what 98% of random ones have.
    """

    space: str
    vector: NDArray[np.float32]
    label: int | None
    picture: NDArray[np.uint8]
    closeness: Closeness
    curves: NDArray[np.float32]
    labels: tuple[int, ...]
    best: int
    spread: float
    usual: tuple[float, float] = field(default=(0.0, math.inf))

    def whereabouts(self) -> str:
        """Where among the latents the point lies, in words."""
        low, high = self.usual
        if self.spread > high:
            return f"The point lies {self.spread:.2f} times as far out as random latents do on average: unusual."
        if self.spread < low:
            return f"The point lies {self.spread:.2f} times as far out as random latents: nearer the average picture."
        return "The point lies where random latents do."


def invert(
    model: Explorable,
    target: NDArray[np.uint8],
    options: InversionOptions | None = None,
    follow: Follow | None = None,
    drawing: Callable[[float], None] | None = None,
) -> Inversion:
    """The latent whose image is nearest to `target` uint8 [size, size, C], and how near it is.

    drawing: told, before the search, what share of the pool is drawn; may raise, as `follow` may.
    The same seed finds the same, with as many threads. Raises ValueError where the options do not fit the model.
    """
    options = options or InversionOptions()
    options.check(model)
    shape = model.shape
    if target.shape != (shape.size, shape.size, shape.channels):
        raise ValueError(f"The target has the shape {target.shape}; {shape.size} x {shape.size} pixels are wanted.")
    wanted = to_unit(torch.from_numpy(np.ascontiguousarray(target)).permute(2, 0, 1))[None]
    labels = class_labels(model, options.pool, options.label)
    pool = _pooled(model, labels, options, drawing)
    with torch.enable_grad():
        return _Search(model, wanted, pool, options).run(follow)


@dataclass(frozen=True, eq=False)
class _Pool:
    """The samples that a search begins with, and what the discriminator sees in them, [pool, F]."""

    model: Explorable
    asked: tuple[object, ...]
    found: Survey
    features: Features | None
    seen: Tensor | None


_last: _Pool | None = None  # of many pictures by one model all but the first find it there


@torch.no_grad()
def _pooled(
    model: Explorable, labels: Tensor | None, options: InversionOptions, drawing: Callable[[float], None] | None
) -> _Pool:
    global _last
    asked = (options.pool, options.seed, options.label, options.feature_weight > 0)
    kept = _last
    if kept is not None and kept.model is model and kept.asked == asked:
        return kept
    found = survey(model, options.pool, options.seed, labels, drawing)
    features = discriminator_features(model) if options.feature_weight else None
    seen = None
    if features is not None:
        seen = torch.cat([features(part) for part in torch.split(found.images, 128)])
    _last = _Pool(model, asked, found, features, seen)
    return _last


class _Search(LatentSearch):
    """For the image that is nearest to a whole picture."""

    def __init__(self, model: Explorable, target: Tensor, pool: _Pool, options: InversionOptions) -> None:
        self.target, self.features, found = target, pool.features, pool.found
        with torch.no_grad():
            errors = _square_error(found.images, target)
            self.pixel_unit = max(float(errors.median()), 1e-8)
            loss = errors / self.pixel_unit
            if self.features is not None:
                assert pool.seen is not None
                self.wanted = self.features(target)
                far = (pool.seen - self.wanted).square().mean(1)
                self.feature_unit = max(float(far.median()), 1e-12)
                loss = loss + options.feature_weight * far / self.feature_unit
        self.random, self.nearest = _levels(errors.median()), _levels(errors.min())
        super().__init__(model, found, options, loss)

    def run(self, follow: Follow | None) -> Inversion:
        return self.result(self.descend(follow))

    def compare(self, images: Tensor) -> tuple[Tensor, Tensor]:
        error = _square_error(images, self.target)
        loss = error / self.pixel_unit
        if self.features is not None:
            far = (self.features(images) - self.wanted).square().mean(1)
            loss = loss + (self.options.feature_weight / self.feature_unit) * far
        return error, loss

    def result(self, images: Tensor) -> Inversion:
        row, total = int(self.loss.argmin()), self.options.iterations
        best, vector = int(self.alive[row]), self.values[row]
        spread = float(((vector - self.centre) / self.unit).square().mean().sqrt())
        pool = self.options.pool
        closeness = Closeness(float(self.curves[total, best]), self.random, self.nearest, pool)
        return Inversion(
            self.options.space, vector.numpy().reshape(-1).astype(np.float32),
            self.all_labels[best] if self.all_labels else None, picture_of(images[row]), closeness,
            self.curves, self.all_labels, best, spread, self.usual,
        )  # fmt: skip


def _square_error(images: Tensor, target: Tensor) -> Tensor:
    """Mean over pixels and channels, [N]; images in [-1, 1]."""
    return (images - target).square().mean((1, 2, 3))


def _levels(square_error: Tensor) -> float:
    """A mean squared error of [-1, 1] as RMSE in grey levels of 255."""
    return 127.5 * math.sqrt(float(square_error))

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
from gan_core.latent.survey import Survey, class_labels, survey
from gan_core.training.batches import to_pixels, to_unit

SPACES = ("z", "w", "ws")
MOST_RESTARTS, MOST_ITERATIONS = 64, 2_000
_TELL_EVERY = 5  # iterations
_BETA1, _BETA2, _EPS = 0.9, 0.99, 1e-8


@dataclass(frozen=True)
class InversionOptions:
    """How to look for a picture.

    space: "z"; with a mapping network also "w" (one style) and "ws" (W+, a style of its own for every layer).
    label: the class that is asked for; None tries all and goes on with the nearest.
    pool: random samples that are looked at first; the nearest of them are the starts.
    keep: after a quarter and after half of the iterations this share of the restarts goes on; 1 keeps all.
    rate: the step at the start, in standard deviations of a latent's numbers; it falls along half a cosine.
    """

    space: str = "z"
    label: int | None = None
    restarts: int = 16
    iterations: int = 200
    pool: int = 1_000
    keep: float = 0.5
    rate: float = 0.3
    feature_weight: float = 0.1
    prior_weight: float = 0.2
    seed: int = 0

    def check(self, model: Explorable) -> None:
        """Raises ValueError, one sentence, where these options cannot serve this model."""
        if self.space not in SPACES or not model.length(self.space):
            there = [space for space in SPACES if model.length(space)]
            raise ValueError(f'space is "{self.space}"; for this generator it must be one of {", ".join(there)}.')
        if self.label is not None and not 0 <= self.label < len(model.classes):
            raise ValueError(f"label is {self.label}; this generator has {len(model.classes)} classes.")
        for name, value, high in (
            ("restarts", self.restarts, MOST_RESTARTS),
            ("iterations", self.iterations, MOST_ITERATIONS),
        ):
            if not 1 <= value <= high:
                raise ValueError(f"{name} is {value}; it must be 1 to {high:,}.")


@dataclass(frozen=True, eq=False)
class Moment:
    """How far a search has come. rmse: of every restart by now, NaN for those given up; in grey levels of 255.

    picture: uint8 [size, size, C], the best so far, which is at best_rmse.
    """

    iteration: int
    iterations: int
    rmse: NDArray[np.float32]
    best_rmse: float
    picture: NDArray[np.uint8]


Follow = Callable[[Moment], None]
"""May raise, to cancel."""


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
    found = survey(model, options.pool, options.seed, labels, drawing)
    with torch.enable_grad():
        return _Search(model, wanted, found, options).run(follow)


class _Search:
    """The restarts of one search: row i of everything belongs to the restart `alive[i]`."""

    def __init__(self, model: Explorable, target: Tensor, found: Survey, options: InversionOptions) -> None:
        self.model, self.target, self.options = model, target, options
        self.features: Features | None = discriminator_features(model) if options.feature_weight else None
        with torch.no_grad():
            errors = _square_error(found.images, target)
            self.pixel_unit = max(float(errors.median()), 1e-8)
            loss = errors / self.pixel_unit
            if self.features is not None:
                self.wanted = self.features(target)
                far = torch.cat([(self.features(part) - self.wanted).square().mean(1)
                                 for part in torch.split(found.images, 128)])  # fmt: skip
                self.feature_unit = max(float(far.median()), 1e-12)
                loss = loss + options.feature_weight * far / self.feature_unit
        self.random, self.nearest = _levels(errors.median()), _levels(errors.min())
        starts = loss.argsort()[: options.restarts]
        points = found.points(options.space)
        self.centre, self.unit = found.centre(options.space), found.unit(options.space)
        self.usual = found.usual(options.space)
        self.values = points[starts].clone()
        self.labels = None if found.labels is None else found.labels[starts]
        self.alive = np.arange(len(starts))
        self.all_labels = () if self.labels is None else tuple(int(c) for c in self.labels)
        self.mean, self.square = torch.zeros_like(self.values), torch.zeros_like(self.values)
        self.least = torch.full((len(starts),), torch.inf)  # each restart's lowest loss so far, and where it was
        self.lowest = self.values.clone()
        self.curves = np.full((options.iterations + 1, len(starts)), np.nan, np.float32)

    def run(self, follow: Follow | None) -> Inversion:
        total, keep = self.options.iterations, self.options.keep
        given_up_at = {max(1, total // 4), max(1, total // 2)} if keep < 1.0 else set()
        for i in range(total):
            if i in given_up_at:
                self.give_up(keep)
            self.values.requires_grad_(True)
            images = self.images()
            error, loss = self.measure(images)
            (slope,) = torch.autograd.grad(loss.sum(), self.values)
            self.note(i, error, loss.detach())
            self.keep_lowest(loss.detach())
            if follow is not None and i % _TELL_EVERY == 0:
                self.tell(follow, i, images.detach())
            self.move(slope, i)
        with torch.no_grad():
            self.keep_lowest(self.measure(self.images())[1])
            self.values = self.lowest
            images = self.images()
            self.note(total, *self.measure(images))
        if follow is not None:
            self.tell(follow, total, images)
        return self.result(images)

    def images(self) -> Tensor:
        generator = self.model.generator
        if self.options.space == "z":
            images: Tensor = generator(self.values, self.labels)
            return images
        if self.options.space == "w":
            return generator.synthesis(self.values[:, None].expand(-1, self.model.style_layers, -1))
        return generator.synthesis(self.values)

    def measure(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Squared error over pixels and the loss, both [restarts]."""
        error = _square_error(images, self.target)
        loss = error / self.pixel_unit
        if self.features is not None:
            far = (self.features(images) - self.wanted).square().mean(1)
            loss = loss + (self.options.feature_weight / self.feature_unit) * far
        return error, loss + self.options.prior_weight * self.pull()

    def pull(self) -> Tensor:
        """How far each restart's latent is from where random ones lie, [restarts].

        (|u| / sqrt(D) - 1)^2 for the standardised u: a Gaussian latent's norm is sqrt(D), hardly more or less. In
        W+ the mean of that over layers, and how much the layers' styles differ, in variances.
        """
        u = (self.values - self.centre) / self.unit
        off = (u.square().mean(-1).add(1e-12).sqrt() - 1.0).square()
        if self.options.space != "ws":
            return off
        apart = (u - u.mean(1, keepdim=True)).square().mean((1, 2))
        return off.mean(1) + 0.1 * apart

    def note(self, i: int, error: Tensor, loss: Tensor) -> None:
        self.loss = loss.detach().numpy()
        self.curves[i, self.alive] = 127.5 * error.detach().clamp_min(0.0).sqrt().numpy()

    def keep_lowest(self, loss: Tensor) -> None:
        """A step may lead up again: the result is each restart's best moment, so never worse than its start."""
        better = loss < self.least
        self.least[better], self.lowest[better] = loss[better], self.values.detach()[better]

    def move(self, slope: Tensor, i: int) -> None:
        """One step of Adam (Kingma & Ba 2015, algorithm 1), in place."""
        count, total = i + 1, self.options.iterations
        rate = self.options.rate * 0.5 * (1.0 + math.cos(math.pi * i / total))
        self.values = self.values.detach()
        self.mean.lerp_(slope, 1.0 - _BETA1)
        self.square.mul_(_BETA2).addcmul_(slope, slope, value=1.0 - _BETA2)
        size = (self.square / (1.0 - _BETA2**count)).sqrt_().add_(_EPS)
        self.values -= rate / (1.0 - _BETA1**count) * self.unit * self.mean / size
        if self.options.space == "z" and self.model.config.latent.distribution == "uniform":
            self.values.clamp_(-1.0, 1.0)

    def give_up(self, keep: float) -> None:
        """Go on with the best share of the restarts only."""
        count = max(1, math.ceil(keep * len(self.alive)))
        rows = np.sort(np.argsort(self.least.numpy(), kind="stable")[:count])
        chosen = torch.from_numpy(rows)
        self.alive, self.loss = self.alive[rows], self.loss[rows]
        self.values = self.values.detach()[chosen]
        self.mean, self.square = self.mean[chosen], self.square[chosen]
        self.least, self.lowest = self.least[chosen], self.lowest[chosen]
        self.labels = None if self.labels is None else self.labels[chosen]

    def tell(self, follow: Follow, i: int, images: Tensor) -> None:
        row = int(self.loss.argmin())
        rmse = self.curves[i].copy()
        follow(Moment(i, self.options.iterations, rmse, float(rmse[self.alive[row]]), _picture(images[row])))

    def result(self, images: Tensor) -> Inversion:
        row, total = int(self.loss.argmin()), self.options.iterations
        best, vector = int(self.alive[row]), self.values[row]
        spread = float(((vector - self.centre) / self.unit).square().mean().sqrt())
        pool = self.options.pool
        closeness = Closeness(float(self.curves[total, best]), self.random, self.nearest, pool)
        return Inversion(
            self.options.space, vector.numpy().reshape(-1).astype(np.float32),
            self.all_labels[best] if self.all_labels else None, _picture(images[row]), closeness,
            self.curves, self.all_labels, best, spread, self.usual,
        )  # fmt: skip


def _square_error(images: Tensor, target: Tensor) -> Tensor:
    """Mean over pixels and channels, [N]; images in [-1, 1]."""
    return (images - target).square().mean((1, 2, 3))


def _levels(square_error: Tensor) -> float:
    """A mean squared error of [-1, 1] as RMSE in grey levels of 255."""
    return 127.5 * math.sqrt(float(square_error))


def _picture(image: Tensor) -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] = to_pixels(image).permute(1, 2, 0).contiguous().numpy()
    return picture

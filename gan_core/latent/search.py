"""Gradient descent on a generator's input from many starts at once, for whatever an image is to be like.

Adam with a step that falls along half a cosine; restarts that lag are given up on the way. What an image is compared
with is the subclass's: a whole picture (`inversion`), or the known part of one (`gan_core.apply.completion`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.latent.model import Explorable
from gan_core.latent.survey import Survey
from gan_core.training.batches import to_pixels

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


class LatentSearch(ABC):
    """The restarts of one search: row i of everything belongs to the restart `alive[i]`."""

    def __init__(self, model: Explorable, found: Survey, options: InversionOptions, loss: Tensor) -> None:
        """found: random samples; loss: of each of them, [N]: the `options.restarts` lowest are the starts."""
        self.model, self.options = model, options
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

    @abstractmethod
    def compare(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Squared error in [-1, 1], that is told, and the loss without the latent's pull, both [restarts]."""

    def descend(self, follow: Follow | None) -> Tensor:
        """Every iteration; the images of the restarts that are left, each at its lowest loss."""
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
        return images

    def images(self) -> Tensor:
        generator = self.model.generator
        if self.options.space == "z":
            images: Tensor = generator(self.values, self.labels)
            return images
        if self.options.space == "w":
            return generator.synthesis(self.values[:, None].expand(-1, self.model.style_layers, -1))
        return generator.synthesis(self.values)

    def measure(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Squared error and the whole loss, both [restarts]."""
        error, loss = self.compare(images)
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
        follow(Moment(i, self.options.iterations, rmse, float(rmse[self.alive[row]]), picture_of(images[row])))


def picture_of(image: Tensor) -> NDArray[np.uint8]:
    """One image [C, size, size] in [-1, 1] as uint8 [size, size, C]."""
    picture: NDArray[np.uint8] = to_pixels(image).permute(1, 2, 0).contiguous().numpy()
    return picture

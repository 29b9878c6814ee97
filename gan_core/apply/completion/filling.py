"""Pictures that agree with what is known, out of a generator: Yeh et al. 2017, arXiv:1607.07539.

From many starts at once the latent z goes down

    context(G(z)) / p  +  realism_weight softplus(-(D(G(z)) - m) / s)  +  prior_weight pull(z),

context the squared error on the known part, weighted toward the hole's border (equation 2 there; the paper's own is
absolute, which finds nothing nearer here), p its median over random samples. The second term is the paper's prior
loss (equation 4) on the scale of the discriminator's own logits for random samples, median m and spread s, so that it
means the same for every loss. Of what is found, pictures are chosen that are good and differ in the hole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import softplus

from gan_core.apply.completion.observation import Observation
from gan_core.latent.features import Logits, discriminator_logits
from gan_core.latent.inversion import Follow, InversionOptions
from gan_core.latent.model import Explorable
from gan_core.latent.search import LatentSearch, picture_of
from gan_core.latent.survey import Survey, class_labels, survey
from gan_core.training.batches import to_pixels

MOST_COUNT = 12
GOOD = 1.25  # times the error of the best: a picture that is chosen is at most so far from what is known
SAME = 1.0  # grey levels in the hole, root mean square: two pictures nearer to each other than that are one
_LEVELS = 127.5


@dataclass(frozen=True)
class FillOptions(InversionOptions):
    """How to look; `feature_weight` is not used here. realism_weight: of the discriminator's opinion."""

    restarts: int = 32
    iterations: int = 120
    keep: float = 0.6
    realism_weight: float = 0.1


@dataclass(frozen=True, eq=False)
class Candidate:
    """picture: uint8 [size, size, C], the generator's own; vector: float32, a point of the space; error: root mean
    square on the known part, in grey levels of 255; label: its class; restart: its number."""

    picture: NDArray[np.uint8]
    vector: NDArray[np.float32]
    error: float
    label: int | None
    restart: int


@dataclass(frozen=True, eq=False)
class Filling:
    """chosen: the best first. random, nearest: the error of a random sample (median) and of the nearest of `pool`.

    curves: as of `Inversion`. found: how many restarts were gone through to the end.
    """

    chosen: tuple[Candidate, ...]
    random: float
    nearest: float
    pool: int
    found: int
    curves: NDArray[np.float32]
    has_realism: bool


def fill(
    model: Explorable,
    observed: Observation,
    count: int,
    options: FillOptions,
    follow: Follow | None = None,
    drawing: Callable[[float], None] | None = None,
) -> Filling:
    """At most `count` pictures; fewer where fewer differ. The same seed finds the same, with as many threads.

    Raises ValueError where the options do not fit the model.
    """
    options.check(model)
    labels = class_labels(model, options.pool, options.label)
    samples = survey(model, options.pool, options.seed, labels, drawing)
    with torch.enable_grad():
        search = _FillSearch(model, observed, samples, options)
        images = search.descend(follow)
    return search.filling(images.detach(), count)


class _FillSearch(LatentSearch):
    def __init__(self, model: Explorable, observed: Observation, samples: Survey, options: FillOptions) -> None:
        self.observed, self.weight = observed, options.realism_weight
        self.logits: Logits | None = discriminator_logits(model) if options.realism_weight else None
        with torch.no_grad():
            context = torch.cat([observed.context(part) for part in torch.split(samples.images, 128)])
            error = torch.cat([observed.square_error(part) for part in torch.split(samples.images, 128)])
            self.unit_context = max(float(context.median()), 1e-8)
            loss = context / self.unit_context
            if self.logits is not None:
                said = self._said(samples)
                self.middle, self.spread = said.median(), said.std().clamp_min(1e-6)
                loss = loss + self.weight * self.doubt(said)
        self.random = _LEVELS * float(error.median().sqrt())
        self.nearest = _LEVELS * float(error.min().sqrt())
        super().__init__(model, samples, options, loss)

    def _said(self, samples: Survey) -> Tensor:
        assert self.logits is not None
        parts = range(0, len(samples.images), 128)
        labels = samples.labels
        return torch.cat([
            self.logits(samples.images[i : i + 128], None if labels is None else labels[i : i + 128]) for i in parts
        ])  # fmt: skip

    def doubt(self, logits: Tensor) -> Tensor:
        """-log of the share of belief, on the scale of random samples' logits."""
        return softplus(-(logits - self.middle) / self.spread)

    def compare(self, images: Tensor) -> tuple[Tensor, Tensor]:
        loss = self.observed.context(images) / self.unit_context
        if self.logits is not None:
            loss = loss + self.weight * self.doubt(self.logits(images, self.labels))
        return self.observed.square_error(images), loss

    def filling(self, images: Tensor, count: int) -> Filling:
        errors = _LEVELS * self.observed.square_error(images).clamp_min(0.0).sqrt().numpy().astype(np.float64)
        pixels = to_pixels(images).permute(0, 2, 3, 1).numpy()
        rows = choose(errors, self.loss, pixels[:, self.observed.hidden].reshape(len(pixels), -1), count)
        chosen = tuple(
            Candidate(
                picture_of(images[row]), self.values[row].numpy().reshape(-1).astype(np.float32), float(errors[row]),
                None if self.labels is None else int(self.labels[row]), int(self.alive[row]),
            )
            for row in rows
        )  # fmt: skip
        return Filling(
            chosen, self.random, self.nearest, self.options.pool, len(errors), self.curves, self.logits is not None
        )


def choose(
    errors: NDArray[np.float64], losses: NDArray[np.float32], holes: NDArray[np.uint8], count: int
) -> list[int]:
    """Rows of at most `count` pictures, the lowest loss first, then each time the one that differs most from all.

    errors, losses: [N]; holes: [N, F], what each has in the hole. Only good ones are asked: up to GOOD times the
    error of the first and a grey level more; where these are too few, the next best in turn. Two that are as good
    as the same are one: the result may be shorter.
    """
    first = int(np.argmin(losses))
    order = [int(row) for row in np.argsort(errors, kind="stable") if row != first]
    good = [row for row in order if errors[row] <= GOOD * errors[first] + 1.0]
    rows, values = [first], holes.astype(np.float64)
    far = _away(values, values[first])
    while len(rows) < count:
        fresh = [row for row in good if far[row] >= SAME] or [row for row in order if far[row] >= SAME][:1]
        if not fresh:
            break
        rows.append(max(fresh, key=lambda row: float(far[row])))
        far = np.minimum(far, _away(values, values[rows[-1]]))
    return rows


def _away(values: NDArray[np.float64], one: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean squares over the hole, [N]."""
    distances: NDArray[np.float64] = np.sqrt(np.mean((values - one) ** 2, axis=1))
    return distances

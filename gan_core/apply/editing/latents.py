"""The latents that an edit searches: a generator's own, in coordinates in which each counts alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from gan_core.apply.editing.place import Place, images
from gan_core.latent.directions.population import draw_population
from gan_core.latent.model import Explorable
from gan_core.nets.base import GeneratorNet

_DRAWN, _SEED = 2_000, 71  # latents whose spread the coordinates are taken from
MOST_COORDINATES = 96  # principal ones; so many pictures are drawn for one step of a search
_LEAST = 1e-3  # a coordinate whose spread is a smaller share of the largest is left out


@dataclass(frozen=True, eq=False)
class Latents:
    """W where the generator has one, else Z: point = start + u @ basis, u [K] in standard deviations.

    basis: float [K, D], principal axes of random latents, each as long as their standard deviation along it, the
    longest first. centre: their mean [D]. draw(points [N, D]) makes pictures [N, C, size, size].
    """

    space: str
    basis: Tensor
    centre: Tensor
    draw: Callable[[Tensor], Tensor]

    def away(self, points: Tensor) -> Tensor:
        """How far points [N, D] lie from the mean, in standard deviations along the axes, [N, K]."""
        return (points - self.centre) @ (self.basis / self.basis.square().sum(1, keepdim=True)).T


@dataclass(frozen=True, eq=False)
class _Spread:
    basis: Tensor
    centre: Tensor


_known: WeakKeyDictionary[GeneratorNet, dict[bytes, _Spread]] = WeakKeyDictionary()


def latents_of(place: Place) -> tuple[Latents, Tensor]:
    """Around one picture; and where it lies, [D]: z, or the mean of its styles, which all move by the same then."""
    spread = _spread_of(place.model, place.weights)
    if place.styles is None:
        return Latents("z", spread.basis, spread.centre, lambda points: images(place, points)), place.point
    middle = place.styles.mean(0)
    offsets = place.styles - middle  # of each layer's style, kept as it is
    return Latents("w", spread.basis, spread.centre, lambda points: images(place, points[:, None] + offsets)), middle


def moved(place: Place, start: Tensor, point: Tensor) -> Place:
    """The place that a search from `start` [D] ended at: `point` [D]."""
    return place.at(point if place.styles is None else place.styles + (point - start))


def _spread_of(model: Explorable, weights: Tensor | None) -> _Spread:
    known = _known.setdefault(model.generator, {})
    key = b"" if weights is None else weights.numpy().tobytes()
    if key not in known:
        if len(known) >= 8:
            known.pop(next(iter(known)))
        known[key] = _measured(model, weights)
    return known[key]


@torch.no_grad()
def _measured(model: Explorable, weights: Tensor | None) -> _Spread:
    population = draw_population(
        model.generator, model.dim, _DRAWN, _SEED, space="w" if model.has_w else "z",
        distribution=model.config.latent.distribution, class_count=len(model.classes),
        class_weights=None if weights is None else weights.numpy(),
    )  # fmt: skip
    points, count = population.points.double(), model.length(population.space)
    centre = points.mean(0)
    if not model.has_w:  # independent numbers of one spread by how they are drawn
        unit = 3.0**-0.5 if model.config.latent.distribution == "uniform" else 1.0
        return _Spread(unit * torch.eye(count)[:MOST_COORDINATES], torch.zeros(count))
    _, scales, axes = torch.linalg.svd((points - centre) / (len(points) - 1) ** 0.5, full_matrices=False)
    kept = (scales >= _LEAST * scales[0]).nonzero().flatten()[:MOST_COORDINATES]
    return _Spread((axes[kept] * scales[kept, None]).float(), centre.float())

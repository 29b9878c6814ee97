"""A point of a generator while it is edited, and what is drawn there."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor

from gan_core.apply.editing.regions import Picture
from gan_core.latent.inside.units import edited
from gan_core.latent.looks.look import Unit
from gan_core.latent.looks.where import labels_of
from gan_core.latent.model import Explorable
from gan_core.latent.search import picture_of


@dataclass(frozen=True, eq=False)
class Place:
    """A point of a model and what it draws there.

    z: float [dim], where the point comes from one and a class can still be chosen; None for styles that were found.
    styles: float [style_layers, style_dim], None of a generator without W. weights: float [class count] or None.
    units: scaled everywhere. model: the one that was opened, or one with a tuned copy of its generator.
    """

    model: Explorable
    z: Tensor | None
    styles: Tensor | None
    weights: Tensor | None
    units: tuple[Unit, ...] = ()

    @property
    def point(self) -> Tensor:
        """The styles, or z where there are none."""
        point = self.z if self.styles is None else self.styles
        assert point is not None
        return point

    def at(self, point: Tensor) -> Place:
        """The same with another point, as `point` has it."""
        return replace(self, z=point) if self.styles is None else replace(self, styles=point)

    def with_weights(self, weights: Tensor) -> Place:
        """Other classes; what was moved among the styles is kept. Raises ValueError where they no longer reach it."""
        if self.z is None:
            raise ValueError(
                "This point was found among styles, which a class does not reach; begin with a seed, or have the "
                "picture looked for in z."
            )
        if self.styles is None:
            return replace(self, weights=weights)
        assert self.weights is not None
        before, after = (style_of(self.model, self.z, each) for each in (self.weights, weights))
        return replace(self, styles=self.styles + (after - before), weights=weights)


def images(place: Place, points: Tensor) -> Tensor:
    """float [N, C, size, size] in [-1, 1], with the place's classes and units; differentiable.

    points: [N, style_layers, style_dim], or [N, dim] of a generator without W.
    """
    generator = place.model.generator
    with edited(generator, [asdict(unit) for unit in place.units]) if place.units else nullcontext():
        if place.styles is not None:
            return generator.synthesis(points)
        weights = None if place.weights is None else place.weights.expand(len(points), -1)
        made: Tensor = generator(points, weights)
        return made


@torch.no_grad()
def drawn(place: Place) -> Picture:
    """What the generator draws there, uint8 [size, size, C]."""
    return picture_of(images(place, place.point[None])[0])


@torch.no_grad()
def style_of(model: Explorable, z: Tensor, weights: Tensor | None) -> Tensor:
    """The style [style_dim] of a z [dim]."""
    labels = None if weights is None else labels_of([weights.numpy()])
    return model.generator.mapping(z[None], labels)[0]

"""Edits of a generator's maps in a region: units scaled where somebody painted, two pictures blended layer by layer.

Bau et al. 2019 (GAN Paint, arXiv:1811.10597, section 4) and Suzuki et al. 2018 (arXiv:1811.10153, section 3.1).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from gan_core.apply.editing.place import Place, images
from gan_core.apply.editing.regions import Picture
from gan_core.latent.inside.units import UnitLayer, layer_named, layers_of, replaced, watched
from gan_core.latent.looks.look import Unit
from gan_core.latent.search import picture_of


def units_of(place: Place, layer: str, numbers: tuple[int, ...], scale: float) -> tuple[Unit, ...]:
    """What `Place.units` takes. Raises ValueError where there is no such layer or unit."""
    found = layer_named(place.model.generator, layer)
    if wrong := [number for number in numbers if number >= found.units]:
        raise ValueError(f"units: unit is {wrong[0]}; layer {found.name} has units 0 to {found.units - 1}.")
    return tuple(Unit(found.name, number, scale) for number in numbers)


@torch.no_grad()
def scaled_inside(place: Place, units: tuple[Unit, ...], share: NDArray[np.float64]) -> Picture:
    """The picture with units scaled where `share` [size, size] is 1, and in part where it is between 0 and 1."""
    where = torch.from_numpy(share).float()[None, None]
    layer = layer_named(place.model.generator, units[0].layer)
    numbers, scale = [unit.unit for unit in units], units[0].scale

    def act(layer: UnitLayer, output: Tensor) -> Tensor:
        factors = torch.ones(layer.units, layer.size * layer.size)
        factors[numbers] = 1.0 + (scale - 1.0) * _fitted(where, layer).flatten()
        values = output.reshape(output.shape[0], layer.units, -1)
        return (values * factors.to(output.dtype)).reshape(output.shape)

    with replaced(place.model.generator, {layer.name: act}):
        return picture_of(images(place, place.point[None])[0])


@torch.no_grad()
def blended_inside(place: Place, other: Place, share: NDArray[np.float64]) -> Picture:
    """The picture of `place` with the maps of `other` where `share` [size, size] is 1, in every layer that has maps.

    The class is that of `place`.
    """
    where = torch.from_numpy(share).float()[None, None]
    generator = place.model.generator

    def act(layer: UnitLayer, output: Tensor) -> Tensor:
        part = _fitted(where, layer).flatten()
        values = output.reshape(output.shape[0], layer.units, -1)
        mixed = values[:1] * (1.0 - part) + values[1:] * part
        return torch.cat([mixed, values[1:]]).reshape(output.shape)

    acts = {layer.name: act for layer in layers_of(generator) if layer.size > 1}
    with replaced(generator, acts):
        return picture_of(images(place, torch.stack([place.point, other.point]))[0])


def _fitted(where: Tensor, layer: UnitLayer) -> Tensor:
    """How much of each of the map's cells is inside, [1, 1, s, s]."""
    return adaptive_avg_pool2d(where, layer.size)


@torch.no_grad()
def strongest_inside(place: Place, layer: str, share: NDArray[np.float64], count: int) -> list[int]:
    """Numbers of the units of a layer that are stronger inside than outside, the most so first, at most `count`.

    Compared are the means of the maps' absolute values inside (`share` [size, size] of 1) and outside, in units of
    each map's mean. Raises ValueError where there is no such layer, or where its units have no place.
    """
    found = layer_named(place.model.generator, layer)
    if found.size == 1:
        raise ValueError(f"Units of layer {found.name} have no place in the picture; take a later layer.")
    part = _fitted(torch.from_numpy(share).float()[None, None], found)[0, 0].flatten()
    with watched(place.model.generator, [found.name]) as maps:
        images(place, place.point[None])
        seen = maps[found.name][0].float().abs().flatten(1)
    inside = (seen * part).sum(1) / part.sum().clamp_min(1e-9)
    outside = (seen * (1 - part)).sum(1) / (1 - part).sum().clamp_min(1e-9)
    standing = (inside - outside) / seen.mean(1).clamp_min(1e-9)
    order = standing.argsort(descending=True, stable=True)[:count]
    return [int(number) for number in order if float(standing[number]) > 0]

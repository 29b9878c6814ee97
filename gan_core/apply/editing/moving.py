"""Directions by name: those that Explore finds, without the search for their range."""

from __future__ import annotations

import re
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from gan_core.apply.editing.edits import Move, read_numbers
from gan_core.apply.editing.place import Place
from gan_core.latent.directions.attributes import attribute_values, attributes
from gan_core.latent.directions.direction import Direction
from gan_core.latent.directions.pca import pca_directions
from gan_core.latent.directions.population import population_of
from gan_core.latent.directions.sefa import sefa_directions
from gan_core.latent.directions.supervised import labelled_direction
from gan_core.latent.looks.vectors import decode_vector
from gan_core.latent.model import Explorable
from gan_core.nets.base import GeneratorNet

MOST = 16  # of PCA's and SeFa's
_SEED, _STYLES, _WATCHED, _LABELLED = 20, 5_000, 1_000, 1_500  # as Explore's search has them

_known: WeakKeyDictionary[GeneratorNet, dict[str, Direction]] = WeakKeyDictionary()


def names_of(model: Explorable) -> list[str]:
    """What a direction can be asked for by: attributes; pca-1 to pca-16, sefa-1 to sefa-16."""
    return [each.name for each in attributes(model)] + [f"pca-1 to pca-{MOST}", f"sefa-1 to sefa-{MOST}"]


def direction_named(model: Explorable, name: str) -> Direction:
    """Found once a generator. Raises ValueError, one sentence, where there is no such direction."""
    known = _known.setdefault(model.generator, {})
    if name not in known:
        for found, direction in _found(model, name).items():
            known[found] = direction
    if name not in known:
        raise ValueError(f'"{name[:40]}" has no direction of that number in this generator; take a smaller one.')
    return known[name]


def _found(model: Explorable, name: str) -> dict[str, Direction]:
    space = "w" if model.has_w else "z"
    match = re.fullmatch(r"(pca|sefa)-([1-9][0-9]?)", name)
    if match and match[1] == "pca":
        population = population_of(model, _STYLES if model.has_w else _WATCHED, _SEED, space)
        return {f"pca-{i}": each for i, each in enumerate(pca_directions(population, MOST), 1)}
    if match:
        population = population_of(model, _WATCHED, _SEED, space)
        return {f"sefa-{i}": each for i, each in enumerate(sefa_directions(population, MOST), 1)}
    if name not in {each.name for each in attributes(model)}:
        raise ValueError(f'"{name[:40]}" is no direction of this generator; they are {", ".join(names_of(model))}.')
    population = population_of(model, _LABELLED, _SEED, space)
    values = attribute_values(model, name, population, population.pictures())
    return {name: labelled_direction(population, values, name)}


def direction_of(model: Explorable, move: Move) -> Direction:
    """Raises ValueError where the step names none, or one that does not fit the generator."""
    if move.vector:
        if not model.length(move.space):
            raise ValueError("The direction lies among styles, and this generator has none; give one in z.")
        vector = decode_vector(move.vector, model.length(move.space), "vector")
        found = Direction(vector, move.space, move.unit, "a direction", "given")
    elif move.along:
        found = direction_named(model, move.along)
    else:
        raise ValueError("The move names no direction; give one, as pca-1.")
    if not move.layers:
        return found
    if found.space != "w":
        raise ValueError("Layers can be chosen for a direction among styles only; leave them out.")
    return replace(found, layers=read_numbers(move.layers, model.style_layers, "layers"))


@torch.no_grad()
def moved_along(place: Place, move: Move) -> Place:
    """The place so far along the direction. Raises ValueError."""
    direction = direction_of(place.model, move)
    step = move.amount * direction.unit * torch.from_numpy(np.ascontiguousarray(direction.vector))
    if direction.space == "z" and place.styles is not None:
        raise ValueError("A direction in z cannot be gone along among styles; give one in w.")
    if place.styles is None:
        return place.at(place.point + step)
    styles: Tensor = place.styles.clone()
    styles[list(range(len(styles)) if direction.layers is None else direction.layers)] += step
    return place.at(styles)

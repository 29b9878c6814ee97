"""Looking for directions of a model: method, layers, what they shall be orthogonal to; then their usable range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from gan_core.data.base import Progress
from gan_core.latent.directions.activations import layer_names
from gan_core.latent.directions.attributes import attribute, attribute_values, reader_of
from gan_core.latent.directions.direction import Direction, RangeFinder, measured, orthogonalised
from gan_core.latent.directions.factors import FactorChange, factor_changes
from gan_core.latent.directions.pca import pca_directions
from gan_core.latent.directions.population import Floats, Population, population_of
from gan_core.latent.directions.sefa import sefa_directions
from gan_core.latent.directions.supervised import labelled_direction, marked_direction
from gan_core.latent.looks.look import Look
from gan_core.latent.looks.where import forward, resolve_all
from gan_core.latent.model import Explorable

Early = Callable[[list[Direction]], None]

METHODS = ("pca", "sefa", "attribute")
MOST = 16  # directions of one search
_SEED = 20  # of the populations: the same search finds the same directions
_STYLES, _WATCHED, _LABELLED = 5_000, 1_000, 1_500  # latents for PCA in W, PCA of activations, labels
_RANGED = 560
_READ = 64  # pictures whose factors are read along a direction

_finders: WeakKeyDictionary[Explorable, dict[tuple[str, bytes], RangeFinder]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Search:
    """What to look for.

    layer: of PCA in Z, whose activations; None is the first. layers: of a style generator, which layers' styles
    move; None is all. attribute: of method "attribute", which. others: what the directions shall be orthogonal to.
    weights: of the classes, for a conditional generator; None: all classes.
    """

    method: str
    count: int = 6
    layer: str | None = None
    layers: tuple[int, ...] | None = None
    attribute: str | None = None
    others: tuple[Direction, ...] = ()
    weights: Floats | None = None


def find_directions(
    model: Explorable, search: Search, progress: Progress | None = None, early: Early | None = None
) -> list[Direction]:
    """The directions that a search finds, at most MOST, each with its range.

    They lie in W where the model has it, else in Z. early: is given them before their ranges are measured, which
    takes longer than finding them. Raises ValueError in one sentence where there are none.
    """
    space = "w" if model.has_w else "z"
    layers = search.layers if space == "w" else None
    count = min(search.count, MOST)
    if search.method == "pca":
        population = population_of(model, _STYLES if model.has_w else _WATCHED, _SEED, space, search.weights)
        found = pca_directions(population, count, search.layer, _part(progress, 0.0, 0.4))
    elif search.method == "sefa":
        population = population_of(model, _WATCHED, _SEED, space, search.weights)
        found = sefa_directions(population, count, layers)
    elif search.method == "attribute":
        chosen = attribute(model, search.attribute or "")
        weights = None if chosen.name.startswith("class-") else search.weights
        population = population_of(model, _LABELLED, _SEED, space, weights)
        pictures = population.pictures(_part(progress, 0.0, 0.6))
        values = attribute_values(model, chosen.name, population, pictures)
        found = [labelled_direction(population, values, chosen.label)]
    else:
        raise ValueError(f'method is "{search.method}"; it must be one of {", ".join(METHODS)}.')
    found = [replace(direction, layers=layers) for direction in found]
    return finished(model, found, search, population, _part(progress, 0.6, 1.0), early)


def direction_of_marks(
    model: Explorable,
    looks: Sequence[Look],
    yes: Sequence[bool],
    search: Search,
    progress: Progress | None = None,
) -> Direction:
    """The direction from the looks marked no to those marked yes, with its range. Raises ValueError."""
    space = "w" if model.has_w else "z"
    population = population_of(model, _LABELLED, _SEED, space, search.weights)
    marked = _images(model, looks)
    pictures = population.pictures(_part(progress, 0.0, 0.6))
    found = marked_direction(population, pictures, marked, yes)
    found = replace(found, layers=search.layers if space == "w" else None)
    return finished(model, [found], search, population, _part(progress, 0.6, 1.0))[0]


def changed_direction(
    model: Explorable, direction: Direction, search: Search, progress: Progress | None = None
) -> Direction:
    """The same direction with other layers, without others; and its range anew. Raises ValueError."""
    population = population_of(model, _WATCHED, _SEED, direction.space, search.weights)
    layers = search.layers if direction.space == "w" else None
    return finished(model, [replace(direction, layers=layers)], search, population, progress)[0]


def finished(
    model: Explorable,
    found: Sequence[Direction],
    search: Search,
    population: Population,
    progress: Progress | None = None,
    early: Early | None = None,
) -> list[Direction]:
    """Orthogonal to the search's others, with their ranges.

    Those of which nothing is left are left out. Raises ValueError where that leaves none.
    """
    kept, problem = list[Direction](), None
    for direction in found:
        try:
            kept.append(orthogonalised(direction, search.others, population) if search.others else direction)
        except ValueError as error:
            problem = error
    if not kept and problem is not None:
        raise problem
    if early is not None:
        early(kept)
    finder = _finder(model, population.space, search.weights, _part(progress, 0.0, 0.3))
    return measured(kept, finder, _part(progress, 0.3, 1.0))


def offered_layers(model: Explorable) -> list[str]:
    """The layers whose activations PCA can be of; none for a model with W, whose PCA is that of the styles."""
    return [] if model.has_w else layer_names(population_of(model, 2, _SEED, "z"))


def factors_along(
    model: Explorable, direction: Direction, weights: Floats | None = None, progress: Progress | None = None
) -> tuple[list[FactorChange], float, float, float]:
    """How much each known factor moves along a direction: changes, share of pictures read, from where to where.

    From -2 to 2 units, or as far as the usable range goes. Raises ValueError for a model not trained on Shapes.
    """
    if progress is not None:
        progress(0.05, "learning to read factors")
    reader = reader_of(model)
    if reader is None:
        raise ValueError("The factors of pictures are known for models trained on Shapes only.")
    population = population_of(model, _READ, _SEED + 1, direction.space, weights)
    low = max(-2.0, -2.0 if direction.low is None else direction.low)
    high = min(2.0, 2.0 if direction.high is None else direction.high)
    asked = 0

    def pictures(amount: float) -> Tensor:
        nonlocal asked
        asked += 1
        if progress is not None:
            progress(min(0.95, 0.2 + 0.13 * asked), "reading factors")
        return direction.pictures(population, amount)

    changes, read = factor_changes(reader, pictures, low, high)
    return changes, read, low, high


def _finder(model: Explorable, space: str, weights: Floats | None, progress: Progress | None) -> RangeFinder:
    known = _finders.setdefault(model, {})
    key = (space, b"" if weights is None else np.asarray(weights, np.float32).tobytes())
    if key not in known:
        if len(known) >= 2:
            known.pop(next(iter(known)))
        known[key] = RangeFinder(population_of(model, _RANGED, _SEED + 2, space, weights), progress)
    return known[key]


def _images(model: Explorable, looks: Sequence[Look]) -> Tensor:
    """float32 [N, C, size, size] in [-1, 1]; units that a look has changed are not heeded."""
    with torch.no_grad():
        return forward(model.generator, resolve_all(model, looks))


def _part(progress: Progress | None, start: float, end: float) -> Progress | None:
    """A progress of its own for one part of the whole."""
    if progress is None:
        return None
    return lambda fraction, words: progress(start + fraction * (end - start), words)

"""What can be read off a generator's pictures, to ask for a direction of: measures, factors of Shapes, D's score."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gan_core.data.sets.sdf import OUTLINES
from gan_core.data.sets.shapes import Factors, Shapes
from gan_core.latent.directions.factors import FactorReader, factor_reader
from gan_core.latent.directions.population import BATCH, Floats, Population
from gan_core.latent.inside.judging import judge
from gan_core.latent.model import Explorable

_FACTOR_LABELS = {
    "size": ("Size", "larger shapes"),
    "x": ("To the right", "shapes farther right"),
    "y": ("Downwards", "shapes farther down"),
    "rotation": ("Turned", "shapes turned farther clockwise"),
}
_HUES = {"red": 0.0, "green": 1 / 3, "blue": 2 / 3}  # turns


@dataclass(frozen=True)
class Attribute:
    """group: under which heading it is offered."""

    name: str
    label: str
    group: str
    help: str


def _brightness(pictures: Tensor) -> Tensor:
    return pictures.mean(dim=(1, 2, 3))


def _weight(pictures: Tensor) -> Tensor:
    """How much each pixel differs from the corners, [N, size, size]."""
    corners = pictures[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].median(dim=2).values
    return (pictures - corners[:, :, None, None]).abs().mean(dim=1) + 1e-6


def _extent(pictures: Tensor, dim: int) -> Tensor:
    """Standard deviation of where the ink lies along columns (2) or rows (1), shares of the width."""
    marginal = _weight(pictures).sum(dim=3 - dim)
    marginal = marginal / marginal.sum(dim=1, keepdim=True)
    place = (torch.arange(marginal.shape[1], device=marginal.device) + 0.5) / marginal.shape[1]
    mean = (marginal * place).sum(dim=1, keepdim=True)
    return (marginal * (place - mean).square()).sum(dim=1).sqrt()


def _detail(pictures: Tensor) -> Tensor:
    """Mean difference between neighbours."""
    across = (pictures[..., 1:] - pictures[..., :-1]).abs().mean(dim=(1, 2, 3))
    return across + (pictures[..., 1:, :] - pictures[..., :-1, :]).abs().mean(dim=(1, 2, 3))


def _likeness(pictures: Tensor) -> Tensor:
    """Less mean difference from its own mirror image: left and right alike."""
    return -(pictures - pictures.flip(3)).abs().mean(dim=(1, 2, 3))


def _tint(pictures: Tensor, channel: int) -> Tensor:
    """How far a channel is above the mean of all."""
    return (pictures[:, channel] - pictures.mean(dim=1)).mean(dim=(1, 2))


_MEASURES: dict[str, tuple[str, str, Callable[[Tensor], Tensor]]] = {
    "brightness": ("Brightness", "the mean of all pixels", _brightness),
    "width": ("Width", "how far the ink spreads sideways", lambda x: _extent(x, 2)),
    "height": ("Height", "how far the ink spreads up and down", lambda x: _extent(x, 1)),
    "detail": ("Detail", "how much neighbouring pixels differ", _detail),
    "symmetry": ("Symmetry", "how alike left and right are", _likeness),
}
_TINTS: dict[str, tuple[str, str, Callable[[Tensor], Tensor]]] = {
    "red": ("Redness", "red above the mean of the channels", lambda x: _tint(x, 0)),
    "green": ("Greenness", "green above the mean of the channels", lambda x: _tint(x, 1)),
    "blue": ("Blueness", "blue above the mean of the channels", lambda x: _tint(x, 2)),
}


def shows_factors(model: Explorable) -> bool:
    """Whether the model was trained on Shapes, so that its pictures' factors can be read."""
    return isinstance(model.config.data, Shapes) and model.shape.channels == 3


def reader_of(model: Explorable) -> FactorReader | None:
    """What reads the factors of this model's pictures, fitted the first time; None where it does not show any."""
    data = model.config.data
    if not isinstance(data, Shapes) or not shows_factors(model):
        return None
    return factor_reader(model.shape.size, 1.0 if data.background == "white" else 0.0)


def attributes(model: Explorable) -> list[Attribute]:
    """What a direction of this model can be asked for."""
    found = []
    if shows_factors(model):
        found += [
            Attribute(f"factor-{name}", label, "Factors of Shapes", f"Toward {words}; read off the pixels.")
            for name, (label, words) in _FACTOR_LABELS.items()
            if name != "rotation"  # another turn brings the same shape back: there is no "more" of it
        ]
        found += [
            Attribute(f"hue-{name}", f"Toward {name}", "Factors of Shapes", f"Colours nearer to {name} on the wheel.")
            for name in _HUES
        ]
        found += [
            Attribute(f"shape-{name}", f"Toward {name}", "Factors of Shapes", f"Where more shapes are a {name}.")
            for name in OUTLINES
        ]
    if model.has_w:
        found += [
            Attribute(
                f"class-{index}", f"Toward {name}", "Classes", f"From styles of other classes to those of {name}."
            )
            for index, name in enumerate(model.classes)
        ]
    measures = _MEASURES | (_TINTS if model.shape.channels == 3 else {})
    found += [
        Attribute(f"measure-{name}", label, "Measured in the picture", f"{label}: {words}.")
        for name, (label, words, _) in measures.items()
    ]
    if model.discriminator is not None:
        words = "From pictures that the discriminator finds least real to those that it finds most real."
        found.append(Attribute("score", "Discriminator's score", "The discriminator", words))
    return found


def attribute(model: Explorable, name: str) -> Attribute:
    """Raises ValueError where this model has no such attribute."""
    known = {found.name: found for found in attributes(model)}
    if name not in known:
        raise ValueError(f'attribute is "{name}"; for this model it must be one of {", ".join(known)}.')
    return known[name]


@torch.no_grad()
def attribute_values(model: Explorable, name: str, population: Population, pictures: Tensor) -> Floats:
    """One number for each of the population's pictures, float32 [N]; NaN where it cannot be read."""
    attribute(model, name)
    kind, _, rest = name.partition("-")
    if kind == "measure":
        return (_MEASURES | _TINTS)[rest][2](pictures).numpy().astype(np.float32)
    if kind == "class":
        assert population.labels is not None
        return population.labels[:, int(rest)].numpy().astype(np.float32)
    if kind == "score":
        return _scores(model, population, pictures)
    reader = reader_of(model)
    assert reader is not None  # or the attribute would not be known
    return factor_values(kind, rest, reader.read(pictures))


def factor_values(kind: str, name: str, factors: Factors) -> Floats:
    """A number that grows toward what is asked for, from factors as they were read."""
    if kind == "factor":
        return np.asarray(factors[name], np.float32)
    if kind == "hue":
        return np.asarray(np.cos(2 * math.pi * (factors["hue"] - _HUES[name])), np.float32)
    is_kind = factors["shape"] == list(OUTLINES).index(name)
    return np.where(factors["shape"] < 0, np.nan, is_kind).astype(np.float32)


def _scores(model: Explorable, population: Population, pictures: Tensor) -> Floats:
    scores = []
    for start in range(0, len(pictures), BATCH):
        chunk = slice(start, start + BATCH)
        count = len(pictures[chunk])
        weights = [None] * count if population.labels is None else [row.numpy() for row in population.labels[chunk]]
        scores.append(judge(model, pictures[chunk], weights)[0])
    return torch.cat(scores).numpy().astype(np.float32)

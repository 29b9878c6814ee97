"""What happens inside: feature maps of a point, what each unit is good for, and what convinced the discriminator.

Units are judged by taking them away, as in GAN Dissection (Bau et al. 2019, arXiv:1811.10597, section 3.2): what
changes when a unit is off is what it causes. Changes are shares of the full range of brightness, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.latent.inside.judging import Evidence, evidence, judge, score_of
from gan_core.latent.inside.units import UnitLayer, edited, layer_named, layers_of, scaled, watched
from gan_core.latent.looks.look import Unit
from gan_core.latent.looks.where import Point, forward
from gan_core.latent.model import Explorable

BLOCK = 128  # pictures that go through the generator at once

Floats = NDArray[np.float32]
Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Effects:
    """What each unit of a layer does, as means over the pictures asked about, [units] each.

    change: how far the picture's values move when the unit is off, mean absolute difference, 0 to 1.
    score: by how much the discriminator's score of the picture falls when the unit is off; None without one.
    for_class: by how much the part of that score that speaks for this class, against the mean of all classes, falls;
    None where the discriminator knows no classes.
    elsewhere: `change` in pictures of the other classes; None where they were not asked about.
    """

    layer: UnitLayer
    change: Floats
    score: Floats | None
    for_class: Floats | None
    elsewhere: Floats | None = None


def feature_maps(model: Explorable, point: Point, layer: str, units: Sequence[Unit] = ()) -> Floats:
    """float32 [units, size, size] of one layer at one point, after the activation, with `units` changed.

    Raises ValueError where there is no such layer or unit.
    """
    with torch.inference_mode(), _with(model, units), watched(model.generator, [layer]) as maps:
        forward(model.generator, [point])
    values: Floats = maps[layer][0].float().numpy()
    return values


def judged_evidence(model: Explorable, point: Point, method: str, units: Sequence[Unit] = ()) -> Evidence:
    """Which pixels of a point's picture made the discriminator take it for real; see `judging.evidence`.

    Raises ValueError where the model has no discriminator or there is no such method.
    """
    score = score_of(model, point.weights)
    with torch.no_grad(), _with(model, units):
        (image,) = forward(model.generator, [point])
    return evidence(score, image, method)


def unit_effects(
    model: Explorable,
    points: Sequence[Point],
    layers: Sequence[str] | None = None,
    *,
    units: Sequence[Unit] = (),
    others: Sequence[Point] = (),
    progress: Progress = lambda fraction, words: None,
) -> Iterator[Effects]:
    """Layer by layer, what the generator's units do at these points when each is switched off alone.

    layers: None is all. units: changed throughout, before and after. others: points of other classes, to compare.
    progress: is told how far it is, and may raise to stop.
    """
    chosen = layers_of(model.generator) if layers is None else [layer_named(model.generator, n) for n in layers]
    total = sum(layer.units for layer in chosen)
    done = 0
    with _with(model, units):
        here, away = _Pictures(model, points), _Pictures(model, others) if others else None
    for layer in chosen:

        def told(unit: int, layer: UnitLayer = layer, before: int = done) -> None:
            progress((before + unit) / total, f"Layer {layer.name}: {unit} of {layer.units} units switched off")

        yield _layer_effects(model, layer, units, here, away, told)
        done += layer.units


class _Pictures:
    """Points with their pictures and scores as they are while nothing is switched off."""

    @torch.no_grad()
    def __init__(self, model: Explorable, points: Sequence[Point]) -> None:
        self.model, self.points = model, list(points)
        self.images = forward(model.generator, self.points)
        self.score, self.for_class = self.judged(self.images, self.points)

    def judged(self, images: Tensor, points: Sequence[Point]) -> tuple[Tensor | None, Tensor | None]:
        if self.model.discriminator is None:
            return None, None
        return judge(self.model, images, [point.weights for point in points])


@torch.no_grad()
def _layer_effects(
    model: Explorable,
    layer: UnitLayer,
    units: Sequence[Unit],
    here: _Pictures,
    away: _Pictures | None,
    told: Callable[[int], None],
) -> Effects:
    at_once = max(1, BLOCK // len(here.points))
    change, score, for_class, elsewhere = (list[Tensor]() for _ in range(4))
    for start in range(0, layer.units, at_once):
        told(start)
        some = torch.arange(start, min(layer.units, start + at_once))
        with _with(model, units):
            images = _without(here, layer, some)  # [units, points, C, H, W]
            change.append(_distance(images, here.images))
            if away is not None:
                elsewhere.append(_distance(_without(away, layer, some), away.images))
        judged = here.judged(images.flatten(0, 1), here.points * len(some))
        for was, now, falls in zip((here.score, here.for_class), judged, (score, for_class), strict=True):
            if was is not None and now is not None:
                falls.append((was - now.view(len(some), -1)).mean(1))
    told(layer.units)
    found = [torch.cat(parts).numpy() if parts else None for parts in (change, score, for_class, elsewhere)]
    assert found[0] is not None
    return Effects(layer, found[0], found[1], found[2], found[3])


def _without(pictures: _Pictures, layer: UnitLayer, off: Tensor) -> Tensor:
    """[units, points, C, H, W]: every point's picture with each of the units in `off` switched off alone."""
    factors = torch.ones(len(off), layer.units)
    factors[torch.arange(len(off)), off] = 0.0
    rows = factors.repeat_interleave(len(pictures.points), dim=0)
    with scaled(pictures.model.generator, {layer.name: rows}):
        images = forward(pictures.model.generator, pictures.points * len(off))
    return images.reshape(len(off), len(pictures.points), *images.shape[1:])


def _distance(images: Tensor, before: Tensor) -> Tensor:
    """[units]: mean absolute difference; images span [-1, 1], hence the half."""
    return (images - before).abs().flatten(1).mean(1) / 2


def _with(model: Explorable, units: Sequence[Unit]) -> AbstractContextManager[None]:
    return edited(model.generator, [asdict(unit) for unit in units])

"""Reads the known factors of Shapes back from pixels, and says how much of each moves along a direction.

What is read of a picture: how much of each pixel the shape covers. Place, size and hue follow in closed form (every
outline has its centroid at its centre and the same area for the same size); the kind of shape and its turn follow
from the outline in polar coordinates. A reader carries its own error on pictures drawn with known factors, which no
number of a direction can be better than.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from torch import Tensor

from gan_core.data.sets.sdf import OUTLINES
from gan_core.data.sets.shapes import (
    PLACE_RANGE,
    SATURATION,
    SIZE_RANGE,
    VALUE,
    Factors,
    draw_factors,
    render,
)

Exact = np.ndarray[Any, np.dtype[np.float64]]

FACTORS = ("shape", "hue", "size", "x", "y", "rotation")
UNITS = {"shape": "of pictures", "hue": "°", "size": "% of the width", "x": "% of the width", "y": "% of the width"}
UNITS["rotation"] = "°"
_SCALE = {"hue": 360.0, "size": 100.0, "x": 100.0, "y": 100.0, "rotation": 1.0}  # from the dataset's numbers to UNITS

_RADII = np.linspace(0.12, 0.84, 13)  # of the polar grid, in units of the shape's size
_ANGLES = 60
_HARMONICS = 13  # 0..12: the fifth is the star's, the third the triangle's
_TRAINED, _JUDGED = 1_200, 600  # pictures that a reader is fitted to, and is judged by
_FAINT = 0.06  # a pixel covered by less is taken as background: a generator's is never quite even
_SMALL, _LARGE = 0.4, 1.8  # sizes believed, as shares of the smallest and the largest in the set


@dataclass(frozen=True, eq=False)
class FactorReader:
    """Made by `factor_reader`.

    templates: complex [kinds, radii, harmonics], the outlines' own harmonics, unturned.
    weights: [features + 1, kinds], scores of the kinds, linear in the harmonics' sizes.
    errors: by factor, on pictures that it was not fitted to: shape, the share that is taken for another; the others,
        the mean absolute error in UNITS (rotation: of those whose kind was read right, circles left out).
    """

    background: float
    templates: np.ndarray[Any, np.dtype[np.complex128]]
    weights: Exact
    errors: dict[str, float]

    def read(self, pictures: Tensor) -> Factors:
        """The factors of pictures float [N, 3, size, size] in [-1, 1], as `draw_factors` has them (float32 [N]).

        NaN (and shape -1) where no shape is seen, or one of a size far outside the set's.
        """
        return self._read(_covering(pictures.double().numpy(), self.background))

    def _read(self, seen: _Seen) -> Factors:
        harmonics = _harmonics(seen)
        kind = (_features(harmonics) @ self.weights).argmax(axis=1)
        periods = np.array([degrees for _, degrees in OUTLINES.values()])
        rotation = np.zeros(len(kind))
        for index, period in enumerate(periods):
            chosen = kind == index
            if period:
                rotation[chosen] = _turn(harmonics[chosen], self.templates[index], period)
        good = (seen.size >= _SMALL * SIZE_RANGE[0]) & (seen.size <= _LARGE * SIZE_RANGE[1])
        found = {"hue": seen.hue, "size": seen.size, "x": seen.x, "y": seen.y, "rotation": rotation}
        factors = {name: np.where(good, values, np.nan).astype(np.float32) for name, values in found.items()}
        return {"shape": np.where(good, kind, -1), **factors}


@dataclass(frozen=True, eq=False)
class _Seen:
    """cover [N, size, size] in 0..1; centre and size as shares of the width, hue in turns."""

    cover: Exact
    x: Exact
    y: Exact
    size: Exact
    hue: Exact


def _covering(pictures: Exact, background: float) -> _Seen:
    """pixel = background + cover * (colour - background), with a colour whose largest channel is VALUE and whose
    smallest is VALUE * (1 - SATURATION): the channel that differs most from the background gives the cover."""
    pixels = (pictures + 1) / 2
    least = VALUE * (1 - SATURATION)
    if background > 0.5:
        cover = (background - pixels.min(axis=1)) / (background - least)
    else:
        cover = (pixels.max(axis=1) - background) / (VALUE - background)
    cover = np.where(cover < _FAINT, 0, np.clip(cover, 0, 1))
    area = np.maximum(cover.sum(axis=(1, 2)), 1e-9)  # pixels
    centre = (np.arange(cover.shape[-1]) + 0.5) / cover.shape[-1]
    x, y = (cover.sum(axis=1) @ centre) / area, (cover.sum(axis=2) @ centre) / area
    weight = np.square(cover).sum(axis=(1, 2)).clip(1e-9)
    colour = ((pixels - background) * cover[:, None]).sum(axis=(2, 3)) / weight[:, None]
    size = np.sqrt(4 * area / math.pi) / cover.shape[-1]  # the area is pi / 4 size^2
    return _Seen(cover, x, y, size, rgb_to_hue(colour + background))


def rgb_to_hue(rgb: Exact) -> Exact:
    """[N, 3] to turns 0..1 [N]: the usual hexagon, red at 0; grey is 0."""
    most, least = rgb.max(axis=1), rgb.min(axis=1)
    chroma = np.where(most - least > 1e-9, most - least, np.inf)
    r, g, b = rgb.T
    sixth = np.where(
        rgb.argmax(axis=1) == 0,
        ((g - b) / chroma) % 6,
        np.where(rgb.argmax(axis=1) == 1, (b - r) / chroma + 2, (r - g) / chroma + 4),
    )
    return np.where(np.isinf(chroma), 0.0, sixth / 6) % 1.0


def _harmonics(seen: _Seen) -> np.ndarray[Any, np.dtype[np.complex128]]:
    """Fourier coefficients of the cover around the centre at each radius, complex [N, radii, harmonics].

    A shape turned by phi has the m-th one times exp(-i m phi).
    """
    count, size = seen.cover.shape[0], seen.cover.shape[-1]
    angles = 2 * np.pi * np.arange(_ANGLES) / _ANGLES
    reach = np.clip(seen.size, 0.05, 1)[:, None, None] * _RADII[:, None]  # [N, radii, 1]
    column = (seen.x[:, None, None] + reach * np.cos(angles)) * size - 0.5
    row = (seen.y[:, None, None] + reach * np.sin(angles)) * size - 0.5
    padded = np.pad(seen.cover, ((0, 0), (1, 1), (1, 1)))
    column, row = (np.clip(place + 1, 0, size + 0.999) for place in (column, row))
    c0, r0 = column.astype(np.int64), row.astype(np.int64)
    fc, fr = column - c0, row - r0
    n = np.arange(count)[:, None, None]
    above = padded[n, r0, c0] * (1 - fc) + padded[n, r0, c0 + 1] * fc
    below = padded[n, r0 + 1, c0] * (1 - fc) + padded[n, r0 + 1, c0 + 1] * fc
    polar = above * (1 - fr) + below * fr  # [N, radii, angles]
    return np.asarray(np.fft.fft(polar, axis=-1)[..., :_HARMONICS] / _ANGLES, np.complex128)


def _features(harmonics: np.ndarray[Any, np.dtype[np.complex128]]) -> Exact:
    """What does not change with a turn: the sizes of the harmonics and their roots, and a 1; [N, features + 1]."""
    sizes = np.abs(harmonics).reshape(len(harmonics), -1)
    return np.concatenate([sizes, np.sqrt(sizes + 1e-6), np.ones((len(sizes), 1))], axis=1)


def _turn(
    harmonics: np.ndarray[Any, np.dtype[np.complex128]],
    template: np.ndarray[Any, np.dtype[np.complex128]],
    period: float,
) -> Exact:
    """Degrees clockwise in 0..period by which the template, turned, resembles each outline most.

    Their correlation after a turn of phi is the real part of sum_m c_m exp(i m phi), c_m = sum_r r F_rm conj(T_rm).
    """
    orders = np.arange(1, _HARMONICS)
    parts = np.einsum("r,nrm,rm->nm", _RADII, harmonics[:, :, 1:], template[:, 1:].conj())
    step = period / 240
    alike = (parts @ np.exp(1j * np.outer(orders, np.radians(np.arange(240) * step)))).real
    best = alike.argmax(axis=1)
    left, top, right = (np.take_along_axis(alike, (best[:, None] + i) % 240, axis=1)[:, 0] for i in (-1, 0, 1))
    bend = left - 2 * top + right
    between = np.where(bend < -1e-12, 0.5 * (left - right) / np.where(bend < -1e-12, bend, 1), 0)  # of the parabola
    return np.asarray((best + between) * step % period)


def _fitted(features: Exact, kinds: np.ndarray[Any, np.dtype[np.int64]]) -> Exact:
    """Ridge regression of one-hot kinds."""
    target = np.eye(len(OUTLINES))[kinds]
    gram = features.T @ features
    solved = np.linalg.solve(gram + 1e-4 * np.trace(gram) / len(gram) * np.eye(len(gram)), features.T @ target)
    return np.asarray(solved, np.float64)


@lru_cache(maxsize=8)
def factor_reader(size: int, background: float) -> FactorReader:
    """A reader for pictures of Shapes of so many pixels on this background (0 black, 1 white).

    Fitted to 1,200 pictures drawn for it and judged on 600 others; the same every time.
    """
    factors = draw_factors(_TRAINED, seed=11, stream=2)
    seen = _covering(_floats(factors, size, background), background)
    weights = _fitted(_features(_harmonics(seen)), factors["shape"].astype(np.int64))
    unturned = {name: np.full(len(OUTLINES), value, np.float32) for name, value in _middle().items()}
    unturned["shape"] = np.arange(len(OUTLINES)).astype(np.float32)
    templates = _harmonics(_covering(_floats(unturned, max(size, 64), background), background))
    reader = FactorReader(background, templates, weights, {})
    truth = draw_factors(_JUDGED, seed=12, stream=3)
    found = reader._read(_covering(_floats(truth, size, background), background))
    right = found["shape"] == truth["shape"].astype(np.int64)
    turning = right & np.isin(found["shape"], _turning())
    for name in FACTORS:
        if name == "shape":
            reader.errors[name] = float(1 - right.mean())
        else:
            chosen = turning if name == "rotation" else np.ones(_JUDGED, bool)
            away = difference(name, truth, found)[chosen]
            reader.errors[name] = float(np.abs(away).mean())
    return reader


def _middle() -> dict[str, float]:
    return {"hue": 0.0, "size": SIZE_RANGE[1], "x": sum(PLACE_RANGE) / 2, "y": sum(PLACE_RANGE) / 2, "rotation": 0.0}


def _turning() -> list[int]:
    """The kinds that a turn changes."""
    return [index for index, (_, degrees) in enumerate(OUTLINES.values()) if degrees]


def _floats(factors: Factors, size: int, background: float) -> Exact:
    return render(factors, size, background).double().numpy() / 127.5 - 1


def difference(name: str, before: Factors, after: Factors) -> Exact:
    """after - before in UNITS, float64 [N]; NaN where either could not be read.

    shape: 1 where it is another, else 0. hue and rotation: the short way round, the latter NaN where the shape is
    another or a circle.
    """
    same = before["shape"] == after["shape"]
    known = np.isfinite(before["hue"]) & np.isfinite(after["hue"])
    if name == "shape":
        return np.where(known, 1.0 - same, np.nan)
    away = (after[name].astype(np.float64) - before[name]) * _SCALE[name]
    if name == "hue":
        return (away + 180) % 360 - 180
    if name != "rotation":
        return away
    periods = np.array([degrees or np.nan for _, degrees in OUTLINES.values()])
    period = periods[np.clip(before["shape"], 0, None).astype(np.int64)]
    return np.where(same & known, (away + period / 2) % period - period / 2, np.nan)


@dataclass(frozen=True)
class FactorChange:
    """How much one factor moves along a direction.

    unit: of shift, size and error. shift: mean change, with its sign; of shape None. size: mean absolute change.
    share: size / the same between two random pictures of this generator; 1: as different as chance makes them.
    error: the reader's own on drawn pictures.
    """

    factor: str
    unit: str
    shift: float | None
    size: float | None
    share: float | None
    error: float


def factor_changes(
    reader: FactorReader, pictures: Callable[[float], Tensor], low: float = -2.0, high: float = 2.0
) -> tuple[list[FactorChange], float]:
    """Each factor's change from `low` to `high` units of a direction, and the share of pictures that could be read.

    pictures(amount): the same N pictures, each moved by so many units; float [N, 3, size, size] in [-1, 1].
    Hue and turn are followed through steps of at most one unit, so that they may go farther than half round.
    """
    amounts = np.linspace(low, high, max(2, math.ceil(high - low) + 1))
    stages = [reader.read(pictures(float(amount))) for amount in amounts]
    usual = reader.read(pictures(0.0))
    others = {name: np.roll(values, 1) for name, values in usual.items()}
    known = np.isfinite(np.stack([stage["hue"] for stage in (stages[0], stages[-1])])).all(axis=0)
    changes = []
    for name in FACTORS:
        if name in ("hue", "rotation"):
            moved = np.sum([difference(name, a, b) for a, b in pairwise(stages)], axis=0)
        else:
            moved = difference(name, stages[0], stages[-1])
        size, chance = _mean(np.abs(moved)), _mean(np.abs(difference(name, usual, others)))
        shift = None if name == "shape" else _mean(moved)
        if name == "shape":
            size = None if size is None else 100 * size
            chance = None if chance is None else 100 * chance
        share = None if size is None or not chance else size / chance
        error = reader.errors[name] * (100 if name == "shape" else 1)
        unit = "% " + UNITS[name] if name == "shape" else UNITS[name]
        changes.append(FactorChange(name, unit, shift, size, share, error))
    return changes, float(known.mean())


def _mean(values: Exact) -> float | None:
    """Of those that are known; None where none is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None

"""Densities that people make: a drawing, and the darkness of a picture; both live in the configuration as text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_core.config.fields import number, text
from gan_core.data.base import DataUnavailable, ImageSet, Progress, datasets
from gan_core.data.sets.ink import (
    CELLS,
    LEVELS,
    MOST_PICTURE_SIGNS,
    MOST_STROKE_SIGNS,
    PLACES,
    decode_levels,
    decode_strokes,
    encode_levels,
)
from gan_core.data.sets.point_shapes import keep_below, log_segment
from gan_core.data.sets.points import (
    FAR,
    MARGIN,
    Doubles,
    Extent,
    PointDataset,
    log_tube,
    normal,
    square_around,
    uniform,
)
from gan_core.data.uploads.intake import IntakeOptions, read_one
from gan_core.data.uploads.limits import Limits

HALF = 1.5  # drawings and pictures fill the plane from -1.5 to 1.5; cells of 1 / 16 are exact in binary
_DOT_STDS = 4.0  # a dot has as much ink as a stroke so many standard deviations long: about its own width

FACE = (  # a round face that smiles, for a start
    "g7a6V5Q2MzJvGqFlEgFaGVJQMMQJVGaFfElFqGvJzM2Q5V6a7f6l5q2vzzv2q5l6g7.WkWs.pkps.RZTXVUXTaRcQfQjQlRoTqUsXuZ"
)
HEART = (  # a heart, darker towards its tip
    "eNpjYBgGQMjExVkRhQEGIi4gYMjAIAxmOEKFmV0gwADOgIi7hkJACJwBFmYJxQAOIHGzNAyQDBRmTMMCBIDGYBMHGiRWjgUkMjCoYxMv"
    "YmBwxyZewsAQ0YEFtDIwZGATb8MtHjkTC5jKwOCJTXwKA4MkNvGJDAwcq7CABmDoYxMHxUAXpvAKUDhL7cYAC0HiTJjiCuAIs0YX3gyN"
    "9z1nUMBpaLwz2KCKH4alH-azd5HAHQN4wrJBFj-MSIfMyOIGSAnU9h0cXEZOuMz3YMJvDVBStB1M_DFqSmd-_x8M_hmgZQE_iPgT9KzB"
    "AtbwzwEjz_hhVQ7RgEU5WMMTbJmP5T1W5UANT7DnVhZk5QAcFmFp"
)


def darkness_text(image: bytes, limits: Limits | None = None) -> str:
    """The darkness of an untrusted picture as `FromPicture.ink`; ValueError, one sentence, where it cannot be read.

    The whole picture is kept, upright, with white around it and behind its transparent parts. Its lightest shade
    becomes 0 and its darkest 15, so that paper that is not quite white is empty.
    """
    pixels = read_one(image, IntakeOptions(fit="border", background="white"), limits).astype(np.float64)
    weights = np.array([0.299, 0.587, 0.114])  # luminance, ITU-R BT.601
    darkness = 255 - np.tensordot(weights, pixels, axes=1)
    shrink = _overlaps(CELLS, len(darkness))
    darkness = shrink @ darkness @ shrink.T
    low, high = darkness.min(), darkness.max()
    if high - low < 255 / LEVELS:
        raise ValueError("The picture is of one brightness all over; choose one with light and dark parts.")
    return encode_levels(np.rint((darkness - low) / (high - low) * (LEVELS - 1)).astype(np.uint8))


def _overlaps(few: int, many: int) -> Doubles:
    """[few, many]: the share of each of `few` equal cells that each of `many` on the same length covers."""
    fine = np.linspace(0, few, many + 1)
    start, stop = fine[:-1], fine[1:]
    cell = np.arange(few)[:, None]
    shares: Doubles = np.clip(np.minimum(stop, cell + 1) - np.maximum(start, cell), 0, None)
    return shares


class _Ink(PointDataset):
    """What both have in common: a text that may be damaged."""

    def load(self, size: int, data_dir: Path, progress: Progress | None = None) -> ImageSet:
        for problem in self.problems():
            raise DataUnavailable(problem)
        return super().load(size, data_dir, progress)


@datasets.register("drawn", label="Draw your own")
@dataclass(frozen=True)
class Drawn(_Ink):
    """Strokes of a pen with soft edges: points are uniform along them, and Gaussian noise is the pen's width.

    The ink of a place that is drawn over twice counts twice.
    """

    strokes: str = text(
        FACE, max_length=MOST_STROKE_SIGNS, label="Drawing",
        help="The strokes as text: two signs a place, a full stop between strokes. Draw on the stage to change them.",
    )  # fmt: skip
    std: float = number(
        0.04, low=0.02, high=0.2, scale="log", label="Pen", help="Standard deviation of the noise around each stroke."
    )

    @property
    def extent(self) -> Extent:
        """The same for every drawing."""
        return square_around(np.array([[-HALF, -HALF], [HALF, HALF]]), FAR * self.std)

    def problems(self) -> list[str]:
        try:
            decode_strokes(self.strokes)
        except ValueError as error:
            return [
                f"data.strokes is no drawing: {error}; draw something on the stage, or take the one it starts with."
            ]
        return []

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        starts, stops, shares = _segments(self.strokes, self.std)
        chosen = np.searchsorted(np.cumsum(shares)[:-1], uniform(count, rng), side="right")
        places = starts[chosen] + uniform(count, rng)[:, None] * (stops - starts)[chosen]
        return torch.from_numpy(places + self.std * normal(count, rng)).float()

    def log_pdf(self, points: Doubles) -> Doubles:
        out = np.full(len(points), -math.inf)
        for start, stop, share in zip(*_segments(self.strokes, self.std), strict=True):
            if (start == stop).all():
                part = log_tube(points, start[None], np.ones(1), self.std)
            else:
                part = log_segment(points, start, stop, self.std)
            np.logaddexp(out, part + math.log(share), out=out)
        return out


@lru_cache(maxsize=16)
def _segments(strokes: str, std: float) -> tuple[Doubles, Doubles, Doubles]:
    """Starts and ends [K, 2] of the straight parts of all strokes, and each one's share of the ink [K]."""
    starts, stops = [], []
    for stroke in decode_strokes(strokes):
        places = stroke * (2 * HALF / (PLACES - 1)) - HALF
        starts.append(places[:-1] if len(places) > 1 else places)
        stops.append(places[1:] if len(places) > 1 else places)
    start, stop = np.concatenate(starts), np.concatenate(stops)
    lengths = np.hypot(*(stop - start).T)
    ink = np.where(lengths > 0, lengths, _DOT_STDS * std)
    return start, stop, ink / ink.sum()


@datasets.register("picture", label="From a picture")
@dataclass(frozen=True)
class FromPicture(_Ink):
    """The darkness of a picture: uniform within each of 48 x 48 cells, the darker the more."""

    ink: str = text(
        HEART, max_length=MOST_PICTURE_SIGNS, label="Picture",
        help="The cells' darkness as text, packed. Upload a picture to change it.",
    )  # fmt: skip

    @property
    def extent(self) -> Extent:
        half = HALF * MARGIN
        return -half, half, -half, half

    def problems(self) -> list[str]:
        try:
            decode_levels(self.ink)
        except ValueError as error:
            return [
                f"data.ink is no picture: {error}; upload a picture with dark parts, or take the one it starts with."
            ]
        return []

    def _shares(self) -> Doubles:
        """Each cell's share of the ink, [48, 48], the first row at the bottom."""
        levels: Doubles = decode_levels(self.ink)[::-1].astype(np.float64)
        return levels / float(levels.sum())

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        shares, side = self._shares().ravel(), 2 * HALF / CELLS
        filled = np.flatnonzero(shares)  # rounding of the sums must not choose an empty cell
        steps = np.cumsum(shares[filled])[:-1]
        chosen = filled[np.searchsorted(steps, uniform(count, rng), side="right")]
        corner = np.stack([chosen % CELLS, chosen // CELLS], 1).astype(np.float64) * side - HALF
        place = np.stack([uniform(count, rng), uniform(count, rng)], 1) * side
        return keep_below(corner + place, corner + side)

    def log_pdf(self, points: Doubles) -> Doubles:
        side = 2 * HALF / CELLS
        cell = np.floor((points + HALF) / side)
        inside = (cell == np.clip(cell, 0, CELLS - 1)).all(1)
        column, row = np.where(inside.reshape(-1, 1), cell, 0).astype(np.int64).T
        density = np.where(inside, self._shares()[row, column] / side**2, 0)
        with np.errstate(divide="ignore"):
            return np.log(density)

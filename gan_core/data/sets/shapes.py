"""Coloured shapes drawn from known factors: the ground truth for judging what a latent space has learned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_core.config.fields import choice, integer
from gan_core.data.base import Dataset, ImageInfo, ImageSet, Progress, datasets
from gan_core.data.sets.sdf import EXTENT, OUTLINES, Floats

Factors = dict[str, np.ndarray[Any, np.dtype[np.float32]]]

SIZE_RANGE = (0.26, 0.46)  # diameter of the circle of equal area, as a share of the picture's width
PLACE_RANGE = (0.38, 0.62)  # centre, as a share of the width from the left and from the top
SATURATION, VALUE = 0.8, 1.0
_MOST_HELD_OUT = 5_000
_CHUNK = 128  # images at once: small enough that the work stays in the processor's cache

assert PLACE_RANGE[0] - EXTENT * SIZE_RANGE[1] > 0.5 / 28, "a shape's soft edge could leave the picture"


def draw_factors(count: int, seed: int, stream: int) -> Factors:
    """Independent uniform factors of `count` images; the first n are the same for every count.

    shape: index into the classes; hue: 0 to 1 turn of the colour wheel, 0 is red; size, x, y: shares of the width;
    rotation: degrees clockwise, up to where the shape looks the same again (always 0 for a circle).
    """
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream])))
    u = random.random((count, 6))
    shape = np.minimum((u[:, 0] * len(OUTLINES)).astype(np.int64), len(OUTLINES) - 1)
    turns = np.array([degrees for _, degrees in OUTLINES.values()])
    factors = {
        "shape": shape,
        "hue": u[:, 1],
        "size": SIZE_RANGE[0] + u[:, 2] * (SIZE_RANGE[1] - SIZE_RANGE[0]),
        "x": PLACE_RANGE[0] + u[:, 3] * (PLACE_RANGE[1] - PLACE_RANGE[0]),
        "y": PLACE_RANGE[0] + u[:, 4] * (PLACE_RANGE[1] - PLACE_RANGE[0]),
        "rotation": u[:, 5] * turns[shape],
    }
    return {name: values.astype(np.float32) for name, values in factors.items()}


def hue_to_rgb(hue: Floats) -> Floats:
    """Hues [N] in turns to RGB [N, 3] in 0 to 1, at the set's saturation and value."""
    k = (hue[:, None] * 6 + np.array([5, 3, 1], np.float32)) % 6
    return (VALUE * (1 - SATURATION * np.clip(np.minimum(k, 4 - k), 0, 1))).astype(np.float32)


def render(factors: Factors, size: int, background: float = 0.0, progress: Progress | None = None) -> Tensor:
    """The images uint8 [N, 3, size, size] of these factors; edges are one pixel soft (coverage by distance).

    In numpy: the same bytes whatever torch's threads are, and not slowed by others that compute at the time.
    """
    count = len(factors["shape"])
    out = np.empty((count, 3, size, size), np.uint8)
    for start in range(0, count, _CHUNK):
        part = {name: values[start : start + _CHUNK] for name, values in factors.items()}
        contrast = (hue_to_rgb(part["hue"]) - np.float32(background)) * 255
        pixels = _coverage(part, size)[:, None] * contrast[:, :, None, None]
        pixels += background * 255 + 0.5  # 0.5 more, then cut: rounded
        out[start : start + _CHUNK] = pixels
        if progress is not None:
            progress(min(1.0, (start + _CHUNK) / count), "drawing shapes")
    return torch.from_numpy(out)


def _coverage(part: Factors, size: int) -> Floats:
    """How much of each pixel the shape covers, [n, size, size] in 0 to 1."""
    centre = (np.arange(size, dtype=np.float32) + 0.5) / size
    cover = np.empty((len(part["shape"]), size, size), np.float32)
    for index, (distance, _) in enumerate(OUTLINES.values()):
        chosen = np.flatnonzero(part["shape"] == index)
        x0, y0, scale, degrees = (part[name][chosen, None, None] for name in ("x", "y", "size", "rotation"))
        dx, dy = (centre[None, None, :] - x0) / scale, (centre[None, :, None] - y0) / scale
        cos, sin = np.cos(degrees * (math.pi / 180)), np.sin(degrees * (math.pi / 180))
        signed = distance(cos * dx + sin * dy, cos * dy - sin * dx)
        cover[chosen] = np.clip(0.5 - signed * (scale * size), 0, 1)
    return cover


@datasets.register("shapes", label="Shapes", help="Coloured shapes whose causes are known: what do latents mean?")
@dataclass(frozen=True)
class Shapes(Dataset):
    """Circles, squares, triangles, stars, crosses and hearts, each of one hue, size, place and turn."""

    count: int = integer(
        50_000, low=10, high=500_000, scale="log", unit="images", label="Images", help="How many to draw."
    )
    seed: int = integer(1, low=0, high=2**31 - 1, label="Seed of the data", help="Another seed draws other pictures.")
    background: str = choice("black", ("black", "white"), label="Background", help="What the shapes lie on.")

    def info(self, data_dir: Path) -> ImageInfo:
        return ImageInfo(3, 32, self.count, tuple(OUTLINES), licence="Drawn by this program")

    def load(self, size: int, data_dir: Path, progress: Progress | None = None) -> ImageSet:
        """Held out are a tenth as many (at most 5,000) from a stream of their own."""
        background = 1.0 if self.background == "white" else 0.0
        held_count = max(1, min(self.count // 10, _MOST_HELD_OUT))
        factors, held = draw_factors(self.count, self.seed, 0), draw_factors(held_count, self.seed, 1)
        images = render(factors, size, background, progress)
        held_images = render(held, size, background)
        labels, held_labels = torch.from_numpy(factors["shape"]).long(), torch.from_numpy(held["shape"]).long()
        return ImageSet(images, labels, tuple(OUTLINES), held_images, held_labels, factors)

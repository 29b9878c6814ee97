"""What needs no generator: the mean image, the most similar training image, and a smooth surface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gan_core.apply.completion.observation import LowResolution, Observation
from gan_core.apply.completion.solving import biharmonic
from gan_core.data.base import ImageSet
from gan_core.data.pixels import resize
from gan_core.training.batches import to_unit

_CHUNK = 2_048  # images
Told = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Baseline:
    """picture: uint8 [H, W, C], the whole picture that the hole is filled from; words: what it is."""

    name: str
    picture: NDArray[np.uint8]
    words: str


def smooth(observed: Observation) -> Baseline:
    """The smoothest surface through what is known; of a lower resolution, bicubic interpolation."""
    if isinstance(observed, LowResolution):
        low = torch.from_numpy(observed.low.round().astype(np.uint8).transpose(2, 0, 1))[None]
        large = resize(low, len(observed.hidden))[0].permute(1, 2, 0).numpy()
        return Baseline("smooth", large, "bicubic interpolation")
    filled = biharmonic(observed.shown(), observed.hidden)
    return Baseline("smooth", np.clip(np.rint(filled), 0, 255).astype(np.uint8), "biharmonic filling")


def mean_image(data: ImageSet, told: Told | None = None) -> Baseline:
    total = torch.zeros(data.images.shape[1:], dtype=torch.float64)
    for start in range(0, len(data.images), _CHUNK):
        if told is not None:
            told(start / len(data.images))
        total += data.images[start : start + _CHUNK].sum(0, dtype=torch.float64)
    mean = (total / len(data.images)).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return Baseline("mean", mean, f"the mean of {len(data.images):,} training images")


def nearest_image(
    observed: Observation, data: ImageSet, without: int | None = None, told: Told | None = None
) -> Baseline:
    """The training image that is nearest on what is known. without: the number of one that does not count.

    Raises ValueError where there is no image.
    """
    best, found = float("inf"), -1
    for start in range(0, len(data.images), _CHUNK):
        if told is not None:
            told(start / len(data.images))
        errors = observed.square_error(to_unit(data.images[start : start + _CHUNK]))
        if without is not None and 0 <= without - start < len(errors):
            errors[without - start] = torch.inf
        row = int(errors.argmin())
        if float(errors[row]) < best:
            best, found = float(errors[row]), start + row
    if found < 0:
        raise ValueError("This data set has no training images.")
    picture = data.images[found].permute(1, 2, 0).contiguous().numpy()
    return Baseline("nearest", picture, f"training image {found:,}, the nearest of {len(data.images):,}")

"""What a search for a latent is given: a picture in the size and the colours of the generator's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.base import Dataset, DataUnavailable, ImageSet
from gan_core.data.identity import as_trained, other_classes
from gan_core.data.pixels import resize
from gan_core.data.uploads.intake import IntakeOptions, read_one
from gan_core.latent.model import Explorable
from gan_core.nets.base import ImageShape

INVERT = ("auto", "yes", "no")
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601: how bright red, green and blue are


@dataclass(frozen=True, eq=False)
class Target:
    """image: uint8 [size, size, C]; inverted: light and dark were swapped."""

    image: NDArray[np.uint8]
    inverted: bool


def uploaded_target(
    content: bytes, shape: ImageShape, samples: NDArray[np.uint8], invert: str = "auto", fit: str = "crop"
) -> Target:
    """An untrusted picture in this shape. Raises ValueError with the reason where it cannot be read.

    samples: uint8 [N, H, W, C] of the generator. With invert "auto" light and dark are swapped where the border of
    the grey picture is then more like the samples' border (Fashion-MNIST is white on black, drawings on paper are
    not). fit: as of `IntakeOptions`; what is filled up takes the samples' background.
    """
    if invert not in INVERT:
        raise ValueError(f'invert is "{invert}"; it must be one of {", ".join(INVERT)}.')
    if fit not in ("crop", "border", "stretch"):
        raise ValueError(f'fit is "{fit}"; it must be crop, border or stretch.')
    theirs = _border(samples)
    dark = theirs < 128.0
    # What is filled up will be swapped with the rest
    background = "black" if dark != (invert == "yes") else "white"
    pixels = torch.from_numpy(read_one(content, IntakeOptions(fit=fit, background=background)))[None]
    image = fit_shape(pixels, shape)
    ours = _border(image[None])
    swap = invert == "yes" or (
        invert == "auto" and shape.channels == 1 and abs(255.0 - ours - theirs) < abs(ours - theirs)
    )
    return Target(255 - image if swap else image, swap)


def fit_shape(pixels: Tensor, shape: ImageShape) -> NDArray[np.uint8]:
    """uint8 [1, 3, h, w] to [size, size, C]; to grey by brightness."""
    if shape.channels == 1:
        weights = torch.tensor(_LUMA)[None, :, None, None]
        pixels = (pixels * weights).sum(1, keepdim=True).round_().clamp_(0, 255).to(torch.uint8)
    image: NDArray[np.uint8] = resize(pixels, shape.size)[0].permute(1, 2, 0).contiguous().numpy()
    return image


def _border(images: NDArray[np.uint8]) -> float:
    """The mean of the outermost pixels of uint8 [N, H, W, C]."""
    inner = images[:, 1:-1, 1:-1].astype(np.float64).sum()
    count = images.size - images[:, 1:-1, 1:-1].size
    return float((images.astype(np.float64).sum() - inner) / count)


@lru_cache(maxsize=1)
def _loaded(dataset: Dataset, size: int, data_dir: Path, digest: str) -> ImageSet:
    """Kept for as long as the dataset holds this."""
    loaded = replace(dataset.load(size, data_dir), content=digest)
    if dataset.content(data_dir).digest != digest:
        raise DataUnavailable("These images are being changed just now; try again.")
    return loaded


def training_dataset(model: Explorable, data_dir: Path) -> Dataset:
    """The data that a model learned from, named as they have to be read here.

    Raises DataChanged, in a sentence, where what is here under that name is something else.
    """
    return as_trained(model.config.data, model.trained_on, data_dir)


def training_images(model: Explorable, data_dir: Path) -> ImageSet:
    """The data that a model learned from, kept for the next call.

    Raises DataUnavailable where it is not on this machine and ValueError where it is not what the model learned from,
    or cannot be, as its shape or its classes tell.
    """
    dataset, shape = training_dataset(model, data_dir), model.shape
    data = _loaded(dataset, model.config.size, data_dir, dataset.content(data_dir).digest)
    if (data.channels, data.size) != (shape.channels, shape.size):
        raise ValueError("The data that is here under this name has another shape than the model's images.")
    if model.trained_on is None and model.classes and data.classes != model.classes:
        raise ValueError(f"The data that is here under this name {other_classes(model.classes, data.classes)}.")
    return data


def real_target(model: Explorable, data: ImageSet, index: int) -> tuple[Target, int | None]:
    """The held-out image number `index` (counted round; a training image where none are held out), and its class."""
    held = len(data.held_out) > 0
    images, labels = (data.held_out, data.held_out_labels) if held else (data.images, data.labels)
    if not len(images):
        raise ValueError("This data set has no images.")
    i = index % len(images)
    image: NDArray[np.uint8] = images[i].permute(1, 2, 0).contiguous().numpy()
    return Target(image, False), None if labels is None else int(labels[i])

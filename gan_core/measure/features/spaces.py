"""Feature spaces: what turns images into the numbers in which measures are taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from gan_core.data.base import Dataset, datasets
from gan_core.data.pixels import SIZES, resize
from gan_core.measure.class_histogram import Classes
from gan_core.measure.features.classifier import Card, Classifier, find_card, load_classifier
from gan_core.training.batches import to_unit

PIXEL_FEATURES = "pixel features"
TRUSTED_ACCURACY = 0.8  # a classifier that errs more often has features, but nobody is told of its classes
_CHUNK = 500  # images at once

Singles = np.ndarray[Any, np.dtype[np.float32]]
Look = Callable[[Tensor], tuple[Tensor, Tensor | None]]


@dataclass(frozen=True)
class FeatureSpace:
    """A name that every number made in it carries, and the function behind it.

    name: as in "Fréchet distance, NAME". class_names: of `classify`; none where it knows no classes.
    look: uint8 [n, C, H, W] -> float [n, F] features and int64 [n] classes or None, for a few images at once.
    """

    name: str
    class_names: tuple[str, ...]
    look: Look

    def extract(self, images: Tensor) -> Singles:
        """float32 [N, F] of uint8 [N, C, H, W]."""
        return self.extract_and_classify(images)[0]

    def classify(self, images: Tensor) -> Classes | None:
        """int64 [N], places in `class_names`; None where the space knows no classes."""
        return self.extract_and_classify(images)[1]

    @torch.inference_mode()
    def extract_and_classify(
        self, images: Tensor, between: Callable[[], None] = lambda: None
    ) -> tuple[Singles, Classes | None]:
        """Both, looking at each image once; a pure function, and no randomness is drawn.

        between: called before every few images; what it raises ends the work.
        """
        if images.dtype != torch.uint8 or images.ndim != 4 or not len(images):
            raise ValueError(f"Images are {images.dtype} {tuple(images.shape)}; they should be uint8 (N, C, H, W).")
        parts: tuple[Tensor, ...] = images.cpu().split(_CHUNK)  # type: ignore[no-untyped-call]
        seen = []
        for part in parts:
            between()
            seen.append(self.look(part))
        features = torch.cat([found for found, _ in seen]).float().numpy()
        classes = [found for _, found in seen if found is not None]
        return features, torch.cat(classes).numpy() if classes else None


def features_for(dataset: Dataset, size: int, channels: int) -> FeatureSpace:
    """The classifier trained on this dataset where one came along; pixel features otherwise.

    Where none is of this size, the one of the nearest size sees the images resized to that, and the name says so.
    Raises ValueError for points in the plane (size 1), which have measures of their own.
    """
    if size < 4:
        raise ValueError(f"Features of images of {size} pixels were asked for; there are none below 4.")
    nearest_first = sorted(SIZES, key=lambda other: abs(other - size))
    cards = (find_card(datasets.name_of(dataset), other, channels) for other in nearest_first)
    card = next((card for card in cards if card is not None), None)
    return pixel_space() if card is None else classifier_space(card, size)


def pixel_space() -> FeatureSpace:
    """Of each of 8 x 8 blocks (7 x 7 of 28 pixels) the mean of every channel, and how much it varies inside.

    F is (C + 1) times the number of blocks, in grey levels from 0 to 1. Means see composition and colour; the
    standard deviation of the grey sees texture, so that blurred images differ from sharp ones. Nothing is learned.
    """
    return FeatureSpace(PIXEL_FEATURES, (), lambda images: (_blocks(images), None))


def _blocks(images: Tensor) -> Tensor:
    x = images.float() / 255.0
    side = 7 if x.shape[-1] == 28 else min(8, x.shape[-1])
    means = functional.adaptive_avg_pool2d(x, side)
    grey = x.mean(1, keepdim=True)
    squares = functional.adaptive_avg_pool2d(grey.square(), side)
    spread = (squares - functional.adaptive_avg_pool2d(grey, side).square()).clamp_min(0).sqrt()
    return torch.cat([means, spread], dim=1).flatten(1)


def classifier_space(card: Card, size: int) -> FeatureSpace:
    """The penultimate activations of the classifier of `card`, 64 of them, of images of `size` pixels."""
    model, shape = load_classifier(card.name), (card.channels, size, size)
    name = card.features if size == card.size else f"{card.features}, resized to {card.size} pixels"

    def look(images: Tensor) -> tuple[Tensor, Tensor]:
        if tuple(images.shape[1:]) != shape:
            raise ValueError(f"Images are {tuple(images.shape[1:])}; {name} are of {shape}.")
        return _activations(model, resize(images, card.size))

    if card.accuracy >= TRUSTED_ACCURACY:
        return FeatureSpace(name, card.classes, look)
    return FeatureSpace(name, (), lambda images: (look(images)[0], None))


def _activations(model: Classifier, images: Tensor) -> tuple[Tensor, Tensor]:
    features = model.features(to_unit(images))
    return features, model.head(features).argmax(1)

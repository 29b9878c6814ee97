"""A tiny labelled set whose classes are told apart at a glance, and a place to work in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gan_core.apply import Workplace
from gan_core.apply.augmentation import Augment
from gan_core.config.fields import integer
from gan_core.data.base import Dataset, ImageInfo, ImageSet, Progress

CLASSES = ("=left", "right/<b>", "dark")


@dataclass(frozen=True)
class Halves(Dataset):
    """Bright on the left, on the right, or nowhere, with noise: uint8 [N, 1, 28, 28]."""

    count: int = integer(60, low=1, high=10_000, help="Of each class.")
    held: int = integer(20, low=0, high=10_000, help="Of each class.")
    repeated: int = integer(0, low=0, high=100, help="Held-out images that are also training images.")

    def info(self, data_dir: Path) -> ImageInfo:
        return ImageInfo(1, 28, self.count * 3, CLASSES)

    def load(self, size: int, data_dir: Path, progress: Progress | None = None) -> ImageSet:
        images, labels = halves(self.count, 1, size)
        held, held_labels = halves(self.held, 2, size)
        held[: self.repeated] = images[: self.repeated]
        return ImageSet(images, labels, CLASSES, held, held_labels)


def halves(count: int, seed: int, size: int = 28) -> tuple[torch.Tensor, torch.Tensor]:
    """`count` of each class, class by class."""
    rng = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 120, (3 * count, 1, size, size), generator=rng, dtype=torch.uint8)
    images[:count, ..., : size // 2] += 120
    images[count : 2 * count, ..., size // 2 :] += 120
    return images, torch.arange(3).repeat_interleave(count)


def place_in(folder: Path, progress: Callable[[float, str], None] = lambda *_: None, model: Any = None) -> Workplace:
    for part in ("input", "parts", "result"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    points: list[Any] = []
    return Workplace(
        folder, folder, torch.device("cpu"), progress, lambda series, values: points.append((series, values)),
        lambda name: model,
    )  # fmt: skip


TINY = Augment(data=Halves(), per_class=10, seeds=2, gan_images=640, classifier_steps=10)
"""Seconds: a GAN of ten steps and classifiers of ten."""

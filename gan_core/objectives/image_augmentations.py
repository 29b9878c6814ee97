"""Changes to images, differentiable, that real and generated images go through before D sees them.

An augmentation's `strength` is the probability with which each image gets each change. It can be moved while a run
trains, by a person or by a controller that watches D (Karras et al. 2020), without a change in what is drawn: the
same random numbers are used up at any strength.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gan_core.config.fields import flag, number
from gan_core.objectives.base import Augmentation, augmentations

TRANSLATION = 0.125  # of the image's width, to either side
CUTOUT = 0.5  # of the image's width


@augmentations.register("none", label="None", source="Goodfellow et al. 2014")
@dataclass(frozen=True)
class NoAugmentation(Augmentation):
    """Images reach the discriminator as they are."""

    active: ClassVar[bool] = False

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        return images


def _uniform(images: Tensor, rng: torch.Generator) -> Tensor:
    """U[0, 1), one for each image: [N, 1, 1, 1]. float32 whatever the images are, for the same draws in bfloat16."""
    return torch.rand(images.shape[0], 1, 1, 1, generator=rng, device=images.device)


def _whole(images: Tensor, low: int, high: int, rng: torch.Generator) -> Tensor:
    """A whole number in [low, high] for each image: int64 [N, 1, 1, 1]."""
    return torch.randint(low, high + 1, (images.shape[0], 1, 1, 1), generator=rng, device=images.device)


def change_colour(images: Tensor, strength: float, rng: torch.Generator) -> Tensor:
    """Brightness + U(-0.5, 0.5), then saturation times U(0, 2), then contrast times U(0.5, 1.5).

    Saturation scales each pixel's distance from its own grey, contrast each pixel's from the image's mean.
    """
    draws = torch.cat([_uniform(images, rng) for _ in range(6)], dim=1)  # (N, 6, 1, 1)
    applied, draws = draws[:, 3:] < strength, draws.to(images.dtype)
    brightness = torch.where(applied[:, 0:1], draws[:, 0:1] - 0.5, 0.0)
    saturation = torch.where(applied[:, 1:2], draws[:, 1:2] * 2.0, 1.0)
    contrast = torch.where(applied[:, 2:3], draws[:, 2:3] + 0.5, 1.0)
    images = images + brightness
    if images.shape[1] > 1:
        images = torch.lerp(images.mean(1, keepdim=True), images, saturation)
    return torch.lerp(images.mean((1, 2, 3), keepdim=True), images, contrast)


def translate(images: Tensor, strength: float, rng: torch.Generator) -> Tensor:
    """Each image moved by whole pixels, up to an eighth of its size each way; what comes in is 0 (mid-grey)."""
    n, channels, height, width = images.shape
    most_y, most_x = int(height * TRANSLATION + 0.5), int(width * TRANSLATION + 0.5)
    down, right = _whole(images, -most_y, most_y, rng), _whole(images, -most_x, most_x, rng)
    applied = _uniform(images, rng) < strength
    rows = torch.arange(height, device=images.device)[:, None] - down * applied  # (N, 1, H, 1): where each comes from
    columns = torch.arange(width, device=images.device) - right * applied  # (N, 1, 1, W)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    source = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    moved = images.flatten(2).gather(2, source.view(n, 1, -1).expand(-1, channels, -1)).view_as(images)
    return torch.where(inside, moved, 0.0)


def cut_out(images: Tensor, strength: float, rng: torch.Generator) -> Tensor:
    """A square of half the image's width set to 0 (mid-grey); its middle is anywhere, so it may hang over an edge."""
    height, width = images.shape[2:]
    tall, wide = int(height * CUTOUT + 0.5), int(width * CUTOUT + 0.5)
    middle_y = _whole(images, 0, height - tall % 2, rng)
    middle_x = _whole(images, 0, width - wide % 2, rng)
    applied = _uniform(images, rng) < strength
    from_y = torch.arange(height, device=images.device)[:, None] - (middle_y - tall // 2)
    from_x = torch.arange(width, device=images.device) - (middle_x - wide // 2)
    hole = (from_y >= 0) & (from_y < tall) & (from_x >= 0) & (from_x < wide) & applied
    return torch.where(hole, 0.0, images)


@augmentations.register("diffaugment", label="DiffAugment", source="Zhao et al. 2020, arXiv:2006.10738")
@dataclass(frozen=True)
class DiffAugment(Augmentation):
    """Shows D every image changed at random, real and generated alike: it cannot learn a small set by heart."""

    strength: float = number(
        1.0,
        low=0.0,
        high=1.0,
        live=True,
        label="Strength",
        help="The probability with which each image gets each change: 0 leaves all images as they are, 1 changes "
        "every one, as in the paper.",
    )
    colour: bool = flag(
        True, label="Colour", help="Changes brightness, contrast and, of coloured images, saturation."
    )
    translation: bool = flag(True, label="Translation", help="Moves the image by up to an eighth of its size.")
    cutout: bool = flag(True, label="Cutout", help="Covers a grey square half as wide as the image.")

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        if self.colour:
            images = change_colour(images, self.strength, rng)
        if self.translation:
            images = translate(images, self.strength, rng)
        if self.cutout:
            images = cut_out(images, self.strength, rng)
        return images

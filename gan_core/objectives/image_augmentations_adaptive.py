"""Adaptive discriminator augmentation: changes to images whose probability follows how far D overfits.

Karras et al. 2020, "Training generative adversarial networks with limited data" (ADA), arXiv:2006.06676. The changes
are those of its section 2.2 and appendix B (pixel blitting, geometry, colour: "bgc"), one at a time with probability
p; where p is below about 0.8 none of them leaks into what G makes. Images are sampled bilinearly, not through the
paper's wavelet filters, and what comes in at an edge is the image mirrored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from gan_core.config.fields import flag, integer, number
from gan_core.objectives.base import Adaptive, augmentations

Strength = float | Tensor
"""p, from 0 to 1; on a device a tensor without dimensions, so that nobody waits for it."""

TRANSLATION = 0.125  # of the image's width: the most of whole pixels, the standard deviation of fractions
LOG_SCALE = 0.2  # standard deviations of log2 of a factor, or of what is added, with images from -1 to 1
BRIGHTNESS, LOG_CONTRAST, LOG_SATURATION = 0.2, 0.5, 1.0


class _Draws:
    """Numbers for N images from one random stream, as many at any strength: each is float32 [N] or bool [N]."""

    def __init__(self, count: int, rng: torch.Generator) -> None:
        self._count, self._rng = count, rng

    def uniform(self) -> Tensor:
        return torch.rand(self._count, generator=self._rng, device=self._rng.device)

    def normal(self) -> Tensor:
        return torch.randn(self._count, generator=self._rng, device=self._rng.device)

    def below(self, probability: Strength) -> Tensor:
        return self.uniform() < probability


def _affine(a: Tensor, b: Tensor, c: Tensor, d: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """[[a, b, x], [c, d, y], [0, 0, 1]] for each image: [N, 3, 3]."""
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    return torch.stack([a, b, x, c, d, y, zero, zero, one], dim=1).view(-1, 3, 3)


def _turn(angle: Tensor) -> Tensor:
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    return _affine(cos, -sin, sin, cos, zero, zero)


def _stretch(x: Tensor, y: Tensor) -> Tensor:
    zero = torch.zeros_like(x)
    return _affine(x, zero, zero, y, zero, zero)


def _shift(x: Tensor, y: Tensor) -> Tensor:
    """By shares of the width; a width is 2 in the coordinates of `affine_grid`."""
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return _affine(one, zero, zero, one, 2.0 * x, 2.0 * y)


def blits(draws: _Draws, strength: Strength, size: int) -> Tensor:
    """Mirrored left to right, turned by quarters, moved by whole pixels: [N, 3, 3]."""
    mirrored = (draws.uniform() < 0.5) & draws.below(strength)
    quarters = (draws.uniform() * 4).floor() * draws.below(strength)
    most, moved = TRANSLATION * size, draws.below(strength)
    right, down = (((draws.uniform() * 2 - 1) * most).round() / size * moved for _ in range(2))
    sign = 1.0 - 2.0 * mirrored.float()
    return _stretch(sign, torch.ones_like(sign)) @ _turn(quarters * (math.pi / 2)) @ _shift(right, down)


def warps(draws: _Draws, strength: Strength) -> Tensor:
    """Scaled, turned, stretched along a slanted axis, moved by fractions of pixels: [N, 3, 3]."""
    once = 1.0 - (1.0 - torch.as_tensor(strength)) ** 0.5  # of either turn: that there is one has probability p
    scale = torch.exp2(LOG_SCALE * draws.normal() * draws.below(strength))
    before = (draws.uniform() * 2 - 1) * math.pi * draws.below(once)
    aspect = torch.exp2(LOG_SCALE * draws.normal() * draws.below(strength))
    after = (draws.uniform() * 2 - 1) * math.pi * draws.below(once)
    moved = draws.below(strength)
    right, down = (TRANSLATION * draws.normal() * moved for _ in range(2))
    return _stretch(scale, scale) @ _turn(before) @ _stretch(aspect, 1 / aspect) @ _turn(after) @ _shift(right, down)


def resample(images: Tensor, places: Tensor) -> Tensor:
    """Each image [C, H, W] read at `places` of its own [3, 3]: where a pixel of the result comes from.

    One whose places are its own comes back as it is, to the last bit.
    """
    exact = torch.promote_types(images.dtype, torch.float32)  # places are no good in bfloat16
    grid = affine_grid(places[:, :2].to(exact), list(images.shape), align_corners=False)
    found = grid_sample(images.to(exact), grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    same = (places == torch.eye(3, device=places.device)).all(dim=(1, 2))
    return torch.where(same.view(-1, 1, 1, 1), images, found.to(images.dtype))


def recolour(images: Tensor, draws: _Draws, strength: Strength) -> Tensor:
    """Brightness, contrast, brightness upside down; of coloured images the hue turned, and saturation."""

    def column(values: Tensor) -> Tensor:
        return values.to(images.dtype).view(-1, 1, 1, 1)

    brightness = BRIGHTNESS * draws.normal() * draws.below(strength)
    contrast = torch.exp2(LOG_CONTRAST * draws.normal() * draws.below(strength))
    inverted = (draws.uniform() < 0.5) & draws.below(strength)
    angle = (draws.uniform() * 2 - 1) * math.pi * draws.below(strength)
    saturation = torch.exp2(LOG_SATURATION * draws.normal() * draws.below(strength))
    images = (images + column(brightness)) * column(contrast)
    if images.shape[1] != 3:
        return images * column(1.0 - 2.0 * inverted.float())
    grey = images.mean(1, keepdim=True)
    colour = images - grey  # stands at right angles to grey, about which the hue turns
    across = (torch.roll(colour, 1, 1) - torch.roll(colour, -1, 1)) / math.sqrt(3.0)
    turned = colour * column(angle.cos()) + across * column(angle.sin())
    changed = grey * column(1.0 - 2.0 * inverted.float()) + turned * column(saturation)
    same = (angle == 0) & (saturation == 1) & ~inverted
    return torch.where(same.view(-1, 1, 1, 1), images, changed)


@augmentations.register("ada", label="Adaptive (ADA)", source="Karras et al. 2020, arXiv:2006.06676")
@dataclass(frozen=True)
class AdaptiveAugment(Adaptive):
    """Changes images at random, real and generated alike, and the more often the surer D is of its training images.

    Little data go further, and with plenty nothing is changed: the strength rises only where D overfits.
    """

    start: float = number(
        0.0, low=0.0, high=1.0, label="Strength at the start",
        help="The probability with which each image gets each change before D has been watched.",
    )  # fmt: skip
    target: float = number(
        0.6, low=-1.0, high=1.0, live=True, label="Target",
        help="The mean sign of D's verdicts on real images that is aimed at: 1 is sure of all of them, 0 as often "
        "wrong as right. Above it the strength rises, below it falls.",
    )  # fmt: skip
    images_to_full: int = integer(
        100_000, low=1_000, high=10_000_000, scale="log", unit="images", live=True, label="Goes all the way in",
        help="Images in which the strength can rise from 0 to 1. The paper has 500,000, for runs of millions.",
    )  # fmt: skip
    blit: bool = flag(True, label="Flips and moves", help="Mirrors, turns by quarters, moves by whole pixels.")
    geometry: bool = flag(True, label="Geometry", help="Scales, turns by any angle, stretches, moves by fractions.")
    colour: bool = flag(True, label="Colour", help="Changes brightness, contrast and, of coloured images, the hue.")

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        return self.augment_at(images, self.start, rng)

    def augment_at(self, images: Tensor, strength: Strength, rng: torch.Generator) -> Tensor:
        draws = _Draws(images.shape[0], rng)
        places = torch.eye(3, device=images.device).expand(images.shape[0], 3, 3)
        if self.blit:
            places = places @ blits(draws, strength, images.shape[-1])
        if self.geometry:
            places = places @ warps(draws, strength)
        if self.blit or self.geometry:
            images = resample(images, places)
        return recolour(images, draws, strength) if self.colour else images

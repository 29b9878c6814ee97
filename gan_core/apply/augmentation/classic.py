"""Classic augmentation: flips, shifts and erasing, as torchvision has them, for a whole batch at once.

What RandomHorizontalFlip(0.5), RandomCrop(size, padding=size // 8) and RandomErasing(0.25) of torchvision's
transforms.v2 do one image after another from torch's global state of chance; here each image of a batch gets draws of
its own from one stream. The tests compare the two pixel by pixel.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

FLIP, ERASE = 0.5, 0.25  # probabilities
SHIFT = 8  # the most that is shifted either way is a SHIFT-th of the image's width
AREA, ASPECT = (0.02, 0.33), (0.3, 3.3)  # of what is erased: share of the image, height to width
LETTERS = ("mnist", "kmnist", "emnist-letters", "svhn")  # which mean something else the other way round


def flips_suit(dataset: str) -> bool:
    """Whether pictures of this dataset, by its registered name, may be mirrored and still mean the same."""
    return dataset not in LETTERS


def augment(images: Tensor, rng: torch.Generator, *, flips: bool) -> Tensor:
    """float [N, C, H, W] in [-1, 1] -> as many, each changed at random; what comes in at an edge is black (-1)."""
    count, _, height, width = images.shape
    if flips:
        images = flip(images, torch.rand(count, generator=rng) < FLIP)
    most = width // SHIFT
    down, right = (torch.randint(-most, most + 1, (count,), generator=rng) for _ in range(2))
    images = shift(images, down, right)
    return erase(images, *draw_boxes(count, height, width, rng))


def flip(images: Tensor, chosen: Tensor) -> Tensor:
    """Those of bool [N] mirrored left to right."""
    return torch.where(chosen.view(-1, 1, 1, 1), images.flip(3), images)


def shift(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Each moved by whole pixels, int64 [N] down and to the right; -1 comes in."""
    count, channels, height, width = images.shape
    rows = torch.arange(height).view(1, -1, 1) - down.view(-1, 1, 1)  # (N, H, 1): where each comes from
    columns = torch.arange(width).view(1, 1, -1) - right.view(-1, 1, 1)  # (N, 1, W)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    source = (rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)).view(count, 1, -1)
    moved = images.flatten(2).gather(2, source.expand(-1, channels, -1)).view_as(images)
    return torch.where(inside.unsqueeze(1), moved, torch.tensor(-1.0, dtype=images.dtype))


def draw_boxes(count: int, height: int, width: int, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(top, left, tall, wide), int64 [N] each, of what is erased; tall 0 where nothing is.

    Zhong et al. 2017, arXiv:1708.04896, algorithm 1: area uniform, aspect log-uniform, drawn again (ten times at
    most) where the box does not fit, and then not erased.
    """
    uniform = torch.rand(10, count, 2, generator=rng)
    area = (AREA[0] + uniform[..., 0] * (AREA[1] - AREA[0])) * height * width
    low, high = math.log(ASPECT[0]), math.log(ASPECT[1])
    aspect = torch.exp(low + uniform[..., 1] * (high - low))
    tall, wide = (area * aspect).sqrt().round().long(), (area / aspect).sqrt().round().long()
    fits = (tall < height) & (wide < width)
    first = fits.float().argmax(0).view(1, -1)
    tall, wide = tall.gather(0, first)[0], wide.gather(0, first)[0]
    wanted = (torch.rand(count, generator=rng) < ERASE) & fits.any(0)
    places = torch.rand(2, count, generator=rng)
    top = (places[0] * (height - tall + 1)).long().clamp(min=0)
    left = (places[1] * (width - wide + 1)).long().clamp(min=0)
    return top, left, torch.where(wanted, tall, 0), wide


def erase(images: Tensor, top: Tensor, left: Tensor, tall: Tensor, wide: Tensor) -> Tensor:
    """Boxes int64 [N] each set to 0, mid-grey."""
    _, _, height, width = images.shape
    y, x = torch.arange(height).view(1, -1, 1), torch.arange(width).view(1, 1, -1)
    top, left, tall, wide = (each.view(-1, 1, 1) for each in (top, left, tall, wide))
    hole = (y >= top) & (y < top + tall) & (x >= left) & (x < left + wide)
    return torch.where(hole.unsqueeze(1), torch.tensor(0.0, dtype=images.dtype), images)

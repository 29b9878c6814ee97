"""What is known of a picture: some of its pixels, or all of them at a lower resolution."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gan_core.apply.completion.masks import Mask
from gan_core.apply.completion.solving import PoissonBlending
from gan_core.training.batches import to_unit

WINDOW = 7  # pixels on a side, in which hidden neighbours are counted; Yeh et al. use 7 too
_MOST_MOVES = 20
FLOOR = 0.2  # the weight of a known pixel far from the hole, where one beside it may have up to 1


class Observation(ABC):
    """The known part of a picture uint8 [size, size, C]; hidden: bool [size, size], what has to be made up."""

    hidden: Mask

    @abstractmethod
    def square_error(self, images: Tensor) -> Tensor:
        """images float [N, C, size, size] in [-1, 1] -> mean squared difference to what is known, [N]."""

    @abstractmethod
    def context(self, images: Tensor) -> Tensor:
        """The same, weighted as the search is to weigh it."""

    @abstractmethod
    def complete(self, picture: NDArray[np.uint8], *, blend: bool) -> NDArray[np.uint8]:
        """What is known, and the rest as in `picture` uint8 [size, size, C]; blend: without a seam."""

    @abstractmethod
    def shown(self) -> NDArray[np.uint8]:
        """The picture as far as it is known, to look at: uint8 [size, size, C]."""


class KnownPixels(Observation):
    """Yeh et al. 2017, section 3.1: a known pixel counts by the share of hidden ones around it (equation 2)."""

    def __init__(self, picture: NDArray[np.uint8], hidden: Mask) -> None:
        self.picture, self.hidden = picture, hidden
        self.wanted = to_unit(torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))))
        known = torch.from_numpy((~hidden).astype(np.float32))
        self.even = known / (known.sum() * picture.shape[2])
        weight = torch.from_numpy(border_weights(hidden).astype(np.float32))
        self.weight = weight / (weight.sum() * picture.shape[2])

    def square_error(self, images: Tensor) -> Tensor:
        off: Tensor = ((images - self.wanted).square() * self.even).sum((1, 2, 3))
        return off

    def context(self, images: Tensor) -> Tensor:
        off: Tensor = ((images - self.wanted).square() * self.weight).sum((1, 2, 3))
        return off

    @cached_property
    def poisson(self) -> PoissonBlending:
        return PoissonBlending(self.hidden)

    def complete(self, picture: NDArray[np.uint8], *, blend: bool) -> NDArray[np.uint8]:
        """Known pixels as they are, to the last bit."""
        made = picture
        if blend:
            solved = self.poisson.blend(self.picture, picture.astype(np.float64))
            made = np.clip(np.rint(solved), 0, 255).astype(np.uint8)
        return np.where(self.hidden[..., None], made, self.picture)

    def shown(self) -> NDArray[np.uint8]:
        """Hidden pixels in mid grey."""
        return np.where(self.hidden[..., None], np.uint8(128), self.picture)


class LowResolution(Observation):
    """Means over squares of `factor` pixels are known, and nothing else."""

    def __init__(self, picture: NDArray[np.uint8], factor: int) -> None:
        self.picture, self.factor = picture, factor
        self.hidden = np.ones(picture.shape[:2], bool)
        self.low = low_resolution(picture, factor)
        self.wanted = torch.from_numpy((self.low.transpose(2, 0, 1) / 127.5 - 1.0).astype(np.float32))

    def square_error(self, images: Tensor) -> Tensor:
        return (avg_pool2d(images, self.factor) - self.wanted).square().mean((1, 2, 3))

    def context(self, images: Tensor) -> Tensor:
        return self.square_error(images)

    def complete(self, picture: NDArray[np.uint8], *, blend: bool) -> NDArray[np.uint8]:
        """Moved so that the means over squares are what is known, as far as whole numbers and 0 to 255 let it.

        The back-projection of Irani & Peleg 1991 with squares as its kernel: each square is moved by what its mean
        is off, and again where it met black or white.
        """
        moved = picture.astype(np.float64)
        for _ in range(_MOST_MOVES):
            off = self.low - low_resolution(moved, self.factor)
            if np.abs(off).max() < 1e-3:
                break
            moved = np.clip(moved + enlarged(off, self.factor), 0.0, 255.0)
        return np.rint(moved).astype(np.uint8)

    def shown(self) -> NDArray[np.uint8]:
        return enlarged(self.low.round().astype(np.uint8), self.factor)


def border_weights(hidden: Mask) -> NDArray[np.float64]:
    """[H, W]: 0 for hidden pixels, for known ones FLOOR plus the share of hidden ones in the window around."""
    share = ndimage.uniform_filter(hidden.astype(np.float64), WINDOW, mode="nearest")
    return np.where(hidden, 0.0, FLOOR + share)


def low_resolution(picture: NDArray[Any], factor: int) -> NDArray[np.float64]:
    """[size / factor, size / factor, C]: means over squares of `factor` pixels, in grey levels, not rounded."""
    side = len(picture) // factor
    means: NDArray[np.float64] = picture.reshape(side, factor, side, factor, -1).astype(float).mean((1, 3))
    return means


def enlarged(low: NDArray[Any], factor: int) -> NDArray[Any]:
    """Every pixel as a square."""
    return low.repeat(factor, 0).repeat(factor, 1)

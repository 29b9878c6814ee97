"""Images to the size asked for, and which of them are held out: whole tensors at a time, never one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

SIZES = (28, 32, 64)
_CHUNK_BYTES = 64 << 20  # of float32 work at once


def pad_to(images: Tensor, size: int, value: int = 0) -> Tensor:
    """A border of `value` around each image [N, C, s, s], s <= size; every pixel stays as it was."""
    before = (size - images.shape[-1]) // 2
    after = size - images.shape[-1] - before
    return functional.pad(images, (before, after, before, after), value=value)


def resize(images: Tensor, size: int) -> Tensor:
    """uint8 [N, C, h, w] to [N, C, size, size] by antialiased bicubic interpolation, in chunks."""
    count, channels, height, width = images.shape
    if (height, width) == (size, size):
        return images
    out = torch.empty(count, channels, size, size, dtype=torch.uint8)
    step = max(1, _CHUNK_BYTES // (4 * channels * max(height * width, size * size)))
    for start in range(0, count, step):
        part = images[start : start + step].float()
        part = functional.interpolate(part, (size, size), mode="bicubic", antialias=True)
        out[start : start + step] = part.round_().clamp_(0, 255).to(torch.uint8)
    return out


def to_size(images: Tensor, size: int) -> Tensor:
    """uint8 [N, C, s, s] at `size`.

    28 to 32 adds a black border of two pixels, which keeps every pixel exact; 28 to 64 adds the border and
    then doubles, so that both sizes show the same framing. Everything else is one antialiased resize.
    """
    if images.shape[-1] == 28 and size in (32, 64):
        images = pad_to(images, 32)
    return resize(images, size)


def held_out_count(count: int) -> int:
    """How many of `count` images no run trains on where nobody has said: a tenth, none of fewer than ten."""
    return 0 if count < 10 else round(count / 10)


def split_held_out(count: int) -> tuple[Tensor, Tensor]:
    """Indices (train, held out) of `count` images, both in order, drawn at random but always the same."""
    held_count = held_out_count(count)
    shuffled = torch.from_numpy(np.random.Generator(np.random.PCG64(0)).permutation(count))
    return shuffled[held_count:].sort().values, shuffled[:held_count].sort().values


def hold_out(
    count: int, labels: Sequence[int], may: np.ndarray[Any, np.dtype[np.bool_]]
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which of `count` images are held out where nobody has said: the same tenth as `split_held_out` draws, but every
    class keeps an image to train on, and only those are drawn that `may` be (none that is in the set twice)."""
    held = np.zeros(count, bool)
    left = Counter(labels)
    wanted = held_out_count(count)
    for index in np.random.Generator(np.random.PCG64(0)).permutation(count):
        if wanted and may[index] and (not labels or left[labels[index]] > 1):
            held[index] = True
            wanted -= 1
            if labels:
                left[labels[index]] -= 1
    return held

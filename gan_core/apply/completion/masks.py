"""Ways to hide a part of a picture. A mask is bool [size, size], True where a pixel is hidden."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDES = ("left", "right", "top", "bottom")
MADE = ("half", "box", "pixels", "lines")
FACTORS = (2, 4, 7, 8)
Mask = NDArray[np.bool_]


def made_mask(kind: str, size: int, *, side: str = "right", share: float = 0.5, seed: int = 0) -> Mask:
    """A mask of one of the kinds MADE.

    share: of the pixels that are hidden, for "box", "pixels" and "lines" (rounded to whole pixels); "half" hides
    the half at `side`. seed: where random pixels lie.
    """
    if kind == "half":
        return _half(size, side)
    if kind == "box":
        return _box(size, share)
    if kind == "pixels":
        return _pixels(size, share, seed)
    if kind == "lines":
        return _lines(size, share)
    raise ValueError(f'The kind of mask is "{kind}"; it must be one of {", ".join(MADE)}.')


def _half(size: int, side: str) -> Mask:
    hidden = np.zeros((size, size), bool)
    middle = size // 2
    part = slice(None, middle) if side in ("left", "top") else slice(-middle, None)
    if side in ("left", "right"):
        hidden[:, part] = True
    else:
        hidden[part] = True
    return hidden


def _box(size: int, share: float) -> Mask:
    """A square in the middle."""
    side = min(size - 2, max(1, round(size * share**0.5)))
    start = (size - side) // 2
    hidden = np.zeros((size, size), bool)
    hidden[start : start + side, start : start + side] = True
    return hidden


def _pixels(size: int, share: float, seed: int) -> Mask:
    count = min(size * size - 1, max(1, round(share * size * size)))
    hidden = np.zeros(size * size, bool)
    hidden[np.random.default_rng(seed).permutation(size * size)[:count]] = True
    return hidden.reshape(size, size)


def _lines(size: int, share: float) -> Mask:
    """Whole rows, spread evenly: row i is hidden where floor((i + 1) share) exceeds floor(i share)."""
    count = min(size - 1, max(1, round(share * size)))
    steps = np.arange(size + 1) * count // size
    hidden = np.zeros((size, size), bool)
    hidden[np.diff(steps) > 0] = True
    return hidden


def check_mask(hidden: Mask) -> None:
    """Raises ValueError, one sentence, where there is nothing to fill, or nothing to go by."""
    if not hidden.any():
        raise ValueError("The mask hides nothing; paint what is to be filled (in a mask's file: white).")
    if hidden.all():
        raise ValueError("The mask hides everything; leave some of the picture to go by (in a mask's file: black).")

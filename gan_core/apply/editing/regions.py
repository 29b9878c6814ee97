"""Regions of a picture: as text, with a soft edge, and what is put into them. A region is bool [size, size]."""

from __future__ import annotations

import base64
import binascii
import re

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gan_core.apply.completion.observation import KnownPixels
from gan_core.apply.completion.reading import MASK_LIMITS, WHITE
from gan_core.data.uploads.intake import read_picture
from gan_core.pictures.decoding import Framing

Region = NDArray[np.bool_]
Picture = NDArray[np.uint8]

_HALF = 128


def encode_region(region: Region) -> str:
    """ "SIZE:" and base64 of the bits, row by row; `decode_region` gives the same region back."""
    return f"{len(region)}:{base64.b64encode(np.packbits(region).tobytes()).decode('ascii')}"


def decode_region(text: str, size: int, name: str = "mask") -> Region:
    """Raises ValueError, a sentence that begins with `name`, where it is no region of this size, or is empty."""
    head, colon, body = text.partition(":")
    if not colon or not re.fullmatch(r"[1-9][0-9]{0,2}", head):
        raise ValueError(f'{name} is no region; it must be "SIZE:" and base64 of the bits.')
    if int(head) != size:
        raise ValueError(f"{name} is {head} x {head} pixels; this generator's pictures are {size} x {size}.")
    try:
        data = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{name} is not base64 of {size * size} bits.") from None
    if len(data) != (size * size + 7) // 8:
        raise ValueError(f"{name} holds {len(data)} bytes; {size * size} bits are {(size * size + 7) // 8}.")
    region = np.unpackbits(np.frombuffer(data, np.uint8))[: size * size].reshape(size, size).astype(bool)
    if not region.any():
        raise ValueError(f"{name} is empty; paint where the edit is to be seen (in a mask's file: white).")
    return region


def read_region(content: bytes, size: int) -> Region:
    """An untrusted mask file: light is inside. Raises ValueError in a sentence."""
    try:
        found = read_picture(content, Framing("stretch", WHITE, size), MASK_LIMITS)
    except ValueError as problem:
        raise ValueError(str(problem).replace("The picture cannot", "The mask cannot", 1)) from None
    if found.size != (size, size):
        raise ValueError(
            f"The mask is {found.size[0]} x {found.size[1]} pixels; this generator's pictures are {size} x {size}: "
            "make the mask as large."
        )
    region: Region = found.pixels.mean(0) >= _HALF
    if not region.any():
        raise ValueError("The mask is empty; make white what the edit may change.")
    return region


def weights(region: Region, soft: float) -> NDArray[np.float64]:
    """How much of the new picture each pixel takes, in [0, 1]: 0 outside; inside it grows over `soft` pixels to 1."""
    if soft <= 0:
        return region.astype(np.float64)
    padded = np.pad(region, 1, mode="edge")  # the picture's own edge is no edge of the region
    depth = ndimage.distance_transform_edt(padded)[1:-1, 1:-1] if not region.all() else np.full(region.shape, np.inf)
    share: NDArray[np.float64] = np.minimum(1.0, depth / (soft + 1.0)) * region
    return share


def painted(old: Picture, new: Picture, region: Region, soft: float = 0.0) -> Picture:
    """uint8 [size, size, C]: `new` inside the region, `old` outside, to the last bit."""
    share = weights(region, soft)[..., None]
    mixed = np.rint(share * new + (1.0 - share) * old).astype(np.uint8)
    return np.where(region[..., None], mixed, old)


def cloned(old: Picture, new: Picture, region: Region) -> Picture:
    """Poisson blending: inside the region the gradients of `new`, without a seam; `old` outside, to the last bit.

    Raises ValueError where the region leaves nothing to join on to.
    """
    if region.all():
        raise ValueError("The mask covers the whole picture; leave some of it for the seam to join on to.")
    return KnownPixels(old, region).complete(new, blend=True)


def shifted(picture: Picture, right: int, down: int) -> tuple[Picture, Region]:
    """The picture moved by whole pixels, and where it then is."""
    size = len(picture)
    out, there = np.zeros_like(picture), np.zeros((size, size), bool)
    rows, columns = np.arange(size) - down, np.arange(size) - right
    y, x = (rows >= 0) & (rows < size), (columns >= 0) & (columns < size)
    out[np.ix_(y, x)] = picture[np.ix_(rows[y], columns[x])]
    there[np.ix_(y, x)] = True
    return out, there

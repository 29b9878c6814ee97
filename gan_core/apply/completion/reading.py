"""The picture that is to be filled and its mask, out of untrusted files, in the size and colours of a generator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gan_core.apply.completion.masks import Mask, check_mask
from gan_core.data.uploads.intake import read_picture
from gan_core.data.uploads.limits import Limits
from gan_core.data.uploads.picture import Picture
from gan_core.latent.targets import fit_shape
from gan_core.nets.base import ImageShape
from gan_core.pictures.decoding import Framing

INVERT = ("no", "yes")
FITS = ("crop", "border", "stretch")
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
MASK_LIMITS = Limits(shortest_side=1)
_HALF, _TENTH = 128, 26  # of 255: a mask as it is, and one that was made smaller
_COLOURFUL = 8.0  # grey levels, the mean spread between a picture's channels: below it is grey with noise

_VERBS = {"animated:": "is", "turned": "was", "CMYK:": "is in", "palette:": "has a", "floating": "is in"}


@dataclass(frozen=True, eq=False)
class Subject:
    """picture: uint8 [size, size, C]; notes: what was done to it, a sentence each; size: the file's width, height.

    transparent: bool [size, size], where the file shows nothing.
    """

    picture: NDArray[np.uint8]
    transparent: Mask
    notes: tuple[str, ...]
    size: tuple[int, int]


def read_subject(
    content: bytes, shape: ImageShape, *, background: str = "white", fit: str = "crop", invert: bool = False
) -> Subject:
    """An untrusted picture. Raises ValueError with the reason where it cannot be read.

    background: "white" or "black", what transparent parts and a border are filled with. A picture of the
    generator's own size and colours keeps every number. invert: light and dark are swapped.
    """
    on = WHITE if background == "white" else BLACK
    if invert:
        on = BLACK if on == WHITE else WHITE
    found = read_picture(content, Framing(fit, on, shape.size))
    notes = [*_sentences("The picture", found)]
    if found.size != (shape.size, shape.size):
        how = {"crop": "its middle square was", "border": "it was given a border and", "stretch": "it was"}[fit]
        notes.append(
            f"The picture is {found.size[0]} x {found.size[1]} pixels; {how} brought to {shape.size} x {shape.size}."
        )
    if shape.channels == 1 and _is_colourful(found.pixels):
        notes.append("The picture has colours and the generator makes grey ones: it was made grey by brightness.")
    if shape.channels == 3 and not _is_colourful(found.pixels):
        notes.append("The picture is grey, and the generator makes coloured ones.")
    picture = fit_shape(torch.from_numpy(found.pixels)[None], shape)
    return Subject(
        255 - picture if invert else picture, _transparent(content, found, fit, on), tuple(notes), found.size
    )


def _transparent(content: bytes, found: Picture, fit: str, on: tuple[int, int, int]) -> Mask:
    """Where another background shows through by a half or more; a border that was added is none."""
    side = found.pixels.shape[1]
    if not any(words.startswith("transparent") for words in found.changes):
        return np.zeros((side, side), bool)
    other = read_picture(content, Framing(fit, BLACK if on == WHITE else WHITE, side))
    change = np.abs(found.pixels.astype(int) - other.pixels).max(0)
    shows: Mask = change >= _HALF
    return shows


def read_mask(content: bytes, picture_size: tuple[int, int], size: int, fit: str = "crop") -> tuple[Mask, list[str]]:
    """An untrusted mask file, light or transparent where the picture is to be filled; and what was done to it.

    picture_size: width and height of the picture's file. A mask is of the picture's shape, or of the generator's
    own size. Where it has to be made smaller, a pixel is hidden if a tenth of it is. Raises ValueError.
    """
    try:
        found = read_picture(content, Framing("stretch", WHITE, size), MASK_LIMITS)
    except ValueError as problem:
        raise ValueError(str(problem).replace("The picture cannot", "The mask cannot", 1)) from None
    own = found.size == (size, size)
    if not own and not _same_shape(found.size, picture_size):
        raise ValueError(
            f"The mask is {found.size[0]} x {found.size[1]} pixels and the picture {picture_size[0]} x "
            f"{picture_size[1]}; make the mask as large as the picture, or {size} x {size}."
        )
    if not own and fit != "stretch":  # as the picture itself was brought to a square; nothing is hidden in a border
        found = read_picture(content, Framing(fit, WHITE if fit == "crop" else BLACK, size), MASK_LIMITS)
    light = found.pixels.mean(0)
    hidden = light >= (_HALF if own or min(found.size) < size else _TENTH)
    notes = _sentences("The mask", found, without="transparent")
    if not own:
        notes.append(f"The mask is {found.size[0]} x {found.size[1]} pixels: it was brought to {size} x {size}.")
    if len(np.unique(found.pixels)) > 2 and own:
        notes.append("The mask has grey pixels: those lighter than the middle are filled.")
    check_mask(hidden)
    return hidden, notes


def _same_shape(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether two pictures have the same proportions, to within a pixel of the smaller."""
    (aw, ah), (bw, bh) = sorted((a, b))
    return abs(aw * bh / bw - ah) <= 1.0 or abs(ah * bw / bh - aw) <= 1.0


def _is_colourful(pixels: NDArray[np.uint8]) -> bool:
    """pixels: uint8 [3, H, W]."""
    return float((pixels.max(0).astype(float) - pixels.min(0)).mean()) > _COLOURFUL


def _sentences(what: str, found: Picture, without: str = "-") -> list[str]:
    """What the decoder says it did ("animated: its first frame was taken") as sentences."""
    kept = [words for words in found.changes if not words.startswith(without)]
    return [f"{what} {_VERBS.get(words.split()[0], 'has')} {words}." for words in kept]

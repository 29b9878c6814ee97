"""Painting on a small picture what of it is missing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pages.ui.web.component import component, told_text

_mount = component("ganscope_painting", "apply/web/painting.js", "apply/web/painting.css")


def painting(
    key: str,
    *,
    picture: NDArray[np.uint8],
    words: str,
    mask: str,
    turn: int,
    on_painted: Callable[[str], None],
) -> None:
    """picture: uint8 [size, size, 3], with `words` for who cannot see it. mask: text, as of `mask_text`.

    turn: with another number the component takes `mask` for its own, which its Undo takes back; else it keeps what
    was painted. `on_painted` is told the text of every new mask, which came from a browser: see `mask_of`.
    """

    data = {
        "size": len(picture), "pixels": base64.b64encode(picture.tobytes()).decode(), "words": words, "mask": mask,
        "turn": turn,
    }  # fmt: skip
    _mount(key=key, data=[data], on_mask_change=told_text(key, "mask", on_painted))  # in a list, see component.py


def mask_text(mask: NDArray[np.bool_]) -> str:
    """bool [size, size] as base64 of its bits, row by row, the first pixel in the highest bit."""
    return base64.b64encode(np.packbits(mask).tobytes()).decode()


def mask_of(text: str, size: int) -> NDArray[np.bool_] | None:
    """The mask of a text; None where it is none of this size."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != -(-size * size // 8):
        return None
    return np.unpackbits(np.frombuffer(raw, np.uint8))[: size * size].astype(bool).reshape(size, size)

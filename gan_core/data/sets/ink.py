"""Drawings and pictures as short texts that fit into a configuration, hence into JSON and a URL.

Strokes: places on a grid of 64 x 64, two signs a place (x, then y from the bottom), each one of 64 in base64url's
order; "." stands between strokes. Darkness: 48 x 48 levels from 0 (white) to 15 (black), row by row from the top
left, two levels a byte (the first in the high half), zlib, base64url without "=".
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

Whole = np.ndarray[Any, np.dtype[np.int64]]
Levels = np.ndarray[Any, np.dtype[np.uint8]]

PLACES = 64  # a side of the grid that strokes lie on
MOST_STROKE_SIGNS = 1_500
CELLS, LEVELS = 48, 16  # a side of a picture's grid, and the shades of each cell
MOST_PICTURE_SIGNS = 1_600  # the worst case is 1 551: 1 152 bytes that zlib cannot shorten

_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUE = {sign: value for value, sign in enumerate(_SIGNS)}
_PICTURE_BYTES = CELLS * CELLS // 2


def encode_strokes(strokes: Sequence[Sequence[tuple[int, int]]]) -> str:
    """Strokes, each a list of places (x, y) from 0 to 63, as a text; a place that repeats the one before is left out.

    ValueError where a place is off the grid or the text would be longer than 1 500 signs; strokes without a place
    are left out.
    """
    texts = []
    for stroke in strokes:
        if any(not 0 <= value < PLACES for place in stroke for value in place):
            raise ValueError(f"a place of the drawing is off its grid; x and y must be 0 to {PLACES - 1}")
        new = [place for i, place in enumerate(stroke) if i == 0 or tuple(place) != tuple(stroke[i - 1])]
        texts.append("".join(_SIGNS[x] + _SIGNS[y] for x, y in new))
    text = ".".join(filter(None, texts))
    if len(text) > MOST_STROKE_SIGNS:
        raise ValueError(f"the drawing takes {len(text):,} signs; at most {MOST_STROKE_SIGNS:,} are kept")
    return text


@lru_cache(maxsize=64)
def decode_strokes(text: str) -> tuple[Whole, ...]:
    """The strokes in `text`, each int64 [n, 2], n >= 1, read-only; ValueError with the reason where it has none."""
    if not text:
        raise ValueError("it is empty")
    if len(text) > MOST_STROKE_SIGNS:
        raise ValueError(f"it has {len(text):,} signs, more than {MOST_STROKE_SIGNS:,}")
    strokes = []
    for part in text.split("."):
        if strange := next((sign for sign in part if sign not in _VALUE), ""):
            raise ValueError(f"the sign {strange!r} is not one that a drawing has")
        if not part or len(part) % 2:
            raise ValueError("one of its strokes is cut short")
        stroke = np.array([_VALUE[sign] for sign in part], np.int64).reshape(-1, 2)
        stroke.flags.writeable = False
        strokes.append(stroke)
    return tuple(strokes)


def encode_levels(levels: Levels) -> str:
    """Levels uint8 [48, 48], 0 to 15, as a text of at most 1 551 signs; ValueError where they are not such levels."""
    if levels.shape != (CELLS, CELLS) or levels.dtype != np.uint8 or levels.max() >= LEVELS:
        raise ValueError(f"levels must be uint8 of shape {CELLS} x {CELLS} and below {LEVELS}")
    pairs = levels.reshape(-1, 2)
    packed = zlib.compress((pairs[:, 0] << 4 | pairs[:, 1]).tobytes(), 9)
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


@lru_cache(maxsize=64)
def decode_levels(text: str) -> Levels:
    """The levels uint8 [48, 48] in `text`, some of them not 0, read-only; ValueError with the reason otherwise.

    Never unpacks more than the 1 152 bytes that a picture has and one.
    """
    if not text:
        raise ValueError("it is empty")
    if len(text) > MOST_PICTURE_SIGNS:
        raise ValueError(f"it has {len(text):,} signs, more than {MOST_PICTURE_SIGNS:,}")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text, re.ASCII):
        raise ValueError("it has signs that no picture's text has")
    try:
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), _PICTURE_BYTES + 1)
    except (ValueError, zlib.error):
        raise ValueError("it is damaged") from None
    if len(plain) != _PICTURE_BYTES or not unpacker.eof or unpacker.unused_data:
        raise ValueError("it is damaged")
    pairs = np.frombuffer(plain, np.uint8)
    levels = np.stack([pairs >> 4, pairs & 15], 1).reshape(CELLS, CELLS)
    if not levels.any():
        raise ValueError("all of the picture is white")
    levels.flags.writeable = False
    return levels

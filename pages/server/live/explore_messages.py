"""What a page says on the Explore channel, read as what anybody may have sent: sizes and shapes are checked first."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

MOST_TEXT_BYTES = 4_000_000  # a path of 64 keys, each with a style for every layer
MOST_FRAME_BYTES = 80_000_000  # a generator brought from elsewhere
MOST_BLOBS = 64


def read(message: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes], int]:
    """What a message asks, the bytes it brings, and its size. Raises ValueError."""
    text, frame = message.get("text"), message.get("bytes")
    blobs: list[bytes] = []
    if text is None:
        size = len(frame or b"")
        if size > MOST_FRAME_BYTES:
            raise ValueError(f"A file has at most {MOST_FRAME_BYTES // 1_000_000} MB here.")
        text, blobs = _unpack(frame or b"")
    else:
        size = len(text)
    if len(text) > MOST_TEXT_BYTES:
        raise ValueError(f"A request has at most {MOST_TEXT_BYTES} letters.")
    try:
        asked = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise ValueError("A request is a JSON object.") from None
    if not isinstance(asked, dict):
        raise ValueError("A request is a JSON object.")
    return asked, blobs, size


def _no_number(_word: str) -> float:
    raise ValueError("NaN and infinity are not JSON")


def _finite(text: str) -> float:
    found = float(text)
    return found if math.isfinite(found) else _no_number(text)  # 1e999


def _unpack(frame: bytes) -> tuple[str, list[bytes]]:
    """Header and blobs of a frame from outside, which may say anything of its lengths."""
    wrong = "A binary request is the header's length, the header, and the blobs that it lists."
    try:
        (length,) = struct.unpack_from("<I", frame)
        if length > MOST_TEXT_BYTES:
            raise ValueError(wrong)
        text = frame[4 : 4 + length].decode()
        sizes = json.loads(text, parse_constant=_no_number).get("blobs", [])
        if not isinstance(sizes, list) or len(sizes) > MOST_BLOBS or any(type(s) is not int or s < 0 for s in sizes):
            raise ValueError(wrong)
    except (ValueError, AttributeError, RecursionError, struct.error):
        raise ValueError(wrong) from None
    blobs, at = [], 4 + length
    if at + sum(sizes) != len(frame):
        raise ValueError(wrong)
    for size in sizes:
        blobs.append(frame[at : at + size])
        at += size
    return text, blobs

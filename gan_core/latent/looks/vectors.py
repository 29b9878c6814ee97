"""Latents as text for JSON and URLs: base64 of little-endian float32."""

from __future__ import annotations

import base64
import binascii

import numpy as np
from numpy.typing import ArrayLike, NDArray

FARTHEST = 1e4  # no number of a latent or a direction is larger: a trained network's are a few units

Vector = NDArray[np.float32]


def encode_vector(vector: ArrayLike) -> str:
    """float32 [D] to base64 of its little-endian bytes; decode_vector gives the same bits back."""
    return base64.b64encode(np.ascontiguousarray(vector, dtype="<f4").tobytes()).decode("ascii")


def decode_vector(text: object, length: int, name: str = "vector") -> Vector:
    """The float32 [length] that a text stands for.

    Raises ValueError, a sentence that begins with `name`, where it is not base64, has another length, or holds a
    number that is not finite or beyond FARTHEST.
    """
    if not isinstance(text, str):
        raise ValueError(f"{name} is not a text; it must be base64 of {length} float32 numbers.")
    size = 4 * length
    if len(text) != (size + 2) // 3 * 4:
        raise ValueError(f"{name} has {len(text)} characters; base64 of {length} float32 numbers has another length.")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{name} is not base64 of {length} float32 numbers.") from None
    if len(data) != size:
        raise ValueError(f"{name} holds {len(data)} bytes; {length} float32 numbers are {size} bytes.")
    vector = np.frombuffer(data, dtype="<f4").astype(np.float32)
    if not bool((np.abs(vector) <= FARTHEST).all()):  # nor NaN
        raise ValueError(f"{name} holds a number that is not finite or beyond {FARTHEST:,.0f}.")
    return vector

"""Numeric arrays out of a MATLAB level 5 file, which is all that SVHN needs.

Format: MathWorks, "MAT-File Format", chapter 1: a header of 128 bytes, then elements of a tag (type, bytes) and data.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

_HEADER_BYTES = 128
_COMPRESSED, _MATRIX, _INT32 = 15, 14, 5
_TYPES = {1: "<i1", 2: "<u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8"}
_MOST_BYTES = 1 << 30


def read_mat(raw: bytes) -> dict[str, Array]:
    """Every numeric array in the file by name, with MATLAB's shape. ValueError where it is not such a file."""
    if len(raw) < _HEADER_BYTES or raw[124:128] != b"\x00\x01IM":
        raise ValueError("not a little-endian MATLAB level 5 file")
    try:
        arrays, left = {}, _MOST_BYTES
        for kind, data in _elements(memoryview(raw)[_HEADER_BYTES:], padded=False):
            if kind == _COMPRESSED:
                inflated = _inflate(data, left)
                left -= len(inflated)
                kind, data = next(_elements(memoryview(inflated), padded=True))
            if kind == _MATRIX and (found := _matrix(data)) is not None:
                arrays[found[0]] = found[1]
        return arrays
    except (struct.error, zlib.error, StopIteration, IndexError) as error:
        raise ValueError("a damaged MATLAB file") from error


def _inflate(data: memoryview, most: int) -> bytes:
    """At most so many bytes: what is left of what a whole file may hold."""
    inflater = zlib.decompressobj()
    out = inflater.decompress(data, max(1, most))
    if not inflater.eof:
        raise ValueError("a MATLAB array that is cut short, or arrays of more than 1 GB")
    return out


def _elements(data: memoryview, *, padded: bool) -> Iterator[tuple[int, memoryview]]:
    """(type, content) one after another; inside matrices each is padded to eight bytes."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind >> 16:  # the small form: size and type in one word, up to four bytes of data in the next
            kind, size, start, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        else:
            start = at + 8
            after = start + size + (-size % 8 if padded or kind == _MATRIX else 0)
        if start + size > len(data):
            raise ValueError("a MATLAB file that is cut short")
        yield kind, data[start : start + size]
        at = after


def _matrix(data: memoryview) -> tuple[str, Array] | None:
    parts = _elements(data, padded=True)
    next(parts)  # flags; whether the values were stored smaller than their class does not matter here
    kind, dims = next(parts)
    if kind != _INT32:
        return None
    shape = np.frombuffer(dims, "<i4")
    name = bytes(next(parts)[1]).decode("ascii", "replace")
    kind, values = next(parts)
    if kind not in _TYPES:
        return None
    return name, np.frombuffer(values, _TYPES[kind]).reshape(shape, order="F")

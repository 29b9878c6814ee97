"""The idx format of MNIST and its kin (http://yann.lecun.com/exdb/mnist/): a big-endian header, then bytes."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from gan_core.data.base import DataUnavailable

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_UNSIGNED_BYTE, _MOST_DIMENSIONS = 0x08, 4
_MAX_BYTES = 1 << 30


def parse_idx(raw: bytes, name: str) -> Bytes:
    """The array that an unpacked idx file of unsigned bytes holds, shape as in its header; a read-only view.

    Raises DataUnavailable, naming the file, when header and length do not agree.
    """
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] != _UNSIGNED_BYTE or not 0 < raw[3] <= _MOST_DIMENSIONS:
        raise DataUnavailable(f"{name} is not an idx file of unsigned bytes; put the original file in its place.")
    if len(raw) < 4 + 4 * raw[3]:
        raise DataUnavailable(f"{name} is not an idx file of unsigned bytes; put the original file in its place.")
    shape = tuple(int(n) for n in np.frombuffer(raw, ">u4", count=raw[3], offset=4))
    start = 4 + 4 * raw[3]
    expected = 1
    for n in shape:  # Python's whole numbers: a hostile header cannot overflow them
        expected *= n
    if len(raw) - start != expected:
        raise DataUnavailable(
            f"{name} holds {len(raw) - start:,} bytes where its header says {expected:,}; "
            "put the original file in its place."
        )
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def read_idx(path: Path) -> Bytes:
    """The array in a gzipped idx file; gzip's own checksum is verified on the way."""
    try:
        with gzip.open(path) as file:
            raw = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise DataUnavailable(f"{path} is missing; put the original file there.") from None
    except (OSError, EOFError, zlib.error):
        raise DataUnavailable(f"{path} is damaged; put the original file in its place.") from None
    return parse_idx(raw, str(path))

"""Pictures that are there twice: the very same pixels, and nearly the same ones."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from PIL import Image

Pictures = np.ndarray[Any, np.dtype[np.uint8]]
Indices = np.ndarray[Any, np.dtype[np.int64]]

_HASH_DISTANCE = 10  # of 64 bits: a first sieve, wide on purpose
_LARGEST_DIFFERENCE = 0.15  # root mean square, in units of the picture's own contrast
_LEAST_CONTRAST = 12.0  # grey levels: on an empty page everything would be alike
_CHUNK = 256


def first_of_the_same(images: Pictures) -> Indices:
    """Of each picture [N, ...] the index of the first one with the same pixels: its own where it is the first."""
    first: dict[bytes, int] = {}
    digests = (hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images)
    return np.array([first.setdefault(digest, index) for index, digest in enumerate(digests)], np.int64)


def difference_hash(images: Pictures) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """64 bits a picture: whether each of 8 x 8 places is darker than its right neighbour (Krawetz, "dHash")."""
    bits = np.zeros((len(images), 64), np.uint8)
    for index, image in enumerate(images):
        small = Image.fromarray(image.transpose(1, 2, 0)).convert("L").resize((9, 8), Image.Resampling.BOX)
        grey = np.asarray(small).astype(np.int16)
        bits[index] = (grey[:, 1:] > grey[:, :-1]).ravel()
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


def near_pairs(images: Pictures) -> list[tuple[int, int]]:
    """(earlier, later) for each picture that is nearly the same as one before: scaled, recompressed, a shade lighter.

    images: uint8 [N, 3, 64, 64], no two the same. Each later one is paired with the earlier one nearest by hash, and
    counts where the pictures themselves, 16 x 16, differ by little of their contrast.
    """
    hashes = difference_hash(images)
    candidates: list[tuple[int, int]] = []
    for start in range(0, len(hashes), _CHUNK):
        rows = hashes[start : start + _CHUNK]
        apart = np.bitwise_count(rows[:, None] ^ hashes[None, : start + len(rows)])
        for offset in range(len(rows)):
            apart[offset, start + offset :] = 255  # only with earlier ones
        nearest = apart.argmin(1)
        close = apart[np.arange(len(rows)), nearest] <= _HASH_DISTANCE
        candidates += [(int(nearest[offset]), start + int(offset)) for offset in np.flatnonzero(close)]
    return [(earlier, later) for earlier, later in candidates if _looks_the_same(images[earlier], images[later])]


def _looks_the_same(first: Pictures, second: Pictures) -> bool:
    a, b = (x.reshape(3, 16, 4, 16, 4).mean((2, 4)) for x in (first.astype(np.float32), second.astype(np.float32)))
    contrast = max(float(a.std()), float(b.std()), _LEAST_CONTRAST)
    a, b = a - a.mean(), b - b.mean()  # a shade lighter or darker is still the same picture
    return float(np.sqrt(np.square(a - b).mean())) < _LARGEST_DIFFERENCE * contrast

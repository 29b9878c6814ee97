"""Atlases of sample pictures, kept in memory under a key. Imports nothing heavy: the server needs it to start."""

from __future__ import annotations

import io
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HELD = 64


class Previews:
    """Atlases by key; the oldest go when there are too many. Safe to use from any thread."""

    def __init__(self) -> None:
        self._atlases: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> bytes:
        """The PNG under a key. Raises ValueError where there is none (any more)."""
        with self._lock:
            if key not in self._atlases:
                raise ValueError("This picture is no longer kept; reload the page.")
            return self._atlases[key]

    def put(self, key: str, png: bytes) -> None:
        with self._lock:
            self._atlases[key] = png
            self._atlases.move_to_end(key)
            while len(self._atlases) > _HELD:
                self._atlases.popitem(last=False)

    def __contains__(self, key: str) -> bool:
        with self._lock:
            return key in self._atlases


def atlas_png(images: NDArray[np.uint8], across: int, down: int) -> bytes:
    """uint8 [n, C, s, s], n at most across * down, as one PNG without gaps, seen through where one is missing."""
    count, channels, size, _ = images.shape
    alpha = np.full((count, 1, size, size), 255, np.uint8)
    if count < across * down:
        images, channels = np.concatenate([images, alpha], axis=1), channels + 1
    sheet = np.zeros((down * size, across * size, channels), np.uint8)
    for i, image in enumerate(images):
        row, column = divmod(i, across)
        sheet[row * size : (row + 1) * size, column * size : (column + 1) * size] = image.transpose(1, 2, 0)
    out = io.BytesIO()
    Image.fromarray(sheet[..., 0] if channels == 1 else sheet).save(out, "PNG")
    return out.getvalue()

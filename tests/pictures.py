"""When two pictures are the same, though they were not made in the same batch; and what colour a film's frame has."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import ArrayLike


def assert_same_picture(found: ArrayLike, wanted: ArrayLike) -> None:
    """Levels 0 to 255, any shape.

    In a batch of another size, at another place in it, on another processor or with other threads the last bit of a
    sum may differ, and so a level where a number lies half-way between two.
    """
    found, wanted = np.asarray(found, int), np.asarray(wanted, int)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max(initial=0) <= 1


def mean_colour(frame: av.VideoFrame) -> np.ndarray:
    """Red, green, blue of 255 by BT.709's formula, narrow range; PyAV 14 would read it by another standard's."""
    planes = frame.to_ndarray(format="yuv420p").ravel().astype(float)
    luma_size = frame.width * frame.height
    y, u, v = (part.mean() for part in np.split(planes, [luma_size, luma_size * 5 // 4]))
    luma, blue, red = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    return 255 * np.array([luma + 1.5748 * red, luma - 0.1873 * blue - 0.4681 * red, luma + 1.8556 * blue])

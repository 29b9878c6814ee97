"""When two pictures are the same, though they were not made in the same batch."""

from __future__ import annotations

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

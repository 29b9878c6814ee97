"""Own sets that differ in one thing: discs of one colour, in the classes and the order that a test asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gan_core.data.own.saving import save_own

RED, BLUE = (220, 30, 30), (30, 60, 220)
Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def discs(colour: tuple[int, int, int], count: int = 40, seed: int = 0) -> Pixels:
    """uint8 [count, 3, 64, 64]: discs of many sizes in many places, on white."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64]
    places, radii = random.uniform(20, 44, (count, 2, 1, 1)), random.uniform(8, 18, (count, 1, 1))
    inside = (x - places[:, 0]) ** 2 + (y - places[:, 1]) ** 2 < radii**2
    images = np.where(inside[:, None], np.array(colour, np.uint8)[:, None, None], np.uint8(255))
    return images.astype(np.uint8)


def keep(data_dir: Path, images: Pixels, title: str = "My drawings", classes: Sequence[str] = ()) -> str:
    """Make a set of them, of these classes in turn; its slug."""
    labels = [i % len(classes) for i in range(len(images))] if classes else []
    return save_own(data_dir, title, images, labels, classes, {})

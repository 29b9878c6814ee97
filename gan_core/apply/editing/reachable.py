"""Where what is at a handle can go: short drags to all sides, and how far each came."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from gan_core.apply.editing.dragging import DragOptions, drag
from gan_core.apply.editing.features import Sight
from gan_core.apply.editing.latents import Latents
from gan_core.apply.editing.regions import Picture

SIDES = 8
_FAR = 0.25  # of the picture's width, how far is asked for
_MOST_STEPS = 12


@dataclass(frozen=True, eq=False)
class Reachable:
    """handle: (x, y) in pixels; ends: [K, 2], how far the handle came to each side so far, in the order of angles
    0, 1 / SIDES, ... of a turn from the x axis toward y. asked: px to each side, where the picture did not end."""

    handle: tuple[float, float]
    ends: NDArray[np.float64]
    asked: float

    @property
    def reach(self) -> NDArray[np.float64]:
        """How far it came toward each side, [K] px; at least 0."""
        angles = 2.0 * math.pi * np.arange(len(self.ends)) / SIDES
        ways = np.stack([np.cos(angles), np.sin(angles)], 1)
        along: NDArray[np.float64] = ((self.ends - np.array(self.handle)) * ways).sum(1)
        return np.maximum(along, 0.0)

    def holds(self, x: float, y: float) -> bool:
        """Whether a place lies within what was reached; between two sides as far as a straight line leads."""
        if len(self.ends) < SIDES:
            return False
        right, down = x - self.handle[0], y - self.handle[1]
        turn = (math.atan2(down, right) / (2.0 * math.pi)) % 1.0 * SIDES
        first, share = int(turn) % SIDES, turn % 1.0
        reach = self.reach
        far = (1.0 - share) * reach[first] + share * reach[(first + 1) % SIDES]
        return bool(math.hypot(right, down) <= far + 1e-9)


def reachable(
    latents: Latents, sight: Sight, start: Tensor, handle: tuple[float, float], radius: float
) -> Iterator[Reachable]:  # fmt: skip
    """Side by side; the last one has all. Deterministic; closing the iterator cancels it."""
    size, far, ends = sight.size, _FAR * sight.size, list[NDArray[np.float64]]()
    for side in range(SIDES):
        angle = 2.0 * math.pi * side / SIDES
        x = min(max(handle[0] + far * math.cos(angle), 0.0), float(size))
        y = min(max(handle[1] + far * math.sin(angle), 0.0), float(size))
        *_, last = drag(latents, sight, start, ((*handle, x, y),), DragOptions(radius, _MOST_STEPS))
        ends.append(last.handles[0])
        yield Reachable(handle, np.stack(ends), far)


def chart(picture: Picture, found: list[Reachable], times: int = 12) -> Picture:
    """uint8 [times * size, times * size, 3]: the picture enlarged, each handle, how far it came and the way asked."""
    large = picture.repeat(times, 0).repeat(times, 1)
    image = Image.fromarray(large if large.shape[2] == 3 else large.repeat(3, 2))
    ink = ImageDraw.Draw(image)
    for each in found:
        x, y = each.handle
        ends = [(float(a) * times, float(b) * times) for a, b in each.ends]
        for colour, width in (((18, 22, 28), 5), ((240, 181, 64), 2)):
            ink.line([*ends, *ends[:1]], fill=colour, width=width, joint="curve")
        for (a, b), radius, colour in [
            *((end, 4, (240, 181, 64)) for end in ends),
            ((x * times, y * times), 5, (255,) * 3),
        ]:
            ink.ellipse((a - radius, b - radius, a + radius, b + radius), fill=colour, outline=(18, 22, 28))
    return np.asarray(image)

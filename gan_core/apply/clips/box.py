"""The subject of a clip: a box that is cut out of every frame, brought to the generator's size, and put back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from gan_core.apply.clips.reading import Frame
from gan_core.apply.editing.regions import Picture, weights
from gan_core.latent.targets import fit_shape
from gan_core.nets.base import ImageShape

WAYS = ("picture", "change")
SMALLEST = 8  # px a side
_BOX = re.compile(r"([0-9]{1,5}),([0-9]{1,5}),([0-9]{1,5}),([0-9]{1,5})")


@dataclass(frozen=True)
class Box:
    """In pixels of the frame: x, y of the upper left corner, then how wide and how high."""

    x: int
    y: int
    width: int
    height: int

    def words(self) -> str:
        return f"{self.x},{self.y},{self.width},{self.height}"


def read_box(text: str) -> Box:
    """ "X,Y,WIDTH,HEIGHT". Raises ValueError, one sentence."""
    match = _BOX.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f'The box is "{text[:40]}"; it must be X,Y,WIDTH,HEIGHT in pixels of the clip, as 80,0,240,240.'
        )
    return Box(*map(int, match.groups()))


def fitting(box: Box | None, width: int, height: int) -> Box:
    """The box within frames of this size; the largest centred square where there is none. Raises ValueError."""
    if box is None:
        side = min(width, height)
        return Box((width - side) // 2, (height - side) // 2, side, side)
    if min(box.width, box.height) < SMALLEST or box.x + box.width > width or box.y + box.height > height:
        raise ValueError(
            f"The box {box.words()} does not lie within the clip's frames of {width} x {height} pixels with sides of "
            f"at least {SMALLEST}; give one that does."
        )
    return box


@dataclass(frozen=True)
class Setting:
    """How what a generator draws goes into a frame.

    way: "picture" puts the edited picture there; "change" adds what the edit changed to what the frame shows, so that
    detail which the generator cannot draw stays. soft: pixels over which it comes in at the box's border.
    """

    box: Box
    width: int
    height: int
    soft: float
    way: str = "picture"

    @cached_property
    def share(self) -> NDArray[np.float64]:
        """How much of the new each pixel of the box takes, [height, width, 1]; the frame's edge is no border."""
        region = np.zeros((self.height, self.width), bool)
        region[self._rows, self._columns] = True
        return weights(region, self.soft)[self._rows, self._columns, None]

    @property
    def _rows(self) -> slice:
        return slice(self.box.y, self.box.y + self.box.height)

    @property
    def _columns(self) -> slice:
        return slice(self.box.x, self.box.x + self.box.width)

    def cut(self, frame: Frame, shape: ImageShape) -> Picture:
        """What is in the box, uint8 [size, size, C] as the generator has it."""
        part = Image.fromarray(np.ascontiguousarray(frame[self._rows, self._columns]))
        if part.size != (shape.size, shape.size):
            small = max(part.size) >= shape.size
            part = part.resize(
                (shape.size, shape.size), Image.Resampling.LANCZOS if small else Image.Resampling.BICUBIC
            )
        pixels = torch.from_numpy(np.asarray(part).transpose(2, 0, 1).copy())
        return fit_shape(pixels[None], shape)

    def put(self, frame: Frame, before: Picture, after: Picture) -> Frame:
        """The frame with the edit in its box; outside the box it is equal to the last bit.

        before, after: the generator's own picture of this frame without and with the edit, uint8 [size, size, C].
        """
        old = frame[self._rows, self._columns].astype(np.float64)
        new = self._enlarged(after)
        if self.way == "change":
            new = old + (new - self._enlarged(before))
        made = frame.copy()
        mixed = old + self.share * (new - old)
        made[self._rows, self._columns] = np.rint(mixed.clip(0.0, 255.0)).astype(np.uint8)
        return made

    def _enlarged(self, picture: Picture) -> NDArray[np.float64]:
        """In the box's size, between pixels as a cubic leads; [height, width, 3 or 1]."""
        to = (self.box.width, self.box.height)
        parts = [
            np.asarray(
                Image.fromarray(np.ascontiguousarray(picture[..., c]))
                .convert("F")
                .resize(to, Image.Resampling.BICUBIC)
            )
            for c in range(picture.shape[2])
        ]
        return np.stack(parts, -1).astype(np.float64)

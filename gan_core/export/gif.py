"""Animated GIFs; the film of the training: the kept sample grids one after another.

Frames are encoded one by one and joined here, so that memory holds one picture and the file so far, however long
the run was. The layout of the blocks is that of the GIF89a specification (CompuServe 1990).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image
from PIL.Image import Dither, Quantize, Resampling

SHORTEST_FRAME = 4  # hundredths of a second; browsers slow down what asks for less than 2
LONGEST_FRAME = 50
PALETTE_PIXELS = 4096  # a palette fitted to so many pixels is within a tenth of one fitted to all, ten times sooner

EXTENSION, GRAPHIC_CONTROL, PICTURE, TRAILER = 0x21, 0xF9, 0x2C, 0x3B
LOOP_FOR_EVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"


def training_gif(
    count: int, frame: Callable[[int], bytes], *, seconds: float = 8.0, hold_seconds: float = 2.0, scale: int = 2
) -> bytes:
    """The film as the bytes of a GIF that loops.

    count: how many grids there are, at least 1. frame(i): the i-th grid as an encoded image, all of one size; only
    asked for the frames that are shown, in order. seconds: the length before the last frame, which then stays for
    `hold_seconds`. With more grids than 25 a second, evenly spaced ones are shown; first and last always are.
    scale: every pixel is drawn as scale x scale ones (1 to 16).
    """
    if count < 1:
        raise ValueError("There is no sample grid yet: train until the first one is there.")
    if not 1 <= scale <= 16:
        raise ValueError(f"scale is {scale}; it must be a whole number from 1 to 16.")
    if not 0.1 <= seconds <= 120 or not 0 <= hold_seconds <= 60:
        given = f"seconds is {seconds:g} and hold_seconds {hold_seconds:g}"
        raise ValueError(f"{given}; they must be from 0.1 to 120 and from 0 to 60.")
    shown = shown_frames(count, seconds)
    delay = min(LONGEST_FRAME, max(SHORTEST_FRAME, round(100 * seconds / len(shown))))
    out = io.BytesIO()
    writer = GifWriter(out)
    for index in shown:
        pause = delay if index != shown[-1] else max(delay, round(100 * hold_seconds))
        with Image.open(io.BytesIO(frame(index))) as image:
            writer.add(image, pause, scale)
    writer.close()
    return out.getvalue()


def shown_frames(count: int, seconds: float) -> list[int]:
    """Which of `count` grids a film of `seconds` shows: evenly spaced, each once, first and last among them."""
    most = max(2, int(100 * seconds) // SHORTEST_FRAME)
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


class GifWriter:
    """Writes frame after frame to `out`; each has a palette of its own."""

    def __init__(self, out: BinaryIO, *, loop: bool = True) -> None:
        self._out, self._loop, self._screen = out, loop, b""

    def add(self, image: Image.Image, hundredths: int, scale: int = 1) -> None:
        """One more frame, grey or in colour, shown for so many hundredths of a second (0 to 65,535).

        scale: every pixel is drawn as scale x scale ones. Raises ValueError where its size is not the first one's.
        """
        picture = _encode(image, scale)
        if not self._screen:
            self._screen = picture.screen
            self._out.write(b"GIF89a" + picture.screen + (LOOP_FOR_EVER if self._loop else b""))
        if picture.screen[:4] != self._screen[:4]:
            raise ValueError("The pictures are not all of one size, so they make no film.")
        pause = hundredths.to_bytes(2, "little")
        self._out.write(bytes([EXTENSION, GRAPHIC_CONTROL, 4, 0]) + pause + b"\x00\x00" + picture.block)

    def close(self) -> None:
        self._out.write(bytes([TRAILER]))


@dataclass(frozen=True)
class _Picture:
    """screen: the logical screen descriptor without a palette; block: one picture with a palette of its own."""

    screen: bytes
    block: bytes


def _encode(image: Image.Image, scale: int) -> _Picture:
    few = _few_colours(image)
    large = few.resize((few.width * scale, few.height * scale), Resampling.NEAREST)
    single = io.BytesIO()
    large.save(single, "GIF", optimize=False, interlace=0)
    return _take_apart(single.getvalue())


def _few_colours(image: Image.Image) -> Image.Image:
    """At most 256 colours: every grey level exactly, or the palette that fits this picture (median cut + k-means)."""
    if image.mode == "L":
        return image.copy()
    image = image.convert("RGB")
    stride = max(1, round((image.width * image.height / PALETTE_PIXELS) ** 0.5))
    few = image.resize((max(1, image.width // stride), max(1, image.height // stride)), Resampling.NEAREST)
    palette = few.quantize(256, method=Quantize.MEDIANCUT, kmeans=1)
    return image.quantize(palette=palette, dither=Dither.NONE)


def _take_apart(gif: bytes) -> _Picture:
    """A GIF of one picture with a global palette -> the same picture with a local one."""
    flags, at = gif[10], 13
    colours = 3 << ((flags & 7) + 1)
    palette = gif[at : at + colours]
    at += colours
    while gif[at] == EXTENSION:
        at += 2
        while gif[at]:  # sub-blocks, each led by its length
            at += 1 + gif[at]
        at += 1
    if not flags & 0x80 or gif[at] != PICTURE or gif[at + 9] & 0x80:
        raise ValueError("The picture was not encoded as a GIF with one global palette.")
    descriptor = gif[at : at + 9] + bytes([0x80 | (flags & 7)])
    screen = gif[6:10] + bytes([flags & 0x70]) + b"\x00\x00"
    return _Picture(screen, descriptor + palette + gif[at + 10 : -1])

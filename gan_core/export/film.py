"""A film of pictures that follow each other: an animated GIF, or MP4 (H.264 where the encoder is there).

Frames are taken from an iterator and encoded one at a time, so that memory holds the file so far and one picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO, Protocol

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray
from PIL import Image
from PIL.Image import Resampling

from gan_core.export.gif import GifWriter

Picture = NDArray[np.uint8]
"""[height, width, channels], one channel (grey) or three (red, green, blue)."""

MIME = {"gif": "image/gif", "mp4": "video/mp4"}
SMALLEST, LARGEST = 64, 1080  # pixels of the longer side
FASTEST = {"gif": 50, "mp4": 60}  # frames a second; browsers slow a GIF down whose frames last less than 2 / 100 s
LONGEST = 60.0  # seconds
HEAVIEST = 128 * 1024 * 1024  # bytes of a film: it is made in memory
QUALITY = "16"  # x264's constant rate factor: hardly to be told from the source
MPEG4_BITS_PER_PIXEL = 0.6


@dataclass(frozen=True)
class Film:
    """What the film is to be. Raises ValueError where it cannot be.

    kind: "gif" or "mp4". size: pixels of the longer side. smooth: enlarged in between pixels to exactly that size
    (bicubic); else each pixel becomes a square of whole pixels, as many as fit. loop: a GIF starts again.
    """

    kind: str = "mp4"
    size: int = 512
    frames_per_second: int = 30
    seconds: float = 4.0
    smooth: bool = False
    loop: bool = True

    def __post_init__(self) -> None:
        if self.kind not in MIME:
            raise ValueError(f"A film is gif or mp4, not {self.kind!r}.")
        if not _whole(self.size) or not SMALLEST <= self.size <= LARGEST:
            raise ValueError(f"The film's size is {self.size} pixels; it must be from {SMALLEST} to {LARGEST}.")
        fastest = FASTEST[self.kind]
        if not _whole(self.frames_per_second) or not 1 <= self.frames_per_second <= fastest:
            given = f"The film's rate is {self.frames_per_second} frames a second"
            raise ValueError(f"{given}; a film of the kind {self.kind} has from 1 to {fastest}, a whole number.")
        if not isinstance(self.seconds, int | float) or not 0 < self.seconds <= LONGEST:
            raise ValueError(
                f"The film lasts {self.seconds} seconds; it must be more than 0 and at most {LONGEST:g}."
            )

    def side(self, side: int) -> int:
        """Pixels a side of the film, of square pictures of so many."""
        large = self.size if self.smooth or side > self.size else self.size // side * side
        return large + large % 2 if self.kind == "mp4" else large

    @property
    def frame_count(self) -> int:
        return max(1, round(self.seconds * self.frames_per_second))


def write_film(film: Film, frames: Iterable[Picture], progress: Callable[[float], None] = lambda part: None) -> bytes:
    """The film as a file: the first `film.frame_count` of the frames, all of one size.

    progress is told the part that is done (0 to 1) after each frame; what it raises ends the film.
    Raises ValueError: too few frames, of several sizes, or a film that grows too heavy.
    """
    out = io.BytesIO()
    written = 0
    with closing(_writer(film, out)) as writer:
        for picture in _taken(frames, film.frame_count):
            writer.add(picture)
            written += 1
            if out.tell() > HEAVIEST:
                limit = f"{HEAVIEST // 1024**2} MB"
                raise ValueError(
                    f"The film grew past {limit}: choose a smaller size, a lower rate or a shorter time."
                )
            progress(written / film.frame_count)
        if written < film.frame_count:
            raise ValueError(f"The film of {film.frame_count} frames was given {written}.")
    return out.getvalue()


def _taken(frames: Iterable[Picture], count: int) -> Iterator[Picture]:
    """At most `count` of them, without asking for one more."""
    shape: tuple[int, ...] | None = None
    for index, picture in enumerate(frames):
        shape = shape or picture.shape
        if picture.shape != shape or picture.ndim != 3 or shape[2] not in (1, 3) or picture.dtype != np.uint8:
            raise ValueError("The pictures are not all of one size, grey or coloured, so they make no film.")
        yield picture
        if index == count - 1:
            return


class _Writer(Protocol):
    def add(self, picture: Picture) -> None: ...

    def close(self) -> None: ...


def _writer(film: Film, out: BinaryIO) -> _Writer:
    return _Gif(film, out) if film.kind == "gif" else _Mp4(film, out)


class _Gif:
    def __init__(self, film: Film, out: BinaryIO) -> None:
        self._film, self._writer, self._count = film, GifWriter(out, loop=film.loop), 0

    def add(self, picture: Picture) -> None:
        # Hundredths of a second, rounded so that the end of every frame is within half of one from its due time.
        rate = self._film.frames_per_second
        pause = round(100 * (self._count + 1) / rate) - round(100 * self._count / rate)
        self._count += 1
        scale = _whole_scale(picture, self._film.size)
        if scale and not self._film.smooth:
            self._writer.add(_image(picture), pause, scale)  # the palette is fitted before it is enlarged
        else:
            self._writer.add(_image(enlarged(picture, self._film.size, smooth=True)), pause)

    def close(self) -> None:
        self._writer.close()


class _Mp4:
    def __init__(self, film: Film, out: BinaryIO) -> None:
        self._film, self._container = film, av.open(out, "w", format="mp4")
        self._stream: Any = None
        self._count = 0

    def add(self, picture: Picture) -> None:
        large = even(enlarged(picture, self._film.size, smooth=self._film.smooth))
        if self._stream is None:
            self._stream = video_stream(self._container, self._film.frames_per_second, large.shape)
        frame = video_frame(large)
        frame.pts, frame.time_base = self._count, Fraction(1, self._film.frames_per_second)
        self._count += 1
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()


def video_encoder() -> str:
    """The best encoder that is there: H.264 plays everywhere, MPEG-4 part 2 in most players but few browsers."""
    return "libx264" if "libx264" in av.codecs_available else "mpeg4"


def video_frame(picture: Picture) -> Any:
    """A picture of even sides as an encoder takes it."""
    frame = av.VideoFrame.from_ndarray(np.repeat(picture, 3, 2) if picture.shape[2] == 1 else picture, format="rgb24")
    # The standard of high-definition video, written into the file, so that every player shows the same colours.
    # By name, which is all that PyAV 14 understands here.
    return frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")


def video_stream(container: Any, rate: int | Fraction, shape: tuple[int, ...]) -> Any:
    """A stream of an open container for pictures of this shape, at so many a second."""
    encoder = video_encoder()
    options = {"crf": QUALITY, "preset": "fast"} if encoder == "libx264" else {}
    stream = container.add_stream(encoder, rate=rate, options=options)
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = "yuv420p"  # half the colour resolution: the one form that every player reads
    stream.codec_context.colorspace = Colorspace.ITU709
    stream.codec_context.color_primaries = stream.codec_context.color_trc = 1  # BT.709
    stream.codec_context.color_range = ColorRange.MPEG
    stream.codec_context.thread_count = 1  # training runs beside it
    if encoder == "mpeg4":
        stream.bit_rate = int(MPEG4_BITS_PER_PIXEL * shape[0] * shape[1] * rate)
    return stream


def enlarged(picture: Picture, size: int, *, smooth: bool = False) -> Picture:
    """The picture with its longer side at most `size` pixels.

    Each pixel becomes a square of as many whole pixels as fit; `smooth`, or larger than `size` to begin with:
    resampled (bicubic) to exactly that size.
    """
    scale = _whole_scale(picture, size)
    if scale and not smooth:
        return np.repeat(np.repeat(picture, scale, axis=0), scale, axis=1)
    height, width = picture.shape[:2]
    part = size / max(height, width)
    fitted = (max(1, round(width * part)), max(1, round(height * part)))
    resized = np.asarray(_image(picture).resize(fitted, Resampling.BICUBIC))
    return resized.reshape(*resized.shape[:2], picture.shape[2])


def _whole_scale(picture: Picture, size: int) -> int:
    return int(size // max(picture.shape[:2]))


def even(picture: Picture) -> Picture:
    """Sides of whole pairs of pixels, which share one colour: the last row or column twice where one is left over."""
    height, width = picture.shape[:2]
    if height % 2 == 0 and width % 2 == 0:
        return picture
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _image(picture: Picture) -> Image.Image:
    return Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

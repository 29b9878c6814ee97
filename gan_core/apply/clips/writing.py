"""Frames as a file: an MP4 with the times and the sound of the clip that they come from, or a GIF."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from gan_core.apply.clips.reading import Clip, Frame
from gan_core.config.files import atomic_path
from gan_core.export.film import HEAVIEST, even, video_frame, video_stream
from gan_core.export.gif import GifWriter

Told = Callable[[int], None]
"""Is told how many frames are written; may raise, and no file is left then."""


def write_clip(path: Path, kind: str, clip: Clip, frames: Iterable[Frame], told: Told = lambda count: None) -> None:
    """kind: "mp4" or "gif". One frame for each of the clip's; written whole or not at all.

    Raises ValueError where the file grows too heavy or frames are missing, OSError.
    """
    with atomic_path(path) as made:
        count = (_gif if kind == "gif" else _mp4)(made, clip, frames, told)
        if count != clip.count:
            raise ValueError(f"The film of {clip.count} frames was given {count}.")


def _mp4(path: Path, clip: Clip, frames: Iterable[Frame], told: Told) -> int:
    rate = clip.rate or Fraction(clip.count / clip.seconds).limit_denominator(1_000)
    durations = [*np.diff(clip.ticks), clip.last]
    count = 0
    with ExitStack() as stack:
        container = stack.enter_context(av.open(str(path), "w", format="mp4"))
        stream: Any = None
        sound = _Sound(stack, container, clip.soundtrack())
        for count, (frame, ticks, stays) in enumerate(zip(frames, clip.ticks, durations, strict=False), 1):
            picture = even(frame)
            if stream is None:
                stream = video_stream(container, rate, picture.shape)
                stream.codec_context.time_base = clip.time_base
                sound.begin()
            encoded = video_frame(picture)
            encoded.pts, encoded.time_base = ticks, clip.time_base
            encoded.duration = int(stays)
            sound.write(float(ticks * clip.time_base))
            container.mux(stream.encode(encoded))
            _light(path.stat().st_size if path.exists() else 0)  # there once the encoder has given something
            told(count)
        if stream is not None:
            container.mux(stream.encode(None))
        sound.write(float("inf"))
    return count


class _Sound:
    """A clip's sound beside its pictures, packet by packet in the order of their times."""

    def __init__(self, stack: ExitStack, container: Any, content: bytes) -> None:
        self._container = container
        self._stream: Any = None
        self._source: Any = None
        self._packets: Any = iter(())
        self._next: Any = None
        if content:
            source: Any = stack.enter_context(av.open(io.BytesIO(content), format="mp4"))
            if source.streams.audio:
                self._source = source.streams.audio[0]
                self._packets = source.demux(self._source)

    def begin(self) -> None:
        """Once the pictures have their stream, which is the first then."""
        if self._source is not None:
            self._stream = self._container.add_stream_from_template(self._source)
            self._next = next(self._packets, None)

    def write(self, until: float) -> None:
        while self._next is not None and self._stream is not None:
            packet = self._next
            if packet.dts is not None:
                if float(packet.dts * packet.time_base) > until:
                    return
                packet.stream = self._stream
                self._container.mux(packet)
            self._next = next(self._packets, None)


def _gif(path: Path, clip: Clip, frames: Iterable[Frame], told: Told) -> int:
    """Hundredths of a second, rounded so that the end of every frame is within half of one from its due time."""
    ends = [*clip.ticks[1:], clip.ticks[-1] + clip.last]
    count, before = 0, 0
    with path.open("wb") as file:
        writer = GifWriter(file)
        for count, (frame, end) in enumerate(zip(frames, ends, strict=False), 1):
            due = round(100 * (end - clip.ticks[0]) * clip.time_base)
            writer.add(Image.fromarray(frame), max(0, min(65_535, due - before)))
            before = due
            _light(file.tell())
            told(count)
        writer.close()
    return count


def _light(length: int) -> None:
    if length > HEAVIEST:
        raise ValueError(f"The film grew past {HEAVIEST // 1024**2} MB: give a shorter clip, or a smaller one.")

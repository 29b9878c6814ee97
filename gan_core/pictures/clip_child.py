"""The process that decodes one untrusted clip: frames, or its sound, to standard output.

    python -m gan_core.pictures.clip_child '{"paths": [...], "what": "frames", ...}'

What comes out are parts: one letter, four bytes with a length, and so many bytes. "i" is JSON on the clip, after its
first frame was decoded; "f" a frame, eight bytes with its time in ticks and RGB row by row; "e" the end, JSON; "s"
the sound as an MP4 of its own; "p" a problem, one sentence. What a file is, its content says, never its name; what a
clip can do to this process ends with it.
"""

from __future__ import annotations

import io
import json
import os
import signal
import struct
import sys
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from PIL import Image, ImageOps, UnidentifiedImageError

from gan_core.pictures.child import confine

HEAD = struct.Struct(">cI")
TICKS = struct.Struct(">q")
_MEMORY_BYTES = 2_000_000_000
_PICTURES = ("GIF", "PNG", "WEBP")  # those that can move
_FRAMES = (*_PICTURES, "JPEG", "TIFF", "BMP")  # files of a folder, a frame each
_READ = "MP4, WebM, GIF, animated WebP and APNG, and folders of frames are read"
_STILL_MS = 100  # how long a frame lasts whose file says nothing, as browsers have it
_COPIED = ("aac", "mp3")  # sound that goes into an MP4 as it is
_KNOWN_SPACES = (1, 5, 6, 7)  # matrices from YUV to RGB: BT.709, BT.601 twice, SMPTE 240M


class Unusable(Exception):
    """A clip that is not taken: the reason, one sentence."""


@dataclass(frozen=True)
class Asked:
    """background: what shows through transparent parts. rate: frames a second of a folder's frames."""

    paths: tuple[str, ...]
    what: str
    most_frames: int
    most_seconds: float
    most_pixels: int
    cpu_seconds: float
    background: tuple[int, int, int] = (0, 0, 0)
    rate: int = 25


@dataclass
class Told:
    """A clip: time_base is a tick in seconds. rate: its own word on its average rate, 0 where it says nothing."""

    kind: str
    width: int
    height: int
    time_base: tuple[int, int]
    rate: tuple[int, int]
    sound: bool
    rotated: int = 0
    transparent: bool = False


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks ends this process
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # checked below
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is not an answer
    data = json.loads(sys.argv[1])
    asked = Asked(**{**data, "paths": tuple(data["paths"]), "background": tuple(data["background"])})
    confine(_MEMORY_BYTES, asked.cpu_seconds)
    try:
        for letter, content in answered(asked):
            out.write(HEAD.pack(letter, len(content)) + content)
    except Unusable as problem:
        text = str(problem).encode()
        out.write(HEAD.pack(b"p", len(text)) + text)
    except Exception as error:  # a decoder's complaint of any kind is this clip's trouble
        text = f"The clip is damaged and cannot be read to its end ({type(error).__name__}); export it anew.".encode()
        out.write(HEAD.pack(b"p", len(text)) + text)
    out.flush()


def answered(asked: Asked) -> Iterator[tuple[bytes, bytes]]:
    """The parts of the answer. Raises Unusable."""
    if len(asked.paths) > 1:
        yield from _folder(asked)
        return
    path = Path(asked.paths[0])
    with path.open("rb") as file:
        start = file.read(16)
    film = container_of(start)
    if asked.what == "sound":
        if film:
            with path.open("rb") as file:
                yield b"s", _sound(file, film, asked)
    elif film:
        with path.open("rb") as file:
            yield from _film(file, film, asked)
    else:
        yield from _moving(path, start, asked)


def container_of(start: bytes) -> str:
    """The kind of film that begins so, at least 8 bytes of it: "mov" or "matroska"; "" for what is none."""
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    return "matroska" if start.startswith(b"\x1aE\xdf\xa3") else ""


# --- films


def _film(file: Any, kind: str, asked: Asked) -> Iterator[tuple[bytes, bytes]]:
    with av.open(file, format=kind, metadata_errors="replace") as container:
        streams = [each for each in container.streams.video if each.codec_context is not None]
        if not streams:
            raise Unusable("The clip has no pictures: it is cut short, has only sound, or is of a kind unknown here.")
        stream = streams[0]
        _check_size(stream.codec_context.width, stream.codec_context.height, asked)
        length = _length(container, stream)
        if length > asked.most_seconds + 0.05 or stream.frames > asked.most_frames:
            raise Unusable(_too_long(asked, length, stream.frames))
        stream.codec_context.thread_count = 1
        base = stream.time_base or Fraction(1, 90_000)
        rate = Fraction(stream.average_rate or 0)
        step = max(1, round(1 / (rate * base))) if rate else 1
        told: Told | None = None
        first = last = stays = 0
        for count, frame in enumerate(container.decode(stream), 1):
            ticks = last + step if frame.pts is None else frame.pts
            ticks = ticks if told is None else max(ticks, last + 1)
            if count == 1:
                first = ticks
            if count > asked.most_frames or (ticks - first) * base > asked.most_seconds + 0.05:
                raise Unusable(_too_long(asked, length, stream.frames))
            picture, turn = _rgb(frame, asked)
            if told is None:
                told = Told("film", picture.shape[1], picture.shape[0], base.as_integer_ratio(),
                            rate.as_integer_ratio(), bool(container.streams.audio), turn)  # fmt: skip
                yield b"i", json.dumps(asdict(told)).encode()
            yield _frame(picture, ticks, told)
            step = ticks - last if count > 1 else step
            last, stays = ticks, frame.duration or step
        yield b"e", json.dumps({"last": stays}).encode()


def _length(container: Any, stream: Any) -> float:
    """In seconds, as the file says; 0 where it says nothing."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / av.time_base


def _rgb(frame: Any, asked: Asked) -> tuple[np.ndarray[Any, Any], int]:
    _check_size(frame.width, frame.height, asked)
    space = int(frame.colorspace)
    space = space if space in _KNOWN_SPACES else 1 if frame.height >= 720 else 5
    if frame.format.is_rgb or frame.format.name.startswith("gray"):
        picture = frame.to_ndarray(format="rgb24")
    else:
        picture = frame.reformat(format="rgb24", src_colorspace=space).to_ndarray()
    turn = round(frame.rotation / 90) % 4  # quarters counter-clockwise
    return np.ascontiguousarray(np.rot90(picture, turn)), 90 * turn


def _sound(file: Any, kind: str, asked: Asked) -> bytes:
    """The first track, as it is where an MP4 may hold it, else as AAC; empty where there is none."""
    out = io.BytesIO()
    with av.open(file, format=kind, metadata_errors="replace") as container:
        streams = [each for each in container.streams.audio if each.codec_context is not None]
        if not streams:
            return b""
        stream, most = streams[0], asked.most_seconds + 2.0
        with av.open(out, "w", format="mp4") as writer:
            if stream.codec_context.name in _COPIED:
                copy = writer.add_stream_from_template(stream)
                for packet in container.demux(stream):
                    if packet.dts is not None and float(packet.dts * packet.time_base) <= most:
                        packet.stream = copy
                        writer.mux(packet)
            else:
                _as_aac(container, stream, writer, most)
    return out.getvalue()


def _as_aac(container: Any, stream: Any, writer: Any, most: float) -> None:
    rate = stream.codec_context.sample_rate
    rate = rate if rate in (44_100, 48_000, 32_000, 22_050, 16_000) else 48_000
    layout = "mono" if stream.codec_context.channels == 1 else "stereo"
    to = writer.add_stream("aac", rate=rate, layout=layout)
    resampler = AudioResampler(format="fltp", layout=layout, rate=rate)
    for frame in container.decode(stream):
        if frame.time is not None and frame.time > most:
            break
        for part in resampler.resample(frame):
            writer.mux(to.encode(part))
    for part in resampler.resample(None):
        writer.mux(to.encode(part))
    writer.mux(to.encode(None))


# --- moving pictures, and frames in a folder


def _moving(path: Path, start: bytes, asked: Asked) -> Iterator[tuple[bytes, bytes]]:
    if start[:4] == b"RIFF" and start[8:16] == b"WEBPVP8X":  # its decoder takes the whole canvas when it is opened
        with path.open("rb") as file:
            head = file.read(30)
        width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
        _check_size(width, height, asked)
    try:
        image = Image.open(path, formats=_PICTURES)
    except UnidentifiedImageError:
        raise Unusable(f"This is no clip that can be read; {_READ}.") from None
    with image:
        _check_size(*image.size, asked)
        count = int(getattr(image, "n_frames", 1))
        if count > asked.most_frames:
            raise Unusable(_too_long(asked, 0.0, count))
        told = Told(str(image.format).lower(), *image.size, (1, 1000), (0, 1), False)
        ticks = duration = 0
        for index in range(count):
            image.seek(index)
            picture, seen_through = _flat(image, asked)
            told.transparent = told.transparent or seen_through
            if index == 0:
                yield b"i", json.dumps(asdict(told)).encode()
            duration = round(float(image.info.get("duration") or 0)) or _STILL_MS
            if ticks > 1000 * asked.most_seconds:
                raise Unusable(_too_long(asked, ticks / 1000, count))
            yield _frame(picture, ticks, told)
            ticks += duration
        yield b"e", json.dumps({"last": duration}).encode()


def _folder(asked: Asked) -> Iterator[tuple[bytes, bytes]]:
    if len(asked.paths) > asked.most_frames:
        raise Unusable(_too_long(asked, 0.0, len(asked.paths)))
    told: Told | None = None
    for index, path in enumerate(asked.paths):
        try:
            image = Image.open(path, formats=_FRAMES)
        except UnidentifiedImageError:
            raise Unusable(
                f"Frame {index + 1} of the folder is no picture; PNG, JPEG, WebP, TIFF and BMP are."
            ) from None
        with image:
            _check_size(*image.size, asked)
            picture, seen_through = _flat(ImageOps.exif_transpose(image), asked)
        if told is None:
            told = Told("folder", picture.shape[1], picture.shape[0], (1, asked.rate), (asked.rate, 1), False)
            told.transparent = seen_through
            yield b"i", json.dumps(asdict(told)).encode()
        yield _frame(picture, index, told)
    yield b"e", json.dumps({"last": 1}).encode()


def _flat(image: Image.Image, asked: Asked) -> tuple[np.ndarray[Any, Any], bool]:
    """RGB, and whether something was transparent."""
    if image.mode in ("PA", "LA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        whole = image.convert("RGBA")
        if whole.getchannel("A").getextrema() != (255, 255):
            ground = Image.new("RGBA", whole.size, (*asked.background, 255))
            return np.asarray(Image.alpha_composite(ground, whole).convert("RGB")), True
        return np.asarray(whole.convert("RGB")), False
    return np.asarray(image.convert("RGB")), False


def _frame(picture: np.ndarray[Any, Any], ticks: int, told: Told) -> tuple[bytes, bytes]:
    if picture.shape != (told.height, told.width, 3):
        raise Unusable(
            f"The clip's frames are not all of one size: one is {picture.shape[1]} x {picture.shape[0]} pixels and "
            f"the first {told.width} x {told.height}; export it at one size."
        )
    return b"f", TICKS.pack(ticks) + picture.tobytes()


def _check_size(width: int, height: int, asked: Asked) -> None:
    if width * height > asked.most_pixels:
        raise Unusable(
            f"The clip's frames are {width} x {height} pixels; at most {asked.most_pixels / 1e6:.1f} megapixels, as "
            "1920 x 1088, are edited: make the clip smaller."
        )
    if min(width, height) < 8:
        raise Unusable(f"The clip's frames are {width} x {height} pixels; each side must be at least 8.")


def _too_long(asked: Asked, seconds: float, frames: int) -> str:
    known = [f"lasts {seconds:.0f} s"] if seconds else []
    known += [f"has {frames:,} frames"] if frames else []
    most = f"at most {asked.most_seconds:g} s and {asked.most_frames:,} frames are edited: cut a part out of it"
    return f"The clip {' and '.join(known) or 'is too long'}; {most}."


if __name__ == "__main__":
    main()

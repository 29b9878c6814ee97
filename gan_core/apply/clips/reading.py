"""A clip that somebody brought, frame by frame: MP4, WebM, GIF, animated WebP and APNG, or a folder of frames.

It is decoded in another process (`gan_core.pictures.clip_child`) every time it is gone through, so that memory holds
one frame; what a decoder does wrong ends with that process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from gan_core.pictures.clip_child import HEAD, TICKS, Asked, Told

MOST_FRAMES, MOST_SECONDS = 900, 30.0
MOST_PIXELS = 1920 * 1088  # of a frame
MOST_BYTES = 200_000_000  # of a file, or of a folder's together
_CPU_SECONDS = 300.0  # to decode it once
_MOST_PART = 4 * MOST_PIXELS  # bytes of one part of the answer: a frame
_MOST_SOUND = 20_000_000
_ROOT = Path(__file__).parents[3]

Frame = NDArray[np.uint8]
"""[height, width, 3], red, green and blue."""


@dataclass(frozen=True)
class Clip:
    """Where a clip lies, and what was found when it was gone through once.

    kind: "film", "folder" or a moving picture's format. ticks: when each frame is shown, in units of time_base
    seconds; last: how long the last one stays, in ticks. sound: whether it has any. rotated: degrees
    counter-clockwise by which its frames were turned upright.
    """

    paths: tuple[Path, ...]
    kind: str
    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    ticks: tuple[int, ...]
    last: int
    sound: bool
    rotated: int = 0
    transparent: bool = False
    background: tuple[int, int, int] = (0, 0, 0)

    @property
    def count(self) -> int:
        return len(self.ticks)

    @property
    def seconds(self) -> float:
        return float((self.ticks[-1] - self.ticks[0] + self.last) * self.time_base)

    def frames(self) -> Iterator[Frame]:
        """Every frame, in order. Raises ValueError where the clip no longer is what it was."""
        count = 0
        with closing(_parts(_asked(self.paths, "frames", self.background))) as parts:
            for letter, content in parts:
                if letter == b"f":
                    yield _picture(content, self.width, self.height)
                    count += 1
        if count != self.count:
            raise ValueError("The clip has changed while it was worked on; begin anew.")

    def soundtrack(self) -> bytes:
        """As an MP4 without pictures; empty where there is none."""
        if not self.sound:
            return b""
        with closing(_parts(_asked(self.paths, "sound", self.background))) as parts:
            return b"".join(content for letter, content in parts if letter == b"s")


def read_clip(
    paths: tuple[Path, ...], background: tuple[int, int, int] = (0, 0, 0), rate: int = 25
) -> Generator[tuple[Frame, Told] | Clip, None, None]:
    """Goes through a clip once: each frame with what is known by then, and at the end the Clip.

    paths: one file, or the frames of a folder in order. rate: frames a second of those. background: what shows
    through transparent parts. Raises ValueError, one sentence, for what is no clip or too much of one.
    """
    if not paths:
        raise ValueError("The folder has no frames; put pictures into it that follow each other by their names.")
    if sum(path.stat().st_size for path in paths) > MOST_BYTES:
        raise ValueError(f"The clip has more than {MOST_BYTES // 1_000_000} MB; make it shorter or smaller.")
    told: Told | None = None
    ticks, last = list[int](), 1
    with closing(_parts(_asked(paths, "frames", background, rate))) as parts:
        for letter, content in parts:
            if letter == b"i":
                told = Told(**json.loads(content))
            elif letter == b"f" and told is not None:
                ticks.append(TICKS.unpack(content[: TICKS.size])[0])
                yield _picture(content, told.width, told.height), told
            elif letter == b"e":
                last = max(1, int(json.loads(content)["last"]))
    if told is None or not ticks:
        raise ValueError("The clip has no frames; export it anew.")
    if len(ticks) == 1:
        raise ValueError("The clip has a single frame; edit it as a picture instead.")
    yield Clip(
        paths, told.kind, told.width, told.height, Fraction(*told.time_base), Fraction(*told.rate), tuple(ticks),
        last, told.sound, told.rotated, told.transparent, background,
    )  # fmt: skip


def _asked(paths: tuple[Path, ...], what: str, background: tuple[int, int, int], rate: int = 25) -> Asked:
    return Asked(tuple(str(path.absolute()) for path in paths), what, MOST_FRAMES, MOST_SECONDS, MOST_PIXELS,
                 _CPU_SECONDS, background, rate)  # fmt: skip


def _picture(content: bytes, width: int, height: int) -> Frame:
    return np.frombuffer(content, np.uint8, offset=TICKS.size).reshape(height, width, 3)


def _parts(asked: Asked) -> Generator[tuple[bytes, bytes], None, None]:
    """What the other process answers; it ends when this is closed. Raises ValueError, one sentence."""
    more = os.environ.get("PYTHONPATH")
    path = os.pathsep.join((os.fspath(_ROOT), *((more,) if more else ())))
    process = subprocess.Popen(
        [sys.executable, "-m", "gan_core.pictures.clip_child", json.dumps(asdict(asked))],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        while head := process.stdout.read(HEAD.size):
            letter, length = HEAD.unpack(head) if len(head) == HEAD.size else (b"?", 0)
            if letter not in (b"i", b"f", b"e", b"s", b"p") or length > (
                _MOST_SOUND if letter == b"s" else _MOST_PART
            ):
                raise ValueError("The clip cannot be decoded here; export it anew.")
            content = _whole(process.stdout, length)
            if letter == b"p":
                raise ValueError(content.decode("utf-8", "replace"))
            yield letter, content
        if process.wait(10) != 0:
            raise ValueError("The clip takes too much time or memory to decode; make it shorter or smaller.")
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def _whole(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise ValueError("The clip takes too much time or memory to decode; make it shorter or smaller.")
    return content

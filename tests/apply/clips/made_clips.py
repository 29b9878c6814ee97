"""Clips made on the spot, and a generator of a disc whose place follows from its latent."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan_core.apply import Cancelled, Workplace
from gan_core.latent import Explorable
from gan_core.nets.base import GeneratorNet
from gan_core.nets.layers import LatentWithLabel

Pictures = NDArray[np.uint8]


class Disc(GeneratorNet):
    """A soft disc of 16 x 16 pixels: the first two numbers are its place, two pixels a unit, the third its light."""

    def __init__(self) -> None:
        super().__init__()
        self.latent = LatentWithLabel(3, 0)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        z = self.latent(z, labels)
        middle = 8.0 + 2.0 * z[:, :2]
        centre = torch.arange(16) + 0.5
        right, down = ((centre[None] - middle[:, i : i + 1]).square() for i in (0, 1))
        disc = torch.exp(-(down[:, :, None] + right[:, None, :]) / 12.0)
        return (1.4 + 0.5 * torch.tanh(z[:, 2]))[:, None, None, None] * disc[:, None] - 1.0


def moving(count: int, width: int = 24, height: int = 20) -> Pictures:
    """A bright square that goes to the right on a patterned ground, [count, height, width, 3]."""
    ground = np.add.outer(np.arange(height) * 3, np.arange(width) * 2)[..., None] + np.array([0, 20, 40])
    frames = np.repeat(ground[None].astype(np.uint8), count, 0)
    for i, frame in enumerate(frames):
        frame[6:14, 4 + i % 8 : 12 + i % 8] = (230, 210, 190)
    return frames


def film(
    frames: Pictures, rate: int | Fraction = 25, *, kind: str = "mp4", codec: str = "libx264", sound: str = "",
    ticks: list[int] | None = None,
) -> bytes:  # fmt: skip
    """ticks: in units of 1 / rate; sound: its codec, a tone as long as so many frames at this rate."""
    out = io.BytesIO()
    with av.open(out, "w", format=kind) as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        tone: Any = container.add_stream(sound, rate=48_000, layout="mono") if sound else None
        for i, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = (i if ticks is None else ticks[i]), 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if tone is not None:
            for start in range(0, int(48_000 * len(frames) / rate), 960):
                wave = (8_000 * np.sin(np.arange(start, start + 960) / 20)).astype(np.int16)[None]
                part = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
                part.sample_rate, part.pts, part.time_base = 48_000, start, Fraction(1, 48_000)
                container.mux(tone.encode(part))
            container.mux(tone.encode(None))
    return out.getvalue()


def animation(frames: Pictures, kind: str, durations: list[int]) -> bytes:
    out = io.BytesIO()
    first, *rest = (Image.fromarray(frame) for frame in frames)
    more = {"lossless": True} if kind == "WEBP" else {}
    first.save(out, kind, save_all=True, append_images=rest, duration=durations, **more)
    return out.getvalue()


def png(pixels: Pictures) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def opened(path: Path) -> tuple[Any, int, float]:
    """Of a film: (width, height, average rate), how many frames decode, and seconds of sound."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        count = sum(1 for _ in container.decode(stream))
        sound = max((float(s.duration * s.time_base) for s in container.streams.audio), default=0.0)
        return (stream.width, stream.height, stream.average_rate), count, sound


def workplace(folder: Path, model: Explorable, inputs: dict[str, bytes], stop_at: str = "never") -> Workplace:
    """stop_at: words of the progress at which it is cancelled."""

    def progress(share: float, words: str) -> None:
        assert 0.0 <= share <= 1.0
        if words.startswith(stop_at):
            raise Cancelled

    place = Workplace(folder, folder, torch.device("cpu"), progress, lambda series, values: None, lambda name: model)
    for each in (place.input, place.parts, place.result):
        each.mkdir(exist_ok=True, parents=True)
    for name, content in inputs.items():
        (place.input / name).write_bytes(content)
    return place

"""Writes into recordings what goes on in each of their pictures, read off the pictures as they are in the file.

    python -m benchmarks.recordings.captions [PRESET ...]

Needed alone where the rules of captions have changed; `benchmarks.recordings` does it too.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gan_core.config.codec import from_dict
from gan_core.config.files import write_atomically
from gan_core.data.sets.points import PointDataset
from gan_core.measure.captions.moment import Moment, PlaneView, moment_of_images, moment_of_scene
from gan_core.measure.captions.rules import caption
from gan_core.measure.referee.eye import Eye, cut_atlas, flat_features
from gan_core.training import RunConfig
from gan_core.training.observe.scene import Scene
from pages.server.http.recordings import FOLDER
from pages.server.live import wire
from pages.server.live.captions import RECENT_POINTS, told_of

Frame = tuple[dict[str, Any], list[bytes]]


def unpacked(data: bytes) -> list[Frame]:
    """The frames of a file."""
    data, at, found = gzip.decompress(data), 0, []
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        found.append(wire.unpack(data[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def packed_frames(frames: list[Frame]) -> bytes:
    made = [wire.pack({k: v for k, v in header.items() if k != "blobs"}, blobs) for header, blobs in frames]
    return gzip.compress(b"".join(struct.pack("<I", len(frame)) + frame for frame in made), 9, mtime=0)


def captioned(data: bytes) -> bytes:
    """The same recording with a caption in the header of every picture, and what is counted in it.

    Of points that is what is seen: a file holds some hundreds of them.
    """
    frames = unpacked(data)
    config = from_dict(RunConfig, frames[0][0]["config"])
    see = (
        _of_points(config) if isinstance(config.data, PointDataset) else _of_pictures(config, frames[0][0]["columns"])
    )
    before: Moment | None = None
    for header, blobs in frames:
        if header["type"] == "records":
            see(header, blobs)
        if header["type"] == "grid":
            moment = see(header, blobs)
            header["grid"]["caption"], header["grid"]["counted"] = caption(moment, before), told_of(moment)
            before = moment
    return packed_frames(frames)


def _of_points(config: RunConfig) -> Any:
    data, words = config.data, np.zeros(0, np.uint16)
    assert isinstance(data, PointDataset)
    real = data.load(1, Path()).images[:2000].reshape(-1, 2).numpy()
    view = PlaneView(real, data.extent, data.modes(), config.loss.fixed_threshold())

    def see(header: dict[str, Any], blobs: list[bytes]) -> Moment | None:
        nonlocal words, view
        if header["type"] != "grid":
            return None
        scene, words = decoded(blobs[0], words)
        if view.untrained is None:
            view = PlaneView(view.real, view.extent, view.modes, view.threshold, scene.fakes)
        return moment_of_scene(scene, view, header["grid"]["step"])

    return see


def decoded(scene: bytes, before: np.ndarray[Any, Any]) -> tuple[Scene, np.ndarray[Any, Any]]:
    """A scene of a file and its words, from those of the one before (none: empty)."""
    (length,) = struct.unpack_from("<I", scene)
    listed, bytes_ = json.loads(scene[4 : 4 + length]), np.frombuffer(scene, np.uint8, offset=4 + length)
    words = bytes_.reshape(2, -1).T.copy().view("<u2").ravel()
    if len(before):
        words = words + before
    values = {
        one["name"]: words[one["offset"] // 2 :][: one["bytes"] // 2].view(np.int16).reshape(one["shape"])
        * np.float32(listed["scales"][one["name"]])
        for one in listed["arrays"]
    }
    parts = {
        name: values.pop(name).astype(np.float32)
        for name in ("fakes", "scores", "arrows", "heat", "manifold", "margin")
    }
    return Scene(**parts, networks=values), words


def _of_pictures(config: RunConfig, columns: list[str]) -> Any:
    data = config.data.load(config.size, Path("data"))
    eye = Eye.build(data, None, config.record.grid_count)
    right: list[tuple[float, float]] = []
    untrained = math.nan

    def see(header: dict[str, Any], blobs: list[bytes]) -> Moment | None:
        nonlocal untrained
        if header["type"] == "records":
            rows = np.frombuffer(blobs[0], "<f4").reshape(-1, len(columns))
            at = [columns.index(name) for name in ("d_accuracy_real", "d_accuracy_fake")]
            right.extend(map(tuple, rows[:, at].tolist()))
            return None
        grid = header["grid"]
        with Image.open(io.BytesIO(blobs[0])) as atlas:
            pixels = np.asarray(atlas.convert("L" if data.channels == 1 else "RGB"))
        samples = flat_features(cut_atlas(pixels, grid["columns"], grid["rows"]))
        if grid["step"] == 0:
            untrained = eye.look(samples, None)["distance"]
        real, fake = np.array(right[-RECENT_POINTS:]).mean(0) if right else (math.nan, math.nan)
        return moment_of_images(
            samples, eye, grid["step"], untrained=untrained, right_real=float(real), right_fake=float(fake)
        )

    return see


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=[], help="all that there are, where none is named")
    for name in parser.parse_args().presets or sorted(path.stem for path in FOLDER.glob("*.gz")):
        path = FOLDER / f"{name}.gz"
        write_atomically(path, captioned(path.read_bytes()))
        said = dict.fromkeys(h["grid"]["caption"] for h, _ in unpacked(path.read_bytes()) if h["type"] == "grid")
        print(f"{name}: {path.stat().st_size / 1000:.0f} kB; " + " | ".join(said), flush=True)


if __name__ == "__main__":
    main()

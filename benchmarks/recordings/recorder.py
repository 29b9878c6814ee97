"""Makes what the Lab plays before the first Train: about a minute of each preset's training, as live frames.

    python -m benchmarks.recordings [PRESET ...] [--out assets/recordings]

PRESET.gz holds the frames, each with its length before it, and PRESET.webp ten looks below one another for a gallery.
The steps follow from the configuration and not from a clock, so that the same machine makes the same files again.
"""

from __future__ import annotations

import argparse
import gzip
import io
import math
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.recordings.captions import captioned
from gan_core.config.codec import replace_at, to_dict
from gan_core.config.files import write_atomically
from gan_core.data.sets.points import PointDataset
from gan_core.export import scene_png
from gan_core.measure.plane import measure_plane
from gan_core.runs.evaluation.plane_constants import RunStage, plane_reference, run_stage
from gan_core.runs.snapshot import RunView
from gan_core.training import PRESETS, RunConfig, Trainer, preset, step_cost
from gan_core.training.build import sample_shape
from gan_core.training.observe.sample_grid import SampleGrid
from gan_core.training.observe.scene import HEAT, MARGIN, Scene, encode_arrays, outside
from pages.server.http.recordings import FOLDER
from pages.server.live import wire

MOST_BYTES = 400_000
PLAYED_SECONDS, TRAINED_SECONDS = 12, 60
FRAMES = {"points": 90, "pictures": 72}
FLOPS_A_SECOND, OVERHEAD_SECONDS = 90e9, 0.6e-3  # of two cores
ROWS = 240
THREADS = 1  # the same sums in the same order, however busy the machine is
QUALITIES = (80, 70, 60, 50, 40, 30, 20, 10)  # of pictures: the best that fits
SCENES = ((600, 9), (500, 8), (400, 8), (400, 6), (300, 5), (250, 4), (200, 3), (150, 2))  # likewise: points, weights
THUMB_FRAMES, THUMB_PIXELS, THUMB_QUALITY = 10, 112, 55


@dataclass(frozen=True)
class Look:
    """A moment of the training, and the points of its curves since the one before."""

    step: int
    images: int
    seen: SampleGrid | Scene
    rows: list[dict[str, float]]


def planned(config: RunConfig) -> tuple[int, float]:
    """Steps, and about how many seconds two cores take for them: a minute, or the whole run where that is shorter."""
    info = config.data.info(Path("data"))
    classes = len(info.classes) if config.conditional else 0
    a_step = step_cost(config, sample_shape(config, info), classes).step_flops / FLOPS_A_SECOND + OVERHEAD_SECONDS
    steps = min(round(TRAINED_SECONDS / a_step), -(-config.total_images // (config.batch_size * config.k_d)))
    return steps, steps * a_step


def moments(steps: int, frames: int) -> list[int]:
    """Steps 0 to `steps` in about so many looks, each as much further as it is far: the beginning is not missed."""
    low, high = 1e-6, 30.0
    for _ in range(60):  # the rate at which the first look beyond 0 is at step 1
        middle = (low + high) / 2
        low, high = (middle, high) if steps * math.expm1(middle / frames) / math.expm1(middle) > 1 else (low, middle)
    return sorted({round(steps * math.expm1(high * i / frames) / math.expm1(high)) for i in range(frames + 1)})


def trained(config: RunConfig, steps: int, seconds: float, at: list[int]) -> Iterator[Look]:
    data = config.data.load(config.size, Path("data"))
    trainer = Trainer(config, data, torch.device("cpu"))
    plane = plane_reference(config.data) if isinstance(config.data, PointDataset) else None
    every, rows = max(1, steps // ROWS), []
    yield Look(0, 0, trainer.grid(), [])
    for step in range(1, steps + 1):
        trainer.step()
        looked = step in at
        if looked or step % every == 0:
            where = {"step": step, "images": trainer.images, "elapsed_seconds": seconds * step / steps}
            measured = measure_plane(trainer.plane_points(), plane) if plane is not None and looked else {}
            speed = {"images_per_second": trainer.images / where["elapsed_seconds"]}
            rows.append({**where, **speed, **trainer.point(), **measured})
        if looked:
            yield Look(step, trainer.images, trainer.grid(), rows)
            rows = []


class Scenes:
    """Scenes as whole numbers times a scale for each array, written as what is added to the scene before.

    Of the points only the first `count`; the weights of `keys` looks stand for those of the looks after them.
    """

    def __init__(self, config: RunConfig, looks: list[Look], count: int, keys: int) -> None:
        assert isinstance(config.data, PointDataset)
        self._count, self._every = count, -(-len(looks) // keys)
        self._before = b""
        x0, x1, _, _ = config.data.extent
        seen = [look.seen for look in looks if isinstance(look.seen, Scene)]
        fine = 1.0 if config.loss.probability else max(float(np.abs(scene.heat).max()) for scene in seen)
        pull = max(float(np.percentile(np.abs(scene.arrows), 99)) for scene in seen)
        place = (x1 - x0) / 900  # less than a pixel of most screens
        self._scales = {
            "fakes": place,
            "manifold": place,
            "scores": fine / 250,
            "arrows": pull / 127,
            "heat": fine / 1000,
            "margin": fine / 250,
        }
        for name in seen[0].networks:
            self._scales[name] = max(float(np.abs(scene.networks[name]).max()) for scene in seen) / 127 or 1.0
        self._networks: dict[str, Any] = {}

    def frame(self, index: int, scene: Scene) -> bytes:
        """Of look `index`, in order: see `undo` in pages/lab/web/recording/recording.js."""
        if index % self._every == 0:
            self._networks = scene.networks
        values = {
            "fakes": scene.fakes[: self._count], "manifold": scene.manifold, "scores": scene.scores[: self._count],
            "arrows": scene.arrows[: self._count], **halved(scene), **self._networks,
        }  # fmt: skip
        whole = {
            name: np.nan_to_num(np.round(value / self._scales[name])).clip(-32768, 32767).astype("<i2")
            for name, value in values.items()
        }
        encoded, before = encode_arrays(whole, {"scales": self._scales}), self._before
        self._before = encoded
        start = 4 + struct.unpack_from("<I", encoded)[0]
        words = np.frombuffer(encoded, "<u2", offset=start)
        if before:
            words = words - np.frombuffer(before, "<u2", offset=start)
        return encoded[:start] + words.astype("<u2").view(np.uint8).reshape(-1, 2).T.tobytes()


def halved(scene: Scene) -> dict[str, Any]:
    """D's map in half as many rows and columns over the extent, with its margin as wide as before."""
    whole = np.zeros((HEAT + 2 * MARGIN) ** 2, np.float32)
    around = outside(HEAT).numpy()
    whole[around], whole[~around] = scene.margin, scene.heat.ravel()
    starts = np.r_[0:MARGIN, MARGIN : MARGIN + HEAT : 2, MARGIN + HEAT : HEAT + 2 * MARGIN]
    sizes = np.diff(np.r_[starts, HEAT + 2 * MARGIN])
    sums = np.add.reduceat(np.add.reduceat(whole.reshape(HEAT + 2 * MARGIN, -1), starts), starts, axis=1)
    means, few = sums / np.outer(sizes, sizes), outside(HEAT // 2).numpy()
    heat = means.ravel()[~few].reshape(HEAT // 2, HEAT // 2)
    return {"heat": heat, "margin": means.ravel()[few]}


def thinned(looks: list[Look]) -> list[Look]:
    """The first ten, and of the others every second one, with the points of both."""
    found, rows = looks[:10], list[dict[str, float]]()
    for i, look in enumerate(looks[10:], 10):
        rows = rows + look.rows
        if (len(looks) - 1 - i) % 2 == 0:
            found.append(replace(look, rows=rows))
            rows = []
    return found


def small_picture(seen: SampleGrid, quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(seen.pixels[:, :, 0] if seen.pixels.shape[2] == 1 else seen.pixels).save(
        out, "WEBP", quality=quality, method=6
    )
    return out.getvalue()


def picture_frame(seen: SampleGrid, quality: int) -> tuple[dict[str, Any], list[bytes]]:
    scores = seen.scores.astype("<f2").astype("<f4").tobytes()
    return {"columns": seen.columns, "rows": seen.rows, "mime": "image/webp"}, [small_picture(seen, quality), scores]


def packed(name: str, config: RunConfig, looks: list[Look], seconds: float, detail: Any) -> bytes:
    """The whole file. detail: the pictures' quality, or how many points a scene has and how often weights are new."""
    stage = run_stage(config, threading.RLock()) if isinstance(config.data, PointDataset) else None
    end = looks[-1].images
    view = RunView(
        id="", title=PRESETS[name].label, preset=name, state="running", step=0, images=0, total_images=end,
        elapsed_seconds=0.0, recent_images_per_second=end / seconds, device="cpu", threads=THREADS,
        config=to_dict(config), created="",
    )  # fmt: skip
    played = {"state": "recording", "recorded_seconds": round(seconds), "played_seconds": PLAYED_SECONDS}
    hello = {
        "type": "hello", "view": wire.view_header(view) | played, "columns": wire.COLUMNS,
        "kept": [], "damaged": [], "changes": [], "grid": None, "measures": [], "evaluations": [],
        "evaluate_every": 0, "config": to_dict(preset(name).config),
    }  # fmt: skip
    frames = [wire.pack(hello | {"at": 0.0}, [b""])]
    if stage is not None:
        frames.append(wire.pack(*stage_frame(stage, detail[0])))
        scenes = Scenes(config, looks, *detail)
    for i, look in enumerate(looks):
        at = {"at": round(PLAYED_SECONDS * i / (len(looks) - 1), 3)}
        if look.rows:
            rows = wire.records_blob(look.rows)
            frames.append(wire.pack({"type": "records", "count": len(look.rows), **at}, [rows]))
        if isinstance(look.seen, Scene):
            shape, blobs = {"columns": 0, "rows": 0}, [scenes.frame(i, look.seen), b""]
        else:
            shape, blobs = picture_frame(look.seen, detail)
        where = {"step": look.step, "images": look.images, "size": 1 if stage else config.size, "kept": True}
        frames.append(wire.pack({"type": "grid", "grid": where | shape, **at}, blobs))
        frames.append(wire.pack({"type": "kept", "step": look.step, "images": look.images, **at}))
    return captioned(gzip.compress(b"".join(struct.pack("<I", len(frame)) + frame for frame in frames), 1, mtime=0))


def stage_frame(stage: RunStage, count: int) -> tuple[dict[str, Any], list[bytes]]:
    few = replace(stage, latents=stage.latents[:count], real=stage.real[:1000])
    return {"type": "stage", "stage": wire.stage_header(few), "at": 0.0}, wire.stage_blobs(few)


def strip(config: RunConfig, looks: list[Look]) -> bytes:
    """Ten looks below one another, WebP: the last is the one that stands still."""
    chosen = [looks[round(i * (len(looks) - 1) / (THUMB_FRAMES - 1))] for i in range(THUMB_FRAMES)]
    out, side = io.BytesIO(), THUMB_PIXELS
    whole = Image.new("RGB", (side, side * THUMB_FRAMES))
    for i, look in enumerate(chosen):
        whole.paste(thumb(config, look.seen).resize((side, side), Image.Resampling.BOX), (0, i * side))
    whole.save(out, "WEBP", quality=THUMB_QUALITY, method=6)
    return out.getvalue()


def thumb(config: RunConfig, seen: SampleGrid | Scene) -> Image.Image:
    if isinstance(seen, SampleGrid):  # four by four of them
        side = 4 * seen.pixels.shape[0] // seen.rows
        return Image.fromarray(np.broadcast_to(seen.pixels[:side, :side], (side, side, 3)).copy())
    assert isinstance(config.data, PointDataset)
    few = {name: getattr(seen, name)[:400].astype("<f4") for name in ("fakes", "scores", "arrows")}
    encoded = encode_arrays({**few, "manifold": seen.manifold.astype("<f4"), "heat": seen.heat.astype("<f2")})
    real = config.data.load(1, Path()).images[:400].reshape(-1, 2).numpy()
    png = scene_png(
        encoded, real, config.data.extent, threshold=config.loss.fixed_threshold(),
        probability=config.loss.probability, pixels=2 * THUMB_PIXELS,
    )  # fmt: skip
    return Image.open(io.BytesIO(png)).convert("RGB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=[], help="all, where none is named")
    parser.add_argument("--out", type=Path, default=FOLDER)
    asked = parser.parse_args()
    torch.set_num_threads(THREADS)
    for name in asked.presets or PRESETS:
        config = replace_at(replace_at(preset(name).config, "precision", "float32"), "backend", "dense")
        points = isinstance(config.data, PointDataset)
        steps, seconds = planned(config)
        at = moments(steps, FRAMES["points" if points else "pictures"])
        looks = list(trained(config, steps, seconds, at))
        tries = [(looks, detail) for detail in (SCENES if points else QUALITIES)]
        tries += [(thinned(looks), detail) for _, detail in tries]
        for shown, detail in tries:
            made = packed(name, config, shown, seconds, detail)
            if len(made) <= MOST_BYTES:
                break
        else:
            raise SystemExit(f"{name} does not fit into {MOST_BYTES} bytes.")
        small = strip(config, looks)
        asked.out.mkdir(parents=True, exist_ok=True)
        write_atomically(asked.out / f"{name}.gz", made)
        write_atomically(asked.out / f"{name}.webp", small)
        words = f"{steps} steps, about {seconds:.0f} s; {len(shown)} looks, detail {detail}"
        print(f"{name}: {words}; {len(made) / 1000:.0f} kB and {len(small) / 1000:.0f} kB", flush=True)

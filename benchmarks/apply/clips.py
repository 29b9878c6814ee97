"""Editing a clip, measured where the truth is known: 90 frames of a moving Shapes picture at 32 px.

    python -m benchmarks.apply.clips [--frames 90] [--clips 3] [--threads 2]

A clip is drawn from known factors: one shape on a smooth way through the places, sizes, hues and turns of the data
set, 25 frames a second, written without loss (a folder of PNG) and read as anybody's. It is edited by the task
`edit-clip` with the shipped Shapes generator, as the command does it. Reconstruction: the generator's pictures beside
the clip's, root mean square in grey levels. Cold: each frame with as many iterations from a random latent, instead of
from the frame before. Flicker: mean absolute change between following frames in the box, the result's beside the
source's, before encoding. The first edit of a clip is the whole work, and its time the one that counts; the others
take its latents. Processor seconds are this process's, without those that decode. Hue: a third of a turn; the truth
is the same factors drawn with that hue.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.machine import describe
from gan_core.apply.base import Workplace
from gan_core.apply.clips.clip_task import EditClip
from gan_core.apply.clips.inverting import Follower, first_frame
from gan_core.apply.clips.reading import read_clip
from gan_core.apply.editing.edits import Edit, Factor, Move, Stack, Start, stack_to_json
from gan_core.data.sets.shapes import PLACE_RANGE, SIZE_RANGE, Factors, render
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.runs.jobs import JobManager

SIDE, RATE = 32, 25
Pictures = NDArray[np.uint8]


def moving_factors(count: int, seed: int) -> Factors:
    """One shape that wanders: sums of two slow waves within each factor's range."""
    rng = np.random.default_rng(seed)
    time = np.arange(count) / 90.0

    def wave(low: float, high: float) -> NDArray[np.float32]:
        turns, phase = rng.uniform(0.7, 2.0, 2), rng.uniform(0.0, 2 * np.pi, 2)
        both = np.sin(2 * np.pi * turns * time[:, None] + phase).mean(1)
        return (low + (high - low) * (both + 1) / 2).astype(np.float32)

    return {
        "shape": np.full(count, seed % 6, np.int64), "x": wave(*PLACE_RANGE), "y": wave(*PLACE_RANGE),
        "size": wave(*SIZE_RANGE), "hue": wave(0.0, 0.3), "rotation": wave(0.0, 40.0),
    }  # fmt: skip


def drawn_clip(factors: Factors) -> Pictures:
    return render(factors, SIDE).permute(0, 2, 3, 1).contiguous().numpy()


def as_folder(pictures: Pictures) -> dict[str, bytes]:
    found = {}
    for i, picture in enumerate(pictures, 1):
        out = io.BytesIO()
        Image.fromarray(picture).save(out, "PNG")
        found[f"frame-{i:04}"] = out.getvalue()
    return found


def off(a: Pictures, b: Pictures) -> float:
    """Mean over frames of the root mean square, in grey levels."""
    return float(np.sqrt(((a.astype(float) - b) ** 2).mean((1, 2, 3))).mean())


def flicker(pictures: Pictures) -> float:
    return float(np.abs(np.diff(pictures.astype(float), axis=0)).mean())


def edited(jobs: JobManager, folder: Path, pictures: Pictures, task: EditClip) -> tuple[dict[str, Any], Pictures]:
    """What the task says, and its film decoded. A folder that has its latents from another edit keeps them."""
    place = Workplace(
        folder, Path("data"), torch.device("cpu"), lambda share, words: None, lambda series, values: None,
        jobs.catalog.open,
    )  # fmt: skip
    for each in (place.input, place.parts, place.result):
        each.mkdir(exist_ok=True, parents=True)
    for name, content in as_folder(pictures).items():
        (place.input / name).write_bytes(content)
    outcome = task.work(place)
    frames = [part[0] for part in read_clip((place.result / outcome["file"],)) if isinstance(part, tuple)]
    return outcome, np.stack(frames)


def told(name: str, outcome: dict[str, Any], used: float, more: str) -> None:
    ratio = outcome["flicker"]["edited"] / outcome["flicker"]["source"]
    seconds = f"{outcome['seconds']:.1f} s ({used:.1f} s of processors)"
    print(f"  {name}: {seconds}; flicker {ratio:.3f} times the clip's; {more}", flush=True)


def warm_and_cold(jobs: JobManager, pictures: Pictures, iterations: int) -> None:
    model = jobs.catalog.open("asset:shapes")
    began = first_frame(model, pictures[0], Start())
    place = began.place
    assert place is not None
    follower = Follower(place, Start(), iterations, 0.02)
    warm, cold, before = [], [], place.point
    rng = np.random.default_rng(0)
    for picture in pictures[1:]:
        found = follower.follow(before, picture)
        warm.append(found.error)
        before = found.point
        z = torch.from_numpy(rng.standard_normal((1, model.dim)).astype(np.float32))
        style = model.generator.mapping(z, None)[0].expand(model.style_layers, -1)
        cold.append(follower.follow(style, picture).error)
    print(f"  {iterations} iterations a frame: warm {np.mean(warm):.2f}, cold {np.mean(cold):.2f} grey levels; first "
          f"frame {began.error:.2f}")  # fmt: skip


def one(jobs: JobManager, seed: int, count: int) -> None:
    factors = moving_factors(count, seed)
    pictures = drawn_clip(factors)
    turned = {**factors, "hue": ((factors["hue"] + 1 / 3) % 1.0).astype(np.float32)}
    truth = drawn_clip(turned)
    print(f"\nclip {seed}: {count} frames of {SIDE} px, flicker {flicker(pictures):.2f} grey levels")
    warm_and_cold(jobs, pictures[:15], EditClip().iterations)
    hue = (Factor(factor="hue", amount=1 / 3),)
    cases: list[tuple[str, tuple[Edit, ...], dict[str, Any]]] = [
        ("all of it: hue a third, the edited picture put in", hue, {"put": "picture"}),
        ("the same latents, the change put in", hue, {"put": "change"}),
        ("no edit, the generator's picture put in", (), {"put": "picture"}),
        ("the same, latents not smoothed", (), {"put": "picture", "smoothing": 0.0}),
        ("pca-1 by 1, the edited picture put in", (Move(along="pca-1", amount=1.0),), {"put": "picture"}),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, steps, more in cases:
            used = time.process_time()
            task = EditClip(model="asset:shapes", stack=stack_to_json(Stack(steps)), rate=RATE, **more)
            if steps != hue:
                for way in (Path(folder) / "parts").glob("way-*.json"):
                    way.unlink()
            outcome, made = edited(jobs, Path(folder), pictures, task)
            words = f"reconstruction {outcome['error']:.2f}"
            if steps == hue:
                words += f", from the truth {off(made, truth):.2f} (unedited {off(pictures, truth):.2f})"
            told(name, outcome, time.process_time() - used, words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=90)
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(describe())
    with tempfile.TemporaryDirectory() as runs:
        manager = RunManager(Path(runs), Path("data"), device="cpu", threads=asked.threads)
        jobs = JobManager(manager, ModelCatalog(manager))
        for seed in range(1, asked.clips + 1):
            one(jobs, seed, asked.frames)
        jobs.close()
        manager.close()


if __name__ == "__main__":
    main()

"""Does every scene of the failure gallery fail from any seed, and does its cure not? And the gallery's pictures.

    python -m benchmarks.gallery [--scenes collapse,critic] [--seeds 1,2,3] [--pictures]

Trains each scene and its cure in full and judges the samples with `benchmarks.gallery.measures`. What is known
already stands in results.json and is not trained again, unless the scene has changed; --pictures also writes
assets/gallery/NAME.png, the failure on the left and the cured run on the right, from the first seed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from benchmarks.gallery.measures import JUDGEMENTS, SAMPLES, Floats, Seen, plain
from benchmarks.machine import describe
from gan_core.config.codec import to_dict
from gan_core.data.base import ImageSet
from gan_core.training import RunConfig, Trainer
from gan_core.training.batches import to_pixels
from gan_core.training.configuration.gallery import GALLERY, FailureScene
from gan_core.training.observe.scene import Scene

ROOT = Path(__file__).resolve().parents[2]
RESULTS, PICTURES = ROOT / "benchmarks" / "gallery" / "results.json", ROOT / "assets" / "gallery"
LOOKS = 150
BLUE, ORANGE, PAPER = (0, 114, 178), (230, 159, 0), (250, 249, 246)


def trained(config: RunConfig, data: ImageSet) -> tuple[Trainer, Floats]:
    """A run to its end (or until its numbers are no longer finite), and the centres of its points on the way."""
    trainer, centres = Trainer(config, data, torch.device("cpu")), []
    every = max(1, config.total_images // (config.batch_size * config.k_d) // LOOKS)
    while not trainer.finished and trainer.trouble is None:
        trainer.step()
        if trainer.due.point:
            trainer.point()
        if trainer.shape.is_points and trainer.step_count % every == 0:
            centres.append(trainer.plane_points().mean(axis=0))
    trainer.examine()
    return trainer, np.array(centres, np.float64).reshape(-1, 2)


@torch.no_grad()
def seen_of(trainer: Trainer, data: ImageSet, centres: Floats) -> Seen:
    """Samples from latents of the judge's own, and real data."""
    rng = torch.Generator().manual_seed(12345)
    images = trainer.sampler()(torch.randn(SAMPLES, trainer.config.latent.dim, generator=rng), None).float()
    samples = images if trainer.shape.is_points else to_pixels(images)
    return Seen(
        plain(samples), plain(data.images[:2000]), plain(data.held_out[:SAMPLES]), trainer.shape.size,
        trainer.shape.channels, centres,
    )  # fmt: skip


def judge(scene: FailureScene, config: RunConfig) -> tuple[float, Trainer]:
    """The scene's number for a run of `config`."""
    data = config.data.load(config.size, ROOT / "data")
    trainer, centres = trained(config, data)
    return JUDGEMENTS[scene.name].number(seen_of(trainer, data, centres)), trainer


TINY = 0.1
"""Of the picture's side: generated points that take less of it are ringed."""


def picture(trainer: Trainer, side: int = 288) -> Image.Image:
    """What the run shows at its end: 4 x 4 of its samples, or its points on the real ones."""
    grid = trainer.grid()
    if isinstance(grid, Scene):
        return _plane(trainer, grid.fakes, side)
    size = trainer.shape.size
    pixels = grid.pixels[: 4 * size, : 4 * size].squeeze()
    return Image.fromarray(pixels).convert("RGB").resize((side, side), Image.Resampling.NEAREST)


def _plane(trainer: Trainer, fakes: Any, side: int) -> Image.Image:
    scale = 4  # drawn larger and shrunk: smooth edges
    paper = Image.new("RGB", (side * scale, side * scale), PAPER)
    ink, (x0, x1, y0, y1) = ImageDraw.Draw(paper), trainer.config.data.extent  # type: ignore[attr-defined]
    real = trainer.batches.images[:600].reshape(-1, 2).numpy()
    for points, colour, radius in ((real, BLUE, 7), (fakes[:600], ORANGE, 14)):
        sound = points[np.isfinite(points).all(axis=1)]
        places = np.stack(((sound[:, 0] - x0) / (x1 - x0), (y1 - sound[:, 1]) / (y1 - y0)), 1) * side * scale
        for u, v in places:
            ink.ellipse((u - radius, v - radius, u + radius, v + radius), fill=colour)
    if len(places) and np.ptp(places, axis=0).max() < TINY * side * scale:  # else nobody would find them
        (u, v), around = places.mean(axis=0), 18 * scale
        ink.ellipse((u - around, v - around, u + around, v + around), outline=ORANGE, width=3 * scale)
    return paper.resize((side, side), Image.Resampling.LANCZOS)


def fingerprint(config: RunConfig) -> str:
    """Of all that decides what a run becomes; how its steps are worked out does not."""
    settings = to_dict(config)
    del settings["backend"]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def measure(scene: FailureScene, seed: int, known: dict[str, Any], pictures: bool) -> dict[str, Any]:
    """Both runs of a scene from a seed, without what is `known`."""
    drawn, found = [], {}
    for kind, base in (("failing", scene.config), ("fixed", scene.fixed)):
        config = replace(base, seed=seed)
        key = f"{scene.name} {kind} {seed}"
        if known.get(key, {}).get("config") == fingerprint(config) and not pictures:
            continue
        start = time.process_time()
        number, trainer = judge(scene, config)
        found[key] = {
            "config": fingerprint(config), "number": float(np.nan_to_num(number, posinf=1e9)),
            "cpu_seconds": round(time.process_time() - start, 1),
        }  # fmt: skip
        print(f"{key:32}{number:9.3f}  {found[key]['cpu_seconds']:6.1f} CPU s", flush=True)
        drawn.append(picture(trainer))
    if pictures:
        both = Image.new("RGB", (sum(p.width for p in drawn) + 12, drawn[0].height), PAPER)
        both.paste(drawn[0], (0, 0))
        both.paste(drawn[1], (drawn[0].width + 12, 0))
        PICTURES.mkdir(exist_ok=True)
        both.quantize(128).save(PICTURES / f"{scene.name}.png", optimize=True)
    return found


def known_results() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {"runs": {}}
    return kept


def table(known: dict[str, Any]) -> str:
    """As in docs/gallery.md: the numbers over the seeds, how many came out as promised, and the time they took."""
    lines = ["| scene | judged by | as it is | with the fix | CPU seconds |", "| --- | --- | --- | --- | --- |"]
    for name, judgement in JUDGEMENTS.items():
        cells, seconds = [], [0.0]
        for kind, right in (("failing", judgement.fails), ("fixed", judgement.cured)):
            entries = [entry for key, entry in known.items() if key.startswith(f"{name} {kind} ")]
            found = [entry["number"] for entry in entries]
            seconds += [entry["cpu_seconds"] for entry in entries]
            span = " to ".join(dict.fromkeys(f"{end:.3g}" for end in (min(found), max(found)))) if found else "-"
            cells.append(f"{span} ({sum(map(right, found))} of {len(found)} seeds)")
        lines.append(f"| {name} | {judgement.words} | {' | '.join(cells)} | {max(seconds):.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", default=",".join(GALLERY))
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--pictures", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    kept = known_results()
    names, seeds = asked.scenes.split(","), [int(seed) for seed in asked.seeds.split(",")]
    for seed in seeds:
        for name in names:
            found = measure(GALLERY[name], seed, kept["runs"], asked.pictures and seed == seeds[0])
            kept = known_results()  # another process may have measured other scenes meanwhile
            kept["runs"] |= found
            kept |= {"machine": describe(), "date": time.strftime("%Y-%m-%d")}
            RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")
    print(table(kept["runs"]))

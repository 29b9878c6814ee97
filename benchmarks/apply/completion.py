"""How long six completions of a picture take, and how near they are to the truth beside what needs no generator.

    python -m benchmarks.apply.completion [--pictures 10] [--threads 2] [--models fashion,shapes,emoji,fashion-style]

Held-out pictures of each shipped generator's own data set, with every number of the search as the page has it.
Seconds are of the whole task once generator and data are open: search, blending, baselines, scores and files. With
--threads 1 the processor time is what they would be on a machine that does nothing else. Scores are means over
pictures, PSNR in the hole in dB: of the completion that fits the known part best, of all six, and of the best of the
six, which only who knows the truth could choose.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import describe
from gan_core.apply import Workplace
from gan_core.apply.completion.task import FillPicture
from gan_core.latent.model import Explorable
from gan_core.latent.targets import training_images
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog

GOAL_SECONDS = 8.0
DATA = Path("data")
KINDS: dict[str, dict[str, Any]] = {
    "half": {"hiding": "half"},
    "box, 25%": {"hiding": "box", "share": 0.25},
    "pixels, 50%": {"hiding": "pixels", "share": 0.5},
    "low resolution, 4 x 4": {"hiding": "low-resolution", "factor": 4},
}
COLUMNS = ("first", "mean of 6", "best of 6", "mean image", "nearest", "smooth")


@contextmanager
def workplace(model: Explorable) -> Iterator[Workplace]:
    with tempfile.TemporaryDirectory() as folder:
        place = Workplace(
            Path(folder), DATA, torch.device("cpu"), lambda share, words: None, lambda series, values: None,
            lambda name: model,
        )  # fmt: skip
        for each in (place.input, place.parts, place.result):
            each.mkdir()
        yield place


def psnrs(outcome: dict[str, Any]) -> tuple[float, ...]:
    made = [one["psnr"] for one in outcome["completions"]]
    simple = [outcome["simple"][name]["psnr"] for name in ("mean", "nearest", "smooth")]
    return made[0], statistics.mean(made), max(made), *simple


def told(kind: str, outcomes: list[dict[str, Any]], seconds: list[float], used: list[float]) -> str:
    scores = [statistics.mean(column) for column in zip(*map(psnrs, outcomes), strict=True)]
    cells = [f"{value:.1f}" for value in scores]
    errors = statistics.mean(one["error"] for one in outcomes)
    apart = statistics.mean(one["differ"] for one in outcomes)
    fewest = min(len(one["completions"]) for one in outcomes)
    return (
        f"| {kind} | {' | '.join(cells)} | {errors:.1f} | {apart:.1f} | {fewest} | {statistics.median(seconds):.1f} "
        f"({max(seconds):.1f}) | {statistics.median(used):.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--models", default="fashion,shapes,emoji,fashion-style")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(describe())
    print(f"{asked.pictures} held-out pictures each, {asked.threads} threads; goal: {GOAL_SECONDS:g} s for six")
    longest, most_used = 0.0, 0.0
    with tempfile.TemporaryDirectory() as runs:
        manager = RunManager(Path(runs), DATA, device="cpu", threads=asked.threads)
        catalog = ModelCatalog(manager)
        for name in asked.models.split(","):
            model = catalog.open(f"asset:{name}")
            training_images(model, DATA)
            heads = ("missing", *COLUMNS, "off on known", "least apart", "completions", "s (longest)", "processor s")
            print(f"\n{name}\n\n| {' | '.join(heads)} |")
            print("|---" * len(heads) + "|")
            for kind, hiding in KINDS.items():
                outcomes, seconds, used = [], [], []
                for index in range(asked.pictures):
                    task = FillPicture(model=name, source="held-out", index=index, **hiding)
                    with workplace(model) as place:
                        start, own = time.perf_counter(), time.process_time()
                        outcomes.append(task.work(place))
                        seconds.append(time.perf_counter() - start)
                        used.append(time.process_time() - own)
                longest = max(longest, statistics.median(seconds))
                most_used = max(most_used, statistics.median(used))
                print(told(kind, outcomes, seconds, used), flush=True)
        manager.close()
    print(
        f"\nlongest median: {longest:.1f} s, of processor time {most_used:.1f} s; goal {GOAL_SECONDS:g} s", end=": "
    )
    print(
        "reached" if longest < GOAL_SECONDS else "reached by processor time" if most_used < GOAL_SECONDS else "MISSED"
    )


if __name__ == "__main__":
    main()

"""What are a GAN's images worth to a classifier of Fashion-MNIST? The table of docs/augmentation.md.

    python -m benchmarks.augmentation [--per-class 10,50,100,500,6000] [--seeds 3] [--choose] [--goal] [--table]

Each row is the task `augment` with its defaults, as the command line gives it: five ways, a GAN for each seed. It may
be stopped at any time and goes on where it was, in build/augmentation; what results.json has is not
measured again. --choose trains a generator for longer and tries spreads and filters on images split off the training
ones (`choosing`); --goal measures that generator's images alone, by the best of those, against all real ones; --table
only writes the table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch

from benchmarks.augmentation import choosing
from benchmarks.machine import describe
from gan_core.apply import Workplace
from gan_core.apply.augmentation import Augment
from gan_core.apply.augmentation.ways import NAMES
from gan_core.config.codec import to_dict
from gan_core.config.files import write_atomically
from gan_core.latent import Explorable
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.training.precision import bfloat16_is_native

ROOT = Path(__file__).resolve().parents[2]
RESULTS, DOCUMENT = ROOT / "benchmarks" / "augmentation" / "results.json", ROOT / "docs" / "augmentation.md"
START, END = "<!-- augmentation: start -->", "<!-- augmentation: end -->"
PER_CLASS = (10, 50, 100, 500, 6_000)
GOAL, GOAL_POINTS = "goal", 5.0
CHOICE, RUNS = "choice", ROOT / "build" / "augmentation" / "runs"
LONGER = (
    "--preset", "conditional-fashion", "--seed", "1", "--set", "generator.width=48", "--set", "total_images=900000",
    "--set", "schedule.final_factor=0.01", "--set", "ema.half_life_images=20000",
)  # fmt: skip
"""The goal's generator: the preset's settings, shown its images three times as long, in ten minutes of one core."""
_KEPT = ("ways", "differences", "verdict", "gan", "notes", "held_out", "seeds")


def measure(task: Augment, name: str) -> dict[str, Any]:
    """What comes of a task, with the seconds that it took: processor's, and the clock's of all of its sittings."""
    folder = ROOT / "build" / "augmentation" / name
    asked = folder / "task.json"
    said = json.dumps(to_dict(task))
    if not asked.is_file() or asked.read_text() != said:  # of other settings: begun anew
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    for part in ("input", "parts", "result"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    asked.write_text(said)
    spent, began, processor = folder / "spent.json", time.monotonic(), time.process_time()
    before = json.loads(spent.read_text()) if spent.is_file() else {"clock": 0.0, "processor": 0.0}
    shown = began

    def progress(fraction: float, words: str) -> None:
        nonlocal shown
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            spent.write_text(json.dumps(taken()))
            print(f"{name}: {fraction:.1%}, {words}", flush=True)

    def taken() -> dict[str, float]:
        return {
            "clock": before["clock"] + time.monotonic() - began,
            "processor": before["processor"] + time.process_time() - processor,
        }

    place = Workplace(folder, ROOT / "data", torch.device("cpu"), progress, lambda *_: None, opened)
    outcome = task.work(place)
    return {**{key: outcome[key] for key in _KEPT}, "seconds": taken(), "machine": describe(), "task": to_dict(task)}


def read_results() -> dict[str, Any]:
    return dict(json.loads(RESULTS.read_text())) if RESULTS.is_file() else {}


def keep(name: str, found: dict[str, Any]) -> None:
    write_atomically(RESULTS, (json.dumps({**read_results(), name: found}, indent=1) + "\n").encode())


def table(results: dict[str, Any]) -> str:
    """Markdown: a row for each number of real images, and what was not run by name."""
    lines = ["| real images a class | " + " | ".join(NAMES) + " | GAN images | processor minutes |"]
    lines.append("|---" * (len(NAMES) + 3) + "|")
    for per_class in PER_CLASS:
        found = results.get(str(per_class))
        if found is None:
            lines.append(f"| {per_class:,} |" + " not run |" * (len(NAMES) + 2))
            continue
        cells = [_cell(found["ways"].get(name)) for name in NAMES]
        images = "–".join(f"{n:,.0f}" for n in sorted({one["images"] for one in found["gan"]["seeds"]}))
        minutes = f"{found['seconds']['processor'] / 60:.1f}"
        lines.append(f"| {per_class:,} | {' | '.join(cells)} | {images} | {minutes} |")
    said = [
        f"- {int(n):,} a class, {len(results[n]['seeds'])} seeds: {results[n]['verdict']}" for n in _rows(results)
    ]
    machines = sorted({results[n]["machine"] for n in _rows(results)})
    return "\n".join([*lines, "", *said, "", *(f"Measured on: {machine}." for machine in machines)])


def _rows(results: dict[str, Any]) -> list[str]:
    return [str(n) for n in PER_CLASS if str(n) in results]


def _cell(way: dict[str, Any] | None) -> str:
    if way is None:
        return "not run"
    if way["low"] is None:
        return f"{100 * way['mean']:.1f}"
    return f"{100 * way['mean']:.1f} ({100 * way['low']:.1f} to {100 * way['high']:.1f})"


def opened(name: str) -> Explorable:
    """The generator of a run of `trained`."""
    manager = RunManager(RUNS, ROOT / "data", device="cpu", threads=torch.get_num_threads())
    try:
        return ModelCatalog(manager).open(name)
    finally:
        manager.close()


def trained() -> dict[str, Any]:
    """{run, state, steps, images, seconds ...} as `gan_core train` tells it; trained once, and then found again."""
    kept = RUNS.with_name("generator.json")
    known = json.loads(kept.read_text()) if kept.is_file() else {}
    if known.get("asked") != list(LONGER):
        precision = "bfloat16" if bfloat16_is_native(torch.device("cpu")) else "float32"
        words = ["train", *LONGER, "--set", f"precision={precision}", "--device", "cpu", "--json"]
        where = ["--runs-dir", str(RUNS), "--data-dir", str(ROOT / "data"), "--threads", str(torch.get_num_threads())]
        told = subprocess.run(
            [sys.executable, "-m", "gan_core", *words, *where],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        known = json.loads(told.stdout.splitlines()[-1]) | {"asked": list(LONGER)}
        write_atomically(kept, json.dumps(known).encode())
    return known


def choose() -> dict[str, Any]:
    """Every choice tried, what real images gave, and the seconds that it took."""
    began = time.process_time()
    trying = choosing.Choosing(opened(f"run:{trained()['run']}"), ROOT / "data")
    found = []
    for choice, one in trying.accuracies(choosing.CHOICES):
        print(f"{choice}: {one['accuracy']:.4f} of {one['kept']:,} images", flush=True)
        found.append(one)
    seconds = {"processor": time.process_time() - began}
    return {"choices": found, "real": trying.real_accuracy, "seconds": seconds, "machine": describe()}


def goal_task(results: dict[str, Any], seeds: int) -> Augment:
    """What was chosen, in the task. Raises SystemExit where nothing was."""
    if CHOICE not in results:
        raise SystemExit("Nothing was chosen yet; run python -m benchmarks.augmentation --choose first.")
    chosen = asdict(choosing.best(results[CHOICE]["choices"]))
    return Augment(per_class=6_000, run=f"run:{trained()['run']}", ways="synthetic", seeds=seeds, **chosen)


def choice_told(results: dict[str, Any]) -> str:
    found = results.get(CHOICE)
    if found is None:
        return "Nothing was chosen yet."
    return (
        f"Tried on 6,000 images split off the training ones, each by one classifier of {choosing.STEPS:,} steps, in "
        f"{found['seconds']['processor'] / 60:.1f} processor minutes ({found['machine']}); real images, with "
        f"{choosing.REAL_STEPS:,} steps, have {100 * found['real']:.2f} there:\n\n{choosing.told(found)}"
    )


def goal(results: dict[str, Any]) -> str:
    """Whether chosen synthetic images come near enough to all real ones."""
    found = results.get(GOAL)
    if found is None:
        return "The goal was not run."
    gap, took = found["differences"]["synthetic+filter"], found["seconds"]
    whole = gap["low"] is not None and gap["low"] >= -GOAL_POINTS
    reached = "reached" if whole else "reached by the mean alone" if gap["mean"] >= -GOAL_POINTS else "MISSED"
    span = "" if gap["low"] is None else f" ({gap['low']:.1f} to {gap['high']:.1f})"
    ways = {name: _cell(way) for name, way in found["ways"].items()}
    asked = choosing.Choice(**{field.name: found["task"][field.name] for field in fields(choosing.Choice)})
    best = choosing.best(results[CHOICE]["choices"]) if CHOICE in results else None
    by = "as chosen there" if asked == best else "not what is chosen there: the goal was measured before"
    made = found["generator"]
    return (
        f"The goal, with spread {asked.spread:g}, least confidence {asked.least_confidence:g} and nearest kept "
        f"{asked.keep_nearest:g} ({by}), synthetic images alone within {GOAL_POINTS:g} points of all 60,000 real "
        f"ones: {reached}, {gap['mean']:+.1f} points{span} over {len(found['seeds'])} seeds. Real {ways['real']}, "
        f"synthetic unfiltered {ways['synthetic']}, filtered {ways['synthetic+filter']}; "
        f"{(took['clock'] + made['seconds']) / 60:.1f} minutes by the clock on two cores, with "
        f"{made['seconds'] / 60:.1f} for the generator's {made['images']:,} images on {made['threads']} thread(s). "
        f"{found['machine']}."
    )


def write_document(results: dict[str, Any]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    head, _, rest = text.partition(START)
    tail = rest.partition(END)[2]
    content = f"{head}{START}\n\n{table(results)}\n\n{choice_told(results)}\n\n{goal(results)}\n\n{END}{tail}"
    write_atomically(DOCUMENT, content.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--per-class", default=",".join(map(str, PER_CLASS)))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--goal", action="store_true")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    if asked.choose:
        keep(CHOICE, choose())
    plans = {str(n): Augment(per_class=n, seeds=asked.seeds) for n in map(int, asked.per_class.split(","))}
    if asked.goal or asked.choose:
        plans = {GOAL: goal_task(read_results(), asked.seeds)} if asked.goal else {}
    for name, task in () if asked.table else plans.items():
        if read_results().get(name, {}).get("task") != to_dict(task):
            found = measure(task, name) | ({"generator": trained()} if name == GOAL else {})
            keep(name, found)
            print(f"{name}: {found['verdict']}", flush=True)
    results = read_results()
    write_document(results)
    print(table(results), choice_told(results), goal(results), sep="\n\n")

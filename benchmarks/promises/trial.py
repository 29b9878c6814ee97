"""Do presets and scenes keep what they promise, from seeds that their settings were not chosen by?

    python -m benchmarks.promises [--only ring,grid] [--seeds 101-120] [--table]

Trains each in full, as the program trains it on one thread, and measures samples of latents that no run saw:
points by numpy alone (`near_modes`), scenes by `benchmarks.gallery.measures`, pictures by the run's own Fréchet
distance. What stands in results.json is not trained again unless its settings have changed, so it may
be stopped and started again; --table only writes the table of docs/promises.md.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.gallery.scenes import fingerprint, judge
from benchmarks.machine import describe
from gan_core.config.files import write_atomically
from gan_core.data.sets.points import PointDataset
from gan_core.export import draw_samples
from gan_core.runs import RunManager
from gan_core.runs.engine.compiled_cache import give_library
from gan_core.runs.evaluation.reference import Moment, class_labels, evaluate, references
from gan_core.training import PRESETS, RunConfig, Trainer
from gan_core.training.configuration.gallery import GALLERY
from gan_core.training.configuration.promises import Promise

ROOT = Path(__file__).resolve().parents[2]
RESULTS, DOCUMENT = ROOT / "benchmarks" / "promises" / "results.json", ROOT / "docs" / "promises.md"
START, END = "<!-- promises: start -->", "<!-- promises: end -->"
SEEDS = tuple(range(101, 121))
SHARE = 0.95  # of the seeds
SAMPLES, SAMPLE_SEED, EVALUATED = 2_500, 9, 500
PLACES = {
    "ring": np.array([(np.cos(t), np.sin(t)) for t in np.arange(8) * np.pi / 4]),
    "grid": np.array([(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)], dtype=float),
}
"""The centres of the modes, worked out here once more."""

Values = dict[str, float]


@dataclass(frozen=True)
class Case:
    """What is held to its promises: a preset, or a scene as it is or with its fix."""

    name: str
    config: RunConfig
    promises: tuple[Promise, ...]
    measure: Callable[[RunConfig], Values]

    def kept(self, values: Values) -> bool:
        return all(promise.kept(values[promise.measure]) for promise in self.promises)


def cases() -> dict[str, Case]:
    found = {}
    for name, preset in PRESETS.items():
        measure = _points_of(name) if isinstance(preset.config.data, PointDataset) else _distance
        found[name] = Case(name, preset.config, preset.promises, measure)
    for name, scene in GALLERY.items():
        for what, config, promise in (("fails", scene.config, scene.fails), ("cured", scene.fixed, scene.cures)):
            key = f"{name}, {what}"

            def number(asked: RunConfig, scene: Any = scene, promise: Promise = promise) -> Values:
                return {promise.measure: judge(scene, asked)[0]}

            found[key] = Case(key, config, (promise,), number)
    return found


def trained(config: RunConfig, data_dir: Path = ROOT / "data") -> Trainer:
    """A run to its end, with the backend and the precision that the program would give it."""
    with tempfile.TemporaryDirectory() as folder:
        manager = RunManager(Path(folder), data_dir, device="cpu", threads=1)
        try:
            manager.prepare(config)
            config = manager.resolved(config)
            trainer = Trainer(config, config.data.load(config.size, data_dir), torch.device("cpu"))
            if config.backend == "compiled":
                give_library(trainer, manager.launcher.context.compiled_steps)
        finally:
            manager.close()
    while not trainer.finished and trainer.trouble is None:
        trainer.advance(trainer.due.every_steps - trainer.step_count % trainer.due.every_steps)
        if trainer.due.point:
            trainer.point()
    trainer.examine()
    return trainer


def _points_of(name: str) -> Callable[[RunConfig], Values]:
    def measure(config: RunConfig) -> Values:
        net = trained(config).sampler()
        drawn = draw_samples(net, config.latent, class_count=0, count=SAMPLES, seed=SAMPLE_SEED)  # type: ignore[arg-type]
        centres = PLACES["grid" if name == "grid" else "ring"]
        modes, good = near_modes(drawn["points"].astype(np.float64), centres, 3 * config.data.std)  # type: ignore[attr-defined]
        return {"modes": float(modes), "good share": good}

    return measure


def near_modes(points: NDArray[np.float64], centres: NDArray[np.float64], radius: float) -> tuple[int, float]:
    """Of points [N, 2]: how many centres [K, 2] have one within the radius, and the share of those that are."""
    distances = np.linalg.norm(points[:, None] - centres[None], axis=2)
    good = distances.min(axis=1) <= radius
    return len(set(distances.argmin(axis=1)[good])), float(good.mean())


def _distance(config: RunConfig) -> Values:
    trainer = trained(config)
    data = config.data.load(config.size, ROOT / "data")
    reference = references().get(trainer.config, data, EVALUATED)
    labels = class_labels(data, EVALUATED, trainer.device) if trainer.class_count else None
    moment = Moment(trainer.step_count, trainer.images, 0.0)
    with torch.no_grad():
        found = evaluate(trainer.sampler(), reference, trainer.config, labels, moment, lambda share: True)
    return {"fid": math.inf if found is None else found.values["fid"]}


def known_results() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {"runs": {}}
    return kept


def valid(case: Case, known: dict[str, Any]) -> dict[int, Values]:
    """Seed -> what was measured of this case as it stands, the lowest seed first."""
    found = {}
    for key in sorted(known["runs"], key=lambda key: int(key.rpartition(" ")[2])):
        name, _, number = key.rpartition(" ")
        entry, seed = known["runs"][key], int(number)
        if name == case.name and entry["config"] == fingerprint(replace(case.config, seed=seed)):
            found[seed] = {name: math.inf if value is None else value for name, value in entry["values"].items()}
    return found


def run(case: Case, seed: int) -> None:
    """One run, kept at once."""
    config, start = replace(case.config, seed=seed), time.process_time()
    values = {name: value if math.isfinite(value) else None for name, value in case.measure(config).items()}
    entry = {
        "config": fingerprint(config), "values": values, "cpu_seconds": round(time.process_time() - start, 1)
    }  # fmt: skip
    print(f"{case.name} {seed}: {values}, {entry['cpu_seconds']} CPU s", flush=True)
    known = known_results()
    known["runs"][f"{case.name} {seed}"] = entry
    known |= {"machine": describe(), "date": time.strftime("%Y-%m-%d")}
    write_atomically(RESULTS, (json.dumps(known, indent=1, sort_keys=True) + "\n").encode())


def table(known: dict[str, Any]) -> str:
    """A row a preset and a scene: the promise, on how many seeds it was kept, the worst value, the time of a run."""
    lines = [f"{known.get('date', '')}, {known.get('machine', '')}.", ""]
    lines += ["| | promise | seeds | kept | worst | CPU seconds |", "|---|---|---|---|---|---|"]
    for case in cases().values():
        found, words = valid(case, known), "; ".join(promise.words for promise in case.promises)
        if not found:
            lines.append(f"| {case.name} | {words} | not run | | | |")
            continue
        kept = sum(case.kept(values) for values in found.values())
        short = f" ({len(SEEDS) - len(found)} not run)" if len(found) < len(SEEDS) else ""
        worst = ", ".join(_worst(promise, found.values()) for promise in case.promises)
        took = max(known["runs"][f"{case.name} {seed}"]["cpu_seconds"] for seed in found)
        seeds = f"{min(found)} to {max(found)}"
        lines.append(f"| {case.name} | {words} | {seeds} | {kept} of {len(found)}{short} | {worst} | {took:.0f} |")
    return "\n".join(lines) + "\n"


def _worst(promise: Promise, found: Iterable[Values]) -> str:
    values = [values[promise.measure] for values in found]
    return f"{min(values) if math.isfinite(promise.low) else max(values):.3g}"


def write_table() -> None:
    text = DOCUMENT.read_text("utf-8")
    before, rest = text.split(START)
    _, after = rest.split(END)
    write_atomically(DOCUMENT, f"{before}{START}\n\n{table(known_results())}\n{END}{after}".encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names of presets and of scenes (both of their runs)")
    parser.add_argument("--seeds", default=f"{SEEDS[0]}-{SEEDS[-1]}")
    parser.add_argument("--table", action="store_true", help="train nothing")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    first, _, last = asked.seeds.partition("-")
    wanted = set(filter(None, asked.only.split(",")))
    for seed in () if asked.table else range(int(first), int(last or first) + 1):
        for case in cases().values():
            chosen = not wanted or case.name.partition(",")[0] in wanted
            if chosen and seed not in valid(case, known_results()):
                run(case, seed)
    write_table()
    print(table(known_results()))

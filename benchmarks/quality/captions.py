"""Moments of real runs with their captions, and what the runs' own numbers say of them: the evidence of a test.

python -m benchmarks.quality.captions

Trains a few short runs under build/captions (a minute or two each on two cores; those that are there are kept), takes
of each rule the first pictures at which it held, and writes tests/measure/captions/moments.json. Also writes the
table of all rules into docs/captions.md.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from gan_core.config.codec import apply_sets
from gan_core.config.files import write_atomically
from gan_core.data.sets.points import PointDataset
from gan_core.measure.captions.rules import caption, rule_of, table
from gan_core.measure.referee.findings import diagnose
from gan_core.runs import RunManager
from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.evaluation.diagnosis import Diagnoser
from gan_core.training import RunConfig, preset
from gan_core.training.configuration.gallery import scene
from gan_core.training.observe.scene import decode_scene
from pages.server.live.captions import Narrator

FOLDER = Path("build/captions")
MOMENTS = Path("tests/measure/captions/moments.json")
PAGE = Path("docs/captions.md")
OF_EACH, OF_A_RUN = 3, 2  # moments of a rule at most, in all and of one run
POINTS = 100  # of a scene that are kept
D_RIGHT = ("d_accuracy_real", "d_accuracy_fake")
SLOW_G, SLOW_D = {"g_optimizer.lr": "0.00001"}, {"d_optimizer.lr": "0.00001"}
RUNS: dict[str, tuple[RunConfig, int]] = {
    "ring": (preset("ring").config, 3_000),
    "ring, a slow generator": (apply_sets(preset("ring").config, SLOW_G), 200),
    "ring, a slow discriminator": (apply_sets(preset("ring").config, SLOW_D), 200),
    "ring, wide places": (apply_sets(preset("ring").config, {"data.std": "0.1"}), 1_200),
    "ring that collapses": (preset("ring-collapse").config, 800),
    "grid": (preset("grid").config, 800),
    "collapse": (scene("collapse").config, 1_200),
    "oscillation": (scene("oscillation").config, 800),
    "moons": (apply_sets(preset("ring").config, {"data": "moons"}), 1_500),
    "clothes, hinge loss": (preset("hinge-sn").config, 300),
    "shapes": (preset("shapes").config, 480),
    "shapes, a slow discriminator": (apply_sets(preset("shapes").config, SLOW_D), 40),
    "dominance": (scene("dominance").config, 60),
    "clothes": (preset("fashion-fast").config, 400),
    "unequal places": (apply_sets(preset("ring").config, {"data": "mixture"}), 1_500),
}


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    found: list[dict[str, Any]] = []
    for name, (config, steps) in RUNS.items():
        found += moments_of(name, replace(config, seed=3), steps)
    kept: list[dict[str, Any]] = []
    for one in found:
        of_rule = [other for other in kept if _kind(other) == _kind(one)]
        if len(of_rule) < OF_EACH and sum(other["run"] == one["run"] for other in of_rule) < OF_A_RUN:
            kept.append(one)
    write_atomically(MOMENTS, (json.dumps(kept, allow_nan=False).replace('{"run"', '\n{"run"') + "\n").encode())
    page = PAGE.read_text(encoding="utf-8")
    write_atomically(PAGE, re.sub(r"(?s)<!-- rules -->.*", f"<!-- rules -->\n\n{table()}", page).encode())
    for one in kept:
        print(f"{one['run']:>28} {one['step']:>6} {one['rule']:>14}  {one['caption']}")


def _kind(one: dict[str, Any]) -> tuple[str, bool, bool]:
    """Its rule; whether it is of points, and whether an evaluation had been made."""
    return one["rule"], one["moment"]["points"], one["moment"]["measured"]


def moments_of(name: str, config: RunConfig, steps: int) -> list[dict[str, Any]]:
    """Every kept picture of a run: its evidence, caption and rule, and what else is known of its step."""
    manager = RunManager(FOLDER / "runs", FOLDER / "data", device="cpu", threads=1)
    known = {view.title: view.id for view in manager.views()}
    run = known.get(name) or manager.start(config, title=name, stop_at_step=steps)
    manager.wait(run)
    diagnoser = Diagnoser(DatasetCache(manager.data_dir))
    narrator, evidence = Narrator(manager, run, diagnoser), diagnoser.evidence(manager, run)
    modes = config.data.modes() if isinstance(config.data, PointDataset) else None
    records, found, before = manager.records(run), [], None
    for step, _ in manager.grids(run):
        grid = manager.grid(run, step)
        narrator.caption_kept(grid)
        moment = narrator.moment(step)
        assert moment is not None
        rule = rule_of(moment, before)
        so_far = diagnose(evidence.until(step))
        row = max(0, int(np.searchsorted(records["step"], step, side="right")) - 1)
        numbers = {column: _plain(values[row]) for column, values in records.items() if len(values)}
        if not isinstance(config.data, PointDataset):  # a batch of pictures is small: captions go by the last eight
            numbers |= {column: _plain(records[column][max(0, row - 7) : row + 1].mean()) for column in D_RIGHT}
        found.append({
            "run": name, "step": step, "rule": rule.name if rule else "", "caption": caption(moment, before, so_far),
            "findings": [[one.kind, one.step] for one in so_far if one.trouble],
            "moment": _json(asdict(moment)), "before": before and _json(asdict(before)), "numbers": numbers,
            "points": _points(grid.png) if moment.points else None,
            "modes": modes and [[_plain(n) for n in at] for at in modes.centres.tolist()], "std": modes and modes.std,
        })  # fmt: skip
        before = moment
    manager.close()
    return found


def _points(encoded: bytes) -> list[list[float | None]]:
    """x, y and D's score of some of the points."""
    made = decode_scene(encoded)
    some = slice(None, None, len(made.fakes) // POINTS)
    return [
        [round(float(n), 3) for n in (*at, score)]
        for at, score in zip(made.fakes[some], made.scores[some], strict=True)
    ]


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    return _plain(value) if isinstance(value, float) else value


def _plain(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None


if __name__ == "__main__":
    main()

"""`evaluate`: how good a run's generator is, between its floor and what it was untrained."""

from __future__ import annotations

import argparse
import json
import math
import sys

from tqdm import tqdm

from gan_core.cli.show import open_manager, run_named, table
from gan_core.cli.terminal.streams import Passing, is_terminal
from gan_core.measure import IMAGE_MEASURES, PLANE_MEASURES
from gan_core.measure.features.inception import inception_space
from gan_core.runs import RunManager
from gan_core.runs.evaluation_record import Evaluation, as_json


def evaluate(arguments: argparse.Namespace) -> int:
    """Take every measure of a checkpoint now, keep it with the run and print it beside its two reference lines."""
    manager = open_manager(arguments)
    try:
        run = run_named(manager, arguments.run)
        one = _evaluate(manager, run, arguments)
        of_kind = [e for e in manager.evaluations(run) if e.kind == one.kind]
        if one.step not in {e.step for e in of_kind}:
            print("This is not kept: the run's folder cannot be written now.", file=sys.stderr)
    finally:
        manager.close(timeout_seconds=None)
    untrained = next((e for e in of_kind if e.step == 0), None)
    below = {} if untrained is None else as_json(untrained)["values"]
    if arguments.json:
        print(json.dumps({"run": run, **as_json(one), "untrained": below}))
    else:
        print(_words(run, one))
        print(table(_rows(one, untrained)))
    return 0


def _evaluate(manager: RunManager, run: str, arguments: argparse.Namespace) -> Evaluation:
    with tqdm(total=100, unit="%", desc=run, file=Passing(), disable=not is_terminal(sys.stderr), leave=False) as bar:

        def progress(fraction: float, words: str) -> None:
            bar.n = round(100 * fraction)
            bar.set_postfix_str(words)

        space = inception_space(manager.data_dir, progress) if arguments.features == "inception" else None
        return manager.evaluate(run, arguments.step, samples=arguments.samples, progress=progress, space=space)


def _words(run: str, one: Evaluation) -> str:
    what = "points" if one.features.startswith("points") else "images"
    when = f"at step {one.step:,}, after {one.images:,} {what}" if one.step else "untrained"
    best = "; the best of its kind so far" if one.best else ""
    return f"{run} {when}: {one.samples:,} samples in {one.features}{best}."


def _rows(one: Evaluation, untrained: Evaluation | None) -> list[dict[str, str]]:
    return [
        {
            "measure": f"{measure.label}, {measure.unit}" if measure.unit else measure.label,
            "now": _number(one.values[measure.name]),
            "real against real": _number(one.floor.get(measure.name, math.nan)),
            "untrained": _number(untrained.values.get(measure.name, math.nan) if untrained else math.nan),
            "better": {True: "higher", False: "lower", None: "as real"}[measure.higher_is_better],
        }
        for measure in (*IMAGE_MEASURES, *PLANE_MEASURES)
        if measure.name in one.values
    ]


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "-"

"""`augment`: the classifier's accuracy in each way, and the verdict."""

from __future__ import annotations

import argparse
import json
from typing import Any

from gan_core.apply.augmentation import Augment
from gan_core.apply.augmentation.verdict import points, span_of
from gan_core.cli.apply import work
from gan_core.cli.configure import read_pairs
from gan_core.cli.show import table
from gan_core.config.codec import apply_sets, from_dict


def augment(arguments: argparse.Namespace) -> int:
    """Do it in the foreground; the last line of --json has `ways`, `verdict`, `job` and all else that came of it."""
    job, outcome = work(arguments, task_from(arguments))
    if arguments.json:
        print(json.dumps({"job": job.id, **outcome}))
        return 0
    print(table([_row(name, way, outcome["differences"].get(name)) for name, way in outcome["ways"].items()]))
    for note in outcome["notes"]:
        print(note)
    print(outcome["verdict"])
    print(f"{job.id}: {job.result}")
    return 0


def task_from(arguments: argparse.Namespace) -> Augment:
    """Raises ConfigError, or CommandError, in one sentence."""
    name, _, slug = arguments.data.partition("/")
    task = from_dict(Augment, {
        "data": {"name": name, "slug": slug} if slug else name, "per_class": arguments.per_class,
        "run": arguments.run, "ways": arguments.ways, "ratio": arguments.ratio, "seeds": arguments.seeds,
        "seconds": arguments.seconds,
    })  # fmt: skip
    return apply_sets(task, read_pairs(arguments.sets))


def _row(name: str, way: dict[str, Any], difference: dict[str, Any] | None) -> dict[str, str]:
    interval = "-" if way["low"] is None else f"{100 * way['low']:.1f} to {100 * way['high']:.1f}"
    against = (
        "-" if difference is None else points(difference["mean"]) + span_of(difference["low"], difference["high"])
    )
    return {
        "way": name, "accuracy %": f"{100 * way['mean']:.1f}", "95% interval": interval,
        "against real, points": against,
    }  # fmt: skip

"""`branch` and `twin`: runs that share a beginning with another, and where they part."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import Any

from gan_core.cli.configure import config_from, typed_changes, with_images
from gan_core.cli.show import open_manager, run_named
from gan_core.cli.terminal.errors import CommandError
from gan_core.cli.terminal.follow import follow, print_summary, summary
from gan_core.cli.terminal.signals import StopSignals
from gan_core.cli.training.train import closing, fetch_missing, long_enough
from gan_core.runs.lineage.twins import with_changes
from gan_core.runs.snapshot import RunView


def branch(arguments: argparse.Namespace) -> int:
    """A new run from any step of another, with other settings, trained to its end."""
    with StopSignals() as signals, closing(open_manager(arguments)) as manager:
        run = run_named(manager, arguments.run)
        changes = typed_changes(manager.config(run), arguments.sets)
        if arguments.images is not None:
            changes["total_images"] = with_images(manager.config(run), arguments.images).total_images
        made = manager.branch(
            run, arguments.step, changes, title=arguments.title, stop_at_step=arguments.steps,
            stop_after_seconds=arguments.seconds,
        )  # fmt: skip
        view = follow(manager, made, signals)
    return print_summary(view, as_json=arguments.json)


def twin(arguments: argparse.Namespace) -> int:
    """Two runs in step, to the end of both."""
    config, name = config_from(arguments)
    changes = typed_changes(config, arguments.changes, "--change")
    if not changes:
        raise CommandError("--change is missing; name what is different in the second run, as in --change k_d=2.")
    if arguments.steps is not None:
        both = config, with_changes(config, changes)
        config = replace(config, total_images=max(long_enough(each, arguments.steps) for each in both))
    with StopSignals() as signals, closing(open_manager(arguments)) as manager:
        fetch_missing(config, manager.data_dir, signals)
        cautions = manager.twin_cautions(config, changes)
        for sentence in cautions:
            print(sentence, file=sys.stderr)
        ids = manager.start_twins(
            config, changes, preset=name, title=arguments.title, stop_at_step=arguments.steps
        )  # fmt: skip
        views = [follow(manager, run, signals) for run in ids]
    return print_summaries(views, cautions, as_json=arguments.json)


def print_summaries(views: list[RunView], cautions: list[str], *, as_json: bool) -> int:
    """The last lines on standard output, and the exit status of the worse one."""
    if not as_json:
        return max([print_summary(view, as_json=False) for view in views])
    told: dict[str, Any] = {"runs": [summary(view) for view in views], "cautions": cautions}
    print(json.dumps(told), flush=True)
    return 0 if all(view.state in ("finished", "stopped") for view in views) else 2

"""`sweep`: many runs that differ in a few settings, in the foreground, and which of them ended best."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

from gan_core.cli.configure import config_from
from gan_core.cli.show import open_manager, table
from gan_core.cli.terminal.errors import CommandError
from gan_core.cli.terminal.follow import POLL_SECONDS
from gan_core.cli.terminal.signals import StopSignals
from gan_core.cli.terminal.streams import Passing, is_terminal
from gan_core.cli.training.train import closing, fetch_missing
from gan_core.data.sets.points import PointDataset
from gan_core.runs.groups.sweep_file import Sweep
from gan_core.runs.groups.sweep_measures import best, measure, measure_of, unmeasured
from gan_core.runs.groups.sweep_plan import Plan, read_axis
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.snapshot import RunView
from gan_core.runs.states import LIVE
from gan_core.training import RunConfig


def sweep(arguments: argparse.Namespace) -> int:
    """Start a sweep and train all of it; the exit status is 2 where a member went wrong."""
    config, name = config_from(arguments)
    axes = tuple(read_axis(config, text) for text in arguments.over)
    plan = Plan(
        config, axes, seeds_from(arguments.seeds), arguments.random, arguments.random_seed, arguments.steps or 0
    )
    by = measure_for(config, arguments.measure)
    with StopSignals() as signals, closing(open_manager(arguments)) as manager:
        fetch_missing(config, manager.data_dir, signals)
        desk = Sweeps(manager)
        made = desk.start(
            plan, preset=name, title=arguments.title, together=not arguments.one_by_one, stop_at_step=arguments.steps
        )  # fmt: skip
        views = _follow(desk, made, signals)
        if not signals.asked.is_set():
            measure(manager, unmeasured(manager, [view.id for view in views]), _go_on(signals))
        told = report(desk, desk.sweep(made), views, by)
    _print(told, by, as_json=arguments.json)
    return 0 if all(member["state"] in ("finished", "stopped") for member in told["members"]) else 2


def seeds_from(text: str) -> tuple[int, ...]:
    """ "1,2,3" or "1..8"; "" is none."""
    try:
        if ".." in text:
            first, last = (int(part) for part in text.split(".."))
            found = tuple(range(first, last + 1)) if last - first < 1000 else ()
        else:
            found = tuple(dict.fromkeys(int(part) for part in text.split(",") if text))
        if text and not found:
            raise ValueError
    except ValueError:
        raise CommandError(f'--seeds is "{text}"; it must be whole numbers, as in 1,2,3 or 1..8.') from None
    return found


def measure_for(config: RunConfig, asked: str) -> str:
    """The measure that says which member is best."""
    name = asked or ("sliced_wasserstein" if isinstance(config.data, PointDataset) else "fid")
    if measure_of(name)[2] is None:
        raise CommandError(f"Neither end of {name} is the good one; name another measure with --measure.")
    return name


def _follow(desk: Sweeps, made: str, signals: StopSignals) -> list[RunView]:
    """Wait until every member is at rest."""
    found, stopped = desk.sweep(made), False
    views = [view for view in desk.views(found) if view is not None]
    total = sum(view.total_images for view in views)
    with tqdm(
        total=total, unit=" images", unit_scale=True, desc=made, file=Passing(), disable=not is_terminal(sys.stderr)
    ) as bar:
        while any(view.state in LIVE for view in views):
            if signals.asked.is_set() and not stopped:
                stopped = True
                desk.stop(made)
            time.sleep(POLL_SECONDS)
            views = [view for view in desk.views(found) if view is not None]
            bar.n = sum(view.images for view in views)
            bar.set_postfix_str(f"{sum(view.state in LIVE for view in views)} of {len(views)} train", refresh=False)
            bar.refresh()
    return views


def _go_on(signals: StopSignals) -> Callable[[float, str], None]:
    """Raises where Ctrl-C was pressed."""

    def progress(share: float, words: str) -> None:
        if signals.asked.is_set():
            raise CommandError("The measuring was stopped; every run is kept.")

    return progress


def report(desk: Sweeps, found: Sweep, views: list[RunView], by: str) -> dict[str, Any]:
    """What `--json` prints: best names the run with the best value of this measure, null where none was measured."""
    values = desk.measured(found)
    known = {run: one[by] for run, one in values.items() if by in one}
    sets = {member.run: member.values for member in found.members}
    members = [
        {
            "run": view.id, "set": sets[view.id], "state": view.state, "steps": view.step,
            "seconds": round(view.elapsed_seconds, 3), "values": values[view.id], "error": view.error,
        }
        for view in views
    ]  # fmt: skip
    return {
        "sweep": found.id, "together": found.together, "measure": by, "best": best(known, by),
        "members": members,
    }  # fmt: skip


def _print(told: dict[str, Any], by: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told), flush=True)
        return
    rows = []
    for member in told["members"]:
        value = member["values"].get(by)
        rows.append({
            "run": member["run"], **member["set"], "state": member["state"], "steps": f"{member['steps']:,}",
            by: "-" if value is None else f"{value:.4g}", "best": "*" if member["run"] == told["best"] else "",
        })  # fmt: skip
    print(table(rows), flush=True)
    for member in told["members"]:
        if member["error"]:
            print(f"{member['run']}: {member['error']}", file=sys.stderr)

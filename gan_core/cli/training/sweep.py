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
from gan_core.cli.show import LAST, open_manager, table
from gan_core.cli.terminal.errors import CommandError
from gan_core.cli.terminal.follow import POLL_SECONDS
from gan_core.cli.terminal.signals import StopSignals
from gan_core.cli.terminal.streams import Passing, is_terminal
from gan_core.cli.training.cluster_sweep import cluster_from, driven
from gan_core.cli.training.train import closing, fetch_missing
from gan_core.data.sets.points import PointDataset
from gan_core.runs import RunManager
from gan_core.runs.groups.sweep_beginning import Beginning
from gan_core.runs.groups.sweep_file import Sweep
from gan_core.runs.groups.sweep_measures import best, measure, measure_of, unmeasured
from gan_core.runs.groups.sweep_plan import Plan, read_axis
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.snapshot import RunView
from gan_core.runs.states import LIVE
from gan_core.training import RunConfig


def sweep(arguments: argparse.Namespace) -> int:
    """Start a sweep, or go on with one, and train all of it; the exit status is 2 where a member went wrong."""
    if arguments.resume:
        return _resume(arguments)
    config, name = config_from(arguments)
    axes = tuple(read_axis(config, text) for text in arguments.over)
    plan = Plan(
        config, axes, seeds_from(arguments.seeds), arguments.random, arguments.random_seed, arguments.steps or 0
    )
    by = measure_for(config, arguments.measure)
    if (cluster := cluster_from(arguments, plan, by)) is not None:
        asked = Beginning(plan, cluster, name, arguments.title, stop_at_step=arguments.steps)
        return _on_cluster(arguments, asked, by)
    with StopSignals() as signals, closing(open_manager(arguments)) as manager:
        fetch_missing(config, manager.data_dir, signals)
        sweeps = Sweeps(manager)
        made = sweeps.start(
            plan, preset=name, title=arguments.title, together=not arguments.one_by_one, stop_at_step=arguments.steps
        )  # fmt: skip
        views = _follow(sweeps, made, signals)
        return _end(arguments, manager, sweeps.sweep(made), views, by, signals)


def _end(
    arguments: argparse.Namespace, manager: RunManager, found: Sweep, views: list[RunView], by: str,
    signals: StopSignals,
) -> int:  # fmt: skip
    """Measure what was not measured, unless a page can be asked for that, and say which is best."""
    if not signals.asked.is_set() and not Sweeps(manager).driver(found.id).plan.is_file():
        measure(manager, unmeasured(manager, [view.id for view in views]), _go_on(signals))
    told = report(Sweeps(manager), found, views, by)
    _print(told, by, as_json=arguments.json)
    return 0 if all(member["state"] in ("finished", "stopped") for member in told["members"]) else 2


def _on_cluster(arguments: argparse.Namespace, asked: Beginning | str, by: str) -> int:
    with tqdm(unit=" images", unit_scale=True, file=Passing(), disable=not is_terminal(sys.stderr)) as bar:

        def tell(sweeps: Sweeps, found: Sweep) -> Callable[[], None]:
            bar.set_description(found.id)
            return lambda: _show(bar, _views(sweeps, found))

        with driven(arguments, asked, tell) as (manager, found, signals):
            by = by or (found.cluster.measure if found.cluster else "")
            return _end(arguments, manager, found, _views(Sweeps(manager), found), by, signals)


def _resume(arguments: argparse.Namespace) -> int:
    """Go on with a sweep as it was begun, here or on its cluster."""
    if arguments.over or arguments.seeds or arguments.random or arguments.preset or arguments.sets or arguments.on:
        raise CommandError("--resume goes on with a sweep as it was begun; leave out its settings.")
    with StopSignals() as signals, closing(open_manager(arguments)) as manager:
        sweeps = Sweeps(manager)
        if sweeps.driver(arguments.resume).plan.is_file() and not _known(sweeps, arguments.resume):
            found, by = None, ""  # a page has asked for it, and nothing of it was made yet
        else:
            found = _named(sweeps, arguments.resume)
            config = next((manager.config(view.id) for view in _views(sweeps, found)), None)
            if config is None:
                raise CommandError(f"All runs of the sweep {found.id} have been deleted.")
            asked = arguments.measure or (found.cluster.measure if found.cluster else "")
            by = measure_for(config, asked)
            if found.cluster is None:
                sweeps.go_on(found.id)
                return _end(arguments, manager, found, _follow(sweeps, found.id, signals), by, signals)
    return _on_cluster(arguments, found.id if found else arguments.resume, by)


def _known(sweeps: Sweeps, name: str) -> bool:
    return any(one.id == name for one in sweeps.all())


def _named(sweeps: Sweeps, name: str) -> Sweep:
    """By its id, or the beginning of exactly one, or "last". Raises CommandError."""
    known = sweeps.all()
    found = known[:1] if name in LAST else [one for one in known if one.id.startswith(name)]
    if len(found) != 1:
        there = f"the newest there is {known[0].id}" if known else "there is none yet"
        raise CommandError(f'There is no one sweep "{name[:80]}"; {there}.')
    return found[0]


def _views(sweeps: Sweeps, found: Sweep) -> list[RunView]:
    return [view for view in sweeps.views(found) if view is not None]


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


def _follow(sweeps: Sweeps, made: str, signals: StopSignals) -> list[RunView]:
    """Wait until every member is at rest."""
    found, stopped = sweeps.sweep(made), False
    views = _views(sweeps, found)
    with tqdm(unit=" images", unit_scale=True, desc=made, file=Passing(), disable=not is_terminal(sys.stderr)) as bar:
        while any(view.state in LIVE for view in views):
            if signals.asked.is_set() and not stopped:
                stopped = True
                sweeps.stop(made)
            time.sleep(POLL_SECONDS)
            views = _views(sweeps, found)
            _show(bar, views)
    return views


def _show(bar: Any, views: list[RunView]) -> None:
    bar.total, bar.n = sum(view.total_images for view in views), sum(view.images for view in views)
    bar.set_postfix_str(f"{sum(view.state in LIVE for view in views)} of {len(views)} train", refresh=False)
    bar.refresh()


def _go_on(signals: StopSignals) -> Callable[[float, str], None]:
    """Raises where Ctrl-C was pressed."""

    def progress(share: float, words: str) -> None:
        if signals.asked.is_set():
            raise CommandError("The measuring was stopped; every run is kept.")

    return progress


def report(sweeps: Sweeps, found: Sweep, views: list[RunView], by: str) -> dict[str, Any]:
    """What `--json` prints: best names the run with the best value of this measure, null where none was measured."""
    values = sweeps.measured(found)
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

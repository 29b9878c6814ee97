"""`runs` and `catalogue`, and how a run is named."""

from __future__ import annotations

import argparse
import dataclasses
import json

import torch

from gan_core.cli.catalogue import catalogue as everything
from gan_core.cli.terminal.errors import CommandError
from gan_core.cli.terminal.follow import outcome
from gan_core.cli.terminal.streams import json_text
from gan_core.runs import RunManager
from gan_core.runs.snapshot import RunView
from gan_core.training.together.ranks import Ranks

LAST = ("last", "latest")


def open_manager(arguments: argparse.Namespace, ranks: Ranks | None = None) -> RunManager:
    """The manager of the folders that were named, with every core: there is no page to leave one for.

    ranks: the processes that train its runs together.
    """
    threads = getattr(arguments, "threads", None) or torch.get_num_threads()
    device = getattr(arguments, "device", "cpu")
    return RunManager(arguments.runs_dir, arguments.data_dir, device=device, threads=threads, ranks=ranks)


def run_named(manager: RunManager, name: str) -> str:
    """The id of the run called `name`: an id, the beginning of exactly one, or "last" for the newest."""
    ids = [view.id for view in manager.views()]
    if name in ids:
        return name
    if name in LAST and ids:
        return ids[0]
    found = [run for run in ids if name and run.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(found[:3])
        raise CommandError(f'"{name}" begins the names of {len(found)} runs ({some}...); type more of it.')
    there = f"the newest there is {ids[0]}" if ids else "there is none yet"
    raise CommandError(f'There is no run "{name}" in {manager.runs_dir}; {there}.')


def runs(arguments: argparse.Namespace) -> int:
    """The list of runs, newest first, as a table or as JSON."""
    manager = open_manager(arguments)
    views = manager.views()
    manager.close(timeout_seconds=None)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(view) for view in views]))
    elif not views:
        print(f"There is no run in {arguments.runs_dir} yet; python -m gan_core train makes one.")
    else:
        print(table([_row(view) for view in views]))
    return 0


def _row(view: RunView) -> dict[str, str]:
    return {
        "run": view.id,
        "state": f"{outcome(view)} on {view.slot}" if view.slot else outcome(view),
        "steps": f"{view.step:,}",
        "images": f"{view.images:,}",
        "seconds": f"{view.elapsed_seconds:,.1f}",
        "preset": view.preset or "-",
        "created": view.created,
        "title": view.title,
    }


def table(rows: list[dict[str, str]]) -> str:
    """Rows of equal keys as aligned columns; what looks like a number stands on the right.

    A title may hold anything: what would move the cursor or break the line is shown as "?".
    """
    rows = [{key: "".join(c if c.isprintable() else "?" for c in text) for key, text in row.items()} for row in rows]
    lines = [dict(zip(rows[0], rows[0], strict=True)), *rows]
    widths = {key: max(len(line[key]) for line in lines) for key in rows[0]}
    right = {key for key in widths if all(row[key][:1].isdigit() and key != "created" for row in rows)}
    return "\n".join(
        "  ".join(line[k].rjust(w) if k in right else line[k].ljust(w) for k, w in widths.items()).rstrip()
        for line in lines
    )


def catalogue(arguments: argparse.Namespace) -> int:
    """Everything there is to choose from, as JSON."""
    print(json_text(everything(), indent=1))
    return 0

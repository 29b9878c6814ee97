"""List the jobs that augment, impute and others have begun, go on with one, or delete one."""

from __future__ import annotations

import argparse
import dataclasses
import json

from gan_core.cli.apply import follow
from gan_core.cli.options import Parser, add_engine, add_json
from gan_core.cli.show import LAST, open_manager, table
from gan_core.cli.terminal.errors import CommandError
from gan_core.cli.terminal.signals import StopSignals
from gan_core.runs.jobs import JobManager, JobView


def add_arguments(parser: Parser) -> None:
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--resume", metavar="JOB", help='go on with a job that was stopped: its id, or "last"')
    one.add_argument("--delete", metavar="JOB", help="move a job into the trash")
    one.add_argument("--undelete", metavar="TOKEN", help="have a deleted job back, by what --delete printed")
    add_engine(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    manager = open_manager(arguments)
    jobs = JobManager(manager)
    try:
        return _carry_out(jobs, arguments)
    finally:
        jobs.close(timeout_seconds=None)
        manager.close(timeout_seconds=None)


def _carry_out(jobs: JobManager, arguments: argparse.Namespace) -> int:
    if arguments.resume:
        job = _named(jobs, arguments.resume)
        with StopSignals() as signals:
            jobs.resume(job)
            outcome = follow(jobs, job, signals)
        print(json.dumps({"job": job, **outcome}) if arguments.json else f"{job} is done: {jobs.folder(job).result}")
    elif arguments.delete:
        token = jobs.delete(_named(jobs, arguments.delete))
        print(json.dumps({"token": token}) if arguments.json else f"Deleted; --undelete {token} brings it back.")
    elif arguments.undelete:
        job = jobs.undelete(arguments.undelete)
        print(json.dumps({"job": job}) if arguments.json else f"{job} is back.")
    else:
        _print_list(jobs.views(), as_json=arguments.json)
    return 0


def _named(jobs: JobManager, name: str) -> str:
    """Raises CommandError where there is none."""
    views = jobs.views()
    if name in LAST and views:
        return views[0].id
    found = [view.id for view in views if view.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    raise CommandError(f'There is no job "{name}"; python -m gan_core jobs lists those that there are.')


def _print_list(views: list[JobView], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([dataclasses.asdict(view) for view in views]))
    elif not views:
        print("There is no job yet; python -m gan_core augment or impute makes one.")
    else:
        print(table([_row(view) for view in views]))


def _row(view: JobView) -> dict[str, str]:
    status = view.status
    return {
        "job": view.id, "state": status.state, "done": f"{status.fraction:.0%}",
        "seconds": f"{status.elapsed_seconds:,.1f}", "created": view.created, "title": view.title,
        "what": status.problem or status.words or "-",
    }  # fmt: skip

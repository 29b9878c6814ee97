"""A task of `gan_core.apply` in the foreground: a progress bar, a stop on Ctrl-C, its job kept with the runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from gan_core.apply import Task
from gan_core.cli.show import open_manager
from gan_core.cli.terminal.errors import CommandError
from gan_core.cli.terminal.signals import StopSignals
from gan_core.cli.terminal.streams import Passing, is_terminal
from gan_core.data.uploads.limits import MEGA, Limits
from gan_core.runs.jobs import JobFolder, JobManager

POLL_SECONDS = 0.1


def work(
    arguments: argparse.Namespace, task: Task, inputs: Mapping[str, bytes] | None = None
) -> tuple[JobFolder, dict[str, Any]]:
    """Do the task; its job, and what came of it as plain JSON. inputs: files that it is given, by plain names.

    Raises CommandError in one sentence where it failed or was stopped; what was finished of it is kept then, and
    `python -m gan_core jobs --resume JOB` goes on with it. ConfigError where it cannot begin, OSError.
    """
    manager = open_manager(arguments)
    jobs = JobManager(manager)
    try:
        with StopSignals() as signals:
            job = jobs.start(task, inputs)
            return jobs.folder(job), follow(jobs, job, signals)
    finally:
        jobs.close(timeout_seconds=None)
        manager.close(timeout_seconds=None)


def follow(jobs: JobManager, job: str, signals: StopSignals) -> dict[str, Any]:
    """Wait for a job that works here, and show how far it is where standard error is a terminal.

    Raises CommandError in one sentence where it failed or was stopped.
    """
    view = jobs.view(job)
    with tqdm(
        total=100, unit="%", desc=view.title, file=Passing(), disable=not is_terminal(sys.stderr), leave=False
    ) as bar:
        while True:
            if signals.asked.is_set():
                jobs.cancel(job)
            view = jobs.wait(job, POLL_SECONDS)
            if not view.at_work:
                break
            bar.n = round(100 * view.status.fraction)
            bar.set_postfix_str(view.status.words)
    outcome = jobs.folder(job).outcome() if view.state == "done" else None
    if outcome is not None:
        return outcome
    if view.state == "failed":
        raise CommandError(view.status.problem)
    raise CommandError(f"It was stopped; what is finished is kept: python -m gan_core jobs --resume {job} goes on.")


def content_of(file: Path, what: str) -> bytes:
    """A picture's file that somebody named. Raises CommandError, in a sentence."""
    most = Limits().file_bytes
    if not file.is_file():
        raise CommandError(f"There is no file {file} for the {what}; name one that is there.")
    if file.stat().st_size > most:
        raise CommandError(f"{file} is larger than {most // MEGA} MB; make the {what} smaller.")
    return file.read_bytes()

"""`resume --take-over`: a run whose machine is gone is let go of first, once that has been silent for long enough."""

from __future__ import annotations

import sys
from time import sleep

from gan_core.cli.terminal.errors import CommandError
from gan_core.cli.terminal.signals import StopSignals
from gan_core.runs import RunManager
from gan_core.runs.storage.run_folder import open_run
from gan_core.runs.storage.shared import lock

LOOK_SECONDS = 0.2


def take_over(manager: RunManager, run: str, signals: StopSignals) -> None:
    """Wait for as long as it takes to be sure; nothing where nobody holds the run.

    Raises CommandError where who holds it gives signs of life, is of this machine, or where it is asked to stop.
    """
    path = open_run(manager.runs_dir, run).lock
    if not lock.is_held(path):
        return
    found = lock.holder(path)
    if found is None:
        raise CommandError(f"{run} is held by a program that does not tell its machine; end that one.")
    if found.is_here:
        raise CommandError(f"{run} is held by process {found.process} of this machine; end that one.")
    seconds = f"{lock.SILENT_SECONDS:.0f} seconds"
    print(f"{found.host} holds {run}; it is taken over after {seconds} without a sign of life.", file=sys.stderr)
    while lock.is_held(path) and not manager.elsewhere.silent_holder(run):
        if signals.asked.is_set():
            raise CommandError(f"{run} was not taken over: it had not been silent for {seconds} yet.")
        if lock.holder(path) != found:
            raise CommandError(f"{run} is held by {found.host}, which gives signs of life; stop it there.")
        sleep(LOOK_SECONDS)
    if lock.is_held(path):
        manager.elsewhere.take_over(run)

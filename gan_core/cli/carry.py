"""`export-run` and `import-run`: a run as one file."""

from __future__ import annotations

import argparse
import json

from gan_core.cli.show import open_manager, run_named
from gan_core.cli.take import say, writable
from gan_core.cli.terminal.errors import CommandError
from gan_core.config.files import output_path
from gan_core.runs.storage.archives.archive import export_run
from gan_core.runs.storage.archives.reading import import_run


def write_run(arguments: argparse.Namespace) -> int:
    """A run to a file that `import-run` takes here or elsewhere."""
    out = writable(arguments.out)
    manager = open_manager(arguments)
    run = run_named(manager, arguments.run)
    with output_path(out) as temporary:
        size = export_run(manager.runs_dir, run, temporary, arguments.checkpoints)
    say(out, f"{out}: {size:,} bytes.")
    return 0


def read_run(arguments: argparse.Namespace) -> int:
    """A run out of such a file, checked as one that may come from anywhere."""
    manager = open_manager(arguments)
    if not arguments.file.is_file():
        raise CommandError(f"There is no file {arguments.file}; name the zip that a run was exported to.")
    with open(arguments.file, "rb") as file:
        made = import_run(manager.runs_dir, file, arguments.file.name)
    view = manager.view(made.run)
    for note in made.notes:
        print(note)
    kept = len(view.checkpoints)
    print(f"{made.run}: {view.state} at step {view.step:,}, {kept} checkpoint{'s' * (kept != 1)}.")
    if arguments.json:
        print(json.dumps({"run": made.run, "state": view.state, "step": view.step, "notes": list(made.notes)}))
    return 0

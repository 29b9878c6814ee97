"""From the words typed to the command that is meant, and from what goes wrong to one sentence."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence

from gan_core.cli.apart import branch, twin
from gan_core.cli.carry import read_run, write_run
from gan_core.cli.diagnose import diagnose
from gan_core.cli.doctor import doctor
from gan_core.cli.errors import os_sentence
from gan_core.cli.evaluate import evaluate
from gan_core.cli.parser import build_parser
from gan_core.cli.show import catalogue, runs
from gan_core.cli.signals import may_listen
from gan_core.cli.streams import Passing
from gan_core.cli.sweep import sweep
from gan_core.cli.take import export, sample
from gan_core.cli.train import resume, train
from gan_core.data import DataUnavailable

COMMANDS: dict[str, Callable[..., int]] = {
    "train": train,
    "resume": resume,
    "branch": branch,
    "twin": twin,
    "sweep": sweep,
    "evaluate": evaluate,
    "diagnose": diagnose,
    "runs": runs,
    "sample": sample,
    "export": export,
    "export-run": write_run,
    "import-run": read_run,
    "catalogue": catalogue,
    "doctor": doctor,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; the exit status: 0, or 2 with one sentence on standard error, or 130 after Ctrl-C."""
    if may_listen(signal.SIGINT):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        parsed = build_parser().parse_args(arguments)
        _set_up_log(verbose=getattr(parsed, "verbose", False))
        status = COMMANDS[parsed.command](parsed)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who read our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        problem = os_sentence(error)
    except (ValueError, DataUnavailable) as error:
        problem = str(error)
    print(" ".join(problem.split()), file=sys.stderr)
    return 2


def _set_up_log(*, verbose: bool) -> None:
    """The engine's log on standard error, or nowhere: what matters of it is in the run's own words."""
    log = logging.getLogger("gan_core")
    log.handlers = [logging.StreamHandler(Passing()) if verbose else logging.NullHandler()]
    log.setLevel(logging.INFO if verbose else logging.WARNING)
    log.propagate = False

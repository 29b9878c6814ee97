"""From the words typed to the command that is meant, and from what goes wrong to one sentence."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence

from gan_core.cli.commands import command
from gan_core.cli.parser import build_parser
from gan_core.cli.terminal.errors import CommandError, os_sentence
from gan_core.cli.terminal.signals import may_listen
from gan_core.cli.terminal.streams import Passing


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; the exit status: 0, or 2 with one sentence on standard error, or 130 after Ctrl-C."""
    try:
        parsed = build_parser().parse_args(arguments)
        if may_listen(signal.SIGINT):
            signal.signal(signal.SIGINT, signal.default_int_handler)
        _set_up_log(verbose=getattr(parsed, "verbose", False))
        meant = command(parsed.command)
        if not getattr(meant, "IN_SEVERAL_PROCESSES", False):
            _refuse_under_torchrun(parsed.command)
        status = meant.run(parsed)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who read our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        problem = os_sentence(error)
    except ValueError as error:
        problem = str(error)
    except Exception as error:
        if not _is_sentence(error):
            raise
        problem = str(error)
    print(" ".join(problem.split()), file=sys.stderr)
    return 2


def _refuse_under_torchrun(name: str) -> None:
    """Each of its processes would do the same. Raises CommandError."""
    if "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("WORLD_SIZE", "1") != "1":
        raise CommandError(f"torchrun is for train and resume; start {name} by itself: python -m gan_core {name}.")


def _is_sentence(error: Exception) -> bool:
    """Whether it is said to people as it stands. The class comes with torch, which a command that raised it has."""
    from gan_core.data import DataUnavailable

    return isinstance(error, DataUnavailable)


def _set_up_log(*, verbose: bool) -> None:
    """The engine's log on standard error, or nowhere: what matters of it is in the run's own words."""
    log = logging.getLogger("gan_core")
    log.handlers = [logging.StreamHandler(Passing()) if verbose else logging.NullHandler()]
    log.setLevel(logging.INFO if verbose else logging.WARNING)
    log.propagate = False

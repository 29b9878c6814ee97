"""What students may do on a class server: a short list of switches that a teacher sets, kept beside the runs."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gan_core.config.files import write_atomically
from pages.server.security.roll import FOLDER

FILE = "switches.json"
PAGES = ("explore", "apply", "compare", "gallery", "learn", "data")
"""Pages that can be closed to students; the Lab, where runs are watched, and the class's own page cannot."""
MOST_AT_ONCE, LONGEST_SECONDS = 100, 86_400.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Switches:
    """start_runs: whether students may begin runs, branches and jobs of their own. runs_at_once: how many of one
    student may train or wait at a time, 0 for any number; longest_seconds: of training of one run, 0 for any length.
    pages: those that are open to students. bring_files: images, tables, generators and exported runs.
    """

    start_runs: bool = True
    runs_at_once: int = 4
    longest_seconds: float = 0.0
    pages: tuple[str, ...] = PAGES
    bring_files: bool = True


def read_switches(runs_dir: Path) -> Switches:
    """As they stand; the usual ones where nobody has set them, or where they cannot be read, which the log says."""
    path = runs_dir / FOLDER / FILE
    try:
        return _switches(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        _log.warning("%s cannot be read; students may do what is usual", path)
    return Switches()


def write_switches(runs_dir: Path, switches: Switches) -> None:
    """Raises ValueError in one sentence for what cannot be, OSError."""
    _check(switches)
    folder = runs_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / FILE, json.dumps(asdict(switches), indent=1).encode())


def _switches(data: dict[str, Any]) -> Switches:
    found = Switches(
        data["start_runs"], data["runs_at_once"], data["longest_seconds"], tuple(data["pages"]), data["bring_files"]
    )
    _check(found)
    return found


def _check(switches: Switches) -> None:
    if not isinstance(switches.start_runs, bool) or not isinstance(switches.bring_files, bool):
        raise ValueError("A switch is on or off.")
    if type(switches.runs_at_once) is not int or not 0 <= switches.runs_at_once <= MOST_AT_ONCE:
        raise ValueError(f"Runs at a time are a whole number from 0 to {MOST_AT_ONCE}.")
    seconds = switches.longest_seconds
    if type(seconds) not in (int, float) or not math.isfinite(seconds) or not 0 <= seconds <= LONGEST_SECONDS:
        raise ValueError(f"A run's longest time is a number of seconds from 0 to {LONGEST_SECONDS:,.0f}.")
    if not set(switches.pages) <= set(PAGES):
        raise ValueError(f"The pages that can be open are {', '.join(PAGES)}.")

"""A note in a run's folder: it waits for a job on another machine to begin with it (`engine.job_command`)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from gan_core.config.files import write_atomically

FILE = "waiting-job"
NAME = "job-name"
MOST_NAME = 80


@dataclass(frozen=True)
class WaitingJob:
    """job: what the command that took it calls it; "" where that is not known."""

    job: str = ""

    @property
    def words(self) -> str:
        return f"as job {self.job} on another machine" if self.job else "as a job on another machine"


def read_job(root: Path) -> WaitingJob | None:
    """None where the run in this folder waits for no job."""
    if not (root / FILE).is_file():
        return None
    try:
        with (root / NAME).open("rb") as file:
            name = file.read(MOST_NAME).decode()
    except (OSError, ValueError):
        name = ""
    return WaitingJob(name if name.isprintable() else "")


def await_job(root: Path) -> None:
    """From now on the run in this folder waits for a job. Raises OSError."""
    (root / NAME).unlink(missing_ok=True)
    write_atomically(root / FILE, b"")


def name_job(root: Path, job: str) -> None:
    """What the job is called that was handed in; it may have begun, or ended, by now. Raises OSError."""
    write_atomically(root / NAME, job[:MOST_NAME].encode())


def forget_job(root: Path) -> None:
    """Somebody has begun with the run, or nobody will."""
    with contextlib.suppress(OSError):
        (root / FILE).unlink(missing_ok=True)

"""A note in a run's folder: it waits for a job on another machine to begin with it (`engine.job_command`)."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from gan_core.config.files import write_atomically

FILE = "waiting-job.json"
LARGEST_BYTES = 1_000


@dataclass(frozen=True)
class WaitingJob:
    """job: what the command that took it calls it; "" where that is not known."""

    job: str = ""

    @property
    def words(self) -> str:
        return f"as job {self.job} on another machine" if self.job else "as a job on another machine"


def read_job(root: Path) -> WaitingJob | None:
    """None where the run in this folder waits for no job."""
    path = root / FILE
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST_BYTES:
            return None
        job = json.loads(path.read_bytes())["job"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return WaitingJob(job[:80]) if isinstance(job, str) and job.isprintable() else None


def write_job(root: Path, job: WaitingJob) -> None:
    """Raises OSError."""
    write_atomically(root / FILE, json.dumps(asdict(job)).encode())


def forget_job(root: Path) -> None:
    """Somebody has begun with the run, or nobody will."""
    with contextlib.suppress(OSError):
        (root / FILE).unlink(missing_ok=True)

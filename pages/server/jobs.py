"""Work that a page starts and does not wait for: fetching a dataset, with progress and a way to stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from pages.server.security.public import public


class Cancelled(Exception):
    """The person asked to stop."""


@dataclass
class Job:
    """One piece of work. `problem` is "" or one sentence; `done` says that it has ended, well or not. owner: the id
    of who began it; "" is whoever sits at the machine."""

    label: str
    owner: str = ""
    fraction: float = 0.0
    words: str = "starting"
    problem: str = ""
    done: bool = False
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    def progress(self, fraction: float, words: str) -> None:
        """Given to the work, which calls it often. Raises Cancelled."""
        if self._stop.is_set():
            raise Cancelled
        self.fraction, self.words = min(1.0, max(0.0, fraction)), words

    def cancel(self) -> None:
        self._stop.set()


class Jobs:
    """All jobs of the server by key: whoever opens the page sees the same one, and nobody starts it twice."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Job | None:
        return self._jobs.get(key)

    def forget(self, key: str) -> None:
        self._jobs.pop(key, None)

    def start(self, key: str, label: str, work: Callable[[Job], None], owner: str = "") -> Job:
        """Run `work(job)` in a thread, unless it runs already."""
        with self._lock:
            known = self._jobs.get(key)
            if known is not None and not known.done:
                return known
            job = self._jobs[key] = Job(label, owner)
        threading.Thread(target=_run, args=(job, work), name=f"job-{key}", daemon=True).start()
        return job


def _run(job: Job, work: Callable[[Job], None]) -> None:
    try:
        work(job)
    except Cancelled:
        job.problem = f"{job.label}: stopped, nothing was kept."
    except Exception as problem:  # shown to the person; a thread has nobody else to tell
        job.problem = public(problem) or f"{job.label} failed: {type(problem).__name__}."
    finally:
        job.done = True

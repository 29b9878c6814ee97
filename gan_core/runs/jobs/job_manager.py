"""The jobs of one manager's folder: started, watched, stopped, gone on with, deleted and had back."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gan_core.apply import Cancelled, Task, Workplace
from gan_core.config.codec import ConfigError
from gan_core.data.base import DataUnavailable
from gan_core.latent.model import Explorable
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.runs.jobs.job_folder import (
    AT_WORK,
    JobFolder,
    JobStatus,
    JobView,
    State,
    UnknownJob,
    job_folders,
    move_to_trash,
    new_job,
    open_job,
    restore,
)
from gan_core.runs.manager import RunManager
from gan_core.runs.storage.shared.lock import HeldElsewhere, RunLock
from gan_core.training.thread_count import use_threads

log = logging.getLogger(__name__)

WRITE_SECONDS = 0.5  # so often is progress written down
LOOK_SECONDS = 1.0


class JobManager:
    """One for a process. Jobs wait in line for the device with the runs of the same manager."""

    def __init__(self, manager: RunManager, catalog: ModelCatalog | None = None) -> None:
        self._manager = manager
        self._catalog = catalog or ModelCatalog(manager)
        self._workers: dict[str, _Worker] = {}
        self._guard = threading.Lock()
        self._closing = False

    @property
    def runs_dir(self) -> Path:
        return self._manager.runs_dir

    @property
    def catalog(self) -> ModelCatalog:
        """The generators that a task can be given."""
        return self._catalog

    # --- what there is

    def views(self, *task_names: str) -> list[JobView]:
        """All jobs, or those of some kinds, the newest first; what cannot be read is left out."""
        found = []
        for folder in job_folders(self.runs_dir):
            with contextlib.suppress(ValueError):
                view = self.view(folder.id)
                if not task_names or view.task in task_names:
                    found.append(view)
        return found

    def view(self, job_id: str) -> JobView:
        """Raises UnknownJob."""
        context = self._manager.launcher.context
        outlook, slot = context.queue.outlook(job_id), context.slot_of(job_id)
        waits = "" if outlook is None else outlook.words
        return self.folder(job_id).view(context.queue.place(job_id), waits, "" if slot is None else slot.name)

    def folder(self, job_id: str) -> JobFolder:
        """Raises UnknownJob."""
        return open_job(self.runs_dir, job_id)

    # --- work

    def start(self, task: Task, inputs: Mapping[str, bytes] | None = None, *, owner: str = "") -> str:
        """Let a task work as soon as the device is free; the id of its job. inputs: files by plain names. owner:
        whose it is, as in `JobView`.

        Raises ConfigError in one sentence where it cannot begin, OSError where the folder cannot be written.
        """
        inputs = inputs or {}
        self._manager.refuse_where_nothing_trains()
        self._manager.launcher.disk.refuse_beyond(owner)
        if found := task.problems(self._manager.data_dir, tuple(inputs)):
            raise ConfigError(" ".join(found))
        job = new_job(self.runs_dir, task, inputs, owner)
        self._launch(job)
        return job.id

    def resume(self, job_id: str) -> None:
        """Let a job that was stopped, or whose program ended, go on from what it has finished.

        Raises UnknownJob; ValueError in one sentence; OSError.
        """
        job = self.folder(job_id)
        if job.status().state == "done":
            raise ValueError("This job is done already.")
        self._launch(job)

    def cancel(self, job_id: str) -> None:
        """Stop it between two pieces of its work, here or in another program; what is finished stays.

        Nothing where it is not at work, or not there. Raises OSError.
        """
        worker = self._workers.get(job_id)
        if worker is not None and worker.is_alive():
            worker.stop("cancelled")
            self._manager.launcher.context.queue.nudge()
            return
        with contextlib.suppress(UnknownJob):
            if (job := self.folder(job_id)).status().state in AT_WORK:
                job.ask_to_stop()

    def finish(self, job_id: str) -> None:
        """Let it end early with what it has, where its task `keeps` that. Nothing where it is not at work here."""
        if (worker := self._workers.get(job_id)) is not None:
            worker.finish()

    def wait(self, job_id: str, seconds: float | None = None) -> JobView:
        """The view once it is no longer at work here, or after so long."""
        if (worker := self._workers.get(job_id)) is not None:
            worker.join(seconds)
        return self.view(job_id)

    def delete(self, job_id: str) -> str:
        """Into the trash; the token for `undelete`. Raises UnknownJob, HeldElsewhere while it works, OSError."""
        job = self.folder(job_id)
        lock = RunLock(job.lock, job_id)
        try:
            lock.acquire()
        except HeldElsewhere:
            raise HeldElsewhere("This job is at work; stop it first.") from None
        try:
            return move_to_trash(job)
        finally:
            lock.release()

    def undelete(self, token: str) -> str:
        """Raises UnknownJob, OSError."""
        return restore(self.runs_dir, token)

    def close(self, timeout_seconds: float | None = 5.0) -> None:
        """Stop every job; each goes on when it is resumed."""
        with self._guard:
            self._closing = True
            workers = list(self._workers.values())
        for worker in workers:
            worker.stop("interrupted")
        self._manager.launcher.context.queue.nudge()
        for worker in workers:
            worker.join(timeout_seconds)

    def _launch(self, job: JobFolder) -> None:
        lock = RunLock(job.lock, job.id)
        try:
            lock.acquire()
        except HeldElsewhere:
            raise HeldElsewhere("This job is at work already.") from None
        try:
            with self._guard:
                if self._closing:
                    raise ConfigError("The program is closing; start the job again when it is back.")
                worker = _Worker(job, lock, job.task(), self._manager, self._model)
                self._workers = {i: w for i, w in self._workers.items() if w.is_alive()} | {job.id: worker}
                worker.start()
        except BaseException:
            lock.release()
            raise

    def _model(self, name: str) -> Explorable:
        """Raises ValueError in one sentence, OSError."""
        if name == "last":
            runs = [view.id for view in self._manager.views() if view.checkpoints]
            if not runs:
                raise ValueError("There is no run with a checkpoint yet; train one first.")
            name = f"run:{runs[0]}"
        known = [name, f"run:{name}", f"asset:{name}"] if ":" not in name else [name]
        for each in known:
            with contextlib.suppress(ValueError):
                return self._catalog.open(each)
        raise ValueError(f"There is no model called {name[:80]!r}; name a run, or one that Explore lists.")


class _Worker(threading.Thread):
    """Works at one job, from the line for the device to its result."""

    def __init__(
        self, job: JobFolder, lock: RunLock, task: Task, manager: RunManager, model: Callable[[str], Explorable]
    ) -> None:  # fmt: skip
        super().__init__(name=f"job-{job.id}", daemon=True)
        self._job, self._lock, self._task, self._manager, self._model = job, lock, task, manager, model
        self._queue = manager.launcher.context.queue
        self._owner = str(job.asked().get("owner", ""))
        self._stopped: State | None = None
        self._enough = False
        self._status = JobStatus(elapsed_seconds=job.status().elapsed_seconds)
        self._job.write_status(self._status)
        self._job.forget_stop()
        self._written = self._began = self._looked = time.monotonic()
        self._before = self._status.elapsed_seconds

    def stop(self, state: State) -> None:
        self._stopped = self._stopped or state

    def finish(self) -> None:
        self._enough = True

    def run(self) -> None:
        try:
            self._queue.join(self._job.id, owner=self._owner)
            self._wait_for_device()
            self._began = time.monotonic()
            outcome = self._work()
            self._job.write_outcome(outcome)
            self._end("done", fraction=1.0)
        except Cancelled:
            self._end(self._stopped or "cancelled")
        except (ValueError, OSError, DataUnavailable) as error:
            self._fail(
                str(error) if not isinstance(error, OSError) else f"A file could not be used: {error.strerror}."
            )
        except Exception as error:
            log.exception("job %s failed", self._job.id)
            self._fail(f"It failed: {type(error).__name__}; the program's log says more.")
        finally:
            self._queue.leave(self._job.id)
            self._queue.forget(self._job.id)
            self._lock.release()

    def _work(self) -> dict[str, Any]:
        use_threads(self._manager.threads)
        self._tell("working", 0.0, "starting")
        context = self._manager.launcher.context
        if context.device.type != "cpu":  # what it holds there cannot move
            self._queue.stay(self._job.id)
        place = Workplace(
            self._job.root, self._manager.data_dir, context.device_of(self._job.id), self._progress,
            self._job.add_point, self._model, lambda: time.monotonic() - self._began,
            lambda: self._enough,
        )  # fmt: skip
        for folder in (place.input, place.parts, place.result):
            folder.mkdir(exist_ok=True)
        return self._task.work(place)

    def _wait_for_device(self) -> None:
        while not self._queue.wait(self._job.id, LOOK_SECONDS, lambda: self._stopped is not None):
            self._refuse_when_stopped()
        self._refuse_when_stopped()
        self._queue.begin(self._job.id)

    def _progress(self, fraction: float, words: str) -> None:
        """Between two pieces of its work: where others wait and its turn is over, it waits here for the next one."""
        self._refuse_when_stopped()
        if self._queue.over(self._job.id):
            self._tell("queued", min(1.0, max(0.0, fraction)), words)
            stopped_at = time.monotonic()
            self._queue.step_aside(self._job.id)
            try:
                self._wait_for_device()
            finally:
                self._began += time.monotonic() - stopped_at  # that time was others'
            self._tell("working", self._status.fraction, words)
        elif time.monotonic() - self._written >= WRITE_SECONDS:
            self._tell("working", min(1.0, max(0.0, fraction)), words)

    def _refuse_when_stopped(self) -> None:
        if time.monotonic() - self._looked >= WRITE_SECONDS:
            self._looked = time.monotonic()
            if self._job.is_asked_to_stop:
                self.stop("cancelled")
        if self._stopped is not None:
            raise Cancelled

    def _tell(self, state: State, fraction: float, words: str = "", problem: str = "") -> None:
        self._written = time.monotonic()
        elapsed = self._before + self._written - self._began
        self._status = JobStatus(state, fraction, words, problem, elapsed)
        self._job.write_status(self._status)

    def _end(self, state: State, fraction: float | None = None) -> None:
        self._tell(state, self._status.fraction if fraction is None else fraction, self._status.words)

    def _fail(self, problem: str) -> None:
        with contextlib.suppress(OSError):  # a full disk: the lock's release says that it has ended
            self._tell("failed", self._status.fraction, self._status.words, problem)

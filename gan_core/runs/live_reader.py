"""Reads any run as it stands now: from the worker that trains it here, else from its folder."""

from __future__ import annotations

import logging
from collections.abc import Callable

from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.engine.elsewhere.external_runs import ExternalRunWatcher
from gan_core.runs.evaluation.plane_constants import RunStage, run_stage
from gan_core.runs.launcher import Launcher
from gan_core.runs.listeners import Listener, Listeners
from gan_core.runs.snapshot import Dissected, RunView
from gan_core.runs.states import LIVE
from gan_core.runs.storage.reader import RunReader
from gan_core.runs.storage.run_folder import UnknownRun, UnreadableRun, open_run, run_ids
from gan_core.runs.storage.shared.inbox import Inbox
from gan_core.training import RunConfig

log = logging.getLogger(__name__)


class LiveReader(RunReader):
    """A `RunReader` that knows what trains in this process, and who may be asked where another one trains it."""

    def __init__(self, launcher: Launcher, datasets: DatasetCache, listeners: Listeners) -> None:
        super().__init__(launcher.runs_dir, datasets)
        self.launcher, self._listeners = launcher, listeners

    def view(self, run_id: str) -> RunView:
        """How a run stands now. Raises UnknownRun or UnreadableRun."""
        return self.launcher.view(run_id)

    def views(self) -> list[RunView]:
        """All runs, newest first; unreadable ones are left out (the log names them)."""
        found = []
        for run_id in run_ids(self.runs_dir):
            try:
                found.append(self.view(run_id))
            except (UnreadableRun, UnknownRun) as error:
                log.warning("%s", error)
            except Exception:  # one broken folder must never hide the others
                log.exception("the run %s cannot be read", run_id)
        return sorted(found, key=lambda view: (view.order, view.id), reverse=True)

    def config(self, run_id: str) -> RunConfig:
        """The configuration now in force."""
        worker = self.launcher.worker(run_id)
        return worker.config if worker is not None else self._config(open_run(self.runs_dir, run_id))

    def stage(self, run_id: str) -> RunStage | None:
        """What does not change during a run of points; None for a run of images. Half a second the first time."""
        return run_stage(self.config(run_id), self.launcher.context.build_lock)

    def dissected(self, run_id: str) -> Dissected | None:
        """The newest step of a run that trains here, where it was taken apart (`commands.Dissect`)."""
        worker = self.launcher.worker(run_id)
        return None if worker is None else worker.dissected

    def why_no_slow_motion(self, run_id: str) -> str:
        """Why no step of a run under way can be taken apart from here, in one sentence; "" where it can."""
        if self.trains_here(run_id) or (view := self.view(run_id)).state not in LIVE:
            return ""
        if view.processes > 1:
            return "Slow motion is for a run in one process; this one is trained by several together."
        return "Slow motion takes steps apart where a run trains; another program trains this one. Open it there."

    def trains_here(self, run_id: str) -> bool:
        """Whether this process has the run in hand, and so takes commands for it and tells what it does."""
        return self.launcher.worker(run_id) is not None

    def takes_commands(self, run_id: str) -> bool:
        """Whether `send` reaches the run: it trains here, or in a process that takes them through its folder."""
        if self.trains_here(run_id) or self.launcher.together.of(run_id) is not None:
            return True
        return self.view(run_id).state in LIVE and self.inbox(run_id).is_open

    def inbox(self, run_id: str) -> Inbox:
        """Where commands lie for whoever trains the run. Raises UnknownRun."""
        return Inbox(open_run(self.runs_dir, run_id))

    def follow(self, run_id: str) -> ExternalRunWatcher:
        """For runs that another process trains: ask it now and then what is new, where `subscribe` hears nothing."""
        return ExternalRunWatcher(self, run_id, self.view, self.trains_here)

    def subscribe(self, run_id: str, callback: Listener) -> Callable[[], None]:
        """Be told of every event of a run, from its thread: return at once. The result ends the subscription.

        While anybody listens, fresh sample grids come about four times a second. Ask for the `view` after
        subscribing, not before: then no change is missed. The last event of a run comes once it is at rest.
        """
        return self._listeners.subscribe(run_id, callback)

    def wait(self, run_id: str, timeout_seconds: float | None = None) -> RunView:
        """Wait until a run that trains here is at rest, at most so long (None: however long); how it stands then.

        A paused run is not at rest, and one that another process trains is not waited for. Raises UnknownRun.
        """
        worker = self.launcher.worker(run_id) or self.launcher.together.of(run_id)
        if worker is not None:
            worker.join(timeout_seconds)
        return self.view(run_id)

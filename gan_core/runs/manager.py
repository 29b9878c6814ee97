"""One RunManager per process: what pages and commands call to start, watch, change and read runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from gan_core.config.codec import ConfigError
from gan_core.data.base import Progress
from gan_core.measure import FeatureSpace
from gan_core.runs.commands import CheckpointNow, Command, PutFirst, Stop, check_command
from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.engine.device.allocator import keep_freed_memory
from gan_core.runs.engine.device.budget import Budget
from gan_core.runs.engine.device.device_queue import TURN_SECONDS
from gan_core.runs.engine.device.slots import slots_of
from gan_core.runs.engine.elsewhere.job_command import JobCommand
from gan_core.runs.engine.estimate import Estimate, earlier_runs
from gan_core.runs.evaluation import on_demand
from gan_core.runs.evaluation_record import Evaluation
from gan_core.runs.launcher import Launcher
from gan_core.runs.lineage import twins
from gan_core.runs.lineage.branches import start_branch
from gan_core.runs.lineage.elsewhere import RunsElsewhere
from gan_core.runs.lineage.resuming import resume_run
from gan_core.runs.listeners import Listeners
from gan_core.runs.live_reader import LiveReader
from gan_core.runs.snapshot import Evaluated, Event
from gan_core.runs.states import LIVE
from gan_core.runs.storage.data_identity import load_trained
from gan_core.runs.storage.run_folder import open_run, run_ids
from gan_core.runs.storage.shared.inbox import wait_for
from gan_core.training import RunConfig, cautions
from gan_core.training.together.ranks import Ranks

EARLIER_LOOKED_AT = 20  # runs, the newest, by whose speed the next one's is told


class RunManager(LiveReader):
    """Every run of one folder, and the threads of those that train in this process.

    runs_dir and data_dir are made where they are missing. threads None: one fewer than there are cores (at least
    one), which leaves a core for the page; give the number of cores where there is no page.
    A run takes so many at most: fewer where its steps are small (`useful_threads`). device: one of `places.DEVICES`,
    or several (`slots_of`), each for a run of its own; several shares of a processor divide the threads.
    ranks: the processes that train its one run together, of which this one leads (`training.together.ranks`).
    Folders that cannot be written can be looked at; only what would have to write says why it cannot.
    turn_seconds: after so long a run lets others go on who wait, and waits for its next turn (`DeviceQueue`).
    budget: what runs may take; None: half of the machine's memory, and all of its disk.
    job_command: by which runs are handed to other machines (`elsewhere`); None: there are none.
    Raises ConfigError in one sentence where the device is not there.
    """

    def __init__(
        self, runs_dir: Path, data_dir: Path, *, device: str = "auto", threads: int | None = None,
        ranks: Ranks | None = None, turn_seconds: float = TURN_SECONDS, budget: Budget | None = None,
        job_command: JobCommand | None = None,
    ) -> None:  # fmt: skip
        keep_freed_memory()
        slots = slots_of(device)
        self.device = slots[0].device.type
        self.threads = threads or max(1, torch.get_num_threads() - 1)
        if self.device == "cpu":
            self.threads = max(1, self.threads // len(slots))
        runs_dir, data_dir = Path(runs_dir), Path(data_dir)
        for folder in (runs_dir, data_dir):
            with contextlib.suppress(OSError):  # what is there can be looked at all the same
                folder.mkdir(parents=True, exist_ok=True)
        datasets, listeners = DatasetCache(data_dir), Listeners()
        launcher = Launcher(
            runs_dir, datasets, slots, self.threads, listeners, ranks, turn_seconds=turn_seconds, budget=budget
        )  # fmt: skip
        super().__init__(launcher, datasets, listeners)
        self.elsewhere = RunsElsewhere(launcher, job_command)

    # --- beginning

    def problems(self, config: RunConfig, processes: int = 1) -> list[str]:
        """Why this configuration cannot start, a sentence each; empty where it can. processes: as of `start`."""
        return self.launcher.configs.problems(config, processes)

    @property
    def devices(self) -> list[str]:
        """The names of the devices that runs train on; nothing where there is one."""
        return [slot.name for slot in self.launcher.context.slots if slot.name]

    @property
    def most_processes(self) -> int:
        """That can train one run together here."""
        return self.launcher.together.most

    def cautions(self, config: RunConfig) -> list[str]:
        """What is likely to go wrong with it, a sentence each; it may start all the same."""
        return cautions(config)

    def budget_cautions(self, config: RunConfig, owner: str = "") -> list[str]:
        """Which share of memory or disk is nearly used up, all together or this person's; a sentence each."""
        return self.launcher.budget_cautions(config, owner)

    def estimate(self, config: RunConfig) -> Estimate:
        """What the run will cost on this machine; what its backend needs begins to be made."""
        return self.launcher.configs.estimate(
            config, lambda: earlier_runs(run_ids(self.runs_dir)[:EARLIER_LOOKED_AT], self.view, self.device)
        )

    def rough_seconds(self, config: RunConfig) -> float:
        """About what a whole run takes here, by arithmetic alone: nothing that it needs begins to be made."""
        return self.launcher.configs.rough_seconds(config)

    def resolved(self, config: RunConfig, *, soon: bool = False) -> RunConfig:
        """The configuration as a run of it records it: "auto" replaced by what suits this machine.

        A backend that a run would have to wait for is replaced too, and begins to be made for the next one. soon: as
        it will be in a few seconds.
        """
        return self.launcher.configs.resolved(config, soon=soon)

    def prepare(self, config: RunConfig) -> None:
        """Wait until what the backend of this configuration needs is made: some seconds, the first time."""
        self.launcher.configs.prepare(config)

    def start(
        self, config: RunConfig, *, preset: str = "", title: str = "", stop_at_step: int | None = None,
        stop_after_seconds: float | None = None, seconds_per_step: float = 0.0, owner: str = "", processes: int = 1,
        device: str = "",
    ) -> str:  # fmt: skip
        """Make a run and let it train as soon as a device is free; returns its id.

        seconds_per_step: the pace to which it is held from its first step on; 0 is full speed. owner: whose it is,
        as in `RunManifest`. processes: that are started to train it together, on a device each as far as there are so
        many. device: the one of `devices` that it waits for; "": any.
        Raises ConfigError where the configuration cannot start, OSError where the folder cannot be written.
        """
        self.refuse_where_nothing_trains()
        if found := self.problems(config, processes):
            raise ConfigError(" ".join(found))
        if device and device not in self.devices:
            raise ConfigError(
                f'There is no device "{device[:40]}" here; there are {", ".join(self.devices) or "none"}.'
            )
        stop = StopCondition(stop_at_step, stop_after_seconds)
        config, reason = self.launcher.configs.resolved_why(config, processes=processes)
        warnings = (reason,) if reason else ()
        fields = {"owner": owner} | ({"processes": processes} if processes > 1 else {})
        run = self.launcher.make(config, preset, title, stop, warnings=warnings, **fields)
        if processes > 1:
            self.launcher.launch_together(run, processes, seconds_per_step=seconds_per_step)
        else:
            only = self.devices.index(device) if device else None
            self.launcher.launch(run, seconds_per_step=seconds_per_step, only=only)
        return run.manifest.id

    def refuse_where_nothing_trains(self) -> None:
        """Raises ConfigError in one sentence where no run could be made or go on here."""
        self.launcher.refuse_where_nothing_trains()

    def resume(
        self, run_id: str, *, total_images: int | None = None, stop_at_step: int | None = None,
        stop_after_seconds: float | None = None, processes: int = 1,
    ) -> None:  # fmt: skip
        """Let a run at rest go on from its newest sound checkpoint; a twin with the other one, where that can.

        Without arguments it goes on to where it was asked to stop when it was started or resumed last, or, where it
        has come to that, to its full length. total_images: its new length, kept with the run like any change.
        Raises UnknownRun, UnreadableRun; ValueError in one sentence where it cannot go on (diverged, at its full
        length, trained on another kind of device or on other data than are here); OSError where its folder cannot be
        written.
        """
        self.refuse_where_nothing_trains()
        stop = StopCondition(stop_at_step, stop_after_seconds)
        resume_run(self.launcher, run_id, stop, total_images, processes)

    def take_up_processes(self) -> None:
        """For a server that has just come up, before anything is begun.

        Processes whose server is gone, and which train runs on this machine still, keep their places in the queue,
        and are steered from here as if started here.
        """
        self.launcher.take_up_processes()

    def start_twins(
        self, config: RunConfig, changes: Mapping[str, Any], *, preset: str = "", title: str = "",
        stop_at_step: int | None = None, stop_after_seconds: float | None = None, owner: str = "",
    ) -> tuple[str, str]:  # fmt: skip
        """Two runs trained in step, with the same seed; the second with `changes` (dotted path -> value).

        Pause, resume and stop of one are of both; so are live changes, but for the fields in which they differ.
        Raises as `start`.
        """
        self.refuse_where_nothing_trains()
        stop = StopCondition(stop_at_step, stop_after_seconds)
        return twins.start_twins(self.launcher, config, changes, preset=preset, title=title, stop=stop, owner=owner)

    def twin_cautions(self, config: RunConfig, changes: Mapping[str, Any]) -> list[str]:
        """What such twins would not have in common although it was not asked for. Raises ConfigError."""
        return twins.twin_cautions(self.launcher, config, changes)

    def branch(
        self, run_id: str, step: int | None = None, changes: Mapping[str, Any] | None = None, *, title: str = "",
        stop_at_step: int | None = None, stop_after_seconds: float | None = None, owner: str = "",
    ) -> str:  # fmt: skip
        """A new run that goes on from any step of another, with other settings; returns its id.

        step: None is the newest sound checkpoint's. Between two checkpoints the branch goes through its parent's
        steps again, exactly, from the one before (its view's `step` is less than `parent_step` until then).
        changes: dotted path -> value, of any field that leaves the networks' shapes alone. stop_at_step counts from
        the parent's beginning, as steps do (and makes the branch so long where it need be), stop_after_seconds from
        the branch's own; without either it stops where its parent was asked to, if that lies ahead. Raises
        ConfigError or ValueError in one sentence.
        """
        self.refuse_where_nothing_trains()
        stop = StopCondition(stop_at_step, stop_after_seconds)
        return start_branch(self.launcher, run_id, step, changes or {}, title, stop, owner)

    # --- how good it is

    def evaluate(
        self, run_id: str, step: int | None = None, *, samples: int = on_demand.SAMPLES,
        progress: Progress = lambda fraction, words: None, cancelled: Callable[[], bool] = lambda: False,
        space: FeatureSpace | None = None,
    ) -> Evaluation:  # fmt: skip
        """The measures of the newest sound checkpoint up to a step (None: of all), taken now and kept with the run.

        `space`: the features in which they are taken; None: the dataset's own.

        Those of the untrained generator come along where they were not there. Raises ValueError, DataUnavailable or
        on_demand.Cancelled. What another process trains, that one writes down, if it takes commands.
        """
        folder = open_run(self.runs_dir, run_id)
        context = on_demand.EvaluationContext(
            lambda config, manifest: load_trained(self._datasets, manifest, config, from_memory=False),
            self.launcher.context.build_lock, self.launcher.context.device,
        )  # fmt: skip
        found = on_demand.evaluate_run(folder, context, step, samples, progress, cancelled, space)
        worker = self.launcher.worker(run_id)
        if worker is not None:
            if worker.bring(found):
                return found[-1]
            worker.join(on_demand.END_SECONDS)
        elif self.takes_commands(run_id):
            inbox = self.inbox(run_id)
            wait_for([(inbox, inbox.bring(found))])
            return found[-1]
        kept = on_demand.keep_evaluations(folder, found)
        for one in kept:
            self.tell(run_id, Evaluated(run_id, one))
        return (kept or found)[-1]

    # --- while it goes on

    def send(self, run_id: str, command: Command) -> None:
        """Ask a run's thread for something, here or in another process that takes commands through the run's folder.

        Waits until that process has taken it. Raises UnknownRun, or ValueError where nobody takes it.
        """
        self.send_all([run_id], command)

    def send_all(self, run_ids: Sequence[str], command: Command) -> None:
        """As `send`, for several: those of other processes are all asked before any answer is waited for."""
        asked = []
        for run_id in run_ids:
            worker, together = self.launcher.worker(run_id), self.launcher.together.of(run_id)
            if together is not None:
                check_command(self.config(run_id), command)
                together.send(command)
                continue
            if worker is not None and worker.view.state in LIVE:
                self.launcher.tell(worker, command)
                continue
            view = self.view(run_id)
            if view.state not in LIVE or not (inbox := self.inbox(run_id)).is_open:
                where = "here: another process trains it" if view.state in LIVE else "now"
                raise ValueError(f"The run {run_id} is {view.state} and takes no commands {where}.")
            check_command(self.config(run_id), command)
            asked.append((inbox, inbox.put(command)))
        wait_for(asked)

    def cancel(self, run_id: str) -> None:
        """Take a waiting run out of the line, or out of that of another machine."""
        view = self.view(run_id)
        if view.state != "queued":
            raise ValueError(f"The run {run_id} is {view.state}, not waiting.")
        if not self.elsewhere.cancel_waiting(run_id):
            self.send(run_id, Stop())

    def first(self, run_id: str) -> None:
        """Put a run that waits first: whoever has the device steps aside for it between two steps, and goes on later.

        In the line of another program too, if that takes commands through the run's folder. Raises UnknownRun;
        ValueError in one sentence where it does not wait, or nobody takes it.
        """
        if why := self.why_not_first(run_id):
            raise ValueError(why)
        if self.trains_here(run_id) or self.launcher.together.of(run_id) is not None:
            self.launcher.put_first(run_id)
        else:
            self.send(run_id, PutFirst())

    def why_not_first(self, run_id: str) -> str:
        """Why a run cannot be put first, in one sentence; "" where it can. Raises UnknownRun."""
        view = self.view(run_id)
        if view.state != "queued":
            return f"The run {run_id} is {view.state}, not waiting."
        if self.elsewhere.waits(run_id):
            return "It waits for a job on another machine, whose line is not this program's."
        if self.trains_here(run_id) or self.launcher.together.of(run_id) is not None:
            holds = self.launcher.context.queue.holds(run_id)  # what the view tells of it comes a moment later
            return "It has the device already, and is about to begin." if holds else ""
        return "" if self.takes_commands(run_id) else "Another program trains it, which takes no commands."

    def checkpoint_now(self, run_id: str) -> None:
        self.send(run_id, CheckpointNow())

    def tell(self, run_id: str, event: Event) -> None:
        """Let everybody know who listens, of what was done to a run at rest."""
        self._listeners.tell(run_id, event)

    # --- the end

    def close(self, timeout_seconds: float | None = 8.0) -> None:
        """Stop every run between two steps, with a checkpoint, and wait for them and every other thread of its own.

        timeout_seconds: how long at most; None: however long it takes. A process that ends while one of them is
        inside torch is aborted.
        """
        self.launcher.close(timeout_seconds)

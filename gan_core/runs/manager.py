"""The manager: one per process. It starts threads, keeps the line for the device and tells who listens."""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch

from gan_core.config.codec import ConfigError, from_dict, to_dict
from gan_core.data.base import Progress
from gan_core.measure import FeatureSpace
from gan_core.runs.commands import CheckpointNow, Command, Stop, check_command
from gan_core.runs.engine.advice import is_full_disk
from gan_core.runs.engine.allocator import keep_freed_memory
from gan_core.runs.engine.compiled_cache import CompiledStepCache
from gan_core.runs.engine.context import RunContext, StopCondition
from gan_core.runs.engine.device_queue import DeviceQueue
from gan_core.runs.engine.estimate import EarlierRun, Estimate, estimate, noisy_steps, resolve_precision
from gan_core.runs.engine.external_runs import ExternalRunWatcher
from gan_core.runs.engine.lockstep import LockstepPair
from gan_core.runs.engine.run_life import RunLife
from gan_core.runs.engine.worker import RunWorker
from gan_core.runs.evaluation.plane_constants import RunStage, run_stage
from gan_core.runs.evaluation.record import Evaluation
from gan_core.runs.evaluation.reference import judges
from gan_core.runs.groups import twins
from gan_core.runs.lineage import on_demand
from gan_core.runs.lineage.branches import start_branch
from gan_core.runs.lineage.ready import ready_to_resume
from gan_core.runs.listeners import Listener, Listeners
from gan_core.runs.names import free_id, named_after, own_title
from gan_core.runs.snapshot import Dissected, Event, RunView
from gan_core.runs.states import LIVE
from gan_core.runs.storage.data_identity import contents_now, load_trained
from gan_core.runs.storage.lock import RunLock, is_held
from gan_core.runs.storage.reader import RunReader
from gan_core.runs.storage.run_folder import (
    RunFolder,
    RunManifest,
    RunStatus,
    UnknownRun,
    UnreadableRun,
    next_order,
    now_text,
    open_run,
    run_ids,
)
from gan_core.runs.storage.views import ViewShelf
from gan_core.runs.storage.writer import RunWriter, new_run
from gan_core.training import Cost, RunConfig, cautions, problems, resolve_device, step_cost
from gan_core.training.backends import choose
from gan_core.training.backends.compiled import spec_of
from gan_core.training.build import sample_shape
from gan_core.training.cost import useful_threads

log = logging.getLogger(__name__)


class RunManager(RunReader):
    """Every run of one folder, and the threads of those that train in this process.

    runs_dir and data_dir are made where they are missing. threads None: one fewer than there are cores (at least
    one), which leaves a core for the page; give the number of cores where there is no page.
    A run takes so many at most: fewer where its steps are small (`useful_threads`).
    Folders that cannot be written can be looked at; only what would have to write says why it cannot.
    Raises ConfigError in one sentence where the device is not there.
    """

    def __init__(
        self, runs_dir: Path, data_dir: Path, *, device: str = "auto", threads: int | None = None
    ) -> None:  # fmt: skip
        super().__init__(Path(runs_dir), Path(data_dir))
        keep_freed_memory()
        self._torch_device = resolve_device(device)
        self.device = self._torch_device.type
        self.threads = threads or max(1, torch.get_num_threads() - 1)
        for folder in (self.runs_dir, self.data_dir):
            with contextlib.suppress(OSError):  # what is there can be looked at all the same
                folder.mkdir(parents=True, exist_ok=True)
        self._views = ViewShelf()
        self._guard = threading.RLock()  # of the threads and of closing; never held while anything is computed
        self._threads: dict[str, RunLife] = {}
        self._listeners = Listeners()
        self._closing = False
        self._around = RunContext(
            device=self._torch_device, line=DeviceQueue(),
            load_data=lambda config, about: load_trained(self._library, about, config, from_memory=True),
            build_lock=threading.RLock(), grid_writer=ThreadPoolExecutor(1, "grid-writer"), emit=self._listeners.tell,
            is_watched=self._listeners.any_of,
            libraries=CompiledStepCache(self.data_dir / "compiled"),
        )  # fmt: skip

    # --- beginning

    def problems(self, config: RunConfig) -> list[str]:
        """Why this configuration cannot start, a sentence each; empty where it can."""
        return problems(config, config.data.info(self.data_dir))

    def cautions(self, config: RunConfig) -> list[str]:
        """What is likely to go wrong with it, a sentence each; it may start all the same."""
        return cautions(config)

    def estimate(self, config: RunConfig) -> Estimate:
        """What the run will cost on this machine; what its backend needs begins to be made."""
        config, _ = self._resolved(config, soon=True)
        cost = self._cost(config)
        threads = useful_threads(cost.step_flops, self.threads)
        return estimate(config, cost, self._torch_device, threads, self._earlier_runs)

    def _cost(self, config: RunConfig) -> Cost:
        info = config.data.info(self.data_dir)
        class_count = len(info.classes) if config.conditional else 0
        with self._around.build_lock:
            return step_cost(config, sample_shape(config, info), class_count)

    def resolved(self, config: RunConfig) -> RunConfig:
        """The configuration as a run of it records it: "auto" replaced by what suits this machine.

        A backend that a run would have to wait for is replaced too, and begins to be made for the next one.
        """
        return self._resolved(config)[0]

    def _resolved(self, config: RunConfig, *, soon: bool = False) -> tuple[RunConfig, str]:
        """With the reason why it has not the backend that it asks for. soon: as it will be in a few seconds."""
        config = resolve_precision(config, self.device, self.data_dir / "machine.json")
        shape = sample_shape(config, config.data.info(self.data_dir))
        why_not = partial(self._around.libraries.why_not, soon=soon)
        backend, reason = choose(config, shape, self._torch_device, why_not)
        return replace(config, backend=backend), reason

    def prepare(self, config: RunConfig) -> None:
        """Wait until what the backend of this configuration needs is made: some seconds, the first time."""
        if self.problems(config):
            return
        resolved, _ = self._resolved(config, soon=True)
        if resolved.backend == "compiled":
            shape = sample_shape(resolved, resolved.data.info(self.data_dir))
            self._around.libraries.obtain(spec_of(resolved, shape))

    def start(
        self, config: RunConfig, *, preset: str = "", title: str = "", stop_at_step: int | None = None,
        stop_after_seconds: float | None = None,
    ) -> str:  # fmt: skip
        """Make a run and let it train as soon as the device is free; returns its id.

        Raises ConfigError where the configuration cannot start, OSError where the folder cannot be written.
        """
        self.refuse_where_nothing_trains()
        if found := self.problems(config):
            raise ConfigError(" ".join(found))
        config, reason = self._resolved(config)
        info = config.data.info(self.data_dir)
        about = self._about(config, preset, title, info.channels, info.classes)
        with self._new_run(about) as (folder, lock, about), contextlib.closing(RunWriter(folder)) as writer:
            warnings = (reason,) if reason else ()
            before = RunStatus(warnings=warnings, until_step=stop_at_step, until_seconds=stop_after_seconds)
            writer.stand(before)
        limits = StopCondition(stop_at_step, stop_after_seconds)
        self._launch(RunFolder(self.runs_dir / about.id), lock, about, config, before, limits)
        return about.id

    def _about(
        self, config: RunConfig, preset: str, title: str, channels: int, classes: tuple[str, ...]
    ) -> RunManifest:  # fmt: skip
        threads = useful_threads(self._cost(config).step_flops, self.threads) if self.device == "cpu" else 0
        return RunManifest(
            id="", title=(title or own_title(config.data, self.data_dir))[:200], preset=preset, created=now_text(),
            config=to_dict(config), device=self.device,
            threads=threads, channels=channels, classes=classes,
            torch_version=str(torch.__version__), trained_on=contents_now(config, self.data_dir),
        )  # fmt: skip

    @contextlib.contextmanager
    def _new_run(self, about: RunManifest) -> Iterator[tuple[RunFolder, RunLock, RunManifest]]:
        """A folder to be filled in the block, its lock, and `about` with an id, which it gets where it has none."""
        own_id = about.id or free_id(self.runs_dir, named_after(about.config, about.preset))
        about = replace(about, id=own_id, order=next_order(self.runs_dir))
        with new_run(self.runs_dir, about) as (folder, lock):
            yield folder, lock, about

    def _launch(
        self, folder: RunFolder, lock: RunLock, about: RunManifest, config: RunConfig, before: RunStatus,
        limits: StopCondition, *, total_images: int | None = None, duet: LockstepPair | None = None,
    ) -> None:  # fmt: skip
        """Start the thread of a run whose lock is held; it is let go of where that fails."""
        with contextlib.ExitStack() as undo:
            undo.callback(lock.release)
            writer = RunWriter(folder)
            undo.callback(writer.close)
            thread = RunWorker(
                folder,
                lock,
                writer,
                about,
                config,
                before,
                limits,
                self._around,
                total_images=total_images,
                duet=duet,
            )
            with self._guard:
                self._refuse_while_closing()
                self._take_in_hand({folder.id: thread})
                self._around.line.join(folder.id, beside=about.twin_of if duet else "")
                thread.start()
            undo.pop_all()

    def _take_in_hand(self, new: Mapping[str, RunLife]) -> None:
        """For who holds the guard. Those that are over are let go of: their folders tell all there is to know."""
        kept = {i: t for i, t in self._threads.items() if t.is_alive() or not (t.ended and t.end_written)}
        self._threads = {**kept, **new}

    def refuse_where_nothing_trains(self) -> None:
        """Raises ConfigError in one sentence where no run could be made or go on here."""
        self._refuse_while_closing()
        _make_writable(self.runs_dir, "runs")
        _make_writable(self.data_dir, "data")

    def _refuse_while_closing(self) -> None:
        if self._closing:
            raise ConfigError("The program is closing; start the run again when it is back.")

    def resume(
        self, run_id: str, *, total_images: int | None = None, stop_at_step: int | None = None,
        stop_after_seconds: float | None = None,
    ) -> None:  # fmt: skip
        """Let a run at rest go on from its newest sound checkpoint; a twin with the other one, where that can.

        Without arguments it goes on to where it was asked to stop when it was started or resumed last, or, where it
        has come to that, to its full length. total_images: its new length, kept with the run like any change.
        Raises UnknownRun, UnreadableRun; ValueError in one sentence where it cannot go on (diverged, at its full
        length, trained on another kind of device or on other data than are here); OSError where its folder cannot be
        written.
        """
        self.refuse_where_nothing_trains()
        limits = StopCondition(stop_at_step, stop_after_seconds)
        ready = ready_to_resume(self, run_id, limits, total_images)
        try:
            other = twins.other_to_resume(self, ready, limits, total_images)
        except BaseException:
            ready[1].release()
            raise
        if other is None:
            self._launch(*ready, total_images=total_images)
        else:
            twins.launch_pair(self, ready, other, total_images)

    def start_twins(
        self, config: RunConfig, changes: Mapping[str, Any], *, preset: str = "", title: str = "",
        stop_at_step: int | None = None, stop_after_seconds: float | None = None,
    ) -> tuple[str, str]:  # fmt: skip
        """Two runs trained in step, with the same seed; the second with `changes` (dotted path -> value).

        Pause, resume and stop of one are of both; so are live changes, but for the fields in which they differ.
        Raises as `start`.
        """
        self.refuse_where_nothing_trains()
        limits = StopCondition(stop_at_step, stop_after_seconds)
        return twins.start_twins(self, config, changes, preset=preset, title=title, limits=limits)

    def twin_cautions(self, config: RunConfig, changes: Mapping[str, Any]) -> list[str]:
        """What such twins would not have in common although it was not asked for. Raises ConfigError."""
        return twins.twin_cautions(self, config, changes)

    def branch(
        self, run_id: str, step: int | None = None, changes: Mapping[str, Any] | None = None, *, title: str = "",
        stop_at_step: int | None = None, stop_after_seconds: float | None = None,
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
        return start_branch(self, run_id, step, changes or {}, title, StopCondition(stop_at_step, stop_after_seconds))

    # --- how good it is

    def evaluate(
        self, run_id: str, step: int | None = None, *, samples: int = on_demand.SAMPLES,
        progress: Progress = lambda fraction, words: None, cancelled: Callable[[], bool] = lambda: False,
        space: FeatureSpace | None = None,
    ) -> Evaluation:  # fmt: skip
        """The measures of the newest sound checkpoint up to a step (None: of all), taken now and kept with the run.

        `space`: the features in which they are taken; None: the dataset's own.

        Those of the untrained generator come along where they were not there. Raises ValueError, DataUnavailable or
        on_demand.Cancelled. A run that another process trains is evaluated, but nothing is kept.
        """
        folder = open_run(self.runs_dir, run_id)
        workshop = on_demand.Workshop(
            lambda config, about: load_trained(self._library, about, config, from_memory=False),
            self._around.build_lock, self._torch_device,
        )  # fmt: skip
        found = on_demand.evaluate_run(folder, workshop, step, samples, progress, cancelled, space)
        return on_demand.hand_over(self, folder, found)[-1]

    # --- while it goes on

    def send(self, run_id: str, command: Command) -> None:
        """Ask a run's thread for something. Raises UnknownRun, or ValueError where it does not train here."""
        thread = self._thread(run_id)
        if thread is None or thread.view.state not in LIVE:
            view = self.view(run_id)
            where = "here: another process trains it" if view.state in LIVE else "now"
            raise ValueError(f"The run {run_id} is {view.state} and takes no commands {where}.")
        check_command(thread.config, command)
        thread.send(command)

    def cancel(self, run_id: str) -> None:
        """Take a waiting run out of the line."""
        view = self.view(run_id)
        if view.state != "queued":
            raise ValueError(f"The run {run_id} is {view.state}, not waiting.")
        self.send(run_id, Stop())

    def checkpoint_now(self, run_id: str) -> None:
        self.send(run_id, CheckpointNow())

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
        if (thread := self._thread(run_id)) is not None:
            thread.join(timeout_seconds)
        return self.view(run_id)

    def tell(self, run_id: str, event: Event) -> None:
        """Let everybody know who listens, of what was done to a run at rest."""
        self._listeners.tell(run_id, event)

    # --- reading

    def view(self, run_id: str) -> RunView:
        """How a run stands now. Raises UnknownRun or UnreadableRun."""
        thread = self._threads.get(run_id)
        if thread is not None and not (thread.ended and thread.end_written):
            return thread.view
        return self._views.view(open_run(self.runs_dir, run_id))

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

    def trains_here(self, run_id: str) -> bool:
        """Whether this process has the run in hand, and so takes commands for it and tells what it does."""
        return self._thread(run_id) is not None

    def follow(self, run_id: str) -> ExternalRunWatcher:
        """For runs that another process trains: ask it now and then what is new, where `subscribe` hears nothing."""
        return ExternalRunWatcher(self, run_id, self.view, self.trains_here)

    def stage(self, run_id: str) -> RunStage | None:
        """What does not change during a run of points; None for a run of images. Half a second the first time."""
        return run_stage(self.config(run_id), self._around.build_lock)

    def dissected(self, run_id: str) -> Dissected | None:
        """The newest step of a run that trains here, where it was taken apart (`commands.Dissect`)."""
        thread = self._thread(run_id)
        return None if thread is None else thread.dissected

    def config(self, run_id: str) -> RunConfig:
        """The configuration now in force."""
        thread = self._thread(run_id)
        return thread.config if thread is not None else self._config(open_run(self.runs_dir, run_id))

    # --- the end

    def close(self, timeout_seconds: float | None = 8.0) -> None:
        """Stop every run between two steps, with a checkpoint, and wait for them and every other thread of its own.

        timeout_seconds: how long at most; None: however long it takes. A process that ends while one of them is
        inside torch is aborted.
        """
        until = None if timeout_seconds is None else time.monotonic() + timeout_seconds

        def left() -> float | None:
            return None if until is None else max(0.0, until - time.monotonic())

        with self._guard:
            self._closing = True
            threads = list(self._threads.values())
        for thread in threads:
            if not thread.ended:
                thread.send(Stop())
        self._around.libraries.close()
        for thread in threads:
            thread.join(left())  # also one that has ended, and is just about to leave
        judges().end(left())
        self._around.libraries.join(left())
        self._around.grid_writer.shutdown(wait=timeout_seconds is None)

    # --- inside

    def _thread(self, run_id: str) -> RunLife | None:
        """The thread that has the run in hand, from before it starts until it has let go of everything."""
        thread = self._threads.get(run_id)
        return thread if thread is not None and not thread.ended else None

    def _at_rest(self, run_id: str) -> RunFolder:
        folder = open_run(self.runs_dir, run_id)
        thread, caller = self._thread(run_id), cast(object, threading.current_thread())
        if thread is not None and thread.view.state not in LIVE and thread is not caller:
            thread.join(5.0)  # it has said that it is at rest and is just letting go
        if self._thread(run_id) is not None or is_held(folder.lock):
            raise ValueError(f"The run {run_id} is not at rest: it is {self.view(run_id).state}.")
        return folder

    def _earlier_runs(self) -> list[EarlierRun]:
        """On this device, newest first, at most 20."""
        found = []
        for run_id in run_ids(self.runs_dir)[:20]:
            try:
                view = self.view(run_id)
            except ValueError:
                continue
            done, alone = view.step - view.parent_step, not (view.parent or view.sweep)
            if view.device == self.device and done >= 20 and view.elapsed_seconds > 0 and alone:
                plain = min(done, _plain_steps(view, done))
                found.append(EarlierRun(view.config, done, plain, view.elapsed_seconds, view.threads))
        return found


def _plain_steps(view: RunView, done: int) -> int:
    """How many of a run's steps were not compiled."""
    if view.config.get("backend") == "compiled":
        return noisy_steps(from_dict(RunConfig, view.config))
    return view.compiled_from_step or done  # of earlier versions, which went over on the way


def _make_writable(folder: Path, what: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{secrets.token_hex(4)}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        if is_full_disk(error):
            raise
        reason = error.strerror or str(error)
        raise ConfigError(f"The {what} folder {folder} cannot be written ({reason}); choose another.") from error

"""Makes runs, starts the workers that train them, and keeps track of those: one object for all that start a run."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch

from gan_core.config.codec import ConfigError, to_dict
from gan_core.runs.commands import Command, PutFirst, Stop, check_command
from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.engine.compiled_cache import CompiledStepCache
from gan_core.runs.engine.config_resolver import ConfigResolver
from gan_core.runs.engine.context import RunContext, StopCondition
from gan_core.runs.engine.device.budget import Budget, Room, needed_bytes
from gan_core.runs.engine.device.device_queue import TURN_SECONDS, DeviceQueue
from gan_core.runs.engine.device.disk import DiskBudget, make_writable
from gan_core.runs.engine.device.slots import Slot
from gan_core.runs.engine.elsewhere.command_reader import CommandReader
from gan_core.runs.engine.elsewhere.left_processes import left_processes
from gan_core.runs.engine.elsewhere.together_runs import TogetherRuns
from gan_core.runs.engine.lockstep import LockstepPair
from gan_core.runs.engine.run_life import RunLife
from gan_core.runs.engine.worker import RunWorker
from gan_core.runs.evaluation.reference import references
from gan_core.runs.listeners import Listeners
from gan_core.runs.names import data_label, free_id, named_after, own_title
from gan_core.runs.snapshot import RunView
from gan_core.runs.states import LIVE
from gan_core.runs.storage.data_identity import contents_now, load_trained
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder, next_order, now_text, open_run, run_ids
from gan_core.runs.storage.shared.lock import RunLock, is_held, wait_until_free
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.views import ViewCache, first_config
from gan_core.runs.storage.writer import RunWriter, new_run
from gan_core.training import RunConfig
from gan_core.training.configuration.cost import useful_threads
from gan_core.training.together.ranks import Ranks

log = logging.getLogger(__name__)


class ReadyRun(NamedTuple):
    """A run about to train: its folder with the lock held, the configuration in force, where it stands and stops."""

    folder: RunFolder
    lock: RunLock
    manifest: RunManifest
    config: RunConfig
    status: RunStatus
    stop: StopCondition


class Launcher:
    """What starting a run takes in this process, and the workers of those that train here.

    ranks: the processes that train each of its runs together, of which this one leads; None where it is alone.
    slots: what runs train on, one each. threads: of a run on a processor, at most; fewer where its steps are small.
    """

    def __init__(
        self, runs_dir: Path, datasets: DatasetCache, slots: tuple[Slot, ...], threads: int, listeners: Listeners,
        ranks: Ranks | None = None, *, turn_seconds: float = TURN_SECONDS, budget: Budget | None = None,
    ) -> None:  # fmt: skip
        self.runs_dir, self.data_dir = runs_dir, datasets.data_dir
        self.device, self.threads = slots[0].device.type, threads
        budget = budget or Budget()
        self.disk = DiskBudget(budget, runs_dir)
        line = DeviceQueue(turn_seconds, slots=len(slots))
        devices = [slot.device for slot in slots]
        self.context = RunContext(
            slots=slots, queue=line, room=Room(budget, devices, line.place),
            load_data=lambda config, manifest: load_trained(datasets, manifest, config, from_memory=True),
            build_lock=threading.RLock(), grid_writer=ThreadPoolExecutor(1, "grid-writer"), emit=listeners.tell,
            is_watched=listeners.any_of,
            compiled_steps=CompiledStepCache(self.data_dir / "compiled"), ranks=ranks,
        )  # fmt: skip
        self._views = ViewCache()
        self.together = TogetherRuns(self.context, self.data_dir, threads, self._stored_view)
        self.configs = ConfigResolver(self.context, self.together, self.data_dir, threads)
        self._guard = threading.RLock()  # of the workers and of closing; never held while anything is computed
        self._workers: dict[str, RunLife] = {}
        self._reader = CommandReader(self.tell)
        self._closing = False

    # --- a new run

    def budget_cautions(self, config: RunConfig, owner: str) -> list[str]:
        """As `RunManager.budget_cautions`."""
        found = self.disk.cautions(owner)
        if not self.configs.problems(config):
            found = [self.context.room.caution(owner, needed_bytes(self.configs.cost(config))), *found]
        return [sentence for sentence in found if sentence]

    def refuse_where_nothing_trains(self) -> None:
        """Raises ConfigError in one sentence where no run could be made or go on here."""
        self._refuse_while_closing()
        make_writable(self.runs_dir, "runs")
        make_writable(self.data_dir, "data")

    def _refuse_while_closing(self) -> None:
        if self._closing:
            raise ConfigError("The program is closing; start the run again when it is back.")

    def manifest(self, config: RunConfig, preset: str, title: str, **fields: Any) -> RunManifest:
        """Of a run with this configuration, without a place in the folder yet; fields: others of its manifest."""
        info, plain = config.data.info(self.data_dir), to_dict(config)
        named = title or own_title(config.data, self.data_dir) or data_label(plain, preset)
        processes = int(fields.get("processes", self.context.processes))
        flops, most = self.configs.cost(config).step_flops // processes, self.threads
        if processes != self.context.processes:
            most = self.together.threads_for(processes)
        threads = useful_threads(flops, most) if self.device == "cpu" else 0
        manifest = RunManifest(
            id="", title=named[:200], preset=preset, created=now_text(), config=plain, device=self.device,
            threads=threads, channels=info.channels, classes=info.classes,
            torch_version=str(torch.__version__), trained_on=contents_now(config, self.data_dir),
            processes=processes,
        )  # fmt: skip
        return replace(manifest, **fields)

    @contextlib.contextmanager
    def new_run(self, manifest: RunManifest) -> Iterator[tuple[RunFolder, RunLock, RunManifest]]:
        """A folder to be filled in the block, its lock, and the manifest with an id, which it gets where it has none.

        Once the block is over, the run is at `runs_dir / id`.
        """
        self.disk.refuse_beyond(manifest.owner)
        own_id = manifest.id or free_id(self.runs_dir, named_after(manifest.config, manifest.preset))
        manifest = replace(manifest, id=own_id, order=next_order(self.runs_dir))
        with new_run(self.runs_dir, manifest) as (folder, lock):
            yield folder, lock, manifest

    def make(
        self, config: RunConfig, preset: str, title: str, stop: StopCondition, *, warnings: tuple[str, ...] = (),
        **fields: Any,
    ) -> ReadyRun:  # fmt: skip
        """A new run before its first step, its lock held. fields: as in `manifest`. Raises OSError."""
        owner = str(fields.get("owner", ""))
        if problem := self.context.room.obstacle(owner, needed_bytes(self.configs.cost(config))):
            raise ConfigError(problem)
        status = RunStatus(warnings=warnings, until_step=stop.steps, until_seconds=stop.seconds)
        manifest = self.manifest(config, preset, title, **fields)
        with (
            self.new_run(manifest) as (folder, lock, manifest),
            contextlib.closing(RunWriter(folder, lock)) as writer,
        ):
            writer.write_status(status)
        return ReadyRun(RunFolder(self.runs_dir / manifest.id), lock, manifest, config, status, stop)

    # --- into training

    def launch(
        self, run: ReadyRun, *, total_images: int | None = None, pair: LockstepPair | None = None,
        seconds_per_step: float = 0.0, only: int | None = None,
    ) -> None:  # fmt: skip
        """Start the worker of a run, whose lock is let go of where that fails.

        total_images: its new length, to be recorded as a change. pair: what it shares with its twin.
        seconds_per_step: the pace that it begins with. only: the slot that it asks for; None: any.
        """
        folder, lock, manifest, config, status, stop = run
        with contextlib.ExitStack() as undo:
            undo.callback(lock.release)
            writer = RunWriter(folder, lock)
            undo.callback(writer.close)
            worker = RunWorker(
                folder,
                lock,
                writer,
                manifest,
                config,
                status,
                stop,
                self.context,
                total_images=total_images,
                pair=pair,
                seconds_per_step=seconds_per_step,
            )
            with self.starting():
                self.adopt([worker])
                beside = manifest.twin_of if pair else ""
                self.context.queue.join(folder.id, owner=manifest.owner, beside=beside, only=only)
                if stop.seconds is not None:
                    self.context.queue.expect(folder.id, max(0.0, stop.seconds - status.elapsed_seconds))
                worker.start()
            undo.pop_all()

    def launch_together(
        self, run: ReadyRun, processes: int, *, words: Sequence[str] = (), seconds_per_step: float = 0.0
    ) -> None:  # fmt: skip
        """Have several processes train a run, whose lock is let go of where that fails.

        words: options of `resume`. seconds_per_step: the pace that it begins with.
        """
        folder, lock, manifest, config, status, _ = run
        try:
            size, pace = needed_bytes(self.configs.cost(config)), seconds_per_step
            with self.starting():
                self.together.start(folder, lock, manifest, status, processes, size, words=words, pace=pace)
        except BaseException:
            lock.release()
            raise

    def take_up_processes(self) -> None:
        """As `RunManager.take_up_processes`."""
        for run_id in run_ids(self.runs_dir):
            try:
                folder = open_run(self.runs_dir, run_id)
                if (left := left_processes(folder.root)) is None:
                    continue
                manifest = folder.manifest()
                with self.starting():
                    self.together.take_up(
                        folder, manifest.owner, left, needed_bytes(self.configs.cost(first_config(manifest)))
                    )
            except (ValueError, OSError) as error:
                log.info("the processes of %s are not steered from here: %s", run_id, error)

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """Workers may be adopted in the block; the process does not begin to close in it. Raises ConfigError."""
        with self._guard:
            self._refuse_while_closing()
            yield

    def adopt(self, workers: Iterable[RunLife]) -> None:
        """These are in hand from now on. Who is over is forgotten: its folder tells all there is to know."""
        new = list(workers)
        kept = {i: w for i, w in self._workers.items() if w.is_alive() or not (w.ended and w.end_written)}
        self._workers = {**kept, **{worker.folder.id: worker for worker in new}}
        for worker in new:
            worker.open_inbox()
        self._reader.attend(new)

    # --- which runs are in hand

    def worker(self, run_id: str) -> RunLife | None:
        """What has the run in hand, from before it starts until it has let go of everything."""
        worker = self._workers.get(run_id)
        return worker if worker is not None and not worker.ended else None

    def tell(self, worker: RunLife, command: Command) -> None:
        """Raises ValueError where the run cannot carry it out."""
        check_command(worker.config, command)
        if isinstance(command, PutFirst):
            worker.put_first()
        else:
            worker.send(command)

    def put_first(self, run_id: str) -> None:
        """Put a run that waits first in the queue, with those that train in one step with it."""
        if self.together.of(run_id) is not None:
            self.context.queue.first(run_id)
        elif (worker := self.worker(run_id)) is not None:
            worker.put_first()

    def view(self, run_id: str) -> RunView:
        """How a run stands now. Raises UnknownRun or UnreadableRun."""
        worker = self._workers.get(run_id)
        if worker is not None and not (worker.ended and worker.end_written):
            return worker.view
        together, view = self.together.of(run_id), self._stored_view(run_id)
        return view if together is None else together.shown(view)

    def _stored_view(self, run_id: str) -> RunView:
        return self._views.view(open_run(self.runs_dir, run_id))

    def at_rest(self, run_id: str) -> RunFolder:
        """The folder of a run that nobody trains. Raises UnknownRun, or ValueError where somebody does."""
        folder = open_run(self.runs_dir, run_id)
        worker, caller = self.worker(run_id), cast(object, threading.current_thread())
        if worker is not None and worker.view.state not in LIVE and worker is not caller:
            worker.join(5.0)  # it has said that it is at rest and is just letting go
        elif worker is None and self.view(run_id).state not in LIVE:
            wait_until_free(folder.lock)  # another program has said so, and is just letting go
        if self.worker(run_id) is not None or self.together.of(run_id) is not None or is_held(folder.lock):
            raise ValueError(f"The run {run_id} is not at rest: it is {self.view(run_id).state}.")
        return folder

    def forget(self, run_id: str) -> None:
        """The run's folder is gone."""
        with self._guard:
            self._workers.pop(run_id, None)

    # --- the end

    def close(self, timeout_seconds: float | None) -> None:
        """As `RunManager.close`."""
        until = None if timeout_seconds is None else time.monotonic() + timeout_seconds

        def left() -> float | None:
            return None if until is None else max(0.0, until - time.monotonic())

        with self._guard:
            self._closing = True
            workers, together = list(self._workers.values()), self.together.close()
        for worker in workers:
            if not worker.ended:
                worker.send(Stop())
        self.context.compiled_steps.close()
        for worker in workers:
            worker.join(left())  # also one that has ended, and is just about to leave
        self._reader.join(left())
        for thread in together:
            thread.join(left())
        references().end(left())
        self.context.compiled_steps.join(left())
        self.context.grid_writer.shutdown(wait=timeout_seconds is None)

"""Runs that several processes train, started from here: how many there can be, and what steers those under way."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from gan_core.config.codec import ConfigError
from gan_core.runs.commands import Pace
from gan_core.runs.engine.context import RunContext
from gan_core.runs.engine.device.slots import cores
from gan_core.runs.engine.elsewhere.left_processes import LeftProcesses
from gan_core.runs.engine.elsewhere.several_processes import SeveralProcesses, Together
from gan_core.runs.snapshot import RunView
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import RunLock
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from gan_core.training.together.ranks import NO_NCCL


class TogetherRuns:
    """Of one process, which is alone. threads: of a run on a processor. view: how a run stands on the disk."""

    def __init__(
        self, context: RunContext, data_dir: Path, threads: int, view: Callable[[str], RunView]
    ) -> None:  # fmt: skip
        self._context, self._data_dir, self._threads, self._view = context, data_dir, threads, view
        self._kept: dict[str, SeveralProcesses] = {}
        self._guard = threading.Lock()

    # --- how many

    @property
    def most(self) -> int:
        """Processes that can train one run from here: one for each GPU, or core of the processor."""
        kind = self._context.device.type
        if kind == "mps" or self._context.ranks is not None or not torch.distributed.is_available():
            return 1
        return len(self._context.slots) if kind == "cuda" else cores()

    def why_not(self, processes: int) -> str:
        """Why a run cannot be trained here by so many processes, in one sentence; "" where it can."""
        kind, most = self._context.device.type, self.most
        if processes > 1 and kind == "cuda" and not torch.distributed.is_nccl_available():
            return NO_NCCL
        if processes <= most:
            return ""
        what = {"cuda": "GPU", "cpu": "processor core"}.get(kind, "device")
        return f"{processes} processes need {processes} {what}s, and this server has {most} to train on."

    def slots_for(self, processes: int) -> int:
        """How many places of the queue they take."""
        return min(processes, len(self._context.slots))

    def threads_for(self, processes: int) -> int:
        """Of each, at most: its share of what their places have."""
        return max(1, self._threads * self.slots_for(processes) // processes)

    # --- under way

    def start(
        self, folder: RunFolder, lock: RunLock, manifest: RunManifest, status: RunStatus, processes: int,
        bytes_held: int, *, words: Sequence[str] = (), pace: float = 0.0,
    ) -> None:  # fmt: skip
        """Have so many processes train a run as soon as they can. It lets go of the lock, also where this fails.

        bytes_held: by each. words: options of `resume`. pace: seconds per step with which it begins.
        """
        threads = self.threads_for(processes) if self._context.device.type == "cpu" else 0
        together = Together(processes, self.slots_for(processes), threads, self._data_dir, tuple(words))
        with contextlib.ExitStack() as undo:
            undo.callback(lock.release)
            with contextlib.closing(RunWriter(folder)) as writer:
                writer.write_status(replace(status, state="queued", error="", advice=()))
            thread = SeveralProcesses(
                folder, lock, manifest.owner, together, self._context, self._view, processes * bytes_held,
                [Pace(pace)] if pace else (),
            )  # fmt: skip
            thread.begin_to_steer()
            self._keep(thread)
            thread.join_line()
            thread.start()
            undo.pop_all()

    def take_up(self, folder: RunFolder, owner: str, left: LeftProcesses, bytes_held: int) -> None:
        """Steer processes whose server is gone, with the places of the queue that they take.

        Raises HeldElsewhere where another program steers them, ConfigError where their GPUs are not this one's.
        """
        ours = [slot.device.index for slot in self._context.slots]
        if any(gpu not in ours for gpu in left.gpus) or bool(left.gpus) != (self._context.device.type == "cuda"):
            raise ConfigError(f"The run {folder.id} trains on devices that are not this server's.")
        slots = self.slots_for(left.processes)
        together = Together(left.processes, slots, 0, self._data_dir)
        thread = SeveralProcesses(
            folder, RunLock(folder.lock, folder.id), owner, together, self._context, self._view,
            left.processes * bytes_held, left=left,
        )  # fmt: skip
        thread.begin_to_steer()
        if self._view(folder.id).state in ("queued", "running"):
            thread.join_line(last=[ours.index(gpu) for gpu in left.gpus] or range(slots))
        self._keep(thread)
        thread.start()

    def _keep(self, thread: SeveralProcesses) -> None:
        with self._guard:
            living = {run: one for run, one in self._kept.items() if one.is_alive()}
            self._kept = living | {thread.folder.id: thread}

    def of(self, run_id: str) -> SeveralProcesses | None:
        """What steers a run whose processes were started from here, as long as there are any."""
        found = self._kept.get(run_id)
        return found if found is not None and found.is_alive() else None

    def close(self) -> list[SeveralProcesses]:
        """Stop them all between two steps, with a checkpoint; who is still to be waited for."""
        with self._guard:
            found = list(self._kept.values())
        for thread in found:
            thread.close()
        return found

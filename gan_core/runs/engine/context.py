"""What a run's worker needs of its process, and where a run is to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import torch

from gan_core.data.base import ImageSet
from gan_core.runs.engine.compiled_cache import CompiledStepCache
from gan_core.runs.engine.device.budget import Room
from gan_core.runs.engine.device.device_queue import DeviceQueue
from gan_core.runs.engine.device.slots import Slot
from gan_core.runs.snapshot import Event
from gan_core.runs.storage.manifest import RunManifest
from gan_core.training import RunConfig
from gan_core.training.together.ranks import Ranks


@dataclass(frozen=True)
class RunContext:
    """One for all runs of a process. build_lock is held while networks draw their initial weights.

    ranks: the processes that train its one run together, of which this is the one that leads; None: it alone.
    load_data: of a configuration of a run's life, what that run was trained on (`data_identity.load_trained`).
    slots: what the places of the queue are, all of one kind.
    """

    slots: tuple[Slot, ...]
    queue: DeviceQueue
    load_data: Callable[[RunConfig, RunManifest], ImageSet]
    build_lock: threading.RLock
    grid_writer: Executor
    emit: Callable[[str, Event], None]
    is_watched: Callable[[str], bool]
    compiled_steps: CompiledStepCache
    room: Room
    ranks: Ranks | None = None

    @property
    def device(self) -> torch.device:
        """The first of them, for what holds none."""
        return self.slots[0].device

    @property
    def processes(self) -> int:
        """That train a run together, this one among them."""
        return self.ranks.count if self.ranks else 1

    def slot_of(self, run_id: str) -> Slot | None:
        """Which one a run, or a job, has now."""
        held = self.queue.held(run_id)
        return self.slots[held[0]] if held else None

    def device_of(self, run_id: str) -> torch.device:
        """The one that it has now, else the first; of several GPUs it is the calling thread's from now on."""
        slot = self.slot_of(run_id)
        device = self.device if slot is None else slot.device
        if device.type == "cuda" and device.index is not None:
            torch.cuda.set_device(device)
        return device


@dataclass(frozen=True)
class StopCondition:
    """Ends that the configuration does not know of; None is none. Both count from the run's beginning.

    They are kept with the run (`RunStatus.until_step`, `until_seconds`), so that it goes on to them after a kill.
    """

    steps: int | None = None
    seconds: float | None = None

    def reached(self, steps: int, seconds: float) -> bool:
        if self.steps is not None and steps >= self.steps:
            return True
        return self.seconds is not None and seconds >= self.seconds

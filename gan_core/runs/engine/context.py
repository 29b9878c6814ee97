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
from gan_core.runs.snapshot import Event
from gan_core.runs.storage.manifest import RunManifest
from gan_core.training import RunConfig
from gan_core.training.ranks import Ranks


@dataclass(frozen=True)
class RunContext:
    """One for all runs of a process. build_lock is held while networks draw their initial weights.

    ranks: the processes that train its one run together, of which this is the one that leads; None: it alone.
    load_data: of a configuration of a run's life, what that run was trained on (`data_identity.load_trained`).
    """

    device: torch.device
    queue: DeviceQueue
    load_data: Callable[[RunConfig, RunManifest], ImageSet]
    build_lock: threading.RLock
    grid_writer: Executor
    emit: Callable[[str, Event], None]
    is_watched: Callable[[str], bool]
    compiled_steps: CompiledStepCache
    room: Room
    ranks: Ranks | None = None


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

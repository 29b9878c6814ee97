"""How much memory and disk the runs of this server, and those of each person, may take."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from gan_core.config.codec import ConfigError
from gan_core.runs.engine.device.device_queue import TURN_SECONDS
from gan_core.training import Cost, Trainer

GB = 10**9
CAUTION_SHARE = 0.8  # of a budget: from there on it is said
DEFAULT_MEMORY_SHARE = 0.5  # of what the machine has, for networks; the rest is for steps, data and pages
_BYTES = 4  # of a number
_KEPT_PER_WEIGHT = 4  # the weight, two moments, and the last value known to be sound
_KEPT_PER_AVERAGE = 2  # of the averaged generator: itself, and the last known to be sound
_NO_LIMIT = 2**60  # a control group without a limit says something as large


@dataclass(frozen=True)
class Budget:
    """In bytes; None is no limit. `each`: of one person. Whoever sits at the machine has no share of their own.

    memory: for networks and optimizers of runs that train, wait for their next turn or are paused; what is beyond is
    kept on disk meanwhile. disk: for the folder of runs.
    """

    memory: int | None = None
    memory_each: int | None = None
    disk: int | None = None
    disk_each: int | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Budget:
        """GANSCOPE_MEMORY_GB, GANSCOPE_MEMORY_GB_EACH, GANSCOPE_DISK_GB and GANSCOPE_DISK_GB_EACH.

        Raises ConfigError.
        """
        names = ("MEMORY_GB", "MEMORY_GB_EACH", "DISK_GB", "DISK_GB_EACH")
        return cls(*(_bytes(environment, f"GANSCOPE_{name}") for name in names))


def turn_seconds(environment: Mapping[str, str] = os.environ) -> float:
    """GANSCOPE_TURN_SECONDS, or the usual length of a turn. Raises ConfigError."""
    return positive_number(environment, "GANSCOPE_TURN_SECONDS") or TURN_SECONDS


def positive_number(environment: Mapping[str, str], name: str) -> float | None:
    """A setting, None where it is not set. Raises ConfigError."""
    text = environment.get(name, "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ConfigError(f'{name} is "{text[:40]}"; it must be a number above 0.')
    return number


def _bytes(environment: Mapping[str, str], name: str) -> int | None:
    number = positive_number(environment, name)
    return None if number is None else int(number * GB)


def machine_memory(device: torch.device) -> int:
    """Bytes that the device has; on a processor, of what this process may use of the machine's."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    limits = [_NO_LIMIT]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limits.append(int(Path(path).read_text("ascii")))
        except (OSError, ValueError):
            continue
    try:
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        limits.append(4 * GB)  # a system that does not say: less than most have
    return min(limits)


def held_bytes(trainer: Trainer) -> int:
    """What a run's networks and optimizers take between two steps; its data are shared with other runs."""
    nets = (trainer.generator, trainer.discriminator)
    weights = sum(t.nbytes for net in nets for t in (*net.parameters(), *net.buffers()))
    average = sum(t.nbytes for t in (*trainer.average.net.parameters(), *trainer.average.net.buffers()))
    return _KEPT_PER_WEIGHT * weights + _KEPT_PER_AVERAGE * average


def needed_bytes(cost: Cost) -> int:
    """The same, of a configuration."""
    weights = cost.g_parameters + cost.d_parameters
    return _BYTES * (_KEPT_PER_WEIGHT * weights + _KEPT_PER_AVERAGE * cost.g_parameters)


def gigabytes(size: float) -> str:
    """As sentences say it: "1.2 GB", "40 MB"."""
    return f"{size / GB:.3g} GB" if size >= GB else f"{size / 10**6:.3g} MB"


@dataclass(frozen=True)
class _Held:
    owner: str
    size: int
    device: torch.device
    stays: bool


class Room:
    """Which runs hold memory between two steps, and which of them have to keep theirs on disk until their turn.

    devices: of each slot of the queue. A run may need a slot's share of the memory, so that all slots can be filled.
    place: of a run in the queue for them, 0 where it has one, -1 where it is not in it.
    """

    def __init__(self, budget: Budget, devices: Sequence[torch.device], place: Callable[[str], int]) -> None:
        self._on = {device: int(DEFAULT_MEMORY_SHARE * machine_memory(device)) for device in devices}
        self.total = budget.memory or sum(self._on.values())
        if len(self._on) == 1:
            self._on = dict.fromkeys(self._on, self.total)
        self._slots = len(devices)
        self._most = min(self.total // self._slots, *(self._on.values()))
        self.each = budget.memory_each
        self._place = place
        self._guard = threading.Lock()
        self._held: dict[str, _Held] = {}

    def hold(self, run_id: str, owner: str, size: int, device: torch.device, *, stays: bool) -> None:
        """A run has so many bytes in memory. stays: whatever others need."""
        with self._guard:
            self._held[run_id] = _Held(owner, size, device, stays)

    def drop(self, run_id: str) -> None:
        with self._guard:
            self._held.pop(run_id, None)

    def crowded(self, run_id: str) -> bool:
        """Whether a run that does not have the device has to make room.

        Who is to have the device later makes room for who is to have it sooner; a paused one, for all who wait.
        """
        with self._guard:
            held = dict(self._held)
        own = held.get(run_id)
        if own is None or own.stays:
            return False
        order = {name: (self._order(name, one), name) for name, one in held.items()}
        before = [one for name, one in held.items() if order[name] <= order[run_id]]
        if sum(one.size for one in before) > self.total:
            return True
        if sum(one.size for one in before if one.device == own.device) > self._on.get(own.device, math.inf):
            return True
        return self._limit_of(own.owner) < sum(one.size for one in before if one.owner == own.owner)

    def _order(self, run_id: str, held: _Held) -> float:
        place = self._place(run_id)
        return -1.0 if held.stays else math.inf if place < 0 else float(place)

    def held(self) -> int:
        """Bytes in memory now."""
        with self._guard:
            return sum(one.size for one in self._held.values())

    def _limit_of(self, owner: str) -> float:
        return self.each if owner and self.each is not None else math.inf

    def _limits(self, owner: str) -> tuple[tuple[float, str], ...]:
        """What one run may need at the most, in bytes, and who has that."""
        whose = "all runs of this server have" if self._slots == 1 else "each run that trains beside others here has"
        return (self._most, whose), (self._limit_of(owner), "each person's runs have")

    def obstacle(self, owner: str, size: int) -> str:
        """Why a run that needs so many bytes cannot train here, in a sentence; "" where it can."""
        for limit, whose in self._limits(owner):
            if size > limit:
                return (
                    f"Its networks need {gigabytes(size)} of memory, and {whose} {gigabytes(limit)}; "
                    "narrower networks fit."
                )
        return ""

    def caution(self, owner: str, size: int) -> str:
        """A sentence where it nearly cannot."""
        for limit, whose in self._limits(owner):
            if CAUTION_SHARE * limit < size <= limit:
                return f"Its networks need {gigabytes(size)} of the {gigabytes(limit)} of memory that {whose}."
        return ""

"""Commands to a run's worker; each takes effect between two steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gan_core.config.codec import ConfigError, replace_at, spec_at
from gan_core.data.sets.points import PointDataset
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.trainer import Players


@dataclass(frozen=True)
class Pause:
    pass


@dataclass(frozen=True)
class Resume:
    """Go on after a pause."""


@dataclass(frozen=True)
class StepOnce:
    """One step, of both players or of one alone, then pause (again)."""

    players: Players = "both"


@dataclass(frozen=True)
class Dissect:
    """As `StepOnce`, and tell what happened in it (`snapshot.Dissected`); for runs of points only."""

    players: Players = "both"


@dataclass(frozen=True)
class Pace:
    """At least so many seconds from one step to the next; 0 is full speed. Not part of what the run is."""

    seconds_per_step: float


@dataclass(frozen=True)
class Stop:
    """Checkpoint and stop; the run can be resumed later. reason: one sentence, where nobody has asked for it."""

    reason: str = ""


@dataclass(frozen=True)
class PutFirst:
    """Of a run that waits: it is next, and who has the device steps aside for it."""


@dataclass(frozen=True)
class CheckpointNow:
    pass


@dataclass(frozen=True)
class Change:
    """Set the live field at `path`; checked before it is accepted."""

    path: str
    value: Any


@dataclass(frozen=True)
class KeepBrought:
    """Write down the evaluations that somebody else has brought."""


@dataclass(frozen=True)
class Lengthen:
    """The run's new length. It is not live: only a resume brings it."""

    total_images: int


Command = Pause | Resume | StepOnce | Dissect | Pace | Stop | CheckpointNow | Change | KeepBrought | PutFirst


def check_command(config: RunConfig, command: Command) -> None:
    """Raises ValueError or ConfigError where a run of this configuration cannot carry it out, in one sentence."""
    if isinstance(command, Change):
        check_change(config, command.path, command.value)
    if isinstance(command, Dissect) and not isinstance(config.data, PointDataset):
        raise ValueError("Slow motion is for runs of points in the plane; this one learns pictures.")


def check_change(config: RunConfig, path: str, value: object) -> None:
    """Raises ConfigError where the change could not be made in a running run, in one sentence."""
    if not spec_at(config, path).live:
        raise ConfigError(f"{path} cannot change while a run trains; branch the run or start a new one.")
    replace_at(config, path, value)

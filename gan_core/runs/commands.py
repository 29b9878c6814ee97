"""What can be asked of a run's thread; every command takes effect between two steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gan_core.runs.evaluation import Evaluation
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
    """Checkpoint and stop; the run can be resumed later."""


@dataclass(frozen=True)
class CheckpointNow:
    pass


@dataclass(frozen=True)
class Change:
    """Set the live field at `path`; checked before it is accepted."""

    path: str
    value: Any


@dataclass(frozen=True)
class KeepEvaluation:
    """Write down an evaluation that somebody else made of this run."""

    evaluation: Evaluation


Command = Pause | Resume | StepOnce | Dissect | Pace | Stop | CheckpointNow | Change | KeepEvaluation

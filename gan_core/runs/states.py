"""The states of a run, and which may follow which."""

from __future__ import annotations

from typing import Literal, get_args

State = Literal["queued", "running", "paused", "stopping", "finished", "stopped", "diverged", "failed", "interrupted"]
STATES: tuple[State, ...] = get_args(State)

FOLLOWS: dict[State, frozenset[State]] = {
    "queued": frozenset({"running", "paused", "stopping", "stopped", "diverged", "failed", "interrupted"}),
    "running": frozenset({"queued", "paused", "stopping", "finished", "diverged", "failed", "interrupted"}),
    "paused": frozenset({"queued", "running", "stopping", "diverged", "failed", "interrupted"}),
    "stopping": frozenset({"stopped", "finished", "diverged", "failed", "interrupted"}),
    "finished": frozenset({"queued"}),
    "stopped": frozenset({"queued"}),
    "diverged": frozenset(),
    "failed": frozenset({"queued"}),
    "interrupted": frozenset({"queued"}),
}
"""A run at rest goes on only through the queue. A diverged one does not: branch from an earlier checkpoint. A paused
one has given the device back; if another run has it when it is to go on, it waits in the queue again. So does one
that has had its turn while others wait."""

WORDS: dict[State, str] = {
    "queued": "waiting for the device",
    "running": "training",
    "paused": "paused between two steps",
    "stopping": "stopping after this step",
    "finished": "finished its planned length",
    "stopped": "stopped by you, everything kept",
    "diverged": "stopped itself: a number became infinite or undefined",
    "failed": "stopped by an error",
    "interrupted": "cut off by a kill or a power cut",
}

LIVE: frozenset[State] = frozenset({"queued", "running", "paused", "stopping"})
"""States in which a thread of this or another process holds the run."""


class IllegalMove(ValueError):
    """A run cannot go from its state to that one."""


def move(now: State, then: State) -> State:
    """`then`, if a run may go there from `now`."""
    if then not in FOLLOWS[now]:
        allowed = ", ".join(sorted(FOLLOWS[now])) or "nothing"
        raise IllegalMove(f"A run that is {now} cannot become {then}; from there it can become {allowed}.")
    return then

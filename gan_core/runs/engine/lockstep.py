"""Two runs that train in step: they take turns on the device, and what is asked of one is done by both.

One leads to the next point of the curves, or for a moment, and the other follows to the very same step; only there
do commands take effect, so that both obey at the same step. Each run has a thread of its own; of both only the one
whose turn it is computes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from gan_core.runs.commands import Change, CheckpointNow, Command, Dissect, Pace, Pause, Resume, StepOnce, Stop

SLICE_SECONDS = 0.02  # that one leads, at least a step
SHARED = (Pause, Resume, StepOnce, Dissect, Pace, Stop, CheckpointNow, Change)


class Member(Protocol):
    """What the pair needs of a run's worker."""

    def put(self, command: Command) -> None:
        """Hand over a command; it takes effect before the next step."""

    def accepts(self, command: Command) -> bool:
        """Whether the run can carry it out."""


class LockstepPair:
    """own: paths of the fields in which the two differ on purpose; a change of these stays with the run it is for."""

    def __init__(self, ids: tuple[str, str], own: frozenset[str]) -> None:
        self._ids, self._own = ids, own
        self._changed = threading.Condition()
        self._members: dict[str, Member] = {}
        self._left: set[str] = set()
        self._steps: dict[str, int] = {}  # of those that have come so far as to train
        self._resting: set[str] = set()
        self._orders: list[tuple[Command, tuple[str, ...]]] = []
        self._owed: dict[str, int] = {}  # steps at which one has to show its samples, since the other did
        self._turn = ids[0]
        self._slice_ends, self._limit, self._every = 0.0, 0, 1

    def partner(self, run_id: str) -> str:
        return self._ids[1] if run_id == self._ids[0] else self._ids[0]

    def join(self, run_id: str, member: Member) -> None:
        """Register a worker, before its thread starts."""
        with self._changed:
            self._members[run_id] = member

    # --- taking turns; for the runs' threads

    def wait(self, run_id: str, step: int, every: int, seconds: float, called: Callable[[], bool]) -> bool:
        """Whether the run may take its next step, after waiting for its turn until it is `called` or so long.

        step: its steps so far. every: steps between two points of its curves.
        """
        with self._changed:
            if run_id in self._resting or run_id not in self._steps:
                self._changed.notify_all()
            self._steps[run_id], self._every = step, every
            self._resting.discard(run_id)
            self._pass_on(run_id)
            self._changed.wait_for(lambda: self._may_step(run_id) or called(), seconds)
            if called() or not self._may_step(run_id):
                return False
            if self._is_level(run_id):
                self._begin_slice(run_id)
            return not called()

    def is_behind(self, run_id: str) -> bool:
        """Whether its next step only follows its partner's."""
        with self._changed:
            return self._steps.get(run_id, 0) < self._steps.get(self.partner(run_id), 0)

    def device_share(self, run_id: str) -> float:
        """The run's share of the device's time: half, until the other has ended."""
        with self._changed:
            return 1.0 if self.partner(run_id) in self._left else 0.5

    def follows(self, run_id: str, step: int) -> bool:
        """Whether the other has come to this step before."""
        with self._changed:
            other = self.partner(run_id)
            return other not in self._left and step <= self._steps.get(other, -1)

    def owes_grid(self, run_id: str, step: int, *, shown: bool) -> bool:
        """Whether the other has shown its samples at this step; shown: this one has, so the other will owe them."""
        with self._changed:
            if shown:
                self._owed[self.partner(run_id)] = step
                return False
            return self._owed.pop(run_id, -1) == step if self._owed.get(run_id, -1) <= step else False

    def look(self, run_id: str) -> None:
        """While the one whose turn it is waits to take a step: hand over what was asked for."""
        with self._changed:
            if self._turn == run_id and self._is_level(run_id):
                self._deliver()

    def rest(self, run_id: str, step: int) -> None:
        """The run pauses, or ends, at a step."""
        with self._changed:
            self._steps[run_id] = step
            self._resting.add(run_id)
            self._give_turn(self.partner(run_id))
            self._deliver_at_rest()

    def leave(self, run_id: str) -> None:
        """The run has ended; the other goes on alone."""
        with self._changed:
            self._left.add(run_id)
            self._give_turn(self.partner(run_id))
            self._deliver()

    def _give_turn(self, run_id: str) -> None:
        if run_id not in self._left:
            self._turn = run_id
        self._changed.notify_all()

    def _pass_on(self, run_id: str) -> None:
        """At a recorded point, or after a moment, the leader lets the other follow."""
        other = self.partner(run_id)
        if self._turn != run_id or other in self._left or self._steps[run_id] <= self._steps.get(other, -1):
            return
        if self._steps[run_id] >= self._limit or time.monotonic() >= self._slice_ends:
            self._give_turn(other)

    def _may_step(self, run_id: str) -> bool:
        other = self.partner(run_id)
        if other in self._left:
            return True
        if other not in self._steps or self._turn != run_id:
            return False
        return other not in self._resting or self._steps[run_id] < self._steps[other]

    def _is_level(self, run_id: str) -> bool:
        return self._steps.get(run_id) == self._steps.get(self.partner(run_id))

    def _begin_slice(self, run_id: str) -> None:
        self._deliver()
        self._limit = (self._steps[run_id] // self._every + 1) * self._every
        self._slice_ends = time.monotonic() + SLICE_SECONDS

    # --- commands; from any thread

    def send(self, run_id: str, command: Command) -> None:
        """Send a command to one of the twins, and so to both."""
        other = self.partner(run_id)
        with self._changed:
            both = isinstance(command, SHARED) and other in self._members and other not in self._left
            if isinstance(command, Change):
                both = both and not self._is_own(command.path) and self._members[other].accepts(command)
            if not isinstance(command, SHARED):
                self._members[run_id].put(command)
            else:
                self._orders.append((command, (run_id, other) if both else (run_id,)))
            self._deliver_at_rest()
            self._changed.notify_all()

    def _is_own(self, path: str) -> bool:
        return any(path == own or path.startswith(f"{own}.") for own in self._own)

    def _deliver_at_rest(self) -> None:
        """Hand over what was asked for where nobody is on the way to the other's step.

        After a kill one may be far behind: then only changes wait until it has come to where the other is.
        """
        train = [i for i in self._ids if i in self._steps and i not in self._left]
        apart = abs(self._steps[train[0]] - self._steps[train[1]]) if len(train) == 2 else 0
        at_rest = self._resting.issuperset(train)
        if apart == 0 and (at_rest or len(train) < 2):
            self._deliver()
        elif at_rest or apart > 2 * self._every:
            self._deliver(lambda command: not isinstance(command, Change))

    def _deliver(self, which: Callable[[Command], bool] = lambda command: True) -> None:
        waiting, self._orders = self._orders, []
        for command, targets in waiting:
            if not which(command):
                self._orders.append((command, targets))
                continue
            for run_id in targets:
                if run_id not in self._left:
                    self._members[run_id].put(command)
        self._changed.notify_all()

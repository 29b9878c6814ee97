"""One member of those that train in one step: a run like any other, but for the thread that trains it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol, cast

from gan_core.runs.commands import Change, Command, Dissect, StepOnce
from gan_core.runs.engine.context import RunContext, StopCondition
from gan_core.runs.engine.device_queue import DeviceQueue
from gan_core.runs.engine.run_life import Diverged, RunLife
from gan_core.runs.states import State
from gan_core.runs.storage.lock import RunLock
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig
from gan_core.training.batched import StackedTrainer

log = logging.getLogger(__name__)


class SharedPlace(DeviceQueue):
    """One place in the line for the device, for many runs: it is given up when the last of them has left."""

    def __init__(self, line: DeviceQueue, name: str) -> None:
        super().__init__()
        self._shared, self._name = line, name
        self._present: set[str] = set()
        self._coming_and_going = threading.Lock()

    def join(self, run_id: str, *, front: bool = False, beside: str = "") -> None:
        with self._coming_and_going:
            self._present.add(run_id)
            self._shared.join(self._name, front=front)  # who stands in line already stays where it is

    def leave(self, run_id: str) -> None:
        with self._coming_and_going:
            self._present.discard(run_id)
            if not self._present:
                self._shared.leave(self._name)

    def holds(self, run_id: str) -> bool:
        return run_id in self._present and self._shared.holds(self._name)

    def wait(self, run_id: str, seconds: float, called: Callable[[], bool]) -> bool:
        return self._shared.wait(self._name, seconds, called) and run_id in self._present

    def place(self, run_id: str) -> int:
        return self._shared.place(self._name)

    def nudge(self) -> None:
        self._shared.nudge()


class MemberWorker(Protocol):
    """The thread that trains a member, with others."""

    @property
    def empty(self) -> bool:
        """Whether every member has left."""

    def ask(self, member: SweepMember, command: Command, /) -> None:
        """Hand over a command for this member, or for all."""

    def is_alive(self) -> bool: ...

    def join(self, timeout: float | None = None) -> None: ...


class SweepMember(RunLife):
    """A member's run: all that a run does, but it is a `StackedWorker` that trains it with others."""

    def __init__(
        self, folder: RunFolder, lock: RunLock, writer: RunWriter, about: RunManifest, config: RunConfig,
        before: RunStatus, limits: StopCondition, around: RunContext,
    ) -> None:  # fmt: skip
        super().__init__(folder, lock, writer, about, config, before, limits, around)
        self._rested = threading.Event()
        self.hand: MemberWorker  # which trains it

    def send(self, command: Command) -> None:
        """Raises ValueError, in a sentence, for what cannot be asked of one that trains with others."""
        if isinstance(command, Dissect) or (isinstance(command, StepOnce) and command.players != "both"):
            raise ValueError("This run trains in one step with others; stop it and resume it alone to take it apart.")
        if isinstance(command, Change) and command.path == "k_d":
            raise ValueError("k_d must be the same for all runs that train in one step; stop this run first.")
        self.put(command)

    def put(self, command: Command) -> None:
        """Hand a command to the thread that trains it."""
        self.hand.ask(self, command)

    def join(self, timeout: float | None = None) -> None:
        until = None if timeout is None else time.monotonic() + timeout
        others = self.hand is not cast(object, threading.current_thread())
        if self._rested.wait(timeout) and self.hand.empty and others:  # the last one: its thread is about to leave
            self.hand.join(None if until is None else max(0.0, until - time.monotonic()))

    def is_alive(self) -> bool:
        return self.hand.is_alive()

    @property
    def group(self) -> object:
        """The same for all that pause and step together."""
        return self._around.line

    @property
    def trainer(self) -> StackedTrainer:
        assert isinstance(self._trainer, StackedTrainer)
        return self._trainer

    def _build(self, config: RunConfig) -> StackedTrainer:
        data = self._around.load_data(config, self.about)
        with self._around.build_lock:
            return StackedTrainer(config, data, self._around.device)

    # --- its life; for the thread that trains it

    def line_up(self) -> None:
        self._ledger.stand("queued")

    def tell_place(self) -> None:
        if self._around.line.place(self.folder.id) != self.view.queue_place:
            self._ledger.tell()

    def begin(self) -> None:
        """The device is there."""
        trainer = self._trainer = self._restore().trainer
        self._ledger.stand("running", trainer)
        if not self.folder.grids():
            self._ledger.keep_grid(trainer)
        self._ledger.keep_generator_if_due(trainer)
        self._replay(trainer)

    def carry_out(self, command: Command) -> None:
        self._carry_out(command, self.trainer)

    def go(self) -> None:
        """It trains, or does so again."""
        self._paused = False
        self._ledger.meter.run()
        if self._ledger.standing.state != "running":
            self._ledger.stand("running", self.trainer)

    def wait_again(self) -> None:
        """After a pause, while others have the device."""
        self._around.line.join(self.folder.id, front=True)
        if not self._around.line.holds(self.folder.id) and self._ledger.standing.state != "queued":
            self._ledger.stand("queued", self.trainer)

    @property
    def end(self) -> State | None:
        """How it ends before the next step, if it does."""
        if self._stopping:
            return "stopped"
        trainer = self.trainer
        return "finished" if trainer.finished or self.at_limit(trainer) else None

    def before_step(self) -> None:
        if self._pending:
            self._replay(self.trainer)

    def after_step(self) -> None:
        """Raises Diverged where a number is not finite any more.

        It is never evaluated while it trains: the share of the time would be taken once for every member.
        """
        trainer = self.trainer
        if trainer.trouble is not None:
            self._examine(trainer)
        if trainer.point_due():
            self._point(trainer)
        self.look_after()
        self._ledger.keep_generator_if_due(trainer)
        if self._ledger.checkpoint_due(trainer):
            self._checkpoint(trainer, by_hand=False)

    def look_after(self) -> None:
        self._ledger.look_after(self.trainer)

    def rest(self, state: State | None = None, error: BaseException | None = None) -> None:
        """It is over: in this state, or with an error; everything is let go of."""
        try:
            if isinstance(error, Diverged):
                self._diverge(self.trainer, error.trouble)
            elif error is not None:
                raise error
            elif state is not None and self._trainer is not None:
                self._end(self._trainer, state)
            elif state is not None:  # it has not begun
                self._ledger.stand(state)
            self.end_written = True
        except BaseException as problem:
            log.exception("run %s failed", self.folder.id)
            self._fail(problem)
        finally:
            self._trainer = None
            self._let_go()
            self._rested.set()

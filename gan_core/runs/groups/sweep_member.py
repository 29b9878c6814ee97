"""A member of a sweep that trains in one step with others: a run like any other, without a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from gan_core.runs.commands import Change, Command, Dissect, StepOnce
from gan_core.runs.engine.context import RunContext, StopCondition
from gan_core.runs.engine.device.device_queue import DeviceQueue
from gan_core.runs.engine.device.outlook import Outlook
from gan_core.runs.engine.replaying import Diverged
from gan_core.runs.engine.run_life import RunLife
from gan_core.runs.states import State
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import RunLock
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig
from gan_core.training.backends.batched import StackedTrainer


class SharedPlace(DeviceQueue):
    """One place in the queue for the device, for many runs: the last one that leaves gives it up."""

    def __init__(self, line: DeviceQueue, name: str, owner: str) -> None:
        super().__init__()
        self._shared, self._name, self._owner = line, name, owner
        self._present: set[str] = set()
        self._aside: set[str] = set()  # of those, who has stopped between two steps for others' turns
        self._coming_and_going = threading.Lock()

    def join(
        self, run_id: str, *, owner: str = "", front: bool = False, beside: str = "", need: int = 1,
        only: int | None = None, last: Sequence[int] = (), left: bool = False,
    ) -> None:  # fmt: skip
        with self._coming_and_going:
            self._present.add(run_id)
            self._shared.join(self._name, owner=self._owner, front=front)  # who is in line stays where it is

    def leave(self, run_id: str) -> None:
        with self._coming_and_going:
            self._present.discard(run_id)
            self._aside.discard(run_id)
            if not self._present:
                self._shared.leave(self._name)
            else:
                self._pass_on_if_all_are_aside()

    def holds(self, run_id: str) -> bool:
        return run_id in self._present - self._aside and self._shared.holds(self._name)

    def held(self, run_id: str) -> tuple[int, ...]:
        return self._shared.held(self._name)

    def stay(self, run_id: str) -> None:
        self._shared.stay(self._name)

    def forget(self, run_id: str) -> None:
        if not self._present:
            self._shared.forget(self._name)

    def wait(self, run_id: str, seconds: float, called: Callable[[], bool]) -> bool:
        return self._shared.wait_until(lambda: self.holds(run_id), seconds, called)

    def begin(self, run_id: str) -> None:
        self._shared.begin(self._name)

    def over(self, run_id: str) -> bool:
        return self._shared.over(self._name) and run_id not in self._aside

    def step_aside(self, run_id: str) -> None:
        with self._coming_and_going:
            if self.holds(run_id):
                self._aside.add(run_id)
                self._pass_on_if_all_are_aside()

    def _pass_on_if_all_are_aside(self) -> None:
        if self._aside and self._aside >= self._present:
            self._shared.step_aside(self._name)
            self._aside = set()
            self._shared.nudge()  # if nobody else waits any more it has the device again

    def first(self, run_id: str) -> None:
        self._shared.first(self._name)

    def place(self, run_id: str) -> int:
        return self._shared.place(self._name)

    def expect(self, run_id: str, seconds: float | None) -> None:
        self._shared.expect(self._name, seconds)

    def outlook(self, run_id: str) -> Outlook | None:
        return self._shared.outlook(self._name)

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
        self, folder: RunFolder, lock: RunLock, writer: RunWriter, manifest: RunManifest, config: RunConfig,
        before: RunStatus, stop: StopCondition, context: RunContext,
    ) -> None:  # fmt: skip
        super().__init__(folder, lock, writer, manifest, config, before, stop, context)
        self._rested = threading.Event()
        self.worker: MemberWorker  # which trains it

    def send(self, command: Command) -> None:
        """Raises ValueError, in a sentence, for what cannot be asked of one that trains with others."""
        if isinstance(command, Dissect) or (isinstance(command, StepOnce) and command.players != "both"):
            raise ValueError("This run trains in one step with others; stop it and resume it alone to take it apart.")
        if isinstance(command, Change) and command.path == "k_d":
            raise ValueError("k_d must be the same for all runs that train in one step; stop this run first.")
        self.put(command)

    def put(self, command: Command) -> None:
        """Hand a command to the thread that trains it."""
        self.worker.ask(self, command)

    def join(self, timeout: float | None = None) -> None:
        until = None if timeout is None else time.monotonic() + timeout
        others = self.worker is not cast(object, threading.current_thread())
        if self._rested.wait(timeout) and self.worker.empty and others:  # the last one: its thread is about to leave
            self.worker.join(None if until is None else max(0.0, until - time.monotonic()))

    def is_alive(self) -> bool:
        return self.worker.is_alive()

    @property
    def group(self) -> object:
        """An object that is the same for all members that pause and step together."""
        return self._run_context.queue

    @property
    def trainer(self) -> StackedTrainer:
        assert isinstance(self._trainer, StackedTrainer)
        return self._trainer

    def _build(self, config: RunConfig) -> StackedTrainer:
        data = self._run_context.load_data(config, self.manifest)
        with self._run_context.build_lock:
            return StackedTrainer(config, data, self._run_context.device_of(self.folder.id))

    # --- its life; for the thread that trains it

    def line_up(self) -> None:
        self._recorder.set_state("queued")

    def tell_place(self) -> None:
        self._recorder.tell_place()

    def begin(self) -> None:
        """Build the trainer and start: the group holds the device."""
        self._stay_where_it_is()
        trainer = self._trainer = self._restore().trainer
        self._recorder.set_state("running", trainer)
        if not self.folder.grids():
            self._recorder.keep_grid(trainer)
        self._recorder.keep_generator_if_due(trainer)
        self._replay(trainer)

    def carry_out(self, command: Command) -> None:
        self._carry_out(command, self.trainer)

    def go(self) -> None:
        """Train, or go on after a pause or others' turns."""
        self._paused = False
        self._run_context.queue.begin(self.folder.id)
        self._tell_slot()
        self._recorder.meter.run()
        if self._recorder.status.state != "running":
            self._recorder.set_state("running", self.trainer)

    def step_aside(self) -> None:
        """Its turn is over and others wait."""
        self._recorder.meter.hold()
        self._run_context.queue.step_aside(self.folder.id)
        self._recorder.set_state("queued", self.trainer)

    def wait_again(self) -> None:
        """Queue again after a pause, while others hold the device."""
        self._run_context.queue.join(self.folder.id, front=True)
        if not self._run_context.queue.holds(self.folder.id) and self._recorder.status.state != "queued":
            self._recorder.set_state("queued", self.trainer)

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
        if trainer.due.point:
            self._point(trainer)
        else:
            self._keep_beginning(trainer)
        self.look_after()
        self._recorder.keep_generator_if_due(trainer)
        if self._recorder.checkpoint_due(trainer):
            self._checkpoint(trainer, by_hand=False)

    def look_after(self) -> None:
        self._recorder.look_after(self.trainer)

    def rest(self, state: State | None = None, error: BaseException | None = None) -> None:
        """End in this state, or with an error, and release everything."""
        try:
            with self._to_its_end():
                if isinstance(error, Diverged):
                    self._diverge(self.trainer, error.trouble)
                elif error is not None:
                    raise error
                elif state is not None and self._trainer is not None:
                    self._end(self._trainer, state)
                elif state is not None:  # it has not begun
                    self._recorder.set_state(state)
        finally:
            self._rested.set()

"""Runs that train in one step: each is a run like any other on disk and to its viewers; a few threads train them all.

What is asked of one member is done by it alone where that leaves the others be (stop, change, checkpoint). Pausing,
stepping and pacing are for all: they take every step together.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from gan_core.runs.commands import Change, Command, Dissect, Pace, Pause, Resume, StepOnce, Stop
from gan_core.runs.lock import RunLock
from gan_core.runs.queue import DeviceQueue
from gan_core.runs.states import State
from gan_core.runs.store import About, RunFolder, Standing
from gan_core.runs.surroundings import Limits, Surroundings
from gan_core.runs.worker import LOOK_SECONDS, PACE_LOOK_SECONDS, RunThread, _Diverged
from gan_core.runs.writer import RunWriter
from gan_core.training import RunConfig
from gan_core.training.batched import StackedTrainer, TrainerStack

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


class Seat(RunThread):
    """A member's run: all that a run's thread does, but it is a `TogetherThread` that does it. Never started."""

    def __init__(
        self, folder: RunFolder, lock: RunLock, writer: RunWriter, about: About, config: RunConfig, before: Standing,
        limits: Limits, around: Surroundings,
    ) -> None:  # fmt: skip
        super().__init__(folder, lock, writer, about, config, before, limits, around)
        self._rested = threading.Event()
        self.hand: TogetherThread  # which trains it

    def send(self, command: Command) -> None:
        """Raises ValueError, in a sentence, for what cannot be asked of one that trains with others."""
        if isinstance(command, Dissect) or (isinstance(command, StepOnce) and command.players != "both"):
            raise ValueError("This run trains in one step with others; stop it and resume it alone to take it apart.")
        if isinstance(command, Change) and command.path == "k_d":
            raise ValueError("k_d must be the same for all runs that train in one step; stop this run first.")
        self.hand.ask(self, command)

    def join(self, timeout: float | None = None) -> None:
        self._rested.wait(timeout)

    @property
    def group(self) -> object:
        """The same for all that pause and step together."""
        return self._around.line

    @property
    def trainer(self) -> StackedTrainer:
        assert isinstance(self._trainer, StackedTrainer)
        return self._trainer

    def _build(self, config: RunConfig) -> StackedTrainer:
        data = self._around.load_data(config)
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
        done = trainer.finished or self._limits.reached(trainer.step_count, self._ledger.meter.elapsed())
        return "finished" if done else None

    def before_step(self) -> None:
        if self._pending:
            self._replay(self.trainer)

    def after_step(self) -> None:
        """Raises what `RunThread` does where a number is not finite any more."""
        trainer = self.trainer
        if trainer.trouble is not None:
            self._examine(trainer)
        if trainer.point_due():
            self._point(trainer)
        self.look_after()
        if self._ledger.checkpoint_due(trainer):
            self._checkpoint(trainer, by_hand=False)

    def look_after(self) -> None:
        self._ledger.look_after(self.trainer)

    def _point(self, trainer: Any) -> None:
        """Without the evaluations of a lone run, whose share of the time would be taken once for every member."""
        self._ledger.add_point(trainer)
        if trainer.last_examined is not None:
            raise _Diverged(trainer.last_examined)
        if trainer.grid_due():
            self._ledger.keep_grid(trainer)

    def rest(self, state: State | None = None, error: BaseException | None = None) -> None:
        """It is over: in this state, or with an error; everything is let go of."""
        try:
            if isinstance(error, _Diverged):
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


class TogetherThread(threading.Thread):
    """Trains its seats in one step. others: the threads of the same runs' group, itself among them."""

    def __init__(self, seats: list[Seat], line: DeviceQueue) -> None:
        super().__init__(name=f"together-{seats[0].folder.id}", daemon=True)
        self.others: list[TogetherThread] = [self]
        self._seats, self._line = list(seats), line
        self._asked: queue.SimpleQueue[tuple[Seat | None, Command]] = queue.SimpleQueue()
        self._paused = self._single_step = False
        self._going = False
        self._pace_seconds, self._next_step = 0.0, 0.0
        self._stack: TrainerStack | None = None
        for seat in seats:
            seat.hand = self

    # --- from other threads

    def ask(self, seat: Seat, command: Command) -> None:
        """What one is asked for; of the whole group, what can only be done by all."""
        if isinstance(command, Pause | Resume | StepOnce | Pace):
            for thread in self.others:
                thread._asked.put((None, command))
        else:
            self._asked.put((seat, command))
        self._line.nudge()

    # --- the life

    def run(self) -> None:
        try:
            self._live()
        except BaseException as error:
            for seat in list(self._seats):
                self._out(seat, error=error)

    def _out(self, seat: Seat, state: State | None = None, error: BaseException | None = None) -> None:
        self._seats.remove(seat)
        seat.rest(state, error)

    def _live(self) -> None:
        for seat in self._seats:
            seat.line_up()
        put_off = self._wait_in_line()
        torch.set_num_threads(1)  # of this thread: small products are not worth sharing out
        for seat in list(self._seats):
            try:
                seat.begin()
            except Exception as error:
                self._out(seat, error=error)
        for order in put_off:
            self._carry_out(*order)
        self._train()

    def _wait_in_line(self) -> list[tuple[Seat | None, Command]]:
        """Until the device is there or everybody was told to stop; what else was asked for meanwhile."""
        put_off: list[tuple[Seat | None, Command]] = []
        while self._seats and not self._line.wait(
            self._seats[0].folder.id, LOOK_SECONDS, lambda: not self._asked.empty()
        ):
            while not self._asked.empty():
                seat, command = self._asked.get()
                if seat is not None and isinstance(command, Stop):
                    self._out(seat, "stopped")
                else:
                    put_off.append((seat, command))
            for seat in self._seats:
                seat.tell_place()
        return put_off

    def _train(self) -> None:
        while True:
            if not self._going or not self._asked.empty():
                self._obey()
            for seat in list(self._seats):
                if (end := seat.end) is not None:
                    self._out(seat, end)
            if not self._seats:
                return
            for seat in self._seats:
                seat.before_step()
            if self._pace_seconds and not self._wait_for_pace():
                continue
            self._step()
            if self._single_step and self._seats:
                self._pause()

    def _step(self) -> None:
        members = [seat.trainer for seat in self._seats]
        if self._stack is None or len(self._stack.members) != len(members):  # members only ever leave
            self._stack = TrainerStack(members)
        self._stack.step()
        for seat in list(self._seats):
            try:
                seat.after_step()
            except Exception as error:
                self._out(seat, error=error)

    def _wait_for_pace(self) -> bool:
        """Whether it is time for the next step; False as soon as something was asked for."""
        while (left := self._next_step - time.monotonic()) > 0:
            if not self._asked.empty():
                return False
            for seat in self._seats:
                seat.look_after()
            time.sleep(min(left, PACE_LOOK_SECONDS))
        self._next_step = time.monotonic() + self._pace_seconds
        return True

    # --- what is asked for

    def _obey(self) -> None:
        """Returns when a step may be taken, or somebody is to leave."""
        while self._seats and not any(seat.end == "stopped" for seat in self._seats):
            if self._paused or not self._asked.empty():
                self._carry_out(*self._asked.get())
            elif not all(self._line.holds(seat.folder.id) for seat in self._seats):
                self._line_up_again()
            else:
                break
        else:
            return
        for seat in self._seats:
            seat.go()
        self._going = True

    def _line_up_again(self) -> None:
        for seat in self._seats:
            seat.wait_again()
        self._line.wait(self._seats[0].folder.id, LOOK_SECONDS, lambda: not self._asked.empty())
        for seat in self._seats:
            seat.tell_place()

    def _carry_out(self, seat: Seat | None, command: Command) -> None:
        if seat is not None:
            if seat in self._seats:
                try:
                    seat.carry_out(command)
                except Exception as error:
                    self._out(seat, error=error)
        elif isinstance(command, Pause) and not self._paused:
            self._pause()
        elif isinstance(command, Resume):
            self._paused = self._single_step = False
        elif isinstance(command, StepOnce):
            self._paused, self._single_step, self._next_step = False, True, 0.0
        elif isinstance(command, Pace):
            self._pace_seconds, self._next_step = command.seconds_per_step, 0.0
            for one in self._seats:
                one.carry_out(command)

    def _pause(self) -> None:
        self._paused, self._single_step, self._going = True, False, False
        for seat in self._seats:
            seat.carry_out(Pause())


Entry = tuple[RunFolder, RunLock, About, RunConfig, Standing, Limits]
"""A run whose lock is held, as `RunThread` wants it."""


def seat_together(
    entries: list[Entry], around: Surroundings, threads: int
) -> tuple[list[Seat], list[TogetherThread]]:
    """Seats for runs of one kinship, on at most so many threads, still to be started. The locks are the seats'."""
    place = SharedPlace(around.line, f"{entries[0][0].id}+")
    around = replace(around, line=place)
    seats = [
        Seat(folder, lock, RunWriter(folder), about, config, before, limits, around)
        for folder, lock, about, config, before, limits in entries
    ]
    count = max(1, min(threads if _has_cores_to_spare(around) else 1, len(seats) // 2))
    hands = [TogetherThread(seats[i::count], place) for i in range(count)]
    for hand in hands:
        hand.others = hands
    for seat in seats:
        place.join(seat.folder.id)
    return seats, hands


def _has_cores_to_spare(around: Surroundings) -> bool:
    """Whether several threads would help: on a processor that others keep busy they only get in each other's way.

    Which it is changes no member's result (`gan_core.training.batched`).
    """
    if around.device.type != "cpu":
        return False
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return load < 2 * (os.cpu_count() or 1)

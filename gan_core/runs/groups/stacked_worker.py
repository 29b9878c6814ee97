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
from contextlib import ExitStack
from dataclasses import replace

import torch

from gan_core.runs.commands import Command, Pace, Pause, Resume, StepOnce, Stop
from gan_core.runs.engine.context import RunContext
from gan_core.runs.engine.device_queue import DeviceQueue
from gan_core.runs.engine.worker import LOOK_SECONDS, PACE_LOOK_SECONDS
from gan_core.runs.groups.sweep_member import SharedPlace, SweepMember
from gan_core.runs.launcher import ReadyRun
from gan_core.runs.states import State
from gan_core.runs.storage.writer import RunWriter
from gan_core.training.batched import TrainerStack

log = logging.getLogger(__name__)


class StackedWorker(threading.Thread):
    """Trains its seats in one step. others: the threads of the same runs' group, itself among them."""

    def __init__(self, seats: list[SweepMember], line: DeviceQueue) -> None:
        super().__init__(name=f"together-{seats[0].folder.id}", daemon=True)
        self.others: list[StackedWorker] = [self]
        self._seats, self._line = list(seats), line
        self._asked: queue.SimpleQueue[tuple[SweepMember | None, Command]] = queue.SimpleQueue()
        self._paused = self._single_step = False
        self._going = False
        self._pace_seconds, self._next_step = 0.0, 0.0
        self._stack: TrainerStack | None = None
        for seat in seats:
            seat.hand = self

    # --- from other threads

    def ask(self, seat: SweepMember, command: Command) -> None:
        """What one is asked for; of the whole group, what can only be done by all."""
        if isinstance(command, Pause | Resume | StepOnce | Pace):
            for thread in self.others:
                thread._asked.put((None, command))
        else:
            self._asked.put((seat, command))
        self._line.nudge()

    @property
    def empty(self) -> bool:
        """Whether every member has left."""
        return not self._seats

    # --- the life

    def run(self) -> None:
        try:
            self._live()
        except BaseException as error:
            for seat in list(self._seats):
                self._out(seat, error=error)

    def _out(self, seat: SweepMember, state: State | None = None, error: BaseException | None = None) -> None:
        self._seats.remove(seat)
        self._stack = None  # it holds the networks of all that were in it; who stays takes them into a new one
        seat.rest(state, error)

    def _each(self, act: Callable[[SweepMember], None]) -> None:
        """Have every member do something; who cannot, because its folder cannot be written say, ends alone."""
        for seat in list(self._seats):
            try:
                act(seat)
            except Exception as error:
                self._out(seat, error=error)

    def _live(self) -> None:
        self._each(SweepMember.line_up)
        put_off = self._wait_in_line()
        torch.set_num_threads(1)  # of this thread: small products are not worth sharing out
        self._each(SweepMember.begin)
        for order in put_off:
            self._carry_out(*order)
        self._train()

    def _wait_in_line(self) -> list[tuple[SweepMember | None, Command]]:
        """Until the device is there or everybody was told to stop; what else was asked for meanwhile."""
        put_off: list[tuple[SweepMember | None, Command]] = []
        while self._seats and not self._line.wait(
            self._seats[0].folder.id, LOOK_SECONDS, lambda: not self._asked.empty()
        ):
            while not self._asked.empty():
                seat, command = self._asked.get()
                if seat is not None and isinstance(command, Stop):
                    if seat in self._seats:  # it may be told twice
                        self._out(seat, "stopped")
                else:
                    put_off.append((seat, command))
            self._each(SweepMember.tell_place)
        return put_off

    def _train(self) -> None:
        while True:
            if not self._going or not self._asked.empty():
                self._obey()
            if over := [(seat, end) for seat in self._seats if (end := seat.end) is not None]:
                for seat, end in over:
                    self._out(seat, end)
                continue  # the others may be paused
            if not self._seats:
                return
            self._each(SweepMember.before_step)
            if self._pace_seconds and not self._wait_for_pace():
                continue
            self._step()
            if self._single_step and self._seats:
                self._pause()

    def _step(self) -> None:
        if not self._seats:
            return
        members = [seat.trainer for seat in self._seats]
        if self._stack is None:
            self._stack = TrainerStack(members)
        self._stack.step()
        self._each(SweepMember.after_step)

    def _wait_for_pace(self) -> bool:
        """Whether it is time for the next step; False as soon as something was asked for."""
        while (left := self._next_step - time.monotonic()) > 0:
            if not self._asked.empty():
                return False
            self._each(SweepMember.look_after)
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
        self._each(SweepMember.go)
        self._going = True

    def _can_step_now(self) -> bool:
        """Stand in line again after a pause; whether the device is there at once."""
        for seat in self._seats:
            self._line.join(seat.folder.id, front=True)
        return all(self._line.holds(seat.folder.id) for seat in self._seats)

    def _line_up_again(self) -> None:
        self._each(SweepMember.wait_again)
        if self._seats:
            self._line.wait(self._seats[0].folder.id, LOOK_SECONDS, lambda: not self._asked.empty())
        self._each(SweepMember.tell_place)

    def _carry_out(self, seat: SweepMember | None, command: Command) -> None:
        if seat is not None:
            self._each(lambda one: one.carry_out(command) if one is seat else None)
        elif isinstance(command, Pause):
            if not self._paused and not (self._single_step and self._can_step_now()):  # else the step comes first
                self._pause()
        elif isinstance(command, Resume):
            self._paused = self._single_step = False
        elif isinstance(command, StepOnce):
            self._paused, self._single_step, self._next_step = False, True, 0.0
        elif isinstance(command, Pace):
            self._pace_seconds, self._next_step = command.seconds_per_step, 0.0
            self._each(lambda one: one.carry_out(command))

    def _pause(self) -> None:
        self._paused, self._single_step, self._going = True, False, False
        self._each(lambda seat: seat.carry_out(Pause()))


def seat_together(
    entries: list[ReadyRun], around: RunContext, threads: int
) -> tuple[list[SweepMember], list[StackedWorker]]:
    """Seats for runs of one kinship, on at most so many threads, still to be started.

    The locks are the seats'. Raises OSError or UnreadableRun; then they are still the caller's.
    """
    place = SharedPlace(around.line, f"{entries[0][0].id}+")
    around = replace(around, line=place)
    seats = []
    with ExitStack() as undo:
        for folder, lock, about, config, before, limits in entries:
            writer = RunWriter(folder)
            undo.callback(writer.close)
            seats.append(SweepMember(folder, lock, writer, about, config, before, limits, around))
        undo.pop_all()
    count = max(1, min(threads if _has_cores_to_spare(around) else 1, len(seats) // 2))
    hands = [StackedWorker(seats[i::count], place) for i in range(count)]
    for hand in hands:
        hand.others = hands
    for seat in seats:
        place.join(seat.folder.id)
    return seats, hands


def _has_cores_to_spare(around: RunContext) -> bool:
    """Whether several threads would help: on a processor that others keep busy they only get in each other's way.

    Which it is changes no member's result (`gan_core.training.batched`).
    """
    if around.device.type != "cpu":
        return False
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return load < 2 * (os.cpu_count() or 1)

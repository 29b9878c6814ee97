"""Trains several runs in one step: each stays a run of its own, on disk and to its viewers.

Stop, change and checkpoint are for one member. Pause, step and pace are for all: they take every step together.
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

from gan_core.runs.commands import Command, Pace, Pause, Resume, StepOnce, Stop
from gan_core.runs.engine.context import RunContext
from gan_core.runs.engine.device.device_queue import DeviceQueue
from gan_core.runs.engine.waiting import LOOK_SECONDS
from gan_core.runs.engine.worker import PACE_LOOK_SECONDS
from gan_core.runs.groups.sweep_member import SharedPlace, SweepMember
from gan_core.runs.launcher import ReadyRun
from gan_core.runs.states import State
from gan_core.runs.storage.writer import RunWriter
from gan_core.training.backends.batched import TrainerStack
from gan_core.training.thread_count import use_threads

log = logging.getLogger(__name__)


class StackedWorker(threading.Thread):
    """Trains its members in one step. others: all workers of the group, itself among them."""

    def __init__(self, members: list[SweepMember], device_queue: DeviceQueue) -> None:
        super().__init__(name=f"together-{members[0].folder.id}", daemon=True)
        self.others: list[StackedWorker] = [self]
        self._members, self._queue = list(members), device_queue
        self._asked: queue.SimpleQueue[tuple[SweepMember | None, Command]] = queue.SimpleQueue()
        self._paused = self._single_step = False
        self._going = False
        self._pace_seconds, self._next_step = 0.0, 0.0
        self._stack: TrainerStack | None = None
        for member in members:
            member.worker = self

    # --- from other threads

    def ask(self, member: SweepMember, command: Command) -> None:
        """Queue a command for one member; pause, step and pace go to the whole group."""
        if isinstance(command, Pause | Resume | StepOnce | Pace):
            for thread in self.others:
                thread._asked.put((None, command))
        else:
            self._asked.put((member, command))
        self._queue.nudge()

    @property
    def empty(self) -> bool:
        """Whether every member has left."""
        return not self._members

    # --- the life

    def run(self) -> None:
        try:
            self._live()
        except BaseException as error:
            for member in list(self._members):
                self._out(member, error=error)

    def _out(self, member: SweepMember, state: State | None = None, error: BaseException | None = None) -> None:
        self._members.remove(member)
        self._stack = None  # it holds the networks of all that were in it; who stays takes them into a new one
        member.rest(state, error)

    def _each(self, act: Callable[[SweepMember], None]) -> None:
        """Have every member do something; who cannot, because its folder cannot be written say, ends alone."""
        for member in list(self._members):
            try:
                act(member)
            except Exception as error:
                self._out(member, error=error)

    def _live(self) -> None:
        self._each(SweepMember.line_up)
        put_off = self._wait_in_line()
        use_threads(1)  # of this thread: small products are not worth sharing out
        self._each(SweepMember.begin)
        for order in put_off:
            self._carry_out(*order)
        self._train()

    def _wait_in_line(self) -> list[tuple[SweepMember | None, Command]]:
        """Wait for the device, or until all members were stopped; returns the other commands that came meanwhile."""
        put_off: list[tuple[SweepMember | None, Command]] = []
        while self._members and not self._queue.wait(
            self._members[0].folder.id, LOOK_SECONDS, lambda: not self._asked.empty()
        ):
            while not self._asked.empty():
                member, command = self._asked.get()
                if member is not None and isinstance(command, Stop):
                    if member in self._members:  # it may be told twice
                        self._out(member, "stopped")
                else:
                    put_off.append((member, command))
            self._each(SweepMember.tell_place)
        return put_off

    def _train(self) -> None:
        while True:
            if self._going and self._members and self._queue.over(self._members[0].folder.id):
                self._going = False
                self._each(SweepMember.step_aside)
            if not self._going or not self._asked.empty():
                self._obey()
            if over := [(member, end) for member in self._members if (end := member.end) is not None]:
                for member, end in over:
                    self._out(member, end)
                continue  # the others may be paused
            if not self._members:
                return
            self._each(SweepMember.before_step)
            if self._pace_seconds and not self._wait_for_pace():
                continue
            self._step()
            if self._single_step and self._members:
                self._pause()

    def _step(self) -> None:
        if not self._members:
            return
        trainers = [member.trainer for member in self._members]
        if self._stack is None:
            self._stack = TrainerStack(trainers)
        self._stack.step()
        self._each(SweepMember.after_step)

    def _wait_for_pace(self) -> bool:
        """Whether it is time for the next step; False as soon as something was asked for."""
        while (left := self._next_step - time.monotonic()) > 0:
            if not self._asked.empty() or self._queue.over(self._members[0].folder.id):
                return False
            self._each(SweepMember.look_after)
            time.sleep(min(left, PACE_LOOK_SECONDS))
        self._next_step = time.monotonic() + self._pace_seconds
        return True

    # --- what is asked for

    def _obey(self) -> None:
        """Returns when a step may be taken, or somebody is to leave."""
        while self._members and not any(member.end == "stopped" for member in self._members):
            if self._paused or not self._asked.empty():
                self._carry_out(*self._asked.get())
            elif not all(self._queue.holds(member.folder.id) for member in self._members):
                self._line_up_again()
            else:
                break
        else:
            return
        self._each(SweepMember.go)
        self._going = True

    def _can_step_now(self) -> bool:
        """Join the queue again after a pause; returns whether the members hold the device at once."""
        for member in self._members:
            self._queue.join(member.folder.id, front=True)
        return all(self._queue.holds(member.folder.id) for member in self._members)

    def _line_up_again(self) -> None:
        self._each(SweepMember.wait_again)
        if self._members:
            self._queue.wait(self._members[0].folder.id, LOOK_SECONDS, lambda: not self._asked.empty())
        self._each(SweepMember.tell_place)

    def _carry_out(self, member: SweepMember | None, command: Command) -> None:
        if member is not None:
            self._each(lambda one: one.carry_out(command) if one is member else None)
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
        self._each(lambda member: member.carry_out(Pause()))


def stack_members(
    entries: list[ReadyRun], context: RunContext, threads: int
) -> tuple[list[SweepMember], list[StackedWorker]]:
    """Members for runs that can be stacked, and their workers, at most `threads` of them, still to be started.

    The members own the locks, unless this raises OSError or UnreadableRun.
    """
    place = SharedPlace(context.queue, f"{entries[0][0].id}+", entries[0].manifest.owner)
    context = replace(context, queue=place)
    members = []
    with ExitStack() as undo:
        for folder, lock, manifest, config, before, stop in entries:
            writer = RunWriter(folder, lock)
            undo.callback(writer.close)
            members.append(SweepMember(folder, lock, writer, manifest, config, before, stop, context))
        undo.pop_all()
    count = max(1, min(threads if _has_cores_to_spare(context) else 1, len(members) // 2))
    workers = [StackedWorker(members[i::count], place) for i in range(count)]
    for worker in workers:
        worker.others = workers
    for member in members:
        place.join(member.folder.id)
    return members, workers


def _has_cores_to_spare(context: RunContext) -> bool:
    """Whether several threads would help: on a processor that others keep busy they only get in each other's way.

    Which it is changes no member's result (`gan_core.training.backends.batched`).
    """
    if context.device.type != "cpu":
        return False
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return load < 2 * (os.cpu_count() or 1)

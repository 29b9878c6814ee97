"""Drives a sweep on a Ray cluster: an actor for each member, until all are at their end.

Nothing of a sweep is in this process alone: what is done stands in the runs' folders, so that the next driver goes on
where this one was killed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from gan_core.runs.cluster.connecting import Cluster, ClusterProblem
from gan_core.runs.cluster.driven_member import DrivenMember
from gan_core.runs.cluster.halving import Halving
from gan_core.runs.cluster.node_member import Task, mark_of, versions
from gan_core.runs.commands import Pause, Resume, Stop
from gan_core.runs.groups.sweep_driver import DriverPlace
from gan_core.runs.groups.sweep_file import OnCluster, Sweep
from gan_core.runs.groups.sweep_measures import measured_on_the_way
from gan_core.runs.groups.sweeps import to_be_trained
from gan_core.runs.manager import RunManager
from gan_core.runs.storage.run_folder import UnknownRun, UnreadableRun
from gan_core.runs.storage.shared.lock import HeldElsewhere

LOOK_SECONDS = 0.25
NEWS_SECONDS = 0.5  # between two questions to a member in the shared folder, where members are compared
COPY_SECONDS = 10.0  # between two copies of a run whose node has no part in the folder
ROOM_SECONDS = 30.0  # between two looks whether the cluster still has a node for those that wait


class SweepDriver:
    """sweep: one with a cluster. place: its own, of which the caller holds the lock."""

    def __init__(self, manager: RunManager, sweep: Sweep, cluster: Cluster, place: DriverPlace) -> None:
        assert sweep.cluster is not None
        self._manager, self._sweep, self._cluster, self._place = manager, sweep, cluster, place
        self._on: OnCluster = sweep.cluster
        self._paused = self._stopping = False
        self._halving: Halving | None = None
        self._next_room_look = 0.0
        self._versions = versions()
        self._members: list[DrivenMember] = []

    def run(self, asked: threading.Event, tell: Callable[[], None]) -> None:
        """Until every member is at its end, or `asked` is set and all have stopped. tell: called some times a second.

        Raises ClusterProblem where the cluster cannot be used, or is gone; what trained then is interrupted.
        """
        try:
            with self._place.inbox.opened():
                self._gather()
                while not all(member.over for member in self._members):
                    self._obey(asked)
                    for member in self._members:
                        self._send_off(member)
                    self._hear()
                    tell()
        finally:
            for member in self._members:
                member.let_go(self._cluster.ray)

    def _gather(self) -> None:
        """Those that are to be trained, and what all have measured so far."""
        views = []
        for one in self._sweep.members:
            try:
                views.append(self._manager.view(one.run))
            except (UnknownRun, UnreadableRun):  # deleted meanwhile
                continue
        if self._on.reduction and views:
            steps = max(v.total_images // int(v.config["batch_size"] * v.config["k_d"]) for v in views)
            self._halving = Halving(self._on, max(1, *(min(steps, v.until_step or steps) for v in views)))
        for view in views:
            member = DrivenMember(self._manager.runs_dir, view.id)
            if self._halving is not None:
                for step, value in measured_on_the_way(member.folder, self._on.measure):
                    self._halving.heard(view.id, step, value)
                    member.heard_step = step
            if to_be_trained(view):
                self._members.append(member)

    # --- what is asked of the sweep

    def _obey(self, asked: threading.Event) -> None:
        commands = self._place.inbox.take()
        if asked.is_set() and not self._stopping:
            commands.append(Stop())
        for command in commands:
            if isinstance(command, Stop | Pause | Resume):
                self._stopping |= isinstance(command, Stop)
                self._paused = isinstance(command, Pause)
                for member in self._members:
                    if member.trains:
                        member.ask(command)
                    elif not isinstance(command, Resume):
                        member.recall(self._cluster.ray)

    # --- a member's way

    def _send_off(self, member: DrivenMember) -> None:
        """Where it waits for nobody: line up on the cluster, unless it is stopped or the sweep is paused."""
        if member.over or member.actor is not None:
            return
        try:
            if not member.take():
                return
        except HeldElsewhere:
            member.over = True  # somebody trains it, by itself
            return
        if self._stopping or member.is_told_to_stop():
            member.rest("stopped")
        elif not self._paused:
            member.actor = self._cluster.member(self._task(member.run))
            member.promise = member.actor.about.remote()

    def _task(self, run: str) -> dict[str, Any]:
        """As plain data, which a node can read before it has found the program."""
        runs_dir, data_dir = self._manager.runs_dir.resolve(), self._manager.data_dir.resolve()
        task = Task(
            self._sweep.id, run, str(runs_dir), str(data_dir), mark_of(runs_dir, self._sweep.id), self._on.cpus,
            self._on.gpus > 0, self._on.measure if self._on.reduction else "",
        )  # fmt: skip
        return asdict(task)

    def _hear(self) -> None:
        """What has come of what was asked of members, within a moment."""
        self._ask_for_news()
        waits = {m.promise: (m, self._hear_of) for m in self._members if m.promise is not None}
        waits |= {m.news: (m, self._hear_news) for m in self._members if m.news is not None}
        if not waits:
            time.sleep(LOOK_SECONDS)
            return
        for promise in self._cluster.done(list(waits), LOOK_SECONDS):
            member, hear = waits[promise]
            if member.actor is not None:  # else what was heard before has ended it
                hear(member)
        self._look_for_room()

    def _look_for_room(self) -> None:
        """Raises ClusterProblem where those that wait would wait for ever."""
        waiting = any(member.actor is not None and not member.trains for member in self._members)
        if waiting and not any(member.trains for member in self._members) and time.monotonic() > self._next_room_look:
            self._next_room_look = time.monotonic() + ROOM_SECONDS
            self._cluster.refuse_without_room()

    def _hear_of(self, member: DrivenMember) -> None:
        promise, member.promise = member.promise, None
        try:
            told = self._cluster.ray.get(promise)
        except Exception as error:
            if self._cluster.is_lost(error):
                member.lost(self._cluster.ray)
            else:
                cause = getattr(error, "cause", None) or error
                member.failed(self._cluster.ray, f"{type(cause).__name__}: {cause}")
            return
        if member.trains:
            if told["problem"]:
                member.failed(self._cluster.ray, told["problem"])
            else:
                member.ended(self._cluster.ray, told)
        elif self._stopping or self._paused:
            member.recall(self._cluster.ray)
        else:
            self._refuse_unlike(told)
            member.begin(shares=told["shares"])

    def _refuse_unlike(self, told: dict[str, Any]) -> None:
        """Raises ClusterProblem for a node that is another than this machine."""
        if told["problem"]:
            raise ClusterProblem(f"{told['node']} cannot train: {told['problem']}.")
        for name, ours in self._versions.items():
            theirs = told["versions"].get(name, "none")
            if theirs != ours:
                raise ClusterProblem(
                    f"The node {told['node']} has {name} {theirs} and this machine has {ours}; install the same "
                    "everywhere."
                )

    # --- news

    def _ask_for_news(self) -> None:
        for member in self._members:
            wanted = self._halving is not None or member.sends_copies
            if member.trains and member.news is None and wanted and time.monotonic() >= member.next_news:
                member.news = member.actor.news.remote(member.copied_step)
            if member.sends_copies:
                member.pass_on()

    def _hear_news(self, member: DrivenMember) -> None:
        promise, member.news = member.news, None
        member.next_news = time.monotonic() + (COPY_SECONDS if member.sends_copies else NEWS_SECONDS)
        try:
            told = self._cluster.ray.get(promise)
        except Exception:  # what has become of it, its other promise tells
            return
        if not member.trains:
            return
        member.keep_copy(told["archive"], told["step"])
        for step, value in told["measured"]:
            if self._halving is not None and step > member.heard_step:
                member.heard_step = step
                if reason := self._halving.heard(member.run, step, value):
                    member.ask(Stop(reason))

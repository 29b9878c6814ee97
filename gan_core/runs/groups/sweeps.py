"""Sweeps: many runs that differ in a few fields, started, stopped and resumed as one.

Members are ordinary runs. Those whose networks are small and dense train together in one step
(`stacked_worker.py`), the others one after another. `runs/.sweeps/<id>.json` says which runs belong together and what
each of them sets; it is written once.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from gan_core.config.codec import ConfigError, to_dict
from gan_core.runs.commands import Command, Pause, Resume, Stop
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.groups.stacked_worker import stack_members
from gan_core.runs.groups.sweep_beginning import Beginning, write_beginning
from gan_core.runs.groups.sweep_driver import DriverPlace
from gan_core.runs.groups.sweep_file import Member, Sweep, read_sweep, write_sweep
from gan_core.runs.groups.sweep_measures import measured
from gan_core.runs.groups.sweep_plan import Plan
from gan_core.runs.launcher import ReadyRun
from gan_core.runs.lineage.ready import ready_to_resume
from gan_core.runs.manager import RunManager
from gan_core.runs.names import free_id, named_after
from gan_core.runs.snapshot import RunView
from gan_core.runs.states import LIVE
from gan_core.runs.storage.data_identity import check_data
from gan_core.runs.storage.run_folder import ID_PATTERN, RunFolder, UnknownRun, UnreadableRun, now_text
from gan_core.training import RunConfig
from gan_core.training.backends.batched import stack_key, unstackable_reason

log = logging.getLogger(__name__)

FOLDER = ".sweeps"
MOST_WAIT_SECONDS = 2.0  # for what takes a moment
MOST_TOGETHER = 32  # larger stacks no longer fit the processor's caches
TOGETHER_SHARE = 0.45  # of the time that the same runs take one after another (benchmarks/training/sweep.py)


class UnknownSweep(ValueError):
    """There is no sweep of that name."""


def groups(configs: Iterable[RunConfig]) -> list[list[int]]:
    """Groups of indices of configurations that train as one stack; a group of one trains alone."""
    stacks: dict[Any, list[int]] = {}
    alone: list[list[int]] = []
    for place, config in enumerate(configs):
        if unstackable_reason(config):
            alone.append([place])
        else:
            stacks.setdefault(stack_key(config), []).append(place)
    parts = [
        family[i : i + MOST_TOGETHER] for family in stacks.values() for i in range(0, len(family), MOST_TOGETHER)
    ]  # fmt: skip
    return sorted([*parts, *alone])


def to_be_trained(view: RunView) -> bool:
    """Whether a member of a sweep on a cluster goes on with it: it is not at its end, nor was it stopped early."""
    return view.state not in ("finished", "diverged") and not view.stopped_early


def member_title(title: str, values: Mapping[str, str]) -> str:
    """What a member's run is called, by what it sets."""
    sets = ", ".join(f"{path.rsplit('.')[-1]} {value}" for path, value in values.items())
    return f"{title or 'Sweep'}: {sets}"


class Sweeps:
    """The sweeps of a manager's folder; holds nothing itself."""

    def __init__(self, manager: RunManager) -> None:
        self._manager, self._launcher = manager, manager.launcher
        self._folder = manager.runs_dir / FOLDER

    # --- beginning

    def problems(self, plan: Plan) -> list[str]:
        """Why it cannot start, a sentence each; empty where it can."""
        try:
            configs = plan.configs()
        except ConfigError as error:
            return [str(error)]
        found: dict[str, None] = {}
        for config in configs:
            found |= dict.fromkeys(self._manager.problems(config))
        return list(found)

    def start(
        self, plan: Plan, *, preset: str = "", title: str = "", together: bool = True,
        stop_at_step: int | None = None, stop_after_seconds: float | None = None, owner: str = "",
    ) -> str:  # fmt: skip
        """Make every member's run and let them train; returns the sweep's id.

        together: False trains them one after another, each to the last bit as it would be alone. owner: whose
        its members are, as in `RunManifest`.
        Raises ConfigError where a member cannot start, OSError where the folder cannot be written.
        """
        self._manager.refuse_where_nothing_trains()
        if wrong := self.problems(plan):
            raise ConfigError(" ".join(wrong))
        configs = [self._manager.resolved(config) for config in plan.configs()]
        name = named_after(to_dict(configs[0]), preset)
        sweep_id = free_id(self._manager.runs_dir, f"sweep-{name}" if name else "sweep")
        stop = StopCondition(stop_at_step, stop_after_seconds)
        with ExitStack() as undo:
            entries = []
            for config, values in zip(configs, plan.members(), strict=True):
                name = member_title(title, values)
                entries.append(self._launcher.make(config, preset, name, stop, sweep=sweep_id, owner=owner))
                undo.callback(shutil.rmtree, entries[-1].folder.root, ignore_errors=True)
                undo.callback(entries[-1].lock.release)
            members = [Member(e.manifest.id, v) for e, v in zip(entries, plan.members(), strict=True)]
            found = groups(configs) if together else [[place] for place in range(len(configs))]
            count = sum(len(group) for group in found if len(group) > 1)
            write_sweep(self._folder, Sweep(
                sweep_id, title[:200], preset, now_text(), plan.axes, plan.seeds, plan.draws, tuple(members), count,
                owner,
            ))  # fmt: skip
            undo.pop_all()
        self._launch(entries, found)
        return sweep_id

    def _launch(self, entries: list[ReadyRun], found: list[list[int]]) -> None:
        """Start them, in groups; where one cannot start, it and those after it are at rest again."""
        left = [[entries[place] for place in group] for group in found]
        try:
            while left:
                if len(left[0]) == 1:
                    self._launcher.launch(left[0][0])
                else:
                    self._launch_together(left[0])
                del left[0]
        except BaseException:
            for run in itertools.chain(*left):
                run.lock.release()
            raise

    def _launch_together(self, entries: list[ReadyRun]) -> None:
        launcher = self._launcher
        with launcher.starting():
            members, workers = stack_members(entries, launcher.context, launcher.threads)
            launcher.adopt(members)
        for worker in workers:
            worker.start()

    def start_on_cluster(self, asked: Beginning) -> str:
        """Start a process that makes every member's run and has them trained on a cluster; the id of the sweep to be.

        `driver` tells whether that process is at it, and what has gone wrong. Raises as `start`.
        """
        self._manager.refuse_where_nothing_trains()
        if wrong := self.problems(asked.plan):
            raise ConfigError(" ".join(wrong))
        name = named_after(to_dict(asked.plan.base), asked.preset)
        sweep_id = free_id(self._manager.runs_dir, f"sweep-{name}" if name else "sweep")
        place = self.driver(sweep_id)
        place.root.mkdir(parents=True)
        write_beginning(place.plan, asked)
        place.start(self._manager.runs_dir, self._manager.data_dir)
        return sweep_id

    def driver(self, sweep_id: str) -> DriverPlace:
        """Where the process is met that drives a sweep on a cluster. Raises UnknownSweep for what is no name."""
        if not re.fullmatch(ID_PATTERN, sweep_id):
            raise UnknownSweep(f'There is no sweep called "{sweep_id[:60]}".')
        return DriverPlace(self._folder, sweep_id)

    def seconds(self, plan: Plan) -> float:
        """About how long it will take on this machine, all of it. Raises ConfigError."""
        configs = plan.configs()
        known: dict[str, float] = {}
        total = 0.0
        for group in groups(configs):
            for place in group:
                config = replace(configs[place], seed=0)
                key = json.dumps(to_dict(config))
                if key not in known:
                    known[key] = self._manager.estimate(config).seconds_total
                total += known[key] * (TOGETHER_SHARE if len(group) > 1 else 1.0)
        return total

    # --- looking

    def all(self) -> list[Sweep]:
        """Newest first; unreadable ones are left out (the log names them)."""
        found = []
        for path in sorted(self._folder.glob("*.json"), reverse=True):
            try:
                found.append(read_sweep(path))
            except ValueError as error:
                log.warning("%s", error)
        return found

    def sweep(self, sweep_id: str) -> Sweep:
        """Raises UnknownSweep, or ValueError where its file cannot be read."""
        path = self._folder / f"{sweep_id}.json"
        if not re.fullmatch(ID_PATTERN, sweep_id) or not path.is_file():
            raise UnknownSweep(f'There is no sweep called "{sweep_id[:60]}".')
        return read_sweep(path)

    def views(self, sweep: Sweep) -> list[RunView | None]:
        """How each member stands, in their order; None for one that is gone or unreadable."""
        found: list[RunView | None] = []
        for member in sweep.members:
            try:
                found.append(self._manager.view(member.run))
            except (UnknownRun, UnreadableRun):
                found.append(None)
        return found

    def measured(self, sweep: Sweep) -> dict[str, dict[str, float]]:
        """Run -> measure -> its newest value, of each member; what was not measured is left out."""
        return measured(self._manager, [member.run for member in sweep.members])

    # --- as one

    def stop(self, sweep_id: str) -> None:
        """Stop every member that trains or waits here or on its cluster. Raises ValueError where nobody answers."""
        if self._tell_driver(sweep_id, Stop()):
            return
        self._ask_all(sweep_id, Stop())

    def pause(self, sweep_id: str) -> None:
        """Pause every member that trains; those that wait are stopped, as one of them would begin otherwise.

        Those that wait for a place on a cluster go on waiting.
        """
        if self._tell_driver(sweep_id, Pause()):
            return
        self._ask_all(sweep_id, Stop(), frozenset({"queued"}))
        self._ask_all(sweep_id, Pause(), frozenset({"running"}))

    def go_on(self, sweep_id: str) -> int:
        """Let paused members go on, and resume those at rest that are not at their end; how many.

        Where all have come to the length that was asked for, they go on to their planned one.
        Raises ValueError in one sentence where none can, or where the data of one of them have changed; OSError where
        a member's folder cannot be written.
        """
        sweep, manager = self.sweep(sweep_id), self._manager
        manager.refuse_where_nothing_trains()
        if sweep.cluster is not None:
            return self._go_on_there(sweep)
        views = [view for view in self.views(sweep) if view is not None]
        for view in views:  # all go on with their data, or none does
            if view.state not in LIVE and view.state != "finished":
                folder = RunFolder(manager.runs_dir / view.id)
                check_data(folder, folder.manifest(), manager.config(view.id), manager.data_dir)
        paused = [view for view in views if view.state == "paused" and manager.takes_commands(view.id)]
        self._ask_all(sweep_id, Resume(), frozenset({"paused"}))
        self._wait_for(paused)
        entries: list[ReadyRun] = []
        refused: list[str] = []
        with ExitStack() as undo:
            short = [view for view in views if view.state not in LIVE and view.state != "finished"]
            for view in short or ([] if paused else [view for view in views if view.cut_short]):
                try:
                    entries.append(ready_to_resume(self._launcher, view.id, StopCondition(), None))
                    undo.callback(entries[-1].lock.release)
                except ValueError as error:
                    refused.append(str(error))
            undo.pop_all()
        if not entries and not paused:
            raise ValueError(refused[0] if refused else "Every run of this sweep trains, or is at its end.")
        together = sweep.together > 0
        self._launch(entries, groups(e.config for e in entries) if together else [[i] for i in range(len(entries))])
        return len(paused) + len(entries)

    def _go_on_there(self, sweep: Sweep) -> int:
        """By its driver, or by a new one where there is none."""
        views = [view for view in self.views(sweep) if view is not None]
        if self._tell_driver(sweep.id, Resume()):
            return sum(view.state == "paused" for view in views)
        left = sum(to_be_trained(view) for view in views)
        if not left:
            raise ValueError("Every run of this sweep trains, or is at its end.")
        self.driver(sweep.id).start(self._manager.runs_dir, self._manager.data_dir)
        return left

    def _tell_driver(self, sweep_id: str, command: Command) -> bool:
        """Whether there is a driver that has been told."""
        if self.sweep(sweep_id).cluster is None:
            return False
        place = self.driver(sweep_id)
        if not place.is_driven or not place.inbox.is_open:
            return False
        place.inbox.put(command)
        return True

    def _wait_for(self, paused: list[RunView]) -> None:
        """Wait until they are queued again, so that resumed ones queue behind them."""
        until = time.monotonic() + MOST_WAIT_SECONDS
        while time.monotonic() < until and any(self._manager.view(v.id).state == "paused" for v in paused):
            time.sleep(0.005)

    def _ask_all(self, sweep_id: str, command: Command, states: frozenset[str] = LIVE) -> None:
        sweep = self.sweep(sweep_id)
        seen: set[int] = set()
        elsewhere: list[str] = []
        for view in self.views(sweep):
            if view is None or view.state not in states:
                continue
            if not self._manager.trains_here(view.id):
                elsewhere += [view.id] if self._manager.takes_commands(view.id) else []
                continue
            group = id(getattr(self._launcher.worker(view.id), "group", view))
            if isinstance(command, Stop) or group not in seen:  # what one of a group is told, all are told
                seen.add(group)
                with contextlib.suppress(ValueError):  # it has come to its end in this moment
                    self._manager.send(view.id, command)
        self._manager.send_all(elsewhere, command)

    def forget(self, sweep_id: str) -> None:
        """Delete the sweep's file; its runs stay."""
        self.sweep(sweep_id)
        (self._folder / f"{sweep_id}.json").unlink(missing_ok=True)
        shutil.rmtree(self.driver(sweep_id).root, ignore_errors=True)

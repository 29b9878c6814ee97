"""Manager, sweeps and jobs as one person may use them: everything can be looked at, what acts asks `rights`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from gan_core.runs.commands import (
    Change,
    CheckpointNow,
    Command,
    Dissect,
    Pace,
    Pause,
    PutFirst,
    Resume,
    StepOnce,
    Stop,
)
from gan_core.runs.states import LIVE
from pages.server.security.allowance import beginning, limits, why_not_begin
from pages.server.security.people import OWNER_OF_THE_MACHINE, Person
from pages.server.security.rights import Refused, demand

if TYPE_CHECKING:
    from gan_core.apply import Task
    from gan_core.runs import RunManager
    from gan_core.runs.evaluation_record import Evaluation
    from gan_core.runs.groups.sweep_beginning import Beginning
    from gan_core.runs.groups.sweep_plan import Plan
    from gan_core.runs.groups.sweeps import Sweeps
    from gan_core.runs.jobs import JobManager
    from gan_core.runs.lineage.elsewhere import RunsElsewhere
    from gan_core.training import RunConfig

Made = TypeVar("Made")
COMMANDS: dict[str, str] = {
    Pause.__name__: "pause", Resume.__name__: "resume", StepOnce.__name__: "step", Stop.__name__: "stop",
    Change.__name__: "change", Pace.__name__: "change", CheckpointNow.__name__: "checkpoint",
    Dissect.__name__: "take apart", PutFirst.__name__: "put first",
}  # fmt: skip
"""A command's class, by name as a reload may have replaced it -> the action that it is."""


def guarded(manager: RunManager, person: Person) -> RunManager:
    """For this person; on a server of one's own the manager itself."""
    return manager if person == OWNER_OF_THE_MACHINE else cast("RunManager", GuardedManager(manager, person))


def guarded_jobs(manager: RunManager, jobs: JobManager, person: Person) -> JobManager:
    if person == OWNER_OF_THE_MACHINE:
        return jobs
    return cast("JobManager", GuardedJobs(manager, jobs, person))


def guarded_sweeps(manager: RunManager, person: Person) -> Sweeps:
    from gan_core.runs.groups.sweeps import Sweeps  # it brings torch

    plain = Sweeps(manager)
    return plain if person == OWNER_OF_THE_MACHINE else cast("Sweeps", GuardedSweeps(manager, plain, person))


class GuardedManager:
    """A `RunManager` for one person: what is not here goes straight to it, as it only looks."""

    def __init__(self, manager: RunManager, person: Person) -> None:
        self._manager, self._person = manager, person

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    @property
    def elsewhere(self) -> GuardedElsewhere:
        return GuardedElsewhere(self, self._manager.elsewhere)

    # --- beginning

    def start(self, config: RunConfig, **asked: Any) -> str:
        return self.begin(config, self._manager.start, asked)

    def start_twins(
        self, config: RunConfig, changes: Mapping[str, Any], *, stop_after_seconds: float | None = None, **rest: Any
    ) -> tuple[str, str]:  # fmt: skip
        return self._begin(
            2, lambda: self._manager.start_twins(
                config, changes, stop_after_seconds=self._at_most(stop_after_seconds),
                **{**rest, "owner": self._person.id},
            ),
        )  # fmt: skip

    def branch(
        self, run_id: str, step: int | None = None, changes: Mapping[str, Any] | None = None, *,
        stop_after_seconds: float | None = None, **rest: Any,
    ) -> str:  # fmt: skip
        return self._begin(
            1, lambda: self._manager.branch(
                run_id, step, changes, stop_after_seconds=self._at_most(stop_after_seconds),
                **{**rest, "owner": self._person.id},
            ),
        )  # fmt: skip

    def begin(self, config: RunConfig, start: Callable[..., str], asked: dict[str, Any]) -> str:
        """One run, of this person and within their limits. Raises Refused."""
        seconds = self._at_most(asked.get("stop_after_seconds"))
        asked = {**asked, "stop_after_seconds": seconds, "owner": self._person.id}
        return self._begin(1, lambda: start(config, **asked))

    def _begin(self, runs: int, make: Callable[[], Made]) -> Made:
        with beginning:
            demand(self._person, "start")
            if sentence := why_not_begin(self._manager, self._person, runs):
                raise Refused(sentence)
            return make()

    def _at_most(self, seconds: float | None) -> float | None:
        most = limits(self._person).longest_seconds
        return seconds if not most else most if seconds is None else min(most, seconds)

    # --- what is there

    def send(self, run_id: str, command: Command) -> None:
        self.demand(COMMANDS.get(type(command).__name__, "change"), run_id)
        self._manager.send(run_id, command)

    def send_all(self, run_ids: Sequence[str], command: Command) -> None:
        for run_id in run_ids:
            self.demand(COMMANDS.get(type(command).__name__, "change"), run_id)
        self._manager.send_all(run_ids, command)

    def cancel(self, run_id: str) -> None:
        self.demand("stop", run_id)
        self._manager.cancel(run_id)

    def first(self, run_id: str) -> None:
        self.demand("put first", run_id)
        self._manager.first(run_id)

    def checkpoint_now(self, run_id: str) -> None:
        self.demand("checkpoint", run_id)
        self._manager.checkpoint_now(run_id)

    def resume(self, run_id: str, **asked: Any) -> None:
        self.go_on(run_id, self._manager.resume, asked)

    def go_on(self, run_id: str, resume: Callable[..., None], asked: dict[str, Any]) -> None:
        """Within this person's limits. Raises Refused."""
        self.demand("resume", run_id)
        with beginning:
            twins = 2 if self._manager.view(run_id).twin_of else 1
            if sentence := why_not_begin(self._manager, self._person, twins):
                raise Refused(sentence)
            resume(run_id, **(asked | self._time_left(run_id)))

    def _time_left(self, run_id: str) -> dict[str, Any]:
        """Where the run has to stop, where students' runs have to. Raises Refused where that has come."""
        most, view = limits(self._person).longest_seconds, self._manager.view(run_id)
        if not most:
            return {}
        until = max(most, view.until_seconds or 0.0)  # a branch has the seconds of its parent's steps on top
        if view.elapsed_seconds >= until:
            raise Refused(f"Here a student's run trains at most {most:,.0f} seconds, and this one has.")
        ahead = view.until_step if view.until_step is not None and view.step < view.until_step else None
        return {"stop_at_step": ahead, "stop_after_seconds": until}

    def evaluate(self, run_id: str, *places: Any, **asked: Any) -> Evaluation:
        self.demand("measure", run_id)
        return self._manager.evaluate(run_id, *places, **asked)

    def demand(self, action: str, run_id: str) -> None:
        demand(self._person, action, self._manager.view(run_id).owner, run_id)


class GuardedElsewhere:
    """`RunsElsewhere` for the person of a guarded manager."""

    def __init__(self, manager: GuardedManager, elsewhere: RunsElsewhere) -> None:
        self._manager, self._elsewhere = manager, elsewhere

    def __getattr__(self, name: str) -> Any:
        return getattr(self._elsewhere, name)

    def start(self, config: RunConfig, **asked: Any) -> str:
        return self._manager.begin(config, self._elsewhere.start, asked)

    def resume(self, run_id: str, **asked: Any) -> None:
        self._manager.go_on(run_id, self._elsewhere.resume, asked)

    def cancel_waiting(self, run_id: str) -> bool:
        self._manager.demand("stop", run_id)
        return self._elsewhere.cancel_waiting(run_id)

    def take_over(self, run_id: str) -> None:
        self._manager.demand("resume", run_id)
        self._elsewhere.take_over(run_id)


class GuardedSweeps:
    """`Sweeps` for one person: a sweep is theirs whose its runs are."""

    def __init__(self, manager: RunManager, sweeps: Sweeps, person: Person) -> None:
        self._manager, self._sweeps, self._person = manager, sweeps, person

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sweeps, name)

    def start(self, plan: Plan, *, stop_after_seconds: float | None = None, **rest: Any) -> str:
        most = limits(self._person).longest_seconds
        seconds = stop_after_seconds if not most else min(most, stop_after_seconds or most)
        with beginning:
            demand(self._person, "start")
            if sentence := why_not_begin(self._manager, self._person, len(plan.configs())):
                raise Refused(sentence)
            return self._sweeps.start(plan, stop_after_seconds=seconds, **{**rest, "owner": self._person.id})

    def start_on_cluster(self, asked: Beginning) -> str:
        demand(self._person, "use a cluster")
        return self._sweeps.start_on_cluster(replace(asked, owner=self._person.id))

    def stop(self, sweep_id: str) -> None:
        self._demand("stop", sweep_id)
        self._sweeps.stop(sweep_id)

    def pause(self, sweep_id: str) -> None:
        self._demand("pause", sweep_id)
        self._sweeps.pause(sweep_id)

    def go_on(self, sweep_id: str) -> int:
        self._demand("resume", sweep_id)
        with beginning:
            views = [view for view in self._sweeps.views(self._sweeps.sweep(sweep_id)) if view is not None]
            resting = [view for view in views if view.state not in LIVE and (view.state != "finished")]
            if sentence := why_not_begin(self._manager, self._person, len(resting)):
                raise Refused(sentence)
            most = limits(self._person).longest_seconds
            if most and any(view.elapsed_seconds >= max(most, view.until_seconds or 0.0) for view in resting):
                raise Refused(f"Here a student's run trains at most {most:,.0f} seconds, and one of these has.")
            return self._sweeps.go_on(sweep_id)

    def forget(self, sweep_id: str) -> None:
        self._demand("delete", sweep_id)
        self._sweeps.forget(sweep_id)

    def _demand(self, action: str, sweep_id: str) -> None:
        """Of the sweep, and of each of its runs: a folder may have been put together by hand."""
        sweep = self._sweeps.sweep(sweep_id)
        for owner in {sweep.owner, *(view.owner for view in self._sweeps.views(sweep) if view is not None)}:
            demand(self._person, action, owner, sweep_id)


class GuardedJobs:
    """A `JobManager` for one person."""

    def __init__(self, manager: RunManager, jobs: JobManager, person: Person) -> None:
        self._manager, self._jobs, self._person = manager, jobs, person

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)

    def start(self, task: Task, inputs: Mapping[str, bytes] | None = None, **_rest: Any) -> str:
        with beginning:
            demand(self._person, "start")
            if inputs:
                demand(self._person, "bring")
            if sentence := why_not_begin(self._manager, self._person, 1, self._jobs):
                raise Refused(sentence)
            return self._jobs.start(task, inputs, owner=self._person.id)

    def resume(self, job_id: str) -> None:
        self._demand("resume", job_id)
        with beginning:
            if sentence := why_not_begin(self._manager, self._person, 1, self._jobs):
                raise Refused(sentence)
            self._jobs.resume(job_id)

    def cancel(self, job_id: str) -> None:
        self._demand("stop", job_id)
        self._jobs.cancel(job_id)

    def finish(self, job_id: str) -> None:
        self._demand("stop", job_id)
        self._jobs.finish(job_id)

    def delete(self, job_id: str) -> str:
        self._demand("delete", job_id)
        return self._jobs.delete(job_id)

    def undelete(self, token: str) -> str:
        from gan_core.runs.jobs.job_folder import deleted_job

        owner = deleted_job(self._jobs.runs_dir, token).view().owner
        demand(self._person, "restore", owner, token)
        return self._jobs.undelete(token)

    def _demand(self, action: str, job_id: str) -> None:
        demand(self._person, action, self._jobs.view(job_id).owner, job_id)

"""Jobs: waiting in line, progress, stopping, going on, what is left of one whose program died, the trash."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gan_core.apply import Task, Workplace, tasks
from gan_core.config.codec import ConfigError
from gan_core.config.fields import integer
from gan_core.runs import RunManager
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.jobs import JobManager, UnknownJob, job_manager
from gan_core.runs.storage.shared.lock import HeldElsewhere
from tests.runs.helpers import open_manager, quick, until

GATE = threading.Event()
REACHED = threading.Event()
MADE: list[int] = []


@dataclass(frozen=True)
class Counting(Task):
    """Counts: each number a piece of its own."""

    to: int = integer(3, low=0, high=100, help="How far.")

    def title(self) -> str:
        return f"Counting to {self.to}"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        return ["There is nothing to count."] if self.to == 0 else []

    def work(self, place: Workplace) -> dict[str, Any]:
        total = 0
        for i in range(1, self.to + 1):
            place.progress(i / self.to, f"at {i}")
            total += place.part(f"number-{i}", lambda i=i: self._make(i))["value"]  # type: ignore[misc]
            place.record("sum", {"step": i, "value": total})
            if place.enough():
                break
        if self.to == 13:
            raise ValueError("Thirteen cannot be counted to.")
        (place.result / "sum.txt").write_text(str(total))
        brought = sum(len(path.read_bytes()) for path in place.input.iterdir())
        return {"sum": total, "brought": brought}

    def _make(self, i: int) -> dict[str, Any]:
        MADE.append(i)
        if i == 2:
            REACHED.set()
            GATE.wait(30)
        return {"value": i}


@pytest.fixture
def jobs(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobManager]:
    monkeypatch.setattr(tasks, "_entries", dict(tasks._entries))
    tasks.register("counting", label="Counting")(Counting)
    GATE.set()
    REACHED.clear()
    MADE.clear()
    made = JobManager(manager)
    yield made
    GATE.set()
    made.close()


def test_a_job_is_done_and_keeps_what_it_made(jobs: JobManager) -> None:
    job = jobs.start(Counting(4), {"brought.csv": b"abc"})
    view = jobs.wait(job, 180)
    assert (view.state, view.status.fraction, view.title, view.task) == ("done", 1.0, "Counting to 4", "counting")
    folder = jobs.folder(job)
    assert folder.outcome() == {"sum": 10, "brought": 3}
    assert [path.read_text() for path in folder.files()] == ["10"]
    assert folder.live(after=2) == [("sum", {"step": 3.0, "value": 6.0}), ("sum", {"step": 4.0, "value": 10.0})]
    assert folder.task() == Counting(4)
    assert [one.id for one in jobs.views("counting")] == [job]
    assert jobs.views("other") == []
    with pytest.raises(ValueError, match="done already"):
        jobs.resume(job)


def test_a_stopped_job_goes_on_from_what_it_has_finished(jobs: JobManager) -> None:
    GATE.clear()
    job = jobs.start(Counting(5))
    assert REACHED.wait(180)
    with pytest.raises(HeldElsewhere, match="stop it first"):
        jobs.delete(job)
    jobs.cancel(job)
    GATE.set()
    assert jobs.wait(job, 180).state == "cancelled"
    assert jobs.folder(job).outcome() is None
    jobs.resume(job)
    assert jobs.wait(job, 180).state == "done"
    assert MADE == [1, 2, 3, 4, 5]  # each once
    assert jobs.folder(job).outcome() == {"sum": 15, "brought": 0}


def test_a_job_that_is_wanted_by_now_ends_with_what_it_has(jobs: JobManager) -> None:
    GATE.clear()
    job = jobs.start(Counting(5))
    assert REACHED.wait(180)
    jobs.finish(job)
    GATE.set()
    assert jobs.wait(job, 180).state == "done"
    assert jobs.folder(job).outcome() == {"sum": 3, "brought": 0}


def test_jobs_wait_for_one_another_and_one_in_line_can_be_stopped(jobs: JobManager, manager: RunManager) -> None:
    GATE.clear()
    first = jobs.start(Counting(3))
    assert REACHED.wait(180)
    second, third = jobs.start(Counting(1)), jobs.start(Counting(1))
    assert jobs.view(second).state == "queued"
    queue = manager.launcher.context.queue
    while queue.place(third) < 0:  # its thread has not come to the line yet
        threading.Event().wait(0.01)
    assert {jobs.view(second).queue_place, jobs.view(third).queue_place} == {1, 2}
    jobs.cancel(third)
    assert jobs.wait(third, 180).state == "cancelled"
    GATE.set()
    assert jobs.wait(first, 180).state == jobs.wait(second, 180).state == "done"
    assert queue.place(first) == -1


def test_on_a_second_device_a_job_works_beside_a_run(tmp_path: Path, jobs: JobManager) -> None:
    GATE.clear()
    lab = RunManager(tmp_path / "lab", tmp_path / "data", device="cpu:2", threads=2)
    beside = JobManager(lab)
    run = lab.start(quick(steps=1_000_000))
    job = beside.start(Counting(3))
    assert REACHED.wait(180)
    assert beside.view(job).slot == "share 2 of 2 of the processor"
    step = lab.view(run).step
    until(lambda: lab.view(run).step > step and lab.view(run).slot == "share 1 of 2 of the processor")
    GATE.set()
    assert beside.wait(job, 180).state == "done"
    beside.close()
    lab.close(timeout_seconds=60.0)


def test_closing_leaves_a_job_that_another_program_goes_on_with(jobs: JobManager, manager: RunManager) -> None:
    GATE.clear()
    job = jobs.start(Counting(4))
    assert REACHED.wait(180)
    threading.Timer(0.2, GATE.set).start()
    jobs.close(30)
    assert jobs.folder(job).status().state == "interrupted"
    with pytest.raises(ConfigError, match="closing"):
        jobs.resume(job)
    later = JobManager(manager)
    assert later.view(job).state == "interrupted"
    later.resume(job)
    assert later.wait(job, 180).state == "done"
    assert MADE == [1, 2, 3, 4]


def test_a_job_whose_program_died_is_seen_as_interrupted(jobs: JobManager) -> None:
    job = jobs.start(Counting(2))
    jobs.wait(job, 180)
    status = jobs.folder(job).root / "status.json"
    status.write_text(json.dumps({**json.loads(status.read_text()), "state": "working", "new field": 1}))
    assert jobs.view(job).state == "interrupted"  # nobody holds its lock
    status.write_text('{"state": ["half')
    assert jobs.view(job).state == "interrupted"


def test_a_failure_is_one_sentence(jobs: JobManager) -> None:
    job = jobs.start(Counting(13))
    view = jobs.wait(job, 180)
    assert (view.state, view.status.problem) == ("failed", "Thirteen cannot be counted to.")
    with pytest.raises(ConfigError, match="nothing to count"):
        jobs.start(Counting(0))
    assert len(jobs.views()) == 1


def test_a_deleted_job_can_be_had_back(jobs: JobManager) -> None:
    job = jobs.start(Counting(2))
    jobs.wait(job, 180)
    token = jobs.delete(job)
    assert jobs.views() == []
    with pytest.raises(UnknownJob):
        jobs.view(job)
    assert jobs.undelete(token) == job
    assert jobs.folder(job).outcome() == {"sum": 3, "brought": 0}


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a\0b", "x" * 200])
def test_a_file_that_comes_along_stays_in_its_folder(jobs: JobManager, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be called"):
        jobs.start(Counting(1), {name: b""})
    assert jobs.views() == []


@pytest.mark.parametrize("name", ["", "..", "../jobs", "20260101-000000000-x-0000", "a" * 300])
def test_an_unknown_job_is_a_sentence(jobs: JobManager, name: str) -> None:
    for ask in (jobs.view, jobs.resume, jobs.delete):
        with pytest.raises(UnknownJob):
            ask(name)
    with pytest.raises(UnknownJob):
        jobs.undelete(name)
    jobs.cancel(name)


def test_only_a_model_that_is_there_is_opened(jobs: JobManager) -> None:
    with pytest.raises(ValueError, match="no run with a checkpoint"):
        jobs._model("last")
    with pytest.raises(ValueError, match="no model called 'nothing'"):
        jobs._model("nothing")
    assert jobs._model("shapes").id == "asset:shapes"


@dataclass(frozen=True)
class Ticking(Task):
    """Works for so many seconds of its own time, a hundredth at a time."""

    seconds: int = integer(1, low=1, high=10, help="How long.")

    def title(self) -> str:
        return "Ticking"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        return []

    def work(self, place: Workplace) -> dict[str, Any]:
        began, ticks = place.clock(), 0
        while place.clock() - began < self.seconds:
            place.progress((place.clock() - began) / self.seconds, f"tick {ticks}")
            time.sleep(0.01)
            ticks += 1
        return {"ticks": ticks, "seconds": place.clock() - began}


def test_a_job_and_somebody_s_run_take_turns_and_the_job_s_time_is_its_own(
    jobs: JobManager, manager: RunManager
) -> None:
    """Neither starves the other; a job that waits for its turn can be stopped."""
    tasks.register("ticking", label="Ticking")(Ticking)
    manager.launcher.context.queue._turn_seconds = 0.1
    run = manager.launcher.make(
        manager.launcher.configs.resolved(quick(steps=1_000_000)), "", "", StopCondition(), owner="ada"
    )  # fmt: skip
    job, began = jobs.start(Ticking(1)), time.monotonic()
    until(lambda: jobs.view(job).state == "working")
    manager.launcher.launch(run)
    until(lambda: jobs.view(job).state == "queued" and jobs.view(job).queue_words != "")
    until(lambda: manager.view(run.manifest.id).step > 0)
    view = jobs.wait(job, 180)
    assert view.state == "done"
    outcome = jobs.folder(job).outcome()
    assert outcome is not None
    others, passed = manager.view(run.manifest.id).elapsed_seconds, time.monotonic() - began
    assert 1.0 <= outcome["seconds"] <= view.status.elapsed_seconds
    assert view.status.elapsed_seconds + others <= passed, "what others had is counted too"
    stopped = jobs.start(Ticking(10))
    until(lambda: jobs.view(stopped).state == "queued" and jobs.view(stopped).status.fraction > 0)
    jobs.cancel(stopped)
    assert jobs.wait(stopped, 180).state == "cancelled"
    assert manager.view(run.manifest.id).state in ("running", "queued")


def test_a_job_of_another_server_is_stopped_through_its_folder(
    jobs: JobManager, manager: RunManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_manager, "WRITE_SECONDS", 0.0)
    GATE.clear()
    job = jobs.start(Counting(5))
    assert REACHED.wait(180)
    other = JobManager(open_manager(manager.runs_dir.parent))
    other.cancel(job)
    GATE.set()
    assert jobs.wait(job, 180).state == "cancelled"
    other.cancel(job)  # nothing: it is at rest
    jobs.resume(job)  # and what was asked before is over
    assert jobs.wait(job, 180).state == "done"

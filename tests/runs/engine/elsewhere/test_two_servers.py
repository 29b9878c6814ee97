"""Two servers on one folder of runs: each sees and steers the other's, and neither takes what the other trains."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_core.runs import RunManager
from gan_core.runs.catalog.trash import delete
from gan_core.runs.commands import Change, CheckpointNow, Pause, Resume, Stop
from gan_core.runs.engine.elsewhere import command_reader
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.storage.shared import inbox, lock
from tests.runs.helpers import folder_of, open_manager, quick, until, until_state

ROOT = Path(__file__).resolve().parents[4]
SERVER = """
import signal, sys, threading
from pathlib import Path
sys.path.insert(0, {root!r})
from gan_core.runs.engine.elsewhere import command_reader
from gan_core.runs.groups.sweep_plan import Plan
from gan_core.runs.groups.sweeps import Sweeps
from tests.runs.helpers import open_manager, quick
command_reader.BEAT_SECONDS = 0.2
asked = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: asked.set())
manager = open_manager(Path({folder!r}))
print({what}, flush=True)
asked.wait()
manager.close()
"""
RUN = 'manager.start(quick(steps=10_000_000), owner="ann")'
TWO_RUNS = f'{RUN}, manager.start(quick(steps=10_000_000), owner="bob")'
SWEEP = "Sweeps(manager).start(Plan(quick(steps=10_000_000), (), seeds=(1, 2)), together=False)"


class Other:
    """A server in a process of its own, and what it said that it has started."""

    def __init__(self, folder: Path, what: str = RUN) -> None:
        script = SERVER.format(root=str(ROOT), folder=str(folder), what=what)
        self.process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        self.made = self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[RunManager]:
    made = open_manager(tmp_path)
    yield made
    made.close()


@pytest.fixture
def other(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Other]:
    found = Other(tmp_path, getattr(request, "param", RUN))
    yield found
    for number in (signal.SIGCONT, signal.SIGTERM):
        found.process.send_signal(number)
    found.process.communicate(timeout=180)


def test_a_run_is_steered_from_the_other_server_and_goes_on_there_once_it_is_let_go(
    manager: RunManager, other: Other
) -> None:
    run = other.made
    until(lambda: manager.view(run).step > 0 and manager.takes_commands(run))
    for way in (lambda: manager.resume(run), lambda: delete(manager, run)):
        with pytest.raises(ValueError, match="is not at rest: it is running"):
            way()
    manager.send(run, Pause())
    paused = until_state(manager, run, "paused")
    with pytest.raises(ValueError, match="cannot change while a run trains"):
        manager.send(run, Change("batch_size", 8))
    manager.send(run, Change("g_optimizer.lr", 0.001))
    until(lambda: manager.config(run).g_optimizer.lr == 0.001)
    manager.send(run, CheckpointNow())
    until(lambda: paused.step in manager.view(run).checkpoints)
    measured = manager.evaluate(run, samples=100)  # written down by who trains it
    until(lambda: measured.step in [one.step for one in manager.evaluations(run)])
    manager.send(run, Resume())
    until(lambda: manager.view(run).step > paused.step)
    manager.send(run, Stop())
    at = until_state(manager, run, "stopped").step
    until(lambda: not lock.is_held(folder_of(manager, run).lock))
    manager.resume(run, stop_at_step=at + 3)
    assert (manager.wait(run).step, manager.view(run).state) == (at + 3, "finished")
    assert manager.view(run).owner == "ann"


def test_a_server_that_is_killed_leaves_its_runs_to_the_other(manager: RunManager, other: Other) -> None:
    run = other.made
    until(lambda: bool(manager.view(run).checkpoints))
    other.process.kill()
    until_state(manager, run, "interrupted")
    assert not manager.takes_commands(run)
    at = manager.view(run).checkpoints[-1]
    manager.resume(run, stop_at_step=at + 2)
    assert manager.wait(run).state == "finished"


def test_one_that_hangs_answers_nothing_and_one_that_is_gone_can_be_taken_over(
    manager: RunManager, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = other.made
    until(lambda: manager.takes_commands(run) and bool(manager.view(run).checkpoints))
    other.process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(inbox, "ANSWER_SECONDS", 0.3)
    with pytest.raises(ValueError, match=f"Nobody answers for the run {run}: its process may have ended"):
        manager.send_all([run], Stop())
    assert list((folder_of(manager, run).root / "commands").iterdir()) == []  # nor will it be done later
    monkeypatch.setattr(lock, "SILENT_SECONDS", 0.5)
    until(lambda: manager.elsewhere.silent_holder(run) == socket.gethostname())
    with pytest.raises(ValueError, match=f"held by process {other.process.pid} of this machine; end that one"):
        manager.elsewhere.take_over(run)
    monkeypatch.setattr(socket, "gethostname", lambda: "another-machine")
    manager.elsewhere.take_over(run)
    assert manager.view(run).state == "interrupted"
    monkeypatch.setattr(lock, "SILENT_SECONDS", 600.0)  # of this process, which a busy machine may hold up
    manager.resume(run)
    until(lambda: manager.view(run).step > manager.view(run).checkpoints[0])
    other.process.send_signal(signal.SIGCONT)  # it was not gone after all: it writes no more
    time.sleep(1.5)
    assert manager.view(run).state == "running"
    assert not manager.elsewhere.silent_holder(run)
    manager.send(run, Stop())
    assert manager.wait(run).state == "stopped"
    points = manager.records(run)["step"].tolist()
    assert points == sorted(set(points))
    assert manager.view(run).checkpoints[-1] == manager.view(run).step


@pytest.mark.parametrize("other", [SWEEP], indirect=True)
def test_a_sweep_is_paused_resumed_and_stopped_from_the_other_server(manager: RunManager, other: Other) -> None:
    sweeps = Sweeps(manager)
    sweep = sweeps.sweep(other.made)
    first, second = (member.run for member in sweep.members)
    until(lambda: manager.view(first).step > 0)
    sweeps.pause(sweep.id)
    until_state(manager, first, "paused")
    until_state(manager, second, "stopped")
    until(lambda: not lock.is_held(folder_of(manager, second).lock))
    assert sweeps.go_on(sweep.id) == 2  # the first there, the second here
    until_state(manager, first, "running")
    until(lambda: manager.view(second).step > 0)
    assert (manager.trains_here(first), manager.trains_here(second)) == (False, True)
    sweeps.stop(sweep.id)
    assert {until_state(manager, run, "stopped").state for run in (first, second)} == {"stopped"}


def test_signs_of_life_are_judged_by_change_and_not_by_a_clock(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_reader, "BEAT_SECONDS", 0.05)
    run = manager.start(quick(steps=10_000_000))
    path = folder_of(manager, run).lock
    before = lock.holder(path)
    assert before is not None
    assert (before.host, before.process) == (socket.gethostname(), os.getpid())
    until(lambda: (now := lock.holder(path)) is not None and now.beat > before.beat)
    signs = lock.SignsOfLife()
    os.utime(path, (1, 1))  # whatever the times of files say
    assert signs.silent_seconds(path) == 0.0
    manager.send(run, Stop())
    manager.wait(run)
    time.sleep(0.05)
    assert 0 <= signs.silent_seconds(path) < 5
    assert signs.silent_holder(path) == ""


@pytest.mark.parametrize("other", [TWO_RUNS], indirect=True)
def test_a_run_that_waits_at_the_other_server_is_put_first_there(manager: RunManager, other: Other) -> None:
    first, second = other.made.split()
    until(lambda: manager.view(first).step > 0)
    with pytest.raises(ValueError, match="is running, not waiting"):
        manager.first(first)
    assert manager.view(second).state == "queued"
    assert manager.why_not_first(second) == ""
    assert "another program trains this one" in manager.why_no_slow_motion(first)
    manager.first(second)  # else its turn would come after a minute
    until(lambda: manager.view(second).state == "running", 45)
    until_state(manager, first, "queued")

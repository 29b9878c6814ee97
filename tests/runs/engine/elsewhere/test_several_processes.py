"""A run that processes of its own train, started and steered from here; what they say where they fail."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gan_core.config.codec import ConfigError
from gan_core.runs import Change, Dissect, Pause, Resume, RunManager, Stop
from gan_core.runs.engine.device.outlook import LEFT_BEHIND
from gan_core.runs.engine.device.slots import Slot
from gan_core.runs.engine.elsewhere.left_processes import left_processes
from gan_core.runs.engine.elsewhere.several_processes import KILLED, STARTING, Together, sentence_of
from gan_core.runs.storage.run_folder import RunFolder
from tests.runs.engine.device.test_turns_of_runs import LONG, begin
from tests.runs.engine.elsewhere.test_two_servers import Other
from tests.runs.helpers import at_rest, quick, until, until_state

PATIENCE_SECONDS = 240.0  # for what a busy machine may take
processes = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for the processes")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[RunManager]:
    made = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1, turn_seconds=2.0)
    yield made
    made.close(timeout_seconds=60.0)


def under_way(manager: RunManager, run: str, step: int = 1) -> None:
    until(lambda: (view := manager.view(run)).state == "running" and view.step >= step, PATIENCE_SECONDS)


def ranks(manager: RunManager, run: str) -> list[int]:
    """The processes that train it, by their rank."""
    together = manager.launcher.together.of(run)
    assert together is not None
    assert together._process is not None
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            said = dict(pair.partition("=")[::2] for pair in (place / "environ").read_text().split("\0"))
            if parent == together._process.pid:
                found[int(said["RANK"])] = int(place.name)
    return [found[rank] for rank in sorted(found)]


@processes
@pytest.mark.long  # steered from outside: test_two_servers.py; killed, in line: below
def test_it_is_steered_as_any_other_and_takes_turns_with_others(manager: RunManager) -> None:
    run = manager.start(LONG, processes=2, owner="ada")
    assert manager.takes_commands(run)
    assert not manager.trains_here(run), "it is followed through its folder"
    until(lambda: manager.view(run).queue_words == STARTING)
    assert manager.view(run).state == "queued"
    under_way(manager, run)
    view = manager.view(run)
    assert (view.processes, view.slot) == (2, "the processor, in 2 processes")
    assert len(ranks(manager, run)) == 2
    with pytest.raises(ValueError, match="not at rest"):
        manager.resume(run)
    with pytest.raises(ValueError, match="cannot be asked of it"):
        manager.launcher.together.of(run).send(Dissect())  # type: ignore[union-attr]
    manager.send(run, Change("g_optimizer.lr", 0.001))
    until(lambda: manager.config(run).g_optimizer.lr == 0.001, PATIENCE_SECONDS)

    other = begin(manager, LONG, "bob")  # both have turns of two seconds
    until_state(manager, other, "running")
    assert manager.view(run).state == "queued"
    assert manager.view(run).queue_words
    step = manager.view(run).step
    under_way(manager, run, step + 1)
    assert manager.view(other).state == "queued"

    manager.send(run, Pause())
    until(lambda: manager.view(run).state == "paused", PATIENCE_SECONDS)
    until(lambda: manager.launcher.context.queue.place(run) == -1)  # its place is for others
    until_state(manager, other, "running")
    manager.send(other, Stop())
    at_rest(manager, other)
    step = manager.view(run).step
    manager.send(run, Resume())
    under_way(manager, run, step + 1)
    manager.send(run, Stop())
    view = manager.wait(run, PATIENCE_SECONDS)
    assert (view.state, view.error) == ("stopped", "")
    assert view.checkpoints[-1] == view.step
    assert manager.launcher.context.room.held() == 0

    manager.resume(run, processes=2, stop_at_step=view.step + 4)
    view = manager.wait(run, PATIENCE_SECONDS)
    assert (view.state, view.cut_short, view.warnings) == ("finished", True, ())


@processes
def test_a_killed_process_ends_it_with_its_checkpoint_and_so_does_the_end_of_the_program(
    manager: RunManager, tmp_path: Path
) -> None:
    run = manager.start(quick(steps=1_000_000, record__checkpoint_images=1000), processes=2)
    until(lambda: bool(manager.view(run).checkpoints), PATIENCE_SECONDS)
    os.kill(ranks(manager, run)[0], signal.SIGKILL)
    view = manager.wait(run, PATIENCE_SECONDS)
    assert (view.state, view.error.partition("; ")[2]) == ("interrupted", KILLED.partition("; ")[2])
    kept = view.checkpoints[-1]

    manager.resume(run, processes=2)
    under_way(manager, run, kept + 1)
    manager.close(timeout_seconds=PATIENCE_SECONDS)
    later = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1)
    view = later.view(run)
    later.close()
    assert (view.state, view.checkpoints[-1]) == ("stopped", view.step)
    assert view.step > kept


def test_one_that_never_had_its_turn_is_cancelled_or_ends_with_the_program(manager: RunManager) -> None:
    other = begin(manager, LONG, "")
    until_state(manager, other, "running")
    first, second = (manager.start(LONG, processes=2) for _ in range(2))
    assert [manager.view(run).queue_place for run in (first, second)] == [1, 2]
    assert manager.view(first).words.startswith("waiting for the device, 1 run goes first")
    manager.cancel(first)
    assert manager.wait(first, 180).state == "stopped"
    manager.close(timeout_seconds=60.0)
    assert manager.view(second).state == "stopped"


def test_what_cannot_be_is_a_sentence(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_core.runs.engine.elsewhere.together_runs.cores", lambda: 4)
    with pytest.raises(ConfigError, match=r"^batch_size is 16, which 3 processes cannot share equally"):
        manager.start(LONG, processes=3)
    (sentence,) = (why for why in manager.problems(LONG, 8) if "need" in why)
    assert sentence == "8 processes need 8 processor cores, and this server has 4 to train on."
    with pytest.raises(ConfigError, match=r'There is no device "cuda:7" here; there are none\.'):
        manager.start(LONG, device="cuda:7")
    context = manager.launcher.context
    object.__setattr__(context, "slots", tuple(Slot(torch.device("cuda", n), f"cuda:{n}") for n in range(2)))
    assert (manager.most_processes, manager.devices) == (2, ["cuda:0", "cuda:1"])
    assert "4 processes need 4 GPUs, and this server has 2 to train on." in manager.launcher.together.why_not(4)
    monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: False)
    assert "has no NCCL" in manager.launcher.together.why_not(2)
    assert manager.launcher.together.why_not(1) == ""
    object.__setattr__(context, "slots", (Slot(torch.device("cpu")),))


def test_each_sees_the_devices_that_it_has_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    together = Together(2, 2, 0, tmp_path / "data")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert together.environment([1, 3])["CUDA_VISIBLE_DEVICES"] == "1,3"
    assert "CUDA_VISIBLE_DEVICES" not in together.environment([])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    assert together.environment([1, 3])["CUDA_VISIBLE_DEVICES"] == "5,7"
    command = together.command(RunFolder(tmp_path / "runs" / "a-run"), "cuda")
    assert "--nproc-per-node=2" in command
    assert command[command.index("gan_core") :][:3] == ["gan_core", "resume", "a-run"]


def test_of_what_processes_say_the_sentence_is_found() -> None:
    said = (
        b"W1129 18:00:00.0 17 torch/distributed/run.py:851] Setting OMP_NUM_THREADS is a good idea.\n"
        b"/lib/x.py:3: UserWarning: an old way.\n"
        b"The processes have unequal versions: rank 1 has torch 2.14 and rank 0 has 2.15; install the same.\n"
        b"E1129 18:00:01.0 17 torch/distributed/elastic] failed (exitcode: 2).\n"
        b"Traceback (most recent call last):\n  File x.\nRoot Cause.\n"
    )
    assert sentence_of(io.BytesIO(said)).startswith("The processes have unequal versions")
    assert sentence_of(io.BytesIO(b"E1129 died.\n")) == ""


@processes
def test_processes_of_a_server_that_was_killed_keep_their_place_with_the_next_one(tmp_path: Path) -> None:
    other = Other(tmp_path, 'manager.start(quick(steps=1_000_000), owner="ann", processes=2)')
    run = other.made
    watching = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1)
    under_way(watching, run)
    other.process.kill()
    other.process.communicate()
    assert watching.view(run).state == "running", "its processes live on"
    left = left_processes(watching.runs_dir / run)
    assert left is not None
    watching.close()

    with contextlib.ExitStack() as at_last:
        at_last.callback(left.terminate)
        manager = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1)
        at_last.callback(manager.close)
        manager.take_up_processes()
        waiting = manager.start(quick(steps=1_000_000), owner="bob")
        until(lambda: LEFT_BEHIND in manager.view(waiting).words)
        assert (manager.view(run).state, manager.view(waiting).state) == ("running", "queued")
        manager.first(waiting)  # the other one is held, between two steps, as any that was started here
        until_state(manager, waiting, "running")
        until(lambda: manager.view(run).state == "queued")
        assert LEFT_BEHIND not in manager.view(waiting).words
        manager.send(waiting, Stop())
        at_rest(manager, waiting)
        under_way(manager, run)
        manager.send(run, Stop())
        view = manager.wait(run, PATIENCE_SECONDS)
        assert (view.state, view.checkpoints[-1]) == ("stopped", view.step)
        assert left_processes(manager.runs_dir / run) is None
        manager.take_up_processes()  # nothing is left to take up
        assert manager.launcher.together.of(run) is None

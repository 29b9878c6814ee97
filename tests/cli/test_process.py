"""The command line as a process of its own: signals, a kill, a terminal, a closed pipe."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import resource
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gan_core.cli.commands import names
from gan_core.cli.main import main
from gan_core.runs import RunManager
from gan_core.runs.snapshot import RunView

from .conftest import SMALL

ROOT = Path(__file__).resolve().parents[2]
LONG = [
    "train",
    *SMALL,
    "--set",
    "record.checkpoint_images=1000",
    "--set",
    "total_images=100000000",
    "--seed",
    "4",
    "--threads",
    "1",
    "--json",
]


class Child:
    """`python -m gan_core` in a process group of its own."""

    def __init__(self, folder: Path, *words: str, stderr: int = subprocess.PIPE) -> None:
        self.folder = folder
        environment = {**os.environ, "GANSCOPE_RUNS": str(folder / "runs"), "GANSCOPE_DATA": str(folder / "data")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gan_core", *words], cwd=ROOT, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True,
        )  # fmt: skip

    def wait_for_checkpoint(self) -> RunView:
        """Until the run has one, seen from this other process."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            assert self.process.poll() is None, self.process.communicate()
            for view in self.views():
                if view.checkpoints and view.checkpoints[-1] > 0:
                    return view
            time.sleep(0.2)
        raise AssertionError("no checkpoint within two minutes")

    def views(self) -> list[RunView]:
        manager = RunManager(self.folder / "runs", self.folder / "data", device="cpu", threads=1)
        try:
            return manager.views()
        finally:
            manager.close()

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def children() -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in started:
        child.end()


def in_process(folder: Path, *words: str) -> int:
    return main([words[0], "--runs-dir", str(folder / "runs"), "--data-dir", str(folder / "data"), *words[1:]])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_run_with_everything_saved(
    tmp_path: Path, children: list[Child], number: signal.Signals
) -> None:
    child = Child(tmp_path, *LONG)
    children.append(child)
    assert child.wait_for_checkpoint().state == "running"
    child.process.send_signal(number)
    out, err = child.process.communicate(timeout=180)
    assert (child.process.returncode, err) == (0, "")
    told = json.loads(out.splitlines()[-1])
    (view,) = child.views()
    assert told["state"] == view.state == "stopped"
    assert told["steps"] == view.step == view.checkpoints[-1] > 0


def test_a_killed_run_is_interrupted_and_resumes_as_if_nothing_had_been(
    tmp_path: Path, children: list[Child], capfd: pytest.CaptureFixture[str]
) -> None:
    child = Child(tmp_path, *LONG)
    children.append(child)
    child.wait_for_checkpoint()
    os.killpg(child.process.pid, signal.SIGKILL)
    child.process.communicate()
    (view,) = child.views()
    assert view.state == "interrupted"
    steps = str(view.checkpoints[-1] + 5)
    assert in_process(tmp_path, "resume", view.id, "--steps", steps, "--threads", "1") == 0
    assert in_process(tmp_path, *LONG, "--steps", steps) == 0
    straight = json.loads(capfd.readouterr().out.splitlines()[-1])["run"]
    for run in (view.id, straight):
        in_process(tmp_path, "sample", run, "--count", "4", "--out", str(tmp_path / f"{run}.npz"))
    killed, whole = (np.load(tmp_path / f"{run}.npz")["images"] for run in (view.id, straight))
    np.testing.assert_array_equal(killed, whole)


def test_on_a_terminal_there_is_a_progress_bar(tmp_path: Path, children: list[Child]) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    child = Child(tmp_path, *LONG, "--steps", "30", stderr=theirs)
    children.append(child)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert child.process.wait(180) == 0
    assert b"30.0/30.0" in shown or b"30/30" in shown
    assert b"images/s" in shown


def test_a_disk_that_is_full_ends_in_a_sentence(tmp_path: Path) -> None:
    """No file may grow beyond 120 kB, as on a disk that has just run full; the first checkpoint is larger."""
    answer = subprocess.run(
        [sys.executable, "-m", "gan_core", *LONG, "--steps", "2", "--runs-dir", str(tmp_path / "runs")],
        cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "GANSCOPE_DATA": str(tmp_path / "data"), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000)),
    )  # fmt: skip
    assert answer.returncode == 2
    assert json.loads(answer.stdout.splitlines()[-1])["state"] == "failed"
    (line,) = answer.stderr.splitlines()
    assert line.startswith("The disk is full")


def test_who_stops_reading_gets_no_traceback(tmp_path: Path, children: list[Child]) -> None:
    child = Child(tmp_path, "catalogue")
    children.append(child)
    assert child.process.stdout is not None
    child.process.stdout.readline()
    child.process.stdout.close()
    assert child.process.stderr is not None
    assert child.process.stderr.read() == ""
    assert child.process.wait(180) == 0


def test_a_mistake_is_one_line_and_exit_status_two(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "gan_core", "train", "--set", "batch_size=0"], cwd=ROOT, check=False,
        capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ, "GANSCOPE_RUNS": str(tmp_path)},
    )  # fmt: skip
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "batch_size is 0; it must be a whole number from 4 to 1024.\n"


def test_help_does_not_wait_for_torch() -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gan_core", "--help"], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "argparse" in imported
    assert not imported & {"torch", "numpy", "PIL"}
    for command in names():
        assert f"    {command}" in told.stdout

"""A sweep on a real Ray cluster of two nodes: nodes and drivers die, members do not; bad ones are stopped early."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gan_core.cli.main import main
from gan_core.runs import Pause, RunManager
from gan_core.runs.commands import CheckpointNow, Command, Pace
from gan_core.runs.groups.sweep_file import Sweep
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.storage.shared.lock import is_held
from tests.runs.helpers import at_rest, fingerprint, folder_of, open_manager, until, until_state

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
PATIENCE_SECONDS = 250.0  # for processes that import torch, on a machine that others use
TRIES = 3  # to begin the cluster: on a busy machine Ray gives up after half a minute
TINY = [
    "--preset", "ring", "--set", "generator.hidden=8", "--set", "discriminator.hidden=8", "--set", "batch_size=16",
    "--set", "record.every_steps=20", "--set", "precision=float32", "--steps", "4000", "--json",
]  # fmt: skip


@dataclass
class Nodes:
    """The cluster, which is a process of its own."""

    process: subprocess.Popen[str]
    environment: dict[str, str]
    drivers: list[subprocess.Popen[str]] = field(default_factory=list)

    def order(self, word: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "done"

    def drive(self, folder: Path, *words: str) -> subprocess.Popen[str]:
        """`sweep` with these words, whose runs are in this folder."""
        where = ["--runs-dir", str(folder / "runs"), "--data-dir", str(folder / "data"), "--device", "cpu"]
        driver = subprocess.Popen(
            [sys.executable, "-m", "gan_core", "sweep", *where, *words], env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.drivers.append(driver)
        return driver


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    temporary = tempfile.mkdtemp(prefix="gr", dir="/tmp")  # short, as names of sockets have to be
    environment = {**os.environ, "RAY_TMPDIR": temporary, "RAY_USAGE_STATS_ENABLED": "0"}
    for _ in range(TRIES):
        process, address = start_nodes(environment, Path(temporary) / "log")
        if address:
            break
    else:
        pytest.fail((Path(temporary) / "log").read_text())
    found = Nodes(process, {**environment, "RAY_ADDRESS": address})
    yield found
    for driver in found.drivers:
        driver.kill()
        driver.communicate()
    end(process)
    shutil.rmtree(temporary, ignore_errors=True)


def start_nodes(environment: dict[str, str], log: Path) -> tuple[subprocess.Popen[str], str]:
    """The cluster and its address; "" where it did not come up in the half minute that Ray gives itself."""
    program = Path(__file__).with_name("two_nodes.py")
    with open(log, "w") as said:
        process = subprocess.Popen(
            [sys.executable, str(program)], env=environment, text=True, stderr=said, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
    assert process.stdout is not None
    address = next((line.strip() for line in process.stdout if re.fullmatch(r"[0-9.]+:[0-9]+\n", line)), "")
    if not address:
        end(process)
    return process, address


def end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait(180)
    process.stdout.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[RunManager]:
    """As a page has one: it looks on, and asks."""
    made = open_manager(tmp_path)
    yield made
    made.close()


def sweep_of(manager: RunManager, driver: subprocess.Popen[str]) -> Sweep:
    def began() -> bool:
        assert driver.poll() is None, driver.communicate()
        return bool(Sweeps(manager).all())

    until(began, PATIENCE_SECONDS)
    return Sweeps(manager).all()[0]


def answer_of(driver: subprocess.Popen[str]) -> dict[str, object]:
    out, err = driver.communicate(timeout=PATIENCE_SECONDS)
    assert driver.returncode == 0, err
    told: dict[str, object] = json.loads(out.splitlines()[-1])
    return told


def hold_each(manager: RunManager, runs: list[str], *commands: Command) -> None:
    """As soon as a member trains, and before it is at its end."""
    for run in runs:
        until(lambda run=run: manager.view(run).state == "running" and manager.takes_commands(run), PATIENCE_SECONDS)  # type: ignore[misc]
        for command in commands:
            manager.send(run, command)


@pytest.mark.long  # a run of such a node: test_cluster.py; its form: tests/pages/test_sweeps_page.py
def test_bad_members_are_stopped_early_by_asha(nodes: Nodes, manager: RunManager, tmp_path: Path) -> None:
    driver = nodes.drive(
        tmp_path, *TINY, "--over", "g_optimizer.lr=0.004,0.003,0", "--on", "ray", "--asha", "--grace-steps", "200",
        "--reduction-factor", "2",
    )  # fmt: skip
    told = answer_of(driver)
    *_, bad = members = told["members"]  # type: ignore[misc]
    assert (bad["state"], bad["set"]) == ("stopped", {"g_optimizer.lr": "0"})
    assert 200 <= bad["steps"] < 4000
    assert bad["error"].startswith("Stopped early by ASHA: at step ")
    view = manager.view(bad["run"])
    assert view.stopped_early
    assert "stopped early by ASHA" in view.words
    best = next(m for m in members if m["run"] == told["best"])
    assert (best["state"], best["steps"], best["error"]) == ("finished", 4000, "")
    assert json.loads((tmp_path / "runs" / bad["run"] / "config.json").read_text())["threads"] == 1
    with pytest.raises(ValueError, match="at its end"):  # what ASHA has stopped stays so
        Sweeps(manager).go_on(str(told["sweep"]))


@pytest.mark.long  # a node of its own, and a run that comes back: test_cluster.py
def test_members_outlive_their_driver_and_a_node(nodes: Nodes, manager: RunManager, tmp_path: Path) -> None:
    words = [*TINY, "--seeds", "1,2", "--title", "Seeds"]
    driver = nodes.drive(tmp_path, *words, "--on", "ray")
    sweep = sweep_of(manager, driver)
    runs = [member.run for member in sweep.members]
    hold_each(manager, runs, Pause(), CheckpointNow())
    for run in runs:
        until_state(manager, run, "paused")
        until(lambda run=run: bool(manager.view(run).checkpoints))  # type: ignore[misc]
    kept = {run: manager.view(run).checkpoints[-1] for run in runs}
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    for run in runs:  # Ray ends what it had begun
        until(lambda run=run: not is_held(folder_of(manager, run).lock), PATIENCE_SECONDS)  # type: ignore[misc]
        assert manager.view(run).state == "interrupted"
    assert "goes on from the last checkpoints" in Sweeps(manager).driver(sweep.id).problem

    again = nodes.drive(tmp_path, "--resume", "last", "--json")
    hold_each(manager, runs, Pace(0.02))
    Sweeps(manager).pause(sweep.id)
    for run in runs:
        assert until_state(manager, run, "paused").step > kept[run], "it went on from its checkpoint"
    nodes.order("kill")
    until(lambda: "queued" in [manager.view(run).state for run in runs], PATIENCE_SECONDS)
    assert sorted(manager.view(run).state for run in runs) == ["paused", "queued"]
    assert Sweeps(manager).go_on(sweep.id) == 1
    (paused,) = (run for run in runs if manager.view(run).state != "queued")
    until_state(manager, paused, "running")
    manager.send(paused, Pace(0.0))
    told = answer_of(again)
    assert Sweeps(manager).driver(sweep.id).problem == ""
    assert [(m["run"], m["state"], m["steps"]) for m in told["members"]] == [(r, "finished", 4000) for r in runs]  # type: ignore[attr-defined]

    here = open_manager(tmp_path / "here")
    where = ["--runs-dir", str(tmp_path / "here" / "runs"), "--data-dir", str(tmp_path / "data")]
    assert main(["sweep", *where, *words, "--one-by-one", "--device", "cpu", "--threads", "1"]) == 0
    (local,) = Sweeps(here).all()
    for there, member in zip(runs, local.members, strict=True):
        at_rest(here, member.run)
        assert fingerprint(manager, there) == fingerprint(here, member.run), "whoever died on the way"
    here.close()

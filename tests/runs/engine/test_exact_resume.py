"""Straight through = stopped and resumed = killed and resumed, to the last bit of weights, moments and curves."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_core.cli.main import main
from gan_core.config.codec import replace_at, to_dict
from gan_core.runs import Change, Event, Recorded, RunManager, Stop
from gan_core.runs.storage.run_folder import run_ids
from tests.runs.helpers import Print, at_rest, fingerprint, folder_of, open_manager, quick, straight

ROOT = Path(__file__).resolve().parents[3]
CONFIG = quick(steps=260, loss="hinge", penalty="r1", instance_noise__sigma=0.1, d_optimizer="rmsprop")
CHANGE = (100, "g_optimizer.lr", 0.0002)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Print:
    return straight(tmp_path_factory.mktemp("straight"), CONFIG)


def when(manager: RunManager, run: str, step: int, act: Callable[[], None]) -> None:
    """Do something between the step (which is a point of the curves) and the next one."""

    def listen(event: Event) -> None:
        if isinstance(event, Recorded) and event.values["step"] == step:
            act()

    manager.subscribe(run, listen)


def start_waiting(manager: RunManager, config: Any, at: dict[int, Any]) -> str:
    """A run that gets these commands at these steps; a first run holds it back until all listen."""
    blocker = manager.start(quick(steps=10_000_000))
    run = manager.start(config)
    for step, command in at.items():
        when(manager, run, step, lambda command=command: manager.send(run, command))
    manager.send(blocker, Stop())
    at_rest(manager, blocker)
    return run


@pytest.mark.parametrize("split", [4, 64, 132, 256])
def test_stopped_and_resumed(manager: RunManager, undisturbed: Print, split: int) -> None:
    run = start_waiting(manager, CONFIG, {split: Stop()})
    assert (at_rest(manager, run).state, manager.view(run).step) == ("stopped", split)
    manager.resume(run)
    assert at_rest(manager, run).state == "finished"
    assert fingerprint(manager, run) == undisturbed


def test_stopped_between_two_points_of_the_curves(manager: RunManager, undisturbed: Print) -> None:
    run = manager.start(CONFIG, stop_at_step=101)
    at_rest(manager, run)
    manager.resume(run, stop_at_step=203)
    at_rest(manager, run)
    manager.resume(run)
    at_rest(manager, run)
    assert fingerprint(manager, run) == undisturbed


def test_a_live_change_makes_a_difference_and_is_as_exact(manager: RunManager, undisturbed: Print) -> None:
    change = Change(*CHANGE[1:])
    once = start_waiting(manager, CONFIG, {100: change})
    again = start_waiting(manager, CONFIG, {100: change, 120: Stop()})
    at_rest(manager, once)
    at_rest(manager, again)
    manager.resume(again)
    at_rest(manager, again)
    assert fingerprint(manager, once) == fingerprint(manager, again) != undisturbed


def test_an_average_switched_on_by_hand_starts_from_the_weights_of_that_step(manager: RunManager) -> None:
    config = quick(steps=60, ema__half_life_images=0)
    change = {32: Change("ema.half_life_images", 1000)}
    runs = [start_waiting(manager, config, change) for _ in range(2)]
    watched = start_waiting(manager, config, change)
    manager.subscribe(watched, lambda event: None)
    prints = []
    for run in (*runs, watched):
        at_rest(manager, run)
        prints.append(fingerprint(manager, run))
    assert prints[0] == prints[1] == prints[2]


# --- killed


class Nursery:
    """See nursery.py."""

    def __init__(self) -> None:
        self.folder = Path()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parents[1] / "nursery.py")], text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def raise_child(self, **task: Any) -> int:
        """The signal (negative) or exit status with which it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"folder": str(self.folder), **task}) + "\n")
        self._process.stdin.flush()
        status: int = json.loads(self._process.stdout.readline())
        return status

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def one_nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def nursery(one_nursery: Nursery, tmp_path: Path) -> Nursery:
    one_nursery.folder = tmp_path
    return one_nursery


def check_readable(manager: RunManager, run: str, *, state: str = "interrupted") -> None:
    """Seen by a manager that knew nothing of the run: it is there, whole and says what happened."""
    (view,) = manager.views()
    assert (view.id, view.state) == (run, state)
    points = manager.records(run)
    assert points["step"].tolist() == sorted(set(points["step"].tolist()))
    for step, _ in manager.grids(run):
        assert manager.grid(run, step).png.startswith(b"\x89PNG")
    for step in view.checkpoints:
        assert manager.checkpoint_generator(run, step) == folder_of(manager, run).generator(step)


def test_killed_again_and_again_at_random_it_still_ends_as_if_nothing_had_been(nursery: Nursery) -> None:
    """At least ten kills: at a random act on the disk (fsync, rename, transaction), or at a random time."""
    rng = random.Random(20)
    config = replace_at(quick(steps=1000), "record.grid_growth", 0.5)
    expected = straight(nursery.folder / "straight", config)
    manager = open_manager(nursery.folder)
    assert nursery.raise_child(config=to_dict(config), kill_at=rng.randint(35, 50)) == -signal.SIGKILL
    (run,) = run_ids(manager.runs_dir)
    check_readable(manager, run)
    kills, reached, in_vain = 1, [0], 0
    while manager.view(run).state != "finished":
        act = {"kill_at": 40 * in_vain + rng.randint(1, 75)}  # later each time until there is something new to kill
        when = {"kill_after": rng.uniform(0.02, 0.12)} if kills % 4 == 3 else act
        status = nursery.raise_child(resume=run, **when)
        assert status in (0, -signal.SIGKILL)
        if status:
            kills += 1
            ended = manager.view(run).state == "finished"  # killed after its last act on the disk
            check_readable(manager, run, state="finished" if ended else "interrupted")
            reached.append(max(manager.view(run).checkpoints, default=0))
            in_vain = in_vain + 1 if reached[-1] == reached[-2] else 0
    assert kills >= 10
    assert len(set(reached[1:])) > 3  # they fell between many checkpoints
    assert fingerprint(manager, run) == expected
    leftovers = [p.name for p in (manager.runs_dir / run).rglob("*") if p.name.endswith(".tmp")]
    assert leftovers == []
    manager.close()


def test_killed_while_it_is_made_there_is_a_whole_run_or_none(nursery: Nursery) -> None:
    manager = open_manager(nursery.folder)
    found: list[int] = []
    for act in range(1, 24, 3):
        assert nursery.raise_child(config=to_dict(CONFIG), kill_at=act) == -signal.SIGKILL
        ids = run_ids(manager.runs_dir)
        assert [view.id for view in manager.views()] == ids
        assert all(view.state == "interrupted" for view in manager.views())
        found.append(len(ids))
    assert found[0] == 0
    assert found[-1] > 0
    run = run_ids(manager.runs_dir)[0]
    manager.resume(run, stop_at_step=8)
    assert at_rest(manager, run).state == "finished"
    manager.close()


def test_killed_twice_and_resumed_without_a_length_it_ends_where_it_was_asked_to(nursery: Nursery) -> None:
    """As `train --steps 240`, a kill, and `resume` without --steps: not the preset's length."""
    config = quick(steps=4_688)
    task: dict[str, Any] = {"config": to_dict(config), "stop_at_step": 240}
    for pause_at in (100, 180):
        assert nursery.raise_child(**task, pause_at=pause_at) == -signal.SIGKILL
        manager = open_manager(nursery.folder)
        (view,) = manager.views()
        assert (view.state, view.until_step, view.goal) == ("interrupted", 240, "step 240")
        assert 0 < view.checkpoints[-1] <= view.step < 240
        task = {"resume": view.id}
        manager.close()
    words = ["--runs-dir", str(nursery.folder / "runs"), "--data-dir", str(nursery.folder / "data")]
    assert main(["resume", *words, "--device", "cpu", "--threads", "1", view.id]) == 0
    manager = open_manager(nursery.folder)
    assert (manager.view(view.id).state, manager.view(view.id).step) == ("finished", 240)
    assert fingerprint(manager, view.id) == straight(nursery.folder / "straight", config, stop_at_step=240)
    manager.close()


def test_a_live_change_after_the_last_checkpoint_is_made_again_at_its_step(nursery: Nursery, tmp_path: Path) -> None:
    manager = open_manager(nursery.folder)
    change = Change(*CHANGE[1:])
    expected = start_waiting(manager, CONFIG, {100: change})
    at_rest(manager, expected)
    assert nursery.raise_child(config=to_dict(CONFIG), change=CHANGE, pause_at=116) == -signal.SIGKILL
    run = next(i for i in run_ids(manager.runs_dir) if manager.view(i).state == "interrupted")
    view = manager.view(run)
    assert view.checkpoints[-1] < 100 < view.step  # the kill fell between the change and the next checkpoint
    assert view.config["g_optimizer"]["lr"] == CHANGE[2]
    manager.resume(run)
    assert at_rest(manager, run).state == "finished"
    assert fingerprint(manager, run) == fingerprint(manager, expected)
    manager.close()


def test_a_change_by_hand_replaces_what_would_be_made_again(nursery: Nursery) -> None:
    manager = open_manager(nursery.folder)
    assert nursery.raise_child(config=to_dict(CONFIG), change=CHANGE, pause_at=116) == -signal.SIGKILL
    (run,) = run_ids(manager.runs_dir)
    blocker = manager.start(quick(steps=10_000_000))
    manager.resume(run)
    manager.send(run, Change("g_optimizer.lr", 0.01))
    manager.send(blocker, Stop())
    assert at_rest(manager, run).state == "finished"
    checkpoint = 63  # the last one before the kill, at 1,008 of the 1,856 images
    assert [(c.step, c.after) for c in manager.changes(run)] == [(checkpoint, 0.01)]
    assert manager.config(run).g_optimizer.lr == 0.01
    manager.close()


def test_points_stopped_thrice_and_killed_thrice(nursery: Nursery) -> None:
    """The written-out step of dense networks, and a penalty that is autograd's at every third step."""
    config = quick(steps=240, data="ring", latent__dim=2, generator__norm="none", penalty="r1", penalty__interval=3)
    manager = open_manager(nursery.folder)
    straight_on = manager.start(config)
    at_rest(manager, straight_on)
    stopped = manager.start(config, stop_at_step=50)
    for step in (101, 180, None):
        at_rest(manager, stopped)
        manager.resume(stopped, stop_at_step=step)
    at_rest(manager, stopped)
    known = set(run_ids(manager.runs_dir))
    assert nursery.raise_child(config=to_dict(config), pause_at=72) == -signal.SIGKILL
    (killed,) = set(run_ids(manager.runs_dir)) - known
    for step in (132, 200):
        assert nursery.raise_child(resume=killed, pause_at=step) == -signal.SIGKILL
        assert manager.view(killed).step >= step
    manager.resume(killed)
    at_rest(manager, killed)
    assert fingerprint(manager, straight_on) == fingerprint(manager, stopped) == fingerprint(manager, killed)
    assert fingerprint(manager, killed).step == 240
    manager.close()


def test_a_longer_length_survives_a_kill_before_the_next_checkpoint(nursery: Nursery) -> None:
    """The newest checkpoint is then the one at the run's old end."""
    manager = open_manager(nursery.folder)
    run = manager.start(quick(steps=40))
    at_rest(manager, run)
    manager.resume(run, total_images=50 * 16, stop_at_step=40)  # the longer length alone is written
    assert at_rest(manager, run).step == 40
    assert nursery.raise_child(resume=run, pause_at=44) == -signal.SIGKILL
    assert manager.view(run).checkpoints == (40,)
    manager.resume(run)
    view = at_rest(manager, run)
    assert (view.state, view.step, view.total_images) == ("finished", 50, 800)
    manager.close()


def test_two_processes_never_train_one_run(manager: RunManager) -> None:
    run = manager.start(quick(steps=10_000_000))
    other = RunManager(manager.runs_dir, manager.data_dir, device="cpu", threads=1)
    try:
        assert other.view(run).state in ("queued", "running")
        with pytest.raises(ValueError, match="not at rest"):
            other.resume(run)
        other.send(run, Stop())  # whoever trains it takes what others ask
    finally:
        other.close()
    at_rest(manager, run)
    assert manager.view(run).state == "stopped"

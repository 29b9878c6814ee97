"""Many press Train within a second: when each has its first turn, and that none is lost.

    python -m benchmarks.training.turns [--people 30] [--turn 60] [--preset fashion-fast] [--seconds 60]
        [--memory-gb 2] [--turns 2] [--finish]

Each of so many people starts a run of a preset on one device, all within a second. Told are the times at which they
have taken their first step, how long they waited for their second turn, and how much longer all of it takes than the
runs' own seconds (reading and writing of runs that made room included). --finish waits until every run has had its
`--seconds` of training; without it the benchmark ends once each has begun its `--turns`-th turn.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.machine import describe
from gan_core.runs import RunManager, StateChanged
from gan_core.runs.engine.context import StopCondition
from gan_core.runs.engine.device.budget import GB, Budget
from gan_core.runs.states import LIVE
from gan_core.training import preset

GOAL_SECONDS = 600.0


class Turns:
    """When the turns of one run began, in seconds since it was asked for."""

    def __init__(self) -> None:
        self.asked = time.monotonic()
        self.began: list[float] = []
        self.first_step = 0.0
        self._state = ""

    def hear(self, event: object) -> None:
        if not isinstance(event, StateChanged):
            return
        now = time.monotonic() - self.asked
        if event.view.state == "running" and self._state != "running":
            self.began.append(now)
        if event.view.step and not self.first_step:
            self.first_step = now
        self._state = event.view.state


def press_all(manager: RunManager, asked: argparse.Namespace) -> tuple[dict[str, Turns], float]:
    """All of them, and how long that took."""
    config = manager.resolved(preset(asked.preset).config)
    start, runs = time.monotonic(), dict[str, Turns]()
    for i in range(asked.people):
        stop = StopCondition(seconds=asked.seconds)
        run = manager.launcher.make(config, asked.preset, "", stop, owner=f"person-{i}")
        turns = runs[run.manifest.id] = Turns()
        manager.subscribe(run.manifest.id, turns.hear)
        manager.launcher.launch(run)
    return runs, time.monotonic() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--turn", type=float, default=60.0, help="seconds, at most: see ROUND_SECONDS")
    parser.add_argument("--preset", default="fashion-fast")
    parser.add_argument("--seconds", type=float, default=60.0, help="of training, of each run")
    parser.add_argument("--memory-gb", type=float, default=None, help="for networks; else half of the machine's")
    parser.add_argument("--turns", type=int, default=2, help="that each is to have begun")
    parser.add_argument("--finish", action="store_true", help="wait until every run is at its end")
    parser.add_argument("--data", type=Path, default=Path("data"))
    asked = parser.parse_args()
    print(describe())
    budget = Budget(memory=None if asked.memory_gb is None else int(asked.memory_gb * GB))
    with tempfile.TemporaryDirectory() as folder:
        threads = max(1, torch.get_num_threads() - 1)
        manager = RunManager(
            Path(folder), asked.data, device="cpu", threads=threads, turn_seconds=asked.turn, budget=budget
        )  # fmt: skip
        try:
            told(manager, asked)
        finally:
            manager.close(timeout_seconds=120.0)


def told(manager: RunManager, asked: argparse.Namespace) -> None:
    manager.prepare(preset(asked.preset).config)
    runs, took = press_all(manager, asked)
    turn = manager.launcher.context.queue.turn_seconds(asked.people)
    print(f"{asked.people} runs of {asked.preset} asked for in {took:.2f} s; turns of {turn:.1f} s")
    began, most_held = time.monotonic(), 0

    def goes_on() -> bool:
        views = [manager.view(run) for run in runs]
        if asked.finish:
            return any(view.state in LIVE for view in views)
        return any(
            len(turns.began) < 2 and view.state in LIVE for turns, view in zip(runs.values(), views, strict=True)
        )

    while goes_on():
        most_held = max(most_held, manager.launcher.context.room.held())
        time.sleep(0.2)
    wall = time.monotonic() - began
    views = [manager.view(run) for run in runs]
    lost = [view.id for view in views if view.state not in (*LIVE, "finished", "stopped")]
    _tell_turns(runs)
    own = sum(view.elapsed_seconds for view in views)
    print(f"in {wall:.1f} s runs trained for {own:.1f} s: {own / wall:.3f} of the time")
    print(
        f"lost: {len(lost)} {lost}; at their end: {sum(view.state == 'finished' for view in views)} of {len(views)}"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"networks in memory at most {most_held / 10**6:.0f} MB; the process at most {peak:.0f} MB")


def _tell_turns(runs: dict[str, Turns]) -> None:
    firsts = sorted(turns.first_step for turns in runs.values())
    median, last = firsts[len(firsts) // 2], firsts[-1]
    verdict = "reached" if firsts[0] > 0 and last <= GOAL_SECONDS else "MISSED"
    print(f"first step after: median {median:.1f} s, last {last:.1f} s (goal {GOAL_SECONDS:.0f} s: {verdict})")
    rounds = sorted(turns.began[1] - turns.began[0] for turns in runs.values() if len(turns.began) > 1)
    if rounds:
        print(f"from first turn to second: median {rounds[len(rounds) // 2]:.1f} s, longest {rounds[-1]:.1f} s")


if __name__ == "__main__":
    main()

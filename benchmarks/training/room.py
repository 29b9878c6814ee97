"""What runs take of memory and disk: one that waits, is paused, trains; and the disk of a minute's training.

    python -m benchmarks.training.room [--preset fashion-fast] [--runs 8] [--seconds 60]

Memory is the process's resident set, read before and after so many runs have come into each state.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.machine import describe
from gan_core.runs import Pause, RunManager, Stop
from gan_core.runs.engine.device.budget import held_bytes
from gan_core.runs.engine.waiting import WaitingRun
from gan_core.training import RunConfig, preset

MB = 10**6


def resident() -> float:
    """MB, where there is /proc."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / MB


def until(manager: RunManager, run: str, state: str, step: int = 0) -> None:
    while (view := manager.view(run)).state != state or view.step < step:
        if view.error:
            raise SystemExit(view.error)
        time.sleep(0.02)


def memory(manager: RunManager, config: RunConfig, count: int) -> None:
    before = resident()
    first = manager.start(config)
    until(manager, first, "running", 20)
    training = resident()
    print(f"the first run that trains, with its data and what torch needs for it: {training - before:.0f} MB")
    queued = [manager.start(config) for _ in range(count)]
    until(manager, queued[-1], "queued")
    time.sleep(1.0)
    print(f"each of {count} that have not had a turn yet: {(resident() - training) / count:.2f} MB")
    worker = manager.launcher.worker(first)
    assert isinstance(worker, WaitingRun)
    print(f"its networks and optimizers, as the budget counts them: {held_bytes(worker._at_hand()) / MB:.1f} MB")
    manager.send(first, Pause())
    until(manager, first, "paused")
    before = resident()
    for run in queued:
        until(manager, run, "running", 20)
        manager.send(run, Pause())
        until(manager, run, "paused")
    print(f"each of {count} that are paused, or wait for their next turn: {(resident() - before) / count:.1f} MB")
    for run in (first, *queued):
        manager.send(run, Stop())
        manager.wait(run)


def disk(manager: RunManager, config: RunConfig, seconds: float) -> None:
    run = manager.start(config, stop_after_seconds=seconds)
    view = manager.wait(run)
    size = sum(path.stat().st_size for path in (manager.runs_dir / run).rglob("*") if path.is_file())
    print(f"disk of {view.elapsed_seconds:.0f} s of training ({view.step:,} steps): {size / MB:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="fashion-fast")
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--data", type=Path, default=Path("data"))
    asked = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        manager = RunManager(Path(folder), asked.data, device="cpu", threads=max(1, torch.get_num_threads() - 1))
        config = manager.resolved(preset(asked.preset).config)
        print(f"{asked.preset}; the process before: {resident():.0f} MB")
        try:
            memory(manager, config, asked.runs)
            disk(manager, config, asked.seconds)
        finally:
            manager.close(timeout_seconds=60.0)


if __name__ == "__main__":
    main()

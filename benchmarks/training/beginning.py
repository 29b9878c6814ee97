"""What it costs to keep every step of a run's beginning: CPU time with and without, of the first minute's.

    python -m benchmarks.training.beginning [--pairs 5]

The same few hundred first steps are trained in turns with the beginning kept and not; what that takes longer, writing
included, is set against the CPU time of a minute's training.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.machine import describe
from gan_core.runs import RunManager
from gan_core.training import preset, trainer

GOAL = 0.02
MINUTE_SECONDS = 60.0
STEPS = {"ring": 300, "fashion-fast": 40, "first-gan": 300}


def cpu_seconds(manager: RunManager, name: str, steps: int, *, kept: bool) -> float:
    """Of all threads, for the first steps of a run that nobody watches."""
    usual = trainer.beginning_steps
    trainer.beginning_steps = usual if kept else lambda *_: 0
    config = replace(preset(name).config, backend="dense", precision="float32")
    try:
        start = time.process_time()
        run = manager.start(config, preset=name, stop_at_step=steps)
        manager.wait(run)
        return time.process_time() - start
    finally:
        trainer.beginning_steps = usual


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    asked = parser.parse_args()
    print(describe())
    threads = max(1, torch.get_num_threads() - 1)
    with tempfile.TemporaryDirectory() as folder:
        manager = RunManager(Path(folder) / "runs", Path("data"), device="cpu", threads=threads)
        for name, steps in STEPS.items():
            cpu_seconds(manager, name, steps, kept=True)  # what is made once is made
            more = []
            for _ in range(asked.pairs):
                without = cpu_seconds(manager, name, steps, kept=False)
                more.append((cpu_seconds(manager, name, steps, kept=True) - without) / MINUTE_SECONDS)
            share = statistics.median(more)
            spread = f"{100 * min(more):.2f} to {100 * max(more):.2f}"
            verdict = "reached" if share <= GOAL else "MISSED"
            print(f"{name}: first minute with / without {1 + share:.4f} ({spread} % more; goal 1.02: {verdict})")
        manager.close()


if __name__ == "__main__":
    main()

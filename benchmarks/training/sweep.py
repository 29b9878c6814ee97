"""Sixteen small GANs trained in one step, against the same runs one after another; both record everything.

    python -m benchmarks.training.sweep [--members 16] [--batch 128] [--pairs 3] [--steps 1500] [--threads 2]
        [--device cpu]

Throughput is steps of members a second, from the start of a sweep to the end of its last member.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.machine import describe, paired, told
from gan_core.config.codec import replace_at
from gan_core.runs import LIVE, RunManager
from gan_core.runs.groups.sweep_plan import Plan
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.training import PRESETS

GOALS = {"cpu": 2.0, "cuda": 8.0}


class Bench:
    """Runs sweeps; remembers the most steps that each kind made for a second of the processor's time."""

    def __init__(self, manager: RunManager, plan: Plan, steps: int) -> None:
        self._manager, self._plan, self._steps = manager, plan, steps
        self.per_cpu_second = {True: 0.0, False: 0.0}

    def steps_per_second(self, *, together: bool, steps: int = 0) -> float:
        """Of all members, with points, scenes and the databases, without a viewer."""
        steps, sweeps = steps or self._steps, Sweeps(self._manager)
        begin, cpu = time.perf_counter(), time.process_time()
        sweep = sweeps.start(self._plan, together=together, stop_at_step=steps)
        runs = [member.run for member in sweeps.sweep(sweep).members]
        while any(self._manager.view(run).state in LIVE for run in runs):
            time.sleep(0.02)
        done = sum(self._manager.view(run).step for run in runs)
        assert done == steps * len(runs), [self._manager.view(run).error for run in runs]
        self.per_cpu_second[together] = max(self.per_cpu_second[together], done / (time.process_time() - cpu))
        return done / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=16)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", choices=GOALS, default="cpu")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(describe() + (f", {torch.cuda.get_device_name()}" if asked.device == "cuda" else ""))
    with tempfile.TemporaryDirectory() as folder:
        manager = RunManager(
            Path(folder) / "runs", Path(folder) / "data", device=asked.device, threads=asked.threads
        )  # fmt: skip
        config = replace(manager.resolved(PRESETS["ring"].config), batch_size=asked.batch)
        config = replace_at(config, "total_images", 30_000 * asked.batch)
        bench = Bench(manager, Plan(config, (), seeds=tuple(range(1, asked.members + 1))), asked.steps)
        for together in (True, False):
            bench.steps_per_second(together=together, steps=50)  # data and kernels warm
        fast, slow, ratio, ratios = paired(
            lambda: bench.steps_per_second(together=True), lambda: bench.steps_per_second(together=False), asked.pairs
        )
        manager.close()
    print(f"{asked.members} ring GANs of {asked.steps} steps, batch {asked.batch}, {asked.device}:")
    print(f"  in one step {fast:.0f} steps of members/s, one after another {slow:.0f}")
    print("  " + told("in one step / one after another", ratio, GOALS[asked.device], ratios))
    batched, lone = bench.per_cpu_second[True], bench.per_cpu_second[False]
    print(
        "  for a second of the processor's time, which others' work cannot take away: "
        f"{batched:.0f} against {lone:.0f}, {batched / lone:.2f} times"
    )


if __name__ == "__main__":
    main()

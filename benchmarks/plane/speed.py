"""A run of points, recording everything, against a bare loop, autograd's step, the arithmetic and a screen's 60 Hz.

    python -m benchmarks.plane [--preset ring] [--pairs 6] [--seconds 5] [--threads 1]

The bare loop is that of `benchmarks.training.engine`: autograd's best-written step, which records nothing. The engine
steps with the backend "dense"; beside it stands the same run with autograd's step. GAN Lab (Kahng et al. 2018)
takes one step a frame, so a screen that shows 60 frames a second is its ceiling.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.machine import describe, matmul_rate, paired
from benchmarks.training.engine import bare_steps_per_second, engine_steps_per_second
from gan_core.nets.base import ImageShape
from gan_core.runs import RunManager
from gan_core.training import PRESETS, step_cost

# Steps a second for "ring" written out; compiled: `benchmarks.training.compiled`.
GOAL, FRAMES_PER_SECOND = 900.0, 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=("ring", "grid"), default="ring")
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        manager = RunManager(Path(folder) / "runs", Path(folder) / "data", device="cpu", threads=asked.threads)
        config = replace(manager.resolved(PRESETS[asked.preset].config), backend="dense")

        per_cpu_second: list[float] = []

        def engine() -> float:
            before = time.process_time()
            speed = engine_steps_per_second(manager, config, asked.seconds)
            per_cpu_second.append(speed * asked.seconds / (time.process_time() - before))
            return speed

        def plain() -> float:
            return engine_steps_per_second(manager, replace(config, backend="reference"), asked.seconds)

        def bare() -> float:
            return bare_steps_per_second(config, manager.data_dir, asked.seconds)

        engine_steps_per_second(manager, config, 1.0)  # data and kernels warm
        dense, slow, ratio, ratios = paired(engine, plain, asked.pairs)
        again, loop, of_bare, of_bares = paired(engine, bare, asked.pairs)
        manager.close()
    best = max(dense, again)
    print(
        f"{asked.preset} ({config.precision}): {best:.0f} steps/s (goal {GOAL:.0f} for ring), "
        f"{max(per_cpu_second):.0f} a second of the processor's time, which others' work cannot take away"
    )
    print(f"  with autograd's step: {slow:.0f} steps/s; {told(ratio, ratios)}")
    print(f"  bare autograd loop: {loop:.0f} steps/s; {told(of_bare, of_bares)}")
    rate, flops = matmul_rate(), step_cost(config, ImageShape(2, 1), 0).step_flops
    print(
        f"  arithmetic: {flops / 1e6:.1f} MFLOP a step, so {rate / flops:.0f} steps/s at the measured float32 "
        f"matrix-product rate of {rate / 1e9:.0f} GFLOP/s: {best * flops / rate:.2f} of it is reached"
    )
    print(f"  {best / FRAMES_PER_SECOND:.0f} times one step a frame on a screen of {FRAMES_PER_SECOND:.0f} Hz")


def told(ratio: float, ratios: list[float]) -> str:
    return f"ours is {ratio:.2f} times as fast (all pairs: {', '.join(f'{r:.2f}' for r in sorted(ratios))})"

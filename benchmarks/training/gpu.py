"""What a GPU makes of a step: eager float32, bfloat16 and compiled, and the ratios to eager.

    python -m benchmarks.training.gpu [--preset fashion-best] [--batch 256] [--steps 200]

Without a CUDA device it says so and measures nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.machine import describe
from gan_core.training import PRESETS, RunConfig, Trainer


def steps_per_second(config: RunConfig, steps: int, *, data_dir: Path) -> float:
    trainer = Trainer(config, config.data.load(config.size, data_dir), torch.device("cuda"))
    for _ in range(20):  # compiles, chooses kernels
        trainer.step()
    trainer.point()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(steps):
        trainer.step()
        if trainer.due.point:
            trainer.point()
    torch.cuda.synchronize()
    return steps / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="fashion-best")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=200)
    asked = parser.parse_args()
    print(describe())
    if not torch.cuda.is_available():
        print("There is no CUDA device on this machine: nothing to measure.")
        return
    print(torch.cuda.get_device_name())
    with tempfile.TemporaryDirectory() as folder:
        eager = 0.0
        preset = replace(PRESETS[asked.preset].config, batch_size=asked.batch)
        for words, precision, backend in (
            ("eager float32", "float32", "reference"),
            ("eager bfloat16", "bfloat16", "reference"),
            ("compiled bfloat16", "bfloat16", "inductor"),
        ):
            config = replace(preset, precision=precision, backend=backend)
            speed = steps_per_second(config, asked.steps, data_dir=Path(folder))
            eager = eager or speed
            print(f"{asked.preset}, batch {asked.batch}, {words}: {speed:.1f} steps/s, {speed / eager:.2f} x eager")


if __name__ == "__main__":
    main()

"""The compiled step of points in the plane: against the step that a run starts with, and with the page open.

    python -m benchmarks.compiled [--preset ring] [--pairs 6] [--seconds 5]

First the library is made, as a run has it made while it trains. Then runs of a few seconds in turns, recording
everything: with `dense_step` alone, and compiled from their second step. At last one run of each kind, started by
pressing Train, is watched in Chromium on the stage that shows it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.engine import engine_steps_per_second
from benchmarks.machine import describe, matmul_rate, paired
from benchmarks.serving import Server, browser, newest_run, server
from benchmarks.viewers import images_seen
from gan_core.nets.base import ImageShape
from gan_core.runs import RunManager
from gan_core.runs.engine import backend_switch as swap
from gan_core.runs.engine.compiled_cache import CompiledStepCache
from gan_core.training import PRESETS, RunConfig, Trainer, step_cost

GOAL, GOAL_COMPILED = 900.0, 1_800.0  # steps a second of "ring" with the page open, on an idle machine


def make_library(config: RunConfig, data_dir: Path) -> float:
    """Seconds that it took."""
    trainer = Trainer(config, config.data.load(config.size, data_dir), torch.device("cpu"))
    recipe = trainer.recipe()
    assert recipe is not None
    libraries, start = CompiledStepCache(data_dir / "compiled"), time.perf_counter()
    libraries.begin(recipe)
    while libraries.ready(recipe) is None:
        assert not libraries.problem(recipe), libraries.problem(recipe)
        time.sleep(0.1)
    return time.perf_counter() - start


def watched_steps_per_second(at: Server, preset: str, compiled: bool, slices: int, seconds: float) -> list[float]:
    """Of a run that Train started, in each slice of so many seconds, while its stage is on the screen."""
    batch = PRESETS[preset].config.batch_size
    with browser() as opened:
        page = opened.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"{at.url}/?preset={preset}&total_images=1000000000&compiled={'true' if compiled else 'false'}")
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_test_id("stage").wait_for(timeout=60_000)
        page.wait_for_timeout(15_000)  # beyond the swap, and where records come as they will from then on
        run, found = newest_run(at.runs_dir), []
        for _ in range(slices):
            first, start = images_seen(run), time.perf_counter()
            page.wait_for_timeout(1000 * seconds)
            found.append((images_seen(run) - first) / batch / (time.perf_counter() - start))
        page.get_by_role("button", name="Stop", exact=True).click()
        page.wait_for_timeout(3_000)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=("ring", "grid"), default="ring")
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    swap.SWAP_EVERY_STEPS = 1  # here, not in the server: the runs are short
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        manager = RunManager(Path(folder) / "runs", Path(folder) / "data", device="cpu", threads=1)
        plain = manager.resolved(replace(PRESETS[asked.preset].config, total_images=10**9, compiled=False))
        compiled = replace(plain, compiled=True)
        print(f"{asked.preset}: the library was made in {make_library(plain, manager.data_dir):.0f} s")
        per_cpu_second: list[float] = []

        def with_library() -> float:
            before = time.process_time()
            speed = engine_steps_per_second(manager, compiled, asked.seconds)
            per_cpu_second.append(speed * asked.seconds / (time.process_time() - before))
            return speed

        engine_steps_per_second(manager, plain, 1.0)  # data and kernels warm
        fast, slow, ratio, ratios = paired(
            with_library, lambda: engine_steps_per_second(manager, plain, asked.seconds), asked.pairs
        )
        manager.close()
        spread = ", ".join(f"{r:.2f}" for r in sorted(ratios))
        print(
            f"  without a page: {fast:.0f} steps/s compiled (goal {GOAL_COMPILED:.0f} for ring), {slow:.0f} as it is"
        )
        print(f"  {ratio:.2f} times as fast (all pairs: {spread}); {max(per_cpu_second):.0f} steps a CPU-second")
        rate, flops = matmul_rate(), step_cost(plain, ImageShape(2, 1), 0).step_flops
        print(f"  arithmetic alone: {rate / flops:.0f} steps/s at {rate / 1e9:.0f} GFLOP/s of matrix products")
        with server(Path(folder)) as at:
            for words, how, goal in (("as it is", False, GOAL), ("compiled", True, GOAL_COMPILED)):
                found = watched_steps_per_second(at, asked.preset, how, asked.pairs, asked.seconds)
                verdict = "reached" if statistics.median(found) >= goal else "MISSED"
                spread = ", ".join(f"{speed:.0f}" for speed in sorted(found))
                print(
                    f"  page open, {words}: {statistics.median(found):.0f} steps/s (goal {goal:.0f}: {verdict}; "
                    f"all: {spread})"
                )


if __name__ == "__main__":
    main()

"""The compiled step of points in the plane: against the written-out one, and with the page open.

    python -m benchmarks.training.compiled [--preset ring] [--pairs 6] [--seconds 5]

First the library is made, as a page does that shows the preset. Then runs of a few seconds in turns, recording
everything: with the backend "dense", and with "compiled". At last one run of each kind, started by pressing Train, is
watched in Chromium on the stage that shows it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.machine import describe, matmul_rate, paired
from benchmarks.pages.viewers import images_seen
from benchmarks.serving import Server, browser, newest_run, server
from benchmarks.training.engine import engine_steps_per_second
from gan_core.nets.base import ImageShape
from gan_core.runs import RunManager
from gan_core.training import PRESETS, step_cost

GOAL, GOAL_COMPILED = 900.0, 1_800.0  # steps a second of "ring" with the page open, on an idle machine


def watched_steps_per_second(at: Server, preset: str, backend: str, slices: int, seconds: float) -> list[float]:
    """Of a run that Train started, in each slice of so many seconds, while its stage is on the screen."""
    batch = PRESETS[preset].config.batch_size
    with browser() as opened:
        page = opened.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"{at.url}/?preset={preset}&total_images=1000000000&backend={backend}")
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_test_id("stage").wait_for(timeout=60_000)
        page.wait_for_timeout(15_000)  # where records come as they will from then on
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
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        manager = RunManager(Path(folder) / "runs", Path(folder) / "data", device="cpu", threads=1)
        plain = manager.resolved(replace(PRESETS[asked.preset].config, total_images=10**9, backend="dense"))
        compiled = replace(plain, backend="compiled")
        start = time.perf_counter()
        manager.prepare(compiled)
        print(f"{asked.preset}: the library was made in {time.perf_counter() - start:.1f} s")
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
            for words, how, goal in (("as it is", "dense", GOAL), ("compiled", "compiled", GOAL_COMPILED)):
                found = watched_steps_per_second(at, asked.preset, how, asked.pairs, asked.seconds)
                verdict = "reached" if statistics.median(found) >= goal else "MISSED"
                spread = ", ".join(f"{speed:.0f}" for speed in sorted(found))
                print(
                    f"  page open, {words}: {statistics.median(found):.0f} steps/s (goal {goal:.0f}: {verdict}; "
                    f"all: {spread})"
                )


if __name__ == "__main__":
    main()

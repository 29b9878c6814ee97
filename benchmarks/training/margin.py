"""What it costs a watched run of points that D's map reaches beyond the data: steps a CPU second, in pairs.

    python -m benchmarks.training.margin [--preset ring] [--pairs 8] [--steps 3000]

Somebody watches, so that scenes are made as often as they ever are. With and without the cells around the extent, in
turns; the rate is of the CPU time of all threads, which others on the machine hardly change.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.machine import describe, paired, told
from gan_core.runs import RunManager
from gan_core.training import preset
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.observe import stage

GOAL = 0.98


def steps_a_second(manager: RunManager, config: RunConfig, name: str, steps: int, *, margin: bool) -> float:
    """Of CPU time, of a run that is watched to its end."""
    usual = stage.plane_cells

    def bare(config: RunConfig, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        inside, around = usual(config, device)
        return inside, around[:0]

    stage.plane_cells = usual if margin else bare
    try:
        start = time.process_time()
        run = manager.start(config, preset=name, stop_at_step=steps)
        stop = manager.subscribe(run, lambda event: None)
        manager.wait(run)
        stop()
        return steps / (time.process_time() - start)
    finally:
        stage.plane_cells = usual


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="ring")
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3000)
    asked = parser.parse_args()
    print(describe())
    torch.set_num_threads(1)
    config = replace(preset(asked.preset).config, backend="dense", precision="float32")
    with tempfile.TemporaryDirectory() as folder:
        manager = RunManager(Path(folder) / "runs", Path("data"), device="cpu", threads=1)
        steps_a_second(manager, config, asked.preset, 200, margin=True)  # what is made once is made
        with_margin, without, ratio, ratios = paired(
            lambda: steps_a_second(manager, config, asked.preset, asked.steps, margin=True),
            lambda: steps_a_second(manager, config, asked.preset, asked.steps, margin=False),
            asked.pairs,
        )
        manager.close()
    print(f"{asked.preset}: {with_margin:,.0f} steps a CPU second with the margin, {without:,.0f} without")
    print(told("with / without", ratio, GOAL, ratios))


if __name__ == "__main__":
    main()

"""The engine, recording everything, against a bare loop of the same networks that records nothing.

    python -m benchmarks.training.engine [--pairs 6] [--seconds 10] [--preset P]

The bare loop is the best-written step there is for this configuration: data on the device, one forward for real and
fake where the networks allow it, the fake batch reused for G, torch's fused kernels called directly, and the moving
average; no statistics, no guard, no configuration read, no disk.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from benchmarks.machine import describe, matmul_rate, paired, told
from gan_core.nets.base import ImageShape
from gan_core.runs import LIVE, RunManager
from gan_core.training import PRESETS, RunConfig, step_cost
from gan_core.training.build import build_networks
from gan_core.training.optimizers import Adam

GOALS = {"fashion-fast": 0.95, "first-gan": 0.90}


def bare_steps_per_second(config: RunConfig, data_dir: Path, seconds: float) -> float:
    """Steps a second of the bare loop over about so many seconds."""
    assert isinstance(config.g_optimizer, Adam)
    assert isinstance(config.d_optimizer, Adam)
    data = config.data.load(config.size, data_dir)
    nets = build_networks(config, ImageShape(data.channels, data.size), 0, torch.device("cpu"))
    g, d, images, batch = nets.generator, nets.discriminator, data.images, config.batch_size
    g_weights, d_weights = list(g.parameters()), list(d.parameters())
    average = [p.detach().clone() for p in g_weights]
    moments = {
        id(ws): ([torch.zeros_like(w) for w in ws], [torch.zeros_like(w) for w in ws], torch.zeros(()))
        for ws in (g_weights, d_weights)
    }
    half = config.precision == "bfloat16"
    order, place, steps = torch.randperm(len(images)), 0, 0

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16) if half else nullcontext():
            return net(x).float()

    def update(ws: list[Any], loss: torch.Tensor, options: Adam) -> None:
        grads = list(torch.autograd.grad(loss, ws))
        mean, square, count = moments[id(ws)]
        with torch.no_grad():
            count.add_(1)
            torch._fused_adam_(
                ws, grads, mean, square, [], [count] * len(ws), lr=options.lr, beta1=options.beta1,
                beta2=options.beta2, eps=1e-8, amsgrad=False, maximize=False, weight_decay=0.0,
            )  # fmt: skip

    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _ in range(5):
            if place + batch > len(order):
                order, place = torch.randperm(len(images)), 0
            real = images.index_select(0, order[place : place + batch]).float().div_(127.5).sub_(1)
            place += batch
            fake = forward(g, torch.randn(batch, config.latent.dim))
            if d.batch_dependent:
                real_logits, fake_logits = forward(d, real), forward(d, fake.detach())
            else:
                real_logits, fake_logits = forward(d, torch.cat((real, fake.detach()))).tensor_split(2)
            loss = functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()
            update(d_weights, loss, config.d_optimizer)
            update(g_weights, functional.softplus(-forward(d, fake)).mean(), config.g_optimizer)
            if config.ema.half_life_images:
                with torch.no_grad():
                    torch._foreach_lerp_(average, g_weights, 0.01)
            steps += 1
    return steps / (time.perf_counter() - start)


def engine_steps_per_second(manager: RunManager, config: RunConfig, seconds: float) -> float:
    """Steps a second of a run in its thread, with points, grids and the database, without a viewer."""
    run = manager.start(config, stop_after_seconds=seconds)
    while manager.view(run).state in LIVE:
        time.sleep(0.2)
    view = manager.view(run)
    assert view.state == "finished", view.error
    return view.step / view.elapsed_seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--preset", choices=GOALS, action="append", help="only this one; may be given twice")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(describe())
    rate = matmul_rate()
    with tempfile.TemporaryDirectory() as folder:
        manager = RunManager(Path(folder) / "runs", Path(folder) / "data", device="cpu", threads=asked.threads)
        for name, goal in GOALS.items():
            if asked.preset and name not in asked.preset:
                continue
            config = manager.resolved(PRESETS[name].config)
            engine_steps_per_second(manager, config, 1.0)  # data and kernels warm
            bare_steps_per_second(config, manager.data_dir, 1.0)
            ours, bare, ratio, ratios = paired(
                lambda c=config: engine_steps_per_second(manager, c, asked.seconds),  # type: ignore[misc]
                lambda c=config: bare_steps_per_second(c, manager.data_dir, asked.seconds),  # type: ignore[misc]
                asked.pairs,
            )
            print(f"{name} ({config.precision}): engine {ours:.1f} steps/s, bare loop {bare:.1f} steps/s")
            print("  " + told("engine / bare loop", ratio, goal, ratios))
            cost = step_cost(config, ImageShape(1, config.size), 0)
            share = cost.step_flops * ours / rate
            print(
                f"  arithmetic: {cost.step_flops / 1e9:.3g} GFLOP a step x {ours:.1f} steps/s = {share:.2f} of the "
                f"measured float32 matrix-product rate, {rate / 1e9:.0f} GFLOP/s"
            )
        manager.close()


if __name__ == "__main__":
    main()

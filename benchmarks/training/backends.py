"""What works a step of "ring" out fastest: our C++, torch.compile of the functional step, torch.vmap of that.

    python -m benchmarks.training.backends [--rounds 7] [--seconds 1.5] [--at-once 4] [--members 16]

(a) the compiled backend; (b) the whole step as one function by `torch.func`, through torch.compile (inductor), so
many steps in one call; (c) that mapped over members, against the stacked matrices of a sweep. In turns, each
with its own batches drawn as a run draws them; a round's ratio is formed from neighbours in time, so that a busy
machine says about the same as an idle one.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value, vmap

from benchmarks.machine import describe
from gan_core.runs.engine.compiled_cache import CompiledStepCache, give_library
from gan_core.training import PRESETS, RunConfig, Trainer
from gan_core.training.backends.batched import StackedTrainer, TrainerStack
from gan_core.training.backends.compiled import _draw
from gan_core.training.optimizers import EPS

CPU = torch.device("cpu")
Weights = dict[str, Tensor]


def adam(w: Weights, g: Weights, m: Weights, v: Weights, count: Tensor, lr: Tensor, betas: tuple[float, float]):
    b1, b2 = betas
    m = {k: torch.lerp(m[k], g[k], 1 - b1) for k in w}
    v = {k: b2 * v[k] + (1 - b2) * g[k] * g[k] for k in w}
    step, root = lr / (1 - b1**count), (1 - b2**count).rsqrt()
    return {k: w[k] - step * m[k] / (v[k].sqrt() * root + EPS) for k in w}, m, v


def norm(g: Weights) -> Tensor:
    return sum(x.square().sum() for x in g.values()).sqrt()  # type: ignore[union-attr]


def functional_step(trainer: Trainer) -> Callable:
    """(state, real [N, C, H, W], z [N, dim], rates [3]) -> (state, losses and norms [4], logits of both)."""
    config, generator, discriminator = trainer.config, trainer.generator, trainer.discriminator
    g_adam, d_adam, loss = config.g_optimizer, config.d_optimizer, config.loss
    g_betas, d_betas = (g_adam.beta1, g_adam.beta2), (d_adam.beta1, d_adam.beta2)

    def of_d(d: Weights, real: Tensor, fake: Tensor):
        logits = functional_call(discriminator, d, (torch.cat((real, fake)), None))
        real_logits, fake_logits = logits.tensor_split(2)
        return loss.d_loss(real_logits, fake_logits), (real_logits, fake_logits)

    def of_g(g: Weights, d: Weights, z: Tensor):
        return loss.g_loss(None, functional_call(discriminator, d, (functional_call(generator, g, (z, None)), None)))

    def step(state, real: Tensor, z: Tensor, rates: Tensor):
        g, gm, gv, d, dm, dv, average, count = state
        count = count + 1
        fake = functional_call(generator, g, (z, None))
        d_grads, (d_loss, logits) = grad_and_value(of_d, has_aux=True)(d, real, fake)
        d, dm, dv = adam(d, d_grads, dm, dv, count, rates[1], d_betas)
        g_grads, g_loss = grad_and_value(of_g)(g, d, z)
        g, gm, gv = adam(g, g_grads, gm, gv, count, rates[0], g_betas)
        average = {k: torch.lerp(g[k], average[k], rates[2]) for k in g}
        scalars = torch.stack((d_loss, g_loss, norm(d_grads), norm(g_grads)))
        return (g, gm, gv, d, dm, dv, average, count), scalars, logits

    return step


def start_of(trainer: Trainer):
    g = {k: p.detach().clone() for k, p in trainer.generator.named_parameters()}
    d = {k: p.detach().clone() for k, p in trainer.discriminator.named_parameters()}
    none = lambda w: {k: torch.zeros_like(x) for k, x in w.items()}  # noqa: E731
    return g, none(g), none(g), d, none(d), none(d), {k: x.clone() for k, x in g.items()}, torch.zeros(())


class Inductor:
    """(b): so many steps of one trainer at a call."""

    def __init__(self, trainer: Trainer, at_once: int) -> None:
        self.trainer, self.at_once, self.state = trainer, at_once, start_of(trainer)
        step = functional_step(trainer)

        def steps(state, real: Tensor, z: Tensor, rates: Tensor):
            found = []
            for i in range(at_once):
                state, scalars, logits = step(state, real[i], z[i], rates[i])
                found.append((scalars, *logits))
            return state, [torch.stack(one) for one in zip(*found, strict=True)]

        self.steps = torch.compile(steps, dynamic=False, fullgraph=True)

    @torch.no_grad()
    def __call__(self) -> int:
        real, z, rates = _draw(self.trainer, self.at_once)
        self.state, (scalars, real_logits, fake_logits) = self.steps(self.state, real, z, rates)
        self.trainer.window.add(scalars.tolist(), list(real_logits.unbind()), list(fake_logits.unbind()))
        if len(self.trainer.window) > 200:
            self.trainer.window.clear()
        self.trainer.images += self.at_once * self.trainer.config.batch_size
        return self.at_once


class StackedInductor:
    """(c): a step of many members, mapped, at a call."""

    def __init__(self, members: list[Trainer]) -> None:
        self.members = members
        states = [start_of(m) for m in members]
        self.state = torch.utils._pytree.tree_map(lambda *parts: torch.stack(parts), *states)
        self.step = torch.compile(vmap(functional_step(members[0])), dynamic=False, fullgraph=True)

    @torch.no_grad()
    def __call__(self) -> int:
        drawn = [_draw(m, 1) for m in self.members]
        real, z, rates = (torch.cat(parts) for parts in zip(*drawn, strict=True))
        self.state, scalars, _ = self.step(self.state, real, z, rates)
        scalars.tolist()
        return 1


def several(trainer: Trainer, most: int) -> Callable[[], int]:
    def call() -> int:
        before = trainer.step_count
        trainer.advance(most)
        if len(trainer.window) > 200:
            trainer.window.clear()
        return trainer.step_count - before

    return call


def stacked(members: list[StackedTrainer]) -> Callable[[], int]:
    stack = TrainerStack(members)

    def call() -> int:
        stack.step()
        if members[0].step_count % 200 == 0:
            for m in members:
                m.window.clear()
        return 1

    return call


def speed(call: Callable[[], int], seconds: float) -> float:
    start, steps = time.perf_counter(), 0
    while (now := time.perf_counter()) - start < seconds:
        steps += call()
    return steps / (now - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--members", type=int, default=16)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(describe())
    config = replace(PRESETS["ring"].config, precision="float32", total_images=10**9)
    with tempfile.TemporaryDirectory() as folder:
        ways = prepared(config, Path(folder), asked)
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(asked.rounds):
            for name, call in ways.items():
                found[name].append(speed(call, asked.seconds))
        for name, speeds in found.items():
            base = "stacked matrices" if "members" in name or "stacked" in name else "(a) C++"
            base = next(one for one in found if one.startswith(base))
            ratios = [ours / theirs for ours, theirs in zip(speeds, found[base], strict=True)]
            spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
            print(f"{name}: {statistics.median(speeds):.0f} steps/s (best {max(speeds):.0f}); to {base}: {spread}")


def prepared(config: RunConfig, folder: Path, asked: argparse.Namespace) -> dict[str, Callable[[], int]]:
    data = config.data.load(config.size, folder)
    ways: dict[str, Callable[[], int]] = {}
    for backend, words in (("compiled", "(a) C++"), ("dense", "written out"), ("reference", "autograd")):
        start, trainer = time.perf_counter(), Trainer(replace(config, backend=backend), data, CPU)
        if backend == "compiled":
            give_library(trainer, CompiledStepCache(folder))
            print(f"(a) made in {time.perf_counter() - start:.1f} s")
        assert trainer.backend.name == backend
        ways[words] = several(trainer, 25)
    for at_once in (1, asked.at_once):
        start = time.perf_counter()
        one = Inductor(Trainer(config, data, CPU), at_once)
        one()
        print(f"(b) {at_once} at once: compiled in {time.perf_counter() - start:.1f} s")
        ways[f"(b) torch.compile, {at_once} at once"] = one
    members = [StackedTrainer(replace(config, seed=1 + i), data, CPU) for i in range(asked.members)]
    ways[f"stacked matrices, {asked.members} members"] = stacked(members)
    start = time.perf_counter()
    mapped = StackedInductor([Trainer(replace(config, seed=1 + i), data, CPU) for i in range(asked.members)])
    mapped()
    print(f"(c) compiled in {time.perf_counter() - start:.1f} s")
    ways[f"(c) vmap of (b), {asked.members} members"] = mapped
    return ways


if __name__ == "__main__":
    main()

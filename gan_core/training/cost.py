"""What a step costs in arithmetic, from the configuration alone."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from gan_core.nets.base import ImageShape
from gan_core.training.run_config import RunConfig

_ASSUMED_FLOPS_PER_SECOND = 60e9  # a laptop core or two; only the spacing of points follows from it
_STEP_OVERHEAD_SECONDS = 1e-3
_SPACINGS = (1, 2, 5, 10, 20, 50, 100, 200)


@dataclass(frozen=True)
class Cost:
    """Weights of both networks, and floating-point operations of one step (a multiply-add counts as two)."""

    g_parameters: int
    d_parameters: int
    g_forward_flops: int
    d_forward_flops: int
    step_flops: int


@functools.lru_cache(maxsize=256)
def step_cost(config: RunConfig, shape: ImageShape, class_count: int) -> Cost:
    """Cost of one step of `config`; networks are built without memory (meta device), so it takes milliseconds.

    A forward costs F, its backward 2 F (one F where only the input's gradient is wanted); a gradient penalty is a
    forward, a backward to the input and the backward through both: about 6 F more.
    """
    with torch.device("meta"):
        generator = config.generator.build(shape, config.latent.dim, class_count).eval()
        discriminator = config.discriminator.build(shape, class_count, config.pack).eval()
        labels = torch.zeros(config.pack, dtype=torch.int64) if class_count else None
        with torch.no_grad():
            with FlopCounterMode(display=False) as g_counter:
                generator(torch.zeros(config.pack, config.latent.dim), labels)
            with FlopCounterMode(display=False) as d_counter:
                discriminator(torch.zeros(1, shape.channels * config.pack, shape.size, shape.size), labels)
    g, d = g_counter.get_total_flops() // config.pack, d_counter.get_total_flops() // config.pack
    batch = config.batch_size
    d_update = 3 * d * 2 * batch
    if config.penalty.active:
        d_update += 6 * d * batch // config.penalty.interval
    g_update = 3 * g * batch + 2 * d * batch + (d * batch if config.loss.relativistic else 0)
    total = config.k_d * d_update + (config.k_d - 1) * g * batch + g_update
    return Cost(_count(generator), _count(discriminator), g, d, total)


def _count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def points_every_steps(config: RunConfig, shape: ImageShape, class_count: int) -> int:
    """Steps between two points of the curves, for about three points a second on a small machine.

    It follows from the configuration, not from a clock, so that a run repeats exactly anywhere.
    """
    flops = step_cost(config, shape, class_count).step_flops
    wanted = 0.33 / (flops / _ASSUMED_FLOPS_PER_SECOND + _STEP_OVERHEAD_SECONDS)
    return max(s for s in _SPACINGS if s <= max(1.0, wanted))

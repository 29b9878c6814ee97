"""What a step costs in arithmetic, from the configuration alone."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch

from gan_core.nets import forward_flops, parameter_count
from gan_core.nets.base import ImageShape
from gan_core.training.build import build_networks
from gan_core.training.configuration.run_config import RunConfig

_ASSUMED_FLOPS_PER_SECOND = 60e9  # a laptop core or two; only the spacing of points follows from it
_STEP_OVERHEAD_SECONDS = 2e-3
_FLOPS_FOR_A_THREAD = 500_000_000
_SPACINGS = (1, 2, 5, 10, 20, 50, 100)
BEGINNING_STEPS, _OF_PICTURES = 50, 20  # of points; pictures change less from step to step
_FLOPS_OF_A_SMALL_GRID = 2e9  # twenty of them are less than a second on a laptop


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
    """Cost of one step of `config`, counted on a forward of one image; tens of milliseconds for small networks.

    Builds both networks, so it shares `build_networks`' rule: not in two threads at once.

    A forward costs F, its backward 2 F (one F where only the input's gradient is wanted); a gradient penalty is a
    forward, a backward to the input and the backward through both: about 6 F more.
    """
    nets = build_networks(config, shape, class_count, torch.device("cpu"))
    labels = torch.zeros(config.pack, dtype=torch.int64) if class_count else None
    packed = torch.zeros(1, shape.channels * config.pack, shape.size, shape.size)
    g = forward_flops(nets.generator, torch.zeros(config.pack, config.latent.dim), labels) // config.pack
    d = forward_flops(nets.discriminator, packed, labels) // config.pack
    batch = config.batch_size
    d_update = 3 * d * 2 * batch
    if config.penalty.active:
        d_update += 6 * d * batch // config.penalty.interval
    g_update = 3 * g * batch + 2 * d * batch + (d * batch if config.loss.relativistic else 0)
    total = config.k_d * d_update + (config.k_d - 1) * g * batch + g_update
    return Cost(parameter_count(nets.generator), parameter_count(nets.discriminator), g, d, total)


def useful_threads(step_flops: int, most: int) -> int:
    """Threads, at most so many, that have half a GFLOP of a step each: with less they wait longer than they work."""
    return max(1, min(most, step_flops // _FLOPS_FOR_A_THREAD))


def points_every_steps(config: RunConfig, shape: ImageShape, class_count: int) -> int:
    """Steps between two points of the curves, for about three points a second on a small machine.

    It follows from the configuration, not from a clock, so that a run repeats exactly anywhere.
    """
    flops = step_cost(config, shape, class_count).step_flops
    wanted = 0.33 / (flops / _ASSUMED_FLOPS_PER_SECOND + _STEP_OVERHEAD_SECONDS)
    return max(s for s in _SPACINGS if s <= max(1.0, wanted))


def beginning_steps(config: RunConfig, shape: ImageShape, class_count: int) -> int:
    """The first steps, each of which is kept to look at: 50 of points, 20 of pictures by small networks, else 0."""
    if shape.is_points:
        return BEGINNING_STEPS
    cost = step_cost(config, shape, class_count)
    flops = config.record.grid_count * (cost.g_forward_flops + cost.d_forward_flops)
    return _OF_PICTURES if flops <= _FLOPS_OF_A_SMALL_GRID else 0

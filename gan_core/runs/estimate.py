"""What a run will cost on this machine, before it starts."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from gan_core.config.codec import to_dict
from gan_core.data.base import ImageInfo
from gan_core.nets.base import ImageShape
from gan_core.training import RunConfig, step_cost

_OVERHEAD_SECONDS = 0.6e-3  # of Python and small tensors, every step
_EARLIER_MATTERS = (
    "generator", "discriminator", "loss", "penalty", "augmentation", "batch_size", "k_d", "size", "pack",
    "precision", "conditional", "latent",
)  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """basis says in words where the time comes from."""

    g_parameters: int
    d_parameters: int
    step_flops: int
    seconds_per_step: float
    steps: int
    seconds_total: float
    basis: str


Earlier = Callable[[RunConfig], list[tuple[dict[str, Any], float, int]]]


def estimate(config: RunConfig, info: ImageInfo, device: torch.device, threads: int, earlier: Earlier) -> Estimate:
    """From the speed of an earlier run like it where there is one, else from arithmetic over a measured rate."""
    class_count = len(info.classes) if config.conditional else 0
    cost = step_cost(config, ImageShape(info.channels, config.size), class_count)
    steps = -(-config.total_images // (config.batch_size * config.k_d))
    wanted = _what_matters(to_dict(config))
    like_it = (
        seconds
        for other, seconds, other_threads in earlier(config)
        if _what_matters(other) == wanted and (device.type != "cpu" or other_threads == threads)
    )
    seconds = next(like_it, 0.0)
    basis = "measured: an earlier run with these networks on this machine"
    if not seconds:
        rate = measured_rate(device.type, threads)
        seconds = cost.step_flops / rate + _OVERHEAD_SECONDS
        basis = f"estimated: {cost.step_flops / 1e9:.2g} GFLOP a step at this machine's {rate / 1e9:.0f} GFLOP/s"
    return Estimate(
        cost.g_parameters, cost.d_parameters, cost.step_flops, seconds, steps, seconds * steps, basis
    )  # fmt: skip


def _what_matters(config: dict[str, Any]) -> dict[str, Any]:
    return {name: config[name] for name in _EARLIER_MATTERS}


@functools.lru_cache(maxsize=8)
def measured_rate(device: str, threads: int) -> float:
    """Floating-point operations a second in a convolution forward and backward of usual size; takes 0.1-0.3 s.

    The thread count is that of the calling thread; on the CPU it is scaled from one thread to `threads`.
    """
    target = torch.device(device)
    x = torch.zeros(64, 64, 14, 14, device=target, requires_grad=True)
    w = torch.zeros(128, 64, 4, 4, device=target, requires_grad=True)
    flops = 3 * 2 * w.numel() * 64 * 7 * 7
    best = float("inf")
    for _ in range(6):
        start = time.perf_counter()
        torch.autograd.grad(functional.conv2d(x, w, stride=2, padding=1).sum(), (x, w))
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    here = torch.get_num_threads() if device == "cpu" else 1
    scale = (threads / here) if device == "cpu" else 1.0
    return flops / best * scale * 0.7  # whole steps reach about 0.7 of a lone convolution

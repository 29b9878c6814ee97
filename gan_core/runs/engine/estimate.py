"""What a run will cost on this machine, before it starts."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median_low
from typing import Any

import torch
from torch.nn import functional

from gan_core.config.codec import from_dict, to_dict
from gan_core.nets.base import discriminators, generators
from gan_core.runs.engine.device.machine import remembered_precision
from gan_core.runs.snapshot import RunView
from gan_core.training import Cost, RunConfig, bfloat16_is_native

_OVERHEAD_SECONDS = 0.6e-3  # of Python and small tensors, every step
_COMPILED_OVERHEAD_SECONDS = 0.2e-3  # of what is recorded of them; a step is a single call
_MOST_EARLIER = 7  # earlier runs, the newest: a machine may have changed since older ones
_HELD_UP = 3.0  # so many times as long as arithmetic says: a single run does not prove it
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


@dataclass(frozen=True)
class EarlierRun:
    """What a run on this device took: so many steps, of which so many were not compiled."""

    config: dict[str, Any]
    steps: int
    plain_steps: int
    seconds: float
    threads: int


def estimate(
    config: RunConfig, cost: Cost, device: torch.device, threads: int, earlier: Callable[[], list[EarlierRun]]
) -> Estimate:
    """From the speed of earlier runs like it where they tell, else from arithmetic over a measured rate.

    `config` is resolved: neither its precision nor its backend is "auto".
    """
    steps = -(-config.total_images // (config.batch_size * config.k_d))
    plain_steps = min(steps, noisy_steps(config)) if config.backend == "compiled" else steps
    rate = measured_rate(device.type, threads)
    arithmetic_seconds = cost.step_flops / rate
    by_arithmetic = arithmetic_seconds + _OVERHEAD_SECONDS
    gain = by_arithmetic / (arithmetic_seconds + _COMPILED_OVERHEAD_SECONDS)

    def in_plain_steps(steps: int, plain_steps: int) -> float:
        """As many plain steps take as long."""
        return plain_steps + (steps - plain_steps) / gain

    wanted = _what_matters(to_dict(config), config.backend)
    like_it = [
        run.seconds / in_plain_steps(run.steps, run.plain_steps)
        for run in earlier()
        if _what_matters(run.config, config.backend) == wanted and (device.type != "cpu" or run.threads == threads)
    ]
    plain_seconds, basis = typical(like_it[:_MOST_EARLIER], by_arithmetic if device.type == "cpu" else None)
    if not plain_seconds:
        plain_seconds = by_arithmetic
        how = f"{cost.step_flops / 1e9:.2g} GFLOP a step at this machine's {rate / 1e9:.0f} GFLOP/s"
        basis = f"estimated: {how}{'; ' if basis else ''}{basis}"
    total = plain_seconds * in_plain_steps(steps, plain_steps)
    return Estimate(cost.g_parameters, cost.d_parameters, cost.step_flops, total / steps, steps, total, basis)


def typical(measured: Sequence[float], by_arithmetic: float | None) -> tuple[float, str]:
    """What a step takes by earlier runs, newest first, and in words how that was found; 0.0 where they do not tell.

    The lower median: whatever else a machine does makes a run slower and never faster, so of two the faster one is
    believed, and of more one that was held up does not count. A single run that took far longer than arithmetic says
    (None: no guide on this device) was held up or is a surprise, which the next run settles.
    """
    if not measured:
        return 0.0, ""
    if len(measured) == 1:
        if by_arithmetic is None or measured[0] <= _HELD_UP * by_arithmetic:
            return measured[0], "measured: an earlier run with these networks on this machine"
        times = measured[0] / by_arithmetic
        return 0.0, f"the one earlier run with these networks took {times:.0f} times as long, as on a busy machine"
    which = "the faster of two" if len(measured) == 2 else f"the middle of {len(measured)}"
    return median_low(measured), f"measured: {which} earlier runs with these networks on this machine"


def earlier_runs(run_ids: Iterable[str], view: Callable[[str], RunView], device: str) -> list[EarlierRun]:
    """Those of these runs that trained alone on such a device; what cannot be read is passed over."""
    found = []
    for run_id in run_ids:
        try:
            run = view(run_id)
        except ValueError:
            continue
        done, alone = run.step - run.parent_step, not (run.parent or run.sweep or run.processes > 1)
        if run.device == device and done >= 20 and run.elapsed_seconds > 0 and alone:
            plain = min(done, _plain_steps(run, done))
            found.append(EarlierRun(run.config, done, plain, run.elapsed_seconds, run.threads))
    return found


def _plain_steps(view: RunView, done: int) -> int:
    """How many of a run's steps were not compiled."""
    if view.config.get("backend") == "compiled":
        return noisy_steps(from_dict(RunConfig, view.config))
    return view.compiled_from_step or done  # of earlier versions, which went over on the way


def noisy_steps(config: RunConfig) -> int:
    """The first steps, in which noise lies on what D sees: no compiled step knows it."""
    noise = config.instance_noise
    if noise.sigma <= 0:
        return 0
    return -(-(noise.decay_images or config.total_images) // config.batch_size)


def _what_matters(config: dict[str, Any], backend: str) -> dict[str, Any]:
    """Equal for runs whose speeds tell of each other: compiled steps and written-out ones do.

    backend: for a run of an earlier version, which recorded none.
    """
    found = {name: config[name] for name in _EARLIER_MATTERS}
    kind = config.get("backend", backend)
    return found | {"backend": "dense" if kind == "compiled" else kind}


def faster_precision(device: str) -> str:
    """ "bfloat16" where the device has it and a convolution, forward and backward, is a fifth faster in it."""
    if not bfloat16_is_native(torch.device(device)):
        return "float32"
    half = _convolution_seconds(device, torch.bfloat16)
    return "bfloat16" if half * 1.2 < _convolution_seconds(device, torch.float32) else "float32"


def resolve_precision(config: RunConfig, device: str, notes: Path) -> RunConfig:
    """The configuration with "auto" replaced by what this machine does best, so that the run records it.

    Measured once for a machine and kept in `notes`: the same seed shall give the same run, also on a busy day.
    """
    if config.precision != "auto":
        return config
    dense = generators.name_of(config.generator) == discriminators.name_of(config.discriminator) == "mlp"
    precision = "float32" if dense else remembered_precision(notes, device, faster_precision)  # dense gains nothing
    return replace(config, precision=precision)


def measured_rate(device: str, threads: int) -> float:
    """Floating-point operations a second in a convolution forward and backward of usual size on `threads` threads."""
    flops = 3 * 2 * _CONVOLUTION_WEIGHTS * 64 * 7 * 7
    scale = threads if device == "cpu" else 1  # measured on one thread
    return flops / _convolution_seconds(device, torch.float32) * scale * 0.7  # whole steps reach about 0.7 of it


_CONVOLUTION_WEIGHTS = 128 * 64 * 4 * 4
_MEASURING_SECONDS, _FEWEST, _MOST = 0.25, 4, 20
_measuring = threading.Lock()


def _convolution_seconds(device: str, dtype: torch.dtype) -> float:
    """The best of a few forwards and backwards of a strided convolution of usual size, as mixed precision runs it.

    Measured once, in a quarter of a second, whoever asks first. In a thread of its own, because there it may have
    one thread for its arithmetic: several would wait for each other wherever the machine does anything else.
    """
    with _measuring, ThreadPoolExecutor(1, "measuring") as own:
        return own.submit(_measured_seconds, device, dtype).result()


@functools.lru_cache(maxsize=8)
def _measured_seconds(device: str, dtype: torch.dtype) -> float:
    target = torch.device(device)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # of this thread, and of those to come
    try:
        return _best_seconds(target, dtype)
    finally:
        torch.set_num_threads(threads)


def _best_seconds(target: torch.device, dtype: torch.dtype) -> float:
    x = torch.zeros(64, 64, 14, 14, device=target, requires_grad=True)
    w = torch.zeros(128, 64, 4, 4, device=target, requires_grad=True)
    best, spent, turns = float("inf"), 0.0, 0
    clock = time.thread_time if target.type == "cpu" else time.perf_counter  # a busy processor must not look slow
    while turns < _FEWEST or (spent < _MEASURING_SECONDS and turns < _MOST):
        start = clock()
        with torch.autocast(target.type, dtype, enabled=dtype != torch.float32):
            y = functional.conv2d(x, w, stride=2, padding=1)
        torch.autograd.grad(y.float().sum(), (x, w))
        if target.type == "cuda":
            torch.cuda.synchronize()
        seconds = clock() - start
        best, spent, turns = min(best, seconds), spent + seconds, turns + 1
    return best

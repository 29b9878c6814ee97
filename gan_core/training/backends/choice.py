"""Which backend works out a run's steps: chosen once, when the run is made."""

from __future__ import annotations

from collections.abc import Callable

import torch

from gan_core.nets.base import DiscriminatorNet, GeneratorNet, ImageShape
from gan_core.training import step as autograd_step
from gan_core.training.backends import compiled, dense
from gan_core.training.backends.base import Backend, Eager
from gan_core.training.backends.compiler import missing_compiler
from gan_core.training.configuration.run_config import RunConfig

FALLS_BACK_TO = {
    "auto": ("compiled", "dense", "reference"),
    "compiled": ("compiled", "dense", "reference"),
    "dense": ("dense", "reference"),
    "inductor": ("inductor", "reference"),
    "reference": ("reference",),
}
"""What is asked for -> what is tried, in this order; the last serves everything."""

WORTH_STEPS = 2_000
"""A run of fewer is over before its compiled step would be made; "auto" leaves it alone."""


ONE_PROCESS = "The backend {} is for runs in one process; {} processes train with reference."


def unsupported(name: str, config: RunConfig, shape: ImageShape, device: torch.device) -> str | None:
    """Why a backend does not serve this configuration on this device, in a sentence; None where it does."""
    if name == "compiled":
        return compiled.unsupported(config, shape, device)
    if name == "dense":
        return dense.unsupported(config, device)
    return missing_compiler(device) or None if name == "inductor" else None


def choose(
    config: RunConfig, shape: ImageShape, device: torch.device, why_not: Callable[[compiled.CompiledStepSpec], str],
    *, processes: int = 1,
) -> tuple[str, str]:  # fmt: skip
    """The backend for a run of this configuration, and why it is not the one asked for ("" where it is, or "auto").

    why_not: why the compiled step of a specification cannot be had at once, in a sentence; "" where it can.
    """
    if processes > 1:
        asked = config.backend
        return "reference", "" if asked in ("auto", "reference") else ONE_PROCESS.format(asked, processes)
    reasons: list[str] = []
    for name in FALLS_BACK_TO[config.backend]:
        if name == "compiled" and config.backend == "auto" and _steps(config) < WORTH_STEPS:
            continue
        reason = unsupported(name, config, shape, device)
        if reason is None and name == "compiled":
            reason = why_not(compiled.spec_of(config, shape)) or None
        if reason is None:
            return name, "" if config.backend == "auto" or not reasons else reasons[0]
        reasons.append(reason)
    raise AssertionError("the reference serves everything")


def _steps(config: RunConfig) -> int:
    return config.total_images // (config.batch_size * config.k_d)


def make_backend(
    config: RunConfig,
    shape: ImageShape,
    device: torch.device,
    generator: GeneratorNet,
    discriminator: DiscriminatorNet,
) -> Backend:
    """The configuration's, as far as it can be had without a library: see `compiled.Compiled` for that one.

    With "auto", which no run records, the fastest that does.
    """
    wanted = FALLS_BACK_TO[config.backend][-2:]
    if wanted[0] == "dense" and dense.unsupported(config, device) is None:
        image = (shape.channels, shape.size, shape.size)
        weights = ([p for p in net.parameters() if p.requires_grad] for net in (generator, discriminator))
        g_weights, d_weights = (list[torch.Tensor](some) for some in weights)
        return Eager("dense", generator, discriminator, dense.dense_step(config, g_weights, d_weights, image))
    if wanted[0] == "inductor" and not missing_compiler(device):
        forwards = [torch.compile(net, dynamic=False) for net in (generator, discriminator)]
        return Eager("inductor", forwards[0], forwards[1], autograd_step)
    return Eager("reference", generator, discriminator, autograd_step)

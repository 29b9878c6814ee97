"""Which device, and what arithmetic on it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from gan_core.config.codec import ConfigError
from gan_core.config.places import known_device


def resolve_device(name: str) -> torch.device:
    """The device called `name`; "auto" is CUDA where there is one, then MPS, then the CPU.

    Raises ConfigError for an unknown name or a device that this machine lacks.
    """
    name = known_device(name)
    has = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(d for d in ("cuda", "mps", "cpu") if has[d])
    if not has[name]:
        raise ConfigError(f'device is "{name}", which this machine does not have; "auto" takes what is there.')
    return torch.device(name)


def forward_context(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context that networks run in: bfloat16 mixed precision, or nothing."""
    if precision == "bfloat16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def bfloat16_is_native(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices itself (elsewhere it is slower than float32)."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False

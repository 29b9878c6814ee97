"""A trained generator, or its discriminator, as one safetensors file that says itself what it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor


def generator_file(
    source: Path, *, run: str, step: int, config: Mapping[str, Any], channels: int, classes: Sequence[str]
) -> bytes:
    """The tensors of the safetensors file `source` unchanged, with what is needed to use them in its metadata.

    Metadata (all texts): network ("generator"), run, step, config (the run's configuration as JSON, sorted keys),
    channels (of its images: 1 or 3, 2 for points) and classes (names of its data's classes) as JSON, weights_sha256.
    Raises OSError where the file cannot be read and ValueError where it is damaged.
    """
    try:
        tensors = load(source.read_bytes())
    except SafetensorError:
        raise ValueError(f"{source} is damaged and cannot be exported.") from None
    return _file(tensors, "generator", run, step, config, channels, classes)


def weights_file(
    weights: Mapping[str, Tensor], *, run: str, step: int, config: Mapping[str, Any], channels: int,
    classes: Sequence[str],
) -> bytes:  # fmt: skip
    """A generator's state dict as a file like generator_file's."""
    return _file(weights, "generator", run, step, config, channels, classes)


def discriminator_file(
    weights: Mapping[str, Tensor], *, run: str, step: int, config: Mapping[str, Any], channels: int,
    classes: Sequence[str],
) -> bytes:  # fmt: skip
    """A discriminator's state dict as a file like generator_file's, with "discriminator" as its network.

    In float16, half the size and enough to ask it about pictures; training goes on from a checkpoint.
    """
    weights = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
    return _file(weights, "discriminator", run, step, config, channels, classes)


def _file(
    tensors: Mapping[str, Tensor], network: str, run: str, step: int, config: Mapping[str, Any], channels: int,
    classes: Sequence[str],
) -> bytes:  # fmt: skip
    metadata = {
        "format": "pt",
        "network": network,
        "run": run,
        "step": str(step),
        "config": json.dumps(config, sort_keys=True),
        "channels": json.dumps(channels),
        "classes": json.dumps(list(classes)),
        "weights_sha256": weights_sha256(tensors),
    }
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata)


def generator_step(source: Path) -> int:
    """The step that a checkpoint's generator file says it was taken at. Raises ValueError where it is damaged."""
    try:
        with safe_open(source, framework="pt") as file:
            return int((file.metadata() or {})["step"])
    except (SafetensorError, KeyError, ValueError):
        raise ValueError(f"{source} is damaged and cannot be exported.") from None


def weights_sha256(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over name and little-endian bytes of every tensor, in order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()

"""A trained generator as one safetensors file that says itself what it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor


def generator_file(source: Path, *, run: str, step: int, config: Mapping[str, Any]) -> bytes:
    """The tensors of the safetensors file `source` unchanged, with what is needed to use them in its metadata.

    Metadata (all texts): run, step, config (the run's configuration as JSON, sorted keys), weights_sha256.
    Raises OSError where the file cannot be read and ValueError where it is damaged.
    """
    try:
        tensors = load(source.read_bytes())
    except SafetensorError as error:
        raise ValueError(f"{source} is damaged and cannot be exported ({error}).") from None
    metadata = {
        "format": "pt",
        "run": run,
        "step": str(step),
        "config": json.dumps(config, sort_keys=True),
        "weights_sha256": weights_sha256(tensors),
    }
    return save(tensors, metadata)


def generator_step(source: Path) -> int:
    """The step that a checkpoint's generator file says it was taken at. Raises ValueError where it is damaged."""
    try:
        with safe_open(source, framework="pt") as file:
            return int((file.metadata() or {})["step"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{source} is damaged and cannot be exported ({error}).") from None


def weights_sha256(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over name and little-endian bytes of every tensor, in order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()

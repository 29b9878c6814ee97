"""One SHA-256 over a run's state, to tell whether two runs are the same to the last bit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch


def state_digest(state: Any) -> str:
    """Hex SHA-256 over names, dtypes, shapes and bytes of everything in a nested state, in sorted order."""
    sha = hashlib.sha256()
    for path, leaf in _leaves(state, ""):
        sha.update(path.encode())
        if isinstance(leaf, torch.Tensor):
            array = leaf.detach().cpu().contiguous()
            sha.update(f"{array.dtype}{tuple(array.shape)}".encode())
            sha.update(array.view(torch.uint8).numpy().tobytes() if array.dim() else array.numpy().tobytes())
        elif isinstance(leaf, np.ndarray):
            sha.update(f"{leaf.dtype}{leaf.shape}".encode())
            sha.update(np.ascontiguousarray(leaf).tobytes())
        else:
            sha.update(json.dumps(leaf).encode())
    return sha.hexdigest()


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from _leaves(value[key], f"{path}/{key}")
    elif isinstance(value, list | tuple):
        yield f"{path}#", len(value)
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}/{index}")
    else:
        yield path, value

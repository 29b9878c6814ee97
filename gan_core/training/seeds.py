"""Independent random streams from one seed, so that drawing more from one never shifts another."""

from __future__ import annotations

import hashlib

import torch

STREAMS = ("weights", "data", "latents", "noise", "grid")
"""weights: initial weights · data: order of the images · latents: G's inputs in training · noise: augmentation,
instance noise, penalties · grid: the fixed latents of the sample grid."""


def stream_seed(seed: int, stream: str) -> int:
    """A 63-bit seed for one stream: the first bytes of SHA-256("seed/stream")."""
    digest = hashlib.sha256(f"{seed}/{stream}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def stream_generator(seed: int, stream: str, device: torch.device) -> torch.Generator:
    """A generator of its own for a stream."""
    return torch.Generator(device).manual_seed(stream_seed(seed, stream))

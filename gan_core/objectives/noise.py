"""Instance noise on what D sees, so that real and generated images overlap at first (Sønderby et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor


def decayed_sigma(sigma: float, decay_images: int, images_seen: int) -> float:
    """The standard deviation after `images_seen`: a straight line to 0 at `decay_images` (0: never falls)."""
    if decay_images <= 0:
        return sigma
    return sigma * max(0.0, 1.0 - images_seen / decay_images)


def add_instance_noise(images: Tensor, sigma: float, rng: torch.Generator) -> Tensor:
    """images [N, C, H, W] plus N(0, sigma^2) on every pixel; where sigma is 0, the images, and nothing is drawn."""
    if sigma == 0.0:
        return images
    noise = torch.randn(images.shape, generator=rng, device=images.device, dtype=images.dtype)
    return images + sigma * noise

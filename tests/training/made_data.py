"""Random images, or points, that look to a run like the dataset its configuration names."""

from __future__ import annotations

from pathlib import Path

import torch

from gan_core.data.base import ImageSet
from gan_core.training import RunConfig


def random_data_like(config: RunConfig, data_dir: Path, count: int = 40) -> ImageSet:
    """As many channels and classes, and the size that the run wants."""
    info = config.data.info(data_dir)
    rng = torch.Generator().manual_seed(7)
    if info.native_size == 1:
        points = torch.randn(count, info.channels, 1, 1, generator=rng)
        return ImageSet(points, None, (), points[:0], None)
    shape = (count, info.channels, config.size, config.size)
    images = torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8)
    labels = torch.arange(count) % len(info.classes) if info.classes else None
    return ImageSet(images, labels, info.classes, images[:0], None if labels is None else labels[:0])

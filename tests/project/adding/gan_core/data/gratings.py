"""A dataset in one file."""

from dataclasses import dataclass
from pathlib import Path

import torch

from gan_core.config.fields import integer
from gan_core.data.base import Dataset, ImageInfo, ImageSet, Progress, datasets


@datasets.register("gratings", label="Gratings", source="Drawn by this program")
@dataclass(frozen=True)
class Gratings(Dataset):
    """Stripes of one width at any angle: the simplest pictures that have one factor."""

    period: int = integer(8, low=2, high=32, unit="px", label="Period", help="From one stripe to the next.")

    def info(self, data_dir: Path) -> ImageInfo:
        return ImageInfo(1, 32, 4_000, (), licence="Drawn by this program")

    def load(self, size: int, data_dir: Path, progress: Progress | None = None) -> ImageSet:
        rng = torch.Generator().manual_seed(1)
        angle = torch.rand(5_000, 1, 1, generator=rng) * torch.pi
        y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        wave = torch.sin((x * angle.cos() + y * angle.sin()) * (2 * torch.pi / self.period))
        images = ((wave + 1) * 127.5).round().to(torch.uint8)[:, None]
        return ImageSet(images[:4_000], None, (), images[4_000:], None)

"""An augmentation in one file."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.objectives.base import Augmentation, augmentations


@augmentations.register("flip", label="Flips", source="Zhao et al. 2020, arXiv:2006.10738")
@dataclass(frozen=True)
class Flips(Augmentation):
    """Mirrors every other image, real and generated alike."""

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        chosen = torch.rand(len(images), 1, 1, 1, generator=rng, device=images.device) < 0.5
        return torch.where(chosen, images.flip(3), images)

"""Changes to images, differentiable, that real and generated images go through before D sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gan_core.objectives.base import Augmentation, augmentations


@augmentations.register("none", label="None")
@dataclass(frozen=True)
class NoAugmentation(Augmentation):
    """Images reach the discriminator as they are."""

    active: ClassVar[bool] = False

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        return images

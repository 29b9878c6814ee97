"""A penalty in one file."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.config.fields import number
from gan_core.objectives.base import Critic, Penalty, penalties


@penalties.register("drift", label="Drift", source="Karras et al. 2018, arXiv:1710.10196, appendix A.1")
@dataclass(frozen=True)
class Drift(Penalty):
    """Keeps D's scores of real images from drifting away from 0: weight x E D(x)²."""

    weight: float = number(0.001, low=0.0, high=1.0, live=True, label="Weight", help="More holds D nearer to 0.")

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        return self.weight * critic(real).square().mean()

    def formula(self) -> str:
        return f"{self.weight:g} mean D(x)²"

"""A loss in one file."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.objectives.base import Loss, losses


@losses.register("pearson", label="Pearson χ²", source="Nowozin et al. 2016, arXiv:1606.00709, table 2")
@dataclass(frozen=True)
class Pearson(Loss):
    """The f-divergence with f*(t) = t² / 4 + t: D's logit estimates the density ratio, and may be any number."""

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return (fake_logits.square() / 4 + fake_logits).mean() - real_logits.mean()

    def g_loss(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return -fake_logits.mean()

    def threshold(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return torch.zeros_like(real_logits[..., :1])  # f'(1) = 0

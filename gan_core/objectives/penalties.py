"""Penalties on the discriminator's slope, and weight clipping.

A slope is taken per judgement: with packing, of one logit with regard to all the images of its pack. Second
derivatives pass through the critic whole (`create_graph`), so normalisation layers inside it are accounted for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gan_core.config.fields import integer, number
from gan_core.objectives.base import Critic, Penalty, penalties

INTERVAL_HELP = (
    "The penalty is worked out at every so many-th step only and then counts so many times as much: "
    "nearly the same effect for less work (lazy regularisation)."
)


def squared_slopes(critic: Critic, images: Tensor) -> Tensor:
    """||grad D(x)||^2 per judgement: images [N, C, H, W] -> [N / pack], differentiable in D's weights."""
    x = images.detach().requires_grad_(True)
    logits = critic(x)
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return gradient.reshape(logits.shape[0], -1).square().sum(1)


@penalties.register("none", label="None")
@dataclass(frozen=True)
class NoPenalty(Penalty):
    """No penalty: the discriminator may become as steep as it likes."""

    active: ClassVar[bool] = False

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        return real.new_zeros(())


@penalties.register("r1", label="R1", source="Mescheder et al. 2018, arXiv:1801.04406, eq. 9")
@dataclass(frozen=True)
class R1(Penalty):
    """gamma / 2 times D's squared slope at real images: D cannot run away from what is already good."""

    gamma: float = number(1.0, low=0.0, high=1000.0, scale="log", smallest=0.001, live=True, label="Weight (gamma)", help="The squared slope at real images counts half of this; more is smoother and slower.")  # fmt: skip
    interval: int = integer(8, low=1, high=64, scale="log", unit="steps", live=True, label="Every", help=INTERVAL_HELP)

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        return self.gamma / 2 * squared_slopes(critic, real).mean()

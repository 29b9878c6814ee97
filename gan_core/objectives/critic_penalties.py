"""Penalties on the discriminator's slope, and weight clipping.

A slope is taken per judgement: with packing, of one logit with regard to all the images of its pack. Second
derivatives pass through the critic whole (`create_graph`), so normalisation layers inside it are accounted for.
Where D judges images by their batch (BatchNorm, minibatch deviation), the slope is that of the sum of its logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

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


def distance_from_unit_slope(critic: Critic, images: Tensor) -> Tensor:
    """E (||grad D(x)|| - 1)^2, a scalar."""
    norm = (squared_slopes(critic, images) + 1e-12).sqrt()  # 1e-12: the root has a finite slope at 0
    return (norm - 1.0).square().mean()


def _per_image(images: Tensor, rng: torch.Generator) -> Tensor:
    """U(0, 1), one for each image: [N, 1, 1, 1]."""
    return torch.rand(images.shape[0], 1, 1, 1, generator=rng, device=images.device, dtype=images.dtype)


@penalties.register("none", label="None", source="Goodfellow et al. 2014")
@dataclass(frozen=True)
class NoPenalty(Penalty):
    """No penalty: the discriminator may become as steep as it likes."""

    active: ClassVar[bool] = False

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        return real.new_zeros(())

    def formula(self) -> str:
        return ""


@dataclass(frozen=True)
class _ZeroCentred(Penalty):
    gamma: float = number(
        1.0,
        low=0.0,
        high=1000.0,
        scale="log",
        smallest=0.001,
        live=True,
        label="Weight (gamma)",
        help="Half of this times the squared slope is added to D's loss; more makes D smoother and slower to learn.",
    )
    interval: int = integer(
        4, low=1, high=64, scale="log", unit="steps", live=True, label="Every", help=INTERVAL_HELP
    )


@penalties.register("r1", label="R1", source="Mescheder et al. 2018, arXiv:1801.04406, eq. 9")
@dataclass(frozen=True)
class R1(_ZeroCentred):
    """Holds D's slope down at real images, gamma / 2 E ||grad D(real)||^2, so that G can settle there."""

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        return self.gamma / 2 * squared_slopes(critic, real).mean()

    def formula(self) -> str:
        return f"{self.gamma / 2:.4g} mean ‖∇D(x)‖²"


@penalties.register("r2", label="R2", source="Mescheder et al. 2018, arXiv:1801.04406, eq. 10")
@dataclass(frozen=True)
class R2(_ZeroCentred):
    """Holds D's slope down at generated images, gamma / 2 E ||grad D(fake)||^2, so that G is not thrown about."""

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        return self.gamma / 2 * squared_slopes(critic, fake).mean()

    def formula(self) -> str:
        return f"{self.gamma / 2:.4g} mean ‖∇D(G(z))‖²"


@penalties.register("r1-r2", label="R1 + R2", source="Huang et al. 2024, arXiv:2501.05441, section 2.2")
@dataclass(frozen=True)
class R1R2(_ZeroCentred):
    """R1 and R2 together, with one weight: what the relativistic loss needs to converge."""

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        slopes = squared_slopes(critic, real).mean() + squared_slopes(critic, fake).mean()
        return self.gamma / 2 * slopes

    def formula(self) -> str:
        return f"{self.gamma / 2:.4g} (mean ‖∇D(x)‖² + mean ‖∇D(G(z))‖²)"


@dataclass(frozen=True)
class _UnitSlope(Penalty):
    weight: float = number(
        10.0,
        low=0.0,
        high=1000.0,
        scale="log",
        smallest=0.01,
        live=True,
        label="Weight (lambda)",
        help="How much a slope other than 1 costs D; the papers use 10.",
    )
    interval: int = integer(
        1, low=1, high=64, scale="log", unit="steps", live=True, label="Every", help=INTERVAL_HELP
    )


@penalties.register("wgan-gp", label="WGAN-GP", source="Gulrajani et al. 2017, arXiv:1704.00028, eq. 3")
@dataclass(frozen=True)
class WganGp(_UnitSlope):
    """Draws D's slope to 1 on straight lines between real and generated images; made for the Wasserstein loss."""

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        epsilon = _per_image(real, rng)
        between = epsilon * real + (1.0 - epsilon) * fake
        return self.weight * distance_from_unit_slope(critic, between)

    def formula(self) -> str:
        return f"{self.weight:.4g} mean (‖∇D(between)‖ − 1)²"


@penalties.register("dragan", label="DRAGAN", source="Kodali et al. 2017, arXiv:1705.07215, eq. 4")
@dataclass(frozen=True)
class Dragan(_UnitSlope):
    """Draws D's slope to 1 around real images, at real + spread * std(real) * N(0, 1)."""

    spread: float = number(
        0.5,
        low=0.0,
        high=2.0,
        live=True,
        advanced=True,
        label="Spread",
        help="How far from the real images, in standard deviations of their pixels.",
    )

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        noise = torch.randn(real.shape, generator=rng, device=real.device, dtype=real.dtype)
        around = real + self.spread * real.std(unbiased=False) * noise
        return self.weight * distance_from_unit_slope(critic, around)

    def formula(self) -> str:
        return f"{self.weight:.4g} mean (‖∇D(x + noise)‖ − 1)²"


@penalties.register(
    "weight-clipping", label="Weight clipping", source="Arjovsky et al. 2017, arXiv:1701.07875, alg. 1"
)
@dataclass(frozen=True)
class WeightClipping(Penalty):
    """Cuts D's weights back to a small range after each of its updates: the first, crude way to keep it smooth."""

    active: ClassVar[bool] = False
    limit: float = number(
        0.01,
        low=0.0001,
        high=1.0,
        scale="log",
        live=True,
        label="Limit",
        help="No weight of D may be larger than this, in either direction; the paper uses 0.01.",
    )

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        return real.new_zeros(())

    def formula(self) -> str:
        return ""

    @torch.no_grad()
    def after_update(self, discriminator: nn.Module) -> None:
        weights: list[Tensor] = [*discriminator.parameters()]
        torch._foreach_clamp_min_(weights, -self.limit)
        torch._foreach_clamp_max_(weights, self.limit)

"""Gradients of the known losses with respect to the logits, written out: for speed alone.

Autograd finds the same, and does so for every loss that does not stand here (subclasses of those that do among them).
Logits are [..., N] of N images or packs; losses are means over the last dimension.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_core.objectives.adversarial_losses import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Relativistic,
    Wasserstein,
)
from gan_core.objectives.base import Loss


@dataclass(frozen=True)
class LossGradients:
    """d(loss, real, fake): of D's loss with respect to both; g(loss, real, fake): of G's, with respect to fake."""

    d: Callable[[Any, Tensor, Tensor], tuple[Tensor, Tensor]]
    g: Callable[[Any, Tensor | None, Tensor], Tensor]


def _cross_entropy_d(loss: NonSaturating | Minimax, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    of_real = torch.sigmoid(-real).neg_()
    if loss.label_smoothing:
        of_real += loss.label_smoothing
    return of_real.div_(real.shape[-1]), torch.sigmoid(fake).div_(fake.shape[-1])


def _non_saturating_g(loss: NonSaturating, real: Tensor | None, fake: Tensor) -> Tensor:
    return torch.sigmoid(-fake).div_(-fake.shape[-1])


def _minimax_g(loss: Minimax, real: Tensor | None, fake: Tensor) -> Tensor:
    return torch.sigmoid(fake).div_(-fake.shape[-1])


def _least_squares_d(loss: LeastSquares, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    return (real - (1.0 - loss.label_smoothing)) / real.shape[-1], fake / fake.shape[-1]


def _least_squares_g(loss: LeastSquares, real: Tensor | None, fake: Tensor) -> Tensor:
    return (fake - 1.0) / fake.shape[-1]


def _wasserstein_d(loss: Wasserstein, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    return torch.full_like(real, -1 / real.shape[-1]), torch.full_like(fake, 1 / fake.shape[-1])


def _hinge_d(loss: Hinge, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    of_real, of_fake = (real < 1.0).to(real.dtype), (fake > -1.0).to(fake.dtype)
    return of_real.div_(-real.shape[-1]), of_fake.div_(fake.shape[-1])


def _score_g(loss: Loss, real: Tensor | None, fake: Tensor) -> Tensor:
    return torch.full_like(fake, -1 / fake.shape[-1])


def _relativistic_d(loss: Relativistic, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    of_fake = torch.sigmoid(fake - real).div_(fake.shape[-1])
    return -of_fake, of_fake


def _relativistic_g(loss: Relativistic, real: Tensor | None, fake: Tensor) -> Tensor:
    assert real is not None
    return torch.sigmoid(real - fake).div_(-fake.shape[-1])


WRITTEN_OUT: dict[type[Loss], LossGradients] = {
    NonSaturating: LossGradients(_cross_entropy_d, _non_saturating_g),
    Minimax: LossGradients(_cross_entropy_d, _minimax_g),
    LeastSquares: LossGradients(_least_squares_d, _least_squares_g),
    Wasserstein: LossGradients(_wasserstein_d, _score_g),
    Hinge: LossGradients(_hinge_d, _score_g),
    Relativistic: LossGradients(_relativistic_d, _relativistic_g),
}


@torch.enable_grad()
def _autograd_d(loss: Loss, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    real, fake = (logits.detach().requires_grad_() for logits in (real, fake))
    of_real, of_fake = torch.autograd.grad(loss.d_loss(real, fake), (real, fake))
    return of_real, of_fake


@torch.enable_grad()
def _autograd_g(loss: Loss, real: Tensor | None, fake: Tensor) -> Tensor:
    fake = fake.detach().requires_grad_()
    (of_fake,) = torch.autograd.grad(loss.g_loss(real, fake), fake)
    return of_fake


BY_AUTOGRAD = LossGradients(_autograd_d, _autograd_g)


def gradients_of(loss: Loss) -> LossGradients:
    return WRITTEN_OUT.get(type(loss), BY_AUTOGRAD)


# --- loss and gradient in one, not to be differentiated


def d_loss_and_grad(loss: Loss, logits: Tensor) -> tuple[Tensor, Tensor]:
    """D's loss (a scalar) and its gradient [2 N]: logits [2 N], the real ones first."""
    if type(loss) in (NonSaturating, Minimax) and not loss.label_smoothing:  # type: ignore[attr-defined]
        # Both sides in one vector: half as many calls, which take longer than what they work out.
        count, kind = logits.shape[0] // 2, (logits.dtype, logits.device)
        signed = logits * _sides(count, 1.0, *kind)
        value = torch.dot(softplus(signed), _filled(2 * count, 1.0 / count, *kind))
        return value, signed.sigmoid_().mul_(_sides(count, 1.0 / count, *kind))
    real, fake = logits.tensor_split(2)
    return loss.d_loss(real, fake), torch.cat(gradients_of(loss).d(loss, real, fake))


def g_loss_and_grad(loss: Loss, real: Tensor | None, fake: Tensor) -> tuple[Tensor, Tensor]:
    """G's loss (a scalar) and its gradient [N] with respect to the fake logits."""
    if type(loss) is NonSaturating:
        count, kind = fake.shape[0], (fake.dtype, fake.device)
        signed = -fake
        value = torch.dot(softplus(signed), _filled(count, 1.0 / count, *kind))
        return value, signed.sigmoid_().mul_(_filled(count, -1.0 / count, *kind))
    return loss.g_loss(real, fake), gradients_of(loss).g(loss, real, fake)


@functools.lru_cache(maxsize=32)
def _filled(count: int, value: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """[count]: a plain number would be made a tensor at every call, which takes longer than the product with it."""
    return torch.full((count,), value, dtype=dtype, device=device)


@functools.lru_cache(maxsize=32)
def _sides(count: int, value: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """-value for so many real logits and value for as many generated ones after them: [2 count]."""
    return torch.cat((_filled(count, -value, dtype, device), _filled(count, value, dtype, device)))

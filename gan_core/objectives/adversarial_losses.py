"""Losses on logits. Each keeps to one form: the mean over images of what its paper writes as an expectation.

log D(x) is written as -softplus(-logit) and log(1 - D(x)) as -softplus(logit), which stay exact and finite where
the logarithm of a rounded probability would not.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from gan_core.config.fields import number
from gan_core.objectives.base import Loss, PairLoss, losses

SMOOTHING_HELP = (
    "D is told that real images are real with 1 minus this (0.1: 90%), which keeps it from being too sure. "
    "Generated images keep the target 0."
)


def _constant(like: Tensor, value: float) -> Tensor:
    """`value` as [..., 1] for logits [..., N]."""
    return torch.full_like(like[..., :1], value)


@functools.lru_cache(maxsize=32)
def _filled(count: int, value: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """[count]: a plain number would be made a tensor at every call, which takes longer than the product with it."""
    return torch.full((count,), value, dtype=dtype, device=device)


@functools.lru_cache(maxsize=32)
def _sides(count: int, value: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """-value for so many real logits and value for as many generated ones after them: [2 count]."""
    return torch.cat((_filled(count, -value, dtype, device), _filled(count, value, dtype, device)))


def _midpoint(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return (real_logits.mean(-1, keepdim=True) + fake_logits.mean(-1, keepdim=True)) / 2


class _CrossEntropy(Loss):
    """D as a classifier by binary cross-entropy with real target t = 1 - s, where D(x) = sigmoid(logit)."""

    probability: ClassVar[bool] = True
    by_rows: ClassVar[bool] = True
    label_smoothing: float

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        # -t log D - (1 - t) log(1 - D) = softplus(-l) + s l
        real = softplus(-real_logits)
        if self.label_smoothing:
            real = real + self.label_smoothing * real_logits
        return real.mean(-1) + softplus(fake_logits).mean(-1)

    def d_slopes(self, real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
        real = torch.sigmoid(-real_logits).neg_()
        if self.label_smoothing:
            real += self.label_smoothing
        return real.div_(real.shape[-1]), torch.sigmoid(fake_logits).div_(fake_logits.shape[-1])

    def d_judgement(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """With both sides in one vector: half as many calls, which take longer than what they work out."""
        if self.label_smoothing:
            return super().d_judgement(logits)
        count, kind = logits.shape[0] // 2, (logits.dtype, logits.device)
        signed = logits * _sides(count, 1.0, *kind)
        loss = torch.dot(softplus(signed), _filled(2 * count, 1.0 / count, *kind))
        return loss, signed.sigmoid_().mul_(_sides(count, 1.0 / count, *kind))

    def _pairwise(self, g: str, g_fake: str) -> PairLoss:
        s = f"{self.label_smoothing!r}f"
        return PairLoss(f"softplus(-r) + {s} * r + softplus(f)", f"{s} - sigmoid(-r)", "sigmoid(f)", g, g_fake)

    def d_terms(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        terms = {"−mean log(1 − D(G(z)))": softplus(fake_logits).mean(-1)}
        if not (s := self.label_smoothing):
            return {"−mean log D(x)": softplus(-real_logits).mean(-1)} | terms
        return {
            f"−{1 - s:.4g} mean log D(x)": (1 - s) * softplus(-real_logits).mean(-1),
            f"−{s:.4g} mean log(1 − D(x))": s * softplus(real_logits).mean(-1),
        } | terms

    def threshold(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """The logit of the best D where real and generated are equally likely: D = t / 2."""
        half = (1.0 - self.label_smoothing) / 2
        return _constant(real_logits, math.log(half / (1.0 - half)))


@losses.register("non-saturating", label="Non-saturating", source="Goodfellow et al. 2014, section 3")
@dataclass(frozen=True)
class NonSaturating(_CrossEntropy):
    """D tells real from generated; G raises log D(G(z)), which pulls hardest where G is bad: the usual choice."""

    label_smoothing: float = number(0.0, low=0.0, high=0.5, live=True, label="Label smoothing", help=SMOOTHING_HELP)

    def g_loss(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return softplus(-fake_logits).mean(-1)  # -log D(G(z))

    def g_slopes(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return torch.sigmoid(-fake_logits).div_(-fake_logits.shape[-1])

    def g_judgement(self, real_logits: Tensor | None, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
        count, kind = fake_logits.shape[0], (fake_logits.dtype, fake_logits.device)
        signed = -fake_logits
        loss = torch.dot(softplus(signed), _filled(count, 1.0 / count, *kind))
        return loss, signed.sigmoid_().mul_(_filled(count, -1.0 / count, *kind))

    def pairwise(self) -> PairLoss:
        return self._pairwise("softplus(-f)", "-sigmoid(-f)")

    def g_terms(self, real_logits: Tensor | None, fake_logits: Tensor) -> dict[str, Tensor]:
        return {"−mean log D(G(z))": softplus(-fake_logits).mean(-1)}


@losses.register("minimax", label="Minimax (saturating)", source="Goodfellow et al. 2014, eq. 1")
@dataclass(frozen=True)
class Minimax(_CrossEntropy):
    """The game as first written: G lowers log(1 - D(G(z))), whose slope vanishes as soon as D is sure."""

    label_smoothing: float = number(0.0, low=0.0, high=0.5, live=True, label="Label smoothing", help=SMOOTHING_HELP)

    def g_loss(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return -softplus(fake_logits).mean(-1)  # log(1 - D(G(z)))

    def g_slopes(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return torch.sigmoid(fake_logits).div_(-fake_logits.shape[-1])

    def pairwise(self) -> PairLoss:
        return self._pairwise("-softplus(f)", "-sigmoid(f)")

    def g_terms(self, real_logits: Tensor | None, fake_logits: Tensor) -> dict[str, Tensor]:
        return {"mean log(1 − D(G(z)))": -softplus(fake_logits).mean(-1)}


@losses.register("least-squares", label="Least squares", source="Mao et al. 2017, arXiv:1611.04076, eq. 9")
@dataclass(frozen=True)
class LeastSquares(Loss):
    """D's score is drawn to b = 1 for real and a = 0 for generated by squared error; G draws its own to c = 1."""

    by_rows: ClassVar[bool] = True
    label_smoothing: float = number(0.0, low=0.0, high=0.5, live=True, label="Label smoothing", help=SMOOTHING_HELP)

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        target = 1.0 - self.label_smoothing
        return 0.5 * (real_logits - target).square().mean(-1) + 0.5 * fake_logits.square().mean(-1)

    def g_loss(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return 0.5 * (fake_logits - 1.0).square().mean(-1)

    def d_slopes(self, real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
        target = 1.0 - self.label_smoothing
        return (real_logits - target) / real_logits.shape[-1], fake_logits / fake_logits.shape[-1]

    def d_terms(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        target = 1.0 - self.label_smoothing
        return {
            f"½ mean (D(x) − {target:.4g})²": 0.5 * (real_logits - target).square().mean(-1),
            "½ mean D(G(z))²": 0.5 * fake_logits.square().mean(-1),
        }

    def g_slopes(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return (fake_logits - 1.0) / fake_logits.shape[-1]

    def pairwise(self) -> PairLoss:
        off = f"(r - {1.0 - self.label_smoothing!r}f)"
        return PairLoss(
            f"0.5f * ({off} * {off} + f * f)", off, "f", "0.5f * (f - 1.0f) * (f - 1.0f)", "f - 1.0f"
        )  # fmt: skip

    def g_terms(self, real_logits: Tensor | None, fake_logits: Tensor) -> dict[str, Tensor]:
        return {"½ mean (D(G(z)) − 1)²": 0.5 * (fake_logits - 1.0).square().mean(-1)}

    def threshold(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Half-way between the two targets."""
        return _constant(real_logits, (1.0 - self.label_smoothing) / 2)


@losses.register("wasserstein", label="Wasserstein", source="Arjovsky et al. 2017, arXiv:1701.07875, eq. 2-3")
@dataclass(frozen=True)
class Wasserstein(Loss):
    """D is a critic whose scores pull apart without end; it needs a penalty or clipping to stay smooth."""

    by_rows: ClassVar[bool] = True

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return fake_logits.mean(-1) - real_logits.mean(-1)

    def g_loss(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return -fake_logits.mean(-1)

    def d_slopes(self, real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
        real, fake = 1 / real_logits.shape[-1], 1 / fake_logits.shape[-1]
        return torch.full_like(real_logits, -real), torch.full_like(fake_logits, fake)

    def d_terms(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        return {"mean D(G(z))": fake_logits.mean(-1), "−mean D(x)": -real_logits.mean(-1)}

    def g_slopes(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return torch.full_like(fake_logits, -1 / fake_logits.shape[-1])

    def pairwise(self) -> PairLoss:
        return PairLoss("f - r", "only(-1.0f)", "only(1.0f)", "-f", "only(-1.0f)")

    def g_terms(self, real_logits: Tensor | None, fake_logits: Tensor) -> dict[str, Tensor]:
        return {"−mean D(G(z))": -fake_logits.mean(-1)}

    def threshold(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return _midpoint(real_logits, fake_logits)


@losses.register("hinge", label="Hinge", source="Lim & Ye 2017, arXiv:1705.02894; Miyato et al. 2018, eq. 17")
@dataclass(frozen=True)
class Hinge(Loss):
    """D stops pulling on images that it already scores beyond 1 or -1; made for spectral norm."""

    by_rows: ClassVar[bool] = True

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return relu(1.0 - real_logits).mean(-1) + relu(1.0 + fake_logits).mean(-1)

    def g_loss(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return -fake_logits.mean(-1)

    def d_slopes(self, real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
        real, fake = (real_logits < 1.0).to(real_logits.dtype), (fake_logits > -1.0).to(fake_logits.dtype)
        return real.div_(-real.shape[-1]), fake.div_(fake.shape[-1])

    def d_terms(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        return {
            "mean max(0, 1 − D(x))": relu(1.0 - real_logits).mean(-1),
            "mean max(0, 1 + D(G(z)))": relu(1.0 + fake_logits).mean(-1),
        }

    def g_slopes(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return torch.full_like(fake_logits, -1 / fake_logits.shape[-1])

    def pairwise(self) -> PairLoss:
        return PairLoss(
            "positive(1.0f - r) + positive(1.0f + f)", "-above(1.0f - r)", "above(1.0f + f)", "-f", "only(-1.0f)"
        )  # fmt: skip

    def g_terms(self, real_logits: Tensor | None, fake_logits: Tensor) -> dict[str, Tensor]:
        return {"−mean D(G(z))": -fake_logits.mean(-1)}

    def threshold(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return _constant(real_logits, 0.0)


@losses.register(
    "relativistic",
    label="Relativistic pairing",
    source="Huang et al. 2024, arXiv:2501.05441, eq. 2",
)
@dataclass(frozen=True)
class Relativistic(Loss):
    """D only says which of a real and a generated image looks more real, pair by pair; made for R1 and R2.

    RpGAN with f(t) = -log(1 + exp(-t)) (Jolicoeur-Martineau 2019).
    """

    by_rows: ClassVar[bool] = True
    relativistic: ClassVar[bool] = True

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return softplus(fake_logits - real_logits).mean(-1)

    def g_loss(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        if real_logits is None:
            raise ValueError("real_logits is None; the relativistic loss compares generated images with real ones.")
        return softplus(real_logits - fake_logits).mean(-1)

    def d_slopes(self, real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
        fake = torch.sigmoid(fake_logits - real_logits).div_(fake_logits.shape[-1])
        return -fake, fake

    def d_terms(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        return {"mean log(1 + exp(D(G(z)) − D(x)))": softplus(fake_logits - real_logits).mean(-1)}

    def g_slopes(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        assert real_logits is not None
        return torch.sigmoid(real_logits - fake_logits).div_(-fake_logits.shape[-1])

    def pairwise(self) -> PairLoss:
        return PairLoss("softplus(f - r)", "-sigmoid(f - r)", "sigmoid(f - r)", "softplus(r - f)", "-sigmoid(r - f)")

    def g_terms(self, real_logits: Tensor | None, fake_logits: Tensor) -> dict[str, Tensor]:
        return {"mean log(1 + exp(D(x) − D(G(z))))": self.g_loss(real_logits, fake_logits)}

    def threshold(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return _midpoint(real_logits, fake_logits)

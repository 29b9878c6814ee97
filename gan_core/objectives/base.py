"""What a loss, a penalty and an augmentation are, and the families they belong to."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn

from gan_core.config.registry import Registry

Critic = Callable[[Tensor], Tensor]
"""Images [N, C, H, W] -> logits [N / pack], with labels and packing already taken care of."""


class Loss:
    """A member of the loss family: a frozen dataclass of options. Logits are float [N]; results are scalars.

    relativistic: g_loss needs the real logits (with gradient switched off through D's weights).
    probability: sigmoid of a logit is the probability "real" (so D(x) is shown as one); otherwise the raw score is.
    by_rows: losses take logits [..., N] of many runs as well and give [...]; others are mapped over the runs, at four
    times the price.

    `d_loss` and `g_loss` are all that it must have; where D is neutral at a fixed logit, `threshold` says so.
    """

    relativistic: ClassVar[bool] = False
    probability: ClassVar[bool] = False
    by_rows: ClassVar[bool] = False

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        raise NotImplementedError

    def g_loss(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        raise NotImplementedError

    def d_terms(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """D's loss taken apart: how each summand is written -> its value, a scalar.

        A summand is written as a factor, the word "mean" and what the mean is taken of, where D(x) and D(G(z)) are
        the scores (see `score`) of one real and one generated image: "−0.9 mean log D(x)". Without a word of its own
        a loss is one summand with a name and no formula.
        """
        return {"loss of D": self.d_loss(real_logits, fake_logits)}

    def g_terms(self, real_logits: Tensor | None, fake_logits: Tensor) -> dict[str, Tensor]:
        """G's loss taken apart, like `d_terms`."""
        return {"loss of G": self.g_loss(real_logits, fake_logits)}

    def score(self, logits: Tensor) -> Tensor:
        """D(x) as it is shown: the probability "real" where the loss defines one, else the raw score."""
        return torch.sigmoid(logits) if self.probability else logits

    def threshold(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """The logit above which D takes an image for real; float, broadcastable to [..., 1].

        Inputs may have leading dimensions [..., N]. D = 1/2 where the loss defines a probability, else the midpoint
        of the two means.
        """
        if self.probability:
            return torch.zeros_like(real_logits[..., :1])
        return (real_logits.mean(-1, keepdim=True) + fake_logits.mean(-1, keepdim=True)) / 2

    def fixed_threshold(self) -> float | None:
        """The score (see `score`) above which D takes an image for real; None where it moves with the means."""
        low, high = (self.threshold(*means) for means in (torch.zeros(2, 1), torch.ones(2, 1)))
        return float(self.score(low)) if torch.equal(low, high) else None


class Penalty:
    """A member of the penalty family: added to D's loss at every `interval`-th step, times `interval` (lazy).

    penalty(critic, real, fake, rng): the scalar to add, already multiplied by its weight.
    after_update(discriminator): called after D's update (weight clipping); nothing by default.
    active: False where the penalty adds nothing to the loss (none, clipping).
    """

    interval: int = 1
    active: ClassVar[bool] = True

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        """real, fake: [N, C, H, W] without gradient; rng on their device."""
        raise NotImplementedError

    def formula(self) -> str:
        """How what `penalty` adds is written, with its weight in numbers; "" where it adds nothing."""
        return "penalty of the batch" if self.active else ""

    def after_update(self, discriminator: nn.Module) -> None:
        return None


class Augmentation:
    """A member of the augmentation family: differentiable, applied to real and fake before D sees them."""

    active: ClassVar[bool] = True

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """images [N, C, H, W] in [-1, 1] -> the same shape; each image draws its own change from rng."""
        raise NotImplementedError


class Adaptive(Augmentation):
    """An augmentation whose strength a trainer moves (`training.adaptive`): from `start` towards `target`."""

    start: float
    target: float
    images_to_full: int

    def augment_at(self, images: Tensor, strength: float | Tensor, rng: torch.Generator) -> Tensor:
        """As `augment`, with the probability `strength` of each change; `augment` itself stands at `start`."""
        raise NotImplementedError


losses: Registry[Loss] = Registry("loss", "loss")
penalties: Registry[Penalty] = Registry("penalty", "penalty")
augmentations: Registry[Augmentation] = Registry("augmentation", "augmentation")

"""The strength of an adaptive augmentation: it follows how sure D is of its training images."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_core.objectives.base import Adaptive, Loss

ADJUST_EVERY = 4  # steps, as in the paper's code, where each has one update of D


class AdaptiveStrength:
    """p of Karras et al. 2020 (arXiv:2006.06676), section 3: r_t = E[sign(D_train)] against a target.

    Every four steps p moves by the share of `images_to_full` that D saw in them: up where r_t, the mean over the last
    update of each, is above the target, down where it is below. The sign is seen from the loss's threshold, since D's
    logits need not have theirs at 0. All of it stays on the device.
    """

    def __init__(self, start: float, device: torch.device) -> None:
        self.strength = torch.tensor(start, dtype=torch.float32, device=device)
        self._signs: list[Tensor] = []  # means of the steps since p last moved

    @torch.no_grad()
    def watch(self, rule: Adaptive, loss: Loss, real_logits: Tensor, fake_logits: Tensor, images: int) -> None:
        """After a step's last update of D, with its logits [N]; images: real ones that the step has seen."""
        threshold = loss.threshold(real_logits, fake_logits)
        self._signs.append(torch.sign(real_logits.float() - threshold).mean())
        if len(self._signs) < ADJUST_EVERY:
            return
        up = torch.sign(torch.stack(self._signs).mean() - rule.target)
        self._signs.clear()
        step = images * ADJUST_EVERY / rule.images_to_full
        self.strength = (self.strength + up * step).clamp(0.0, 1.0)

    def state(self) -> dict[str, Any]:
        return {"strength": self.strength, "signs": torch.stack(self._signs) if self._signs else None}

    def load_state(self, state: dict[str, Any]) -> None:
        """Raises ValueError where it holds another count of numbers than there can be."""
        strength, signs = state["strength"], state["signs"]
        if strength.dim() or not (signs is None or (signs.dim() == 1 and len(signs) < ADJUST_EVERY)):
            raise ValueError("The checkpoint's strength of the augmentation is not one.")
        self.strength = strength.to(self.strength.device)
        self._signs = [] if signs is None else list(signs.to(self.strength.device).unbind(0))

"""What is kept of every step until the next point of the curves, without waiting for the device."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor

from gan_core.objectives.base import Loss
from gan_core.training.guard import Scalar

METRICS = (
    "d_loss", "g_loss", "d_real", "d_fake", "d_accuracy_real", "d_accuracy_fake",
    "d_grad_norm", "g_grad_norm", "penalty",
)  # fmt: skip

MOST_STEPS = 160_000
"""Between two points of the curves: 10,000 steps, in each of which D is updated up to 16 times."""


@dataclass
class Window:
    """The steps since the last point. A step only leaves references to tensors it had anyway: no arithmetic.

    Scalars for d_loss, g_loss, d_grad_norm, g_grad_norm and penalty (only the steps that had one);
    logits [N / pack] of D's last update for real_logits and fake_logits.
    """

    d_loss: list[Scalar] = field(default_factory=list)
    g_loss: list[Scalar] = field(default_factory=list)
    real_logits: list[Tensor] = field(default_factory=list)
    fake_logits: list[Tensor] = field(default_factory=list)
    d_grad_norm: list[Scalar] = field(default_factory=list)
    g_grad_norm: list[Scalar] = field(default_factory=list)
    penalty: list[Scalar] = field(default_factory=list)

    def __len__(self) -> int:
        return max(len(self.g_loss), len(self.d_loss))

    def clear(self) -> None:
        for f in fields(self):
            getattr(self, f.name).clear()

    def add(self, scalars: list[list[float]], real_logits: list[Tensor], fake_logits: list[Tensor]) -> None:
        """Several steps; scalars: losses of D and G and norms of both gradients of each."""
        for kept, of_each in zip((self.d_loss, self.g_loss, self.d_grad_norm, self.g_grad_norm),
                                 zip(*scalars, strict=True), strict=True):  # fmt: skip
            kept.extend(of_each)
        self.real_logits.extend(real_logits)
        self.fake_logits.extend(fake_logits)

    def state(self) -> dict[str, Any]:
        return {f.name: _stacked(kept) if (kept := getattr(self, f.name)) else None for f in fields(self)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Raises ValueError where it is of more steps than lie between two points."""
        for f in fields(self):
            kept = state[f.name]
            if kept is not None and not (kept.dim() > 0 and len(kept) <= MOST_STEPS):
                raise ValueError("The checkpoint's curves have more steps than lie between two of their points.")
            looked_at = kept is not None and kept.dim() == 1 and kept.device.type == "cpu"
            setattr(self, f.name, [] if kept is None else kept.tolist() if looked_at else list(kept.unbind(0)))

    @torch.no_grad()
    def means(self, loss: Loss) -> dict[str, float]:
        """Every metric's mean over the window (NaN where there is nothing), read from the device in one go."""
        values = {}
        if self.real_logits:
            real, fake = torch.stack(self.real_logits).float(), torch.stack(self.fake_logits).float()  # [steps, N]
            threshold = loss.threshold(real, fake)
            values = {
                "d_real": loss.score(real).mean(),
                "d_fake": loss.score(fake).mean(),
                "d_accuracy_real": (real > threshold).float().mean(),
                "d_accuracy_fake": (fake <= threshold).float().mean(),
            }
        for name in ("d_loss", "g_loss", "d_grad_norm", "g_grad_norm", "penalty"):
            if kept := getattr(self, name):
                values[name] = _stacked(kept).mean().float()
        read = torch.stack(list(values.values())).tolist() if values else []
        found = dict(zip(values, read, strict=True))
        return {name: found.get(name, float("nan")) for name in METRICS}


def _stacked(kept: list[Any]) -> Tensor:
    return torch.stack(kept) if isinstance(kept[0], Tensor) else torch.tensor(kept, dtype=torch.float64)

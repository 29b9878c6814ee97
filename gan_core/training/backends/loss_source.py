"""The known losses in C++, for the compiled step.

Each is five expressions of a real logit r and a fake logit f, to be averaged over pairs. They may use softplus,
sigmoid, positive (max(x, 0)), above (1 where x > 0, else 0), only (a constant) and smoothing (the label smoothing,
which comes in at every call). A loss that does not stand here is not compiled.
"""

from __future__ import annotations

from dataclasses import dataclass

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
class LossSource:
    """d, g: the players' losses; d_real, d_fake, g_fake: their gradients with respect to r and f."""

    d: str
    d_real: str
    d_fake: str
    g: str
    g_fake: str


_CROSS_ENTROPY = ("softplus(-r) + smoothing * r + softplus(f)", "smoothing - sigmoid(-r)", "sigmoid(f)")
_OFF = "(r - (1.0f - smoothing))"

SOURCES: dict[type[Loss], LossSource] = {
    NonSaturating: LossSource(*_CROSS_ENTROPY, "softplus(-f)", "-sigmoid(-f)"),
    Minimax: LossSource(*_CROSS_ENTROPY, "-softplus(f)", "-sigmoid(f)"),
    LeastSquares: LossSource(
        f"0.5f * ({_OFF} * {_OFF} + f * f)", _OFF, "f", "0.5f * (f - 1.0f) * (f - 1.0f)", "f - 1.0f"
    ),
    Wasserstein: LossSource("f - r", "only(-1.0f)", "only(1.0f)", "-f", "only(-1.0f)"),
    Hinge: LossSource(
        "positive(1.0f - r) + positive(1.0f + f)", "-above(1.0f - r)", "above(1.0f + f)", "-f", "only(-1.0f)"
    ),
    Relativistic: LossSource(
        "softplus(f - r)", "-sigmoid(f - r)", "sigmoid(f - r)", "softplus(r - f)", "-sigmoid(r - f)"
    ),
}

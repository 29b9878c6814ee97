"""What a loss says of its own dividing line agrees with what it decides of a batch."""

from __future__ import annotations

import pytest
import torch

from gan_core.objectives import losses
from gan_core.objectives.adversarial_losses import Hinge, LeastSquares, NonSaturating, Relativistic, Wasserstein


@pytest.mark.parametrize("entry", list(losses), ids=lambda e: e.name)
def test_a_fixed_threshold_is_that_of_every_batch(entry: object) -> None:
    loss = entry.cls()  # type: ignore[attr-defined]
    rng = torch.Generator().manual_seed(0)
    batches = [(3 * torch.randn(8, generator=rng) + 1, 2 * torch.randn(8, generator=rng)) for _ in range(3)]
    lines = [float(loss.score(loss.threshold(real, fake))) for real, fake in batches]
    fixed = loss.fixed_threshold()
    assert lines == pytest.approx([fixed] * 3) if fixed is not None else len(set(lines)) == 3


def test_the_papers_lines() -> None:
    assert NonSaturating().fixed_threshold() == 0.5
    assert NonSaturating(label_smoothing=0.2).fixed_threshold() == pytest.approx(0.4)
    assert LeastSquares(label_smoothing=0.1).fixed_threshold() == pytest.approx(0.45)
    assert Hinge().fixed_threshold() == 0.0
    assert Wasserstein().fixed_threshold() is None
    assert Relativistic().fixed_threshold() is None

"""The written-out gradients of the known losses against autograd, and what a loss without them gets."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from gan_core.objectives import losses
from gan_core.objectives.base import Loss
from gan_core.training.backends.loss_gradients import (
    BY_AUTOGRAD,
    WRITTEN_OUT,
    d_loss_and_grad,
    g_loss_and_grad,
    gradients_of,
)
from gan_core.training.backends.loss_source import SOURCES

SMOOTHINGS = (0.0, 0.1, 0.3)


def smoothed(name: str, smoothing: float) -> Loss:
    """A loss of that name, with label smoothing where it has it."""
    loss = losses.get(name).cls()
    if hasattr(loss, "label_smoothing"):
        loss = dataclasses.replace(loss, label_smoothing=smoothing)  # type: ignore[type-var]
    return loss


def test_every_loss_that_comes_along_is_written_out_and_in_cpp() -> None:
    kinds = {entry.cls for entry in losses}
    assert kinds == set(WRITTEN_OUT) == set(SOURCES)


@pytest.mark.parametrize("name", losses.names())
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_they_are_those_of_autograd(name: str, smoothing: float) -> None:
    loss = smoothed(name, smoothing)
    written, rng = gradients_of(loss), torch.Generator().manual_seed(3)
    assert written is not BY_AUTOGRAD
    real, fake = (3 * torch.randn(50, generator=rng, dtype=torch.float64) for _ in range(2))
    for logits in ((real, fake), (100 * real, 100 * fake)):
        expected = BY_AUTOGRAD.d(loss, *logits), BY_AUTOGRAD.g(loss, *logits)
        found = written.d(loss, *logits), written.g(loss, *logits)
        torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", losses.names())
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_in_one_with_the_loss_they_are_the_same(name: str, smoothing: float) -> None:
    loss = smoothed(name, smoothing)
    rng = torch.Generator().manual_seed(5)
    for size in (1.0, 100.0):
        real, fake = (size * torch.randn(31, generator=rng, dtype=torch.float64) for _ in range(2))
        logits = torch.cat((real, fake))
        expected = loss.d_loss(real, fake), torch.cat(BY_AUTOGRAD.d(loss, real, fake))
        torch.testing.assert_close(d_loss_and_grad(loss, logits), expected, rtol=1e-7, atol=1e-9)
        expected = loss.g_loss(real, fake), BY_AUTOGRAD.g(loss, real, fake)
        torch.testing.assert_close(g_loss_and_grad(loss, real, fake), expected, rtol=1e-7, atol=1e-9)
        assert torch.equal(logits, torch.cat((real, fake)))  # which others read too


@pytest.mark.parametrize("name", losses.names())
def test_rows_of_logits_are_as_many_losses(name: str) -> None:
    loss, rng = smoothed(name, 0.1), torch.Generator().manual_seed(4)
    real, fake = (torch.randn(3, 17, generator=rng, dtype=torch.float64) for _ in range(2))
    written = gradients_of(loss)
    for method in (written.d, written.g):
        each = [method(loss, r, f) for r, f in zip(real, fake, strict=True)]
        alone = tuple(map(torch.stack, zip(*each, strict=True))) if isinstance(each[0], tuple) else torch.stack(each)
        torch.testing.assert_close(method(loss, real, fake), alone, rtol=1e-12, atol=0)


@dataclass(frozen=True)
class Bare(Loss):
    """All that a loss must have."""

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return (real_logits - 2.0).square().mean() + fake_logits.square().mean()

    def g_loss(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return (fake_logits - 2.0).square().mean()


def test_a_loss_of_two_methods_has_all_that_pages_and_backends_ask_for() -> None:
    loss, real, fake = Bare(), torch.tensor([1.0, 4.0]), torch.tensor([0.0, 1.0])
    value, gradient = d_loss_and_grad(loss, torch.cat((real, fake)))
    assert value == pytest.approx(3.0)  # (1 + 4) / 2 + (0 + 1) / 2
    assert gradient.tolist() == [-1.0, 2.0, 0.0, 1.0]
    assert g_loss_and_grad(loss, None, fake)[1].tolist() == [-2.0, -1.0]
    assert loss.threshold(real, fake).tolist() == [1.5]  # midway between the means 2.5 and 0.5
    assert loss.fixed_threshold() is None
    assert torch.equal(loss.score(fake), fake)
    assert [float(v) for v in (*loss.d_terms(real, fake).values(), *loss.g_terms(None, fake).values())] == [3.0, 2.5]

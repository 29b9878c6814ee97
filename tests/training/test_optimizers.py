"""Our updates against torch.optim and closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import torch
from torch.nn import Parameter

from gan_core.config.codec import to_dict
from gan_core.config.fields import specs
from gan_core.training.flat import lay_together
from gan_core.training.optimizers import (
    SGD,
    Adam,
    AdamW,
    Constant,
    Cosine,
    Linear,
    OptimizerState,
    RMSprop,
    optimizers,
    schedules,
)

Reference = Callable[[Iterable[Parameter]], torch.optim.Optimizer]
CASES: dict[str, tuple[Any, Reference]] = {
    "adam": (Adam(0.01, 0.3, 0.95), lambda p: torch.optim.Adam(p, 0.01, (0.3, 0.95))),
    "adamw": (AdamW(0.01, 0.3, 0.95, 0.1), lambda p: torch.optim.AdamW(p, 0.01, (0.3, 0.95), weight_decay=0.1)),
    "rmsprop": (RMSprop(0.01, 0.9), lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.9)),
    "sgd": (SGD(0.01, 0.7), lambda p: torch.optim.SGD(p, 0.01, momentum=0.7)),
}


def test_every_optimizer_has_its_reference() -> None:
    assert set(CASES) == set(optimizers.names())


@pytest.mark.parametrize("name", optimizers.names())
def test_matches_torch_over_many_updates(name: str) -> None:
    ours, make = CASES[name]
    rng = torch.Generator().manual_seed(3)
    start = [torch.randn(4, 3, generator=rng), torch.randn(7, generator=rng)]
    mine = [t.clone() for t in start]
    theirs = [Parameter(t.clone()) for t in start]
    reference, moments = make(theirs), ours.start(mine)
    for _ in range(25):
        grads = [torch.randn(t.shape, generator=rng) for t in start]
        for parameter, grad in zip(theirs, grads, strict=True):
            parameter.grad = grad.clone()
        reference.step()
        ours.update(moments, grads, ours.lr, None)
    for a, b, first in zip(mine, theirs, start, strict=True):
        torch.testing.assert_close(a, b.detach(), rtol=1e-5, atol=1e-6)
        assert (a - first).abs().max() > 1e-3  # it did move


@pytest.mark.parametrize("name", optimizers.names())
def test_weights_that_lie_together_move_at_once_as_they_do_apart(name: str) -> None:
    ours, _ = CASES[name]
    rng = torch.Generator().manual_seed(4)
    apart = [torch.randn(4, 3, generator=rng), torch.randn(7, generator=rng), torch.randn(2, 5, generator=rng)]
    together = [t.clone() for t in apart]
    lay_together([together])
    moments, at_once = ours.start(apart), ours.start(together)
    assert moments.at_once() is moments
    assert [w.shape for w in at_once.at_once().weights] == [(29,)]
    for _ in range(5):
        grads = [torch.randn(t.shape, generator=rng) for t in apart]
        ours.update(moments, grads, ours.lr, None)
        ours.update(at_once.at_once(), [torch.cat([g.flatten() for g in grads])], ours.lr, None)
        torch.testing.assert_close(together, apart)
        torch.testing.assert_close(at_once.state(), moments.state())
    before = [t.clone() for t in together]
    at_once.load_state(ours.start(apart).state())  # fresh ones: it copies them to where both look
    ours.update(at_once.at_once(), [torch.ones(29)], 0.0, None)
    torch.testing.assert_close(together, before)
    assert at_once.count == 1
    at_once.move_to(*(lambda other: (other.weights, other.kept))(ours.start(apart)))
    assert at_once.at_once() is at_once


@pytest.mark.parametrize("name", [n for n in optimizers.names() if optimizers.get(n).cls().honours_veto])
def test_a_veto_keeps_the_weights(name: str) -> None:
    weights = [torch.ones(5)]
    member = optimizers.get(name).cls()
    moments = member.start(weights)
    member.update(moments, [torch.full((5,), math.nan)], 0.1, torch.ones(()))
    assert torch.equal(weights[0], torch.ones(5))
    member.update(moments, [torch.ones(5)], 0.1, torch.zeros(()))
    assert bool((weights[0] < 1).all())


def test_moments_of_another_kind_are_refused() -> None:
    adam, sgd = Adam().start([torch.ones(2)]), SGD().start([torch.ones(2)])
    assert not sgd.fits(adam.state())
    with pytest.raises(ValueError, match="another kind of optimizer"):
        sgd.load_state(adam.state())
    with pytest.raises(ValueError, match="other networks"):
        OptimizerState([torch.ones(3)], ("velocity",)).load_state(sgd.state())


@pytest.mark.parametrize("entry", list(schedules), ids=lambda e: e.name)
def test_schedules_stay_between_nothing_and_the_full_rate(entry: Any) -> None:
    schedule = entry.cls()
    factors = [schedule.factor(n, 1000) for n in range(0, 1500, 50)]
    assert all(0 <= f <= 1 for f in factors)
    assert factors == sorted(factors, reverse=True)
    assert to_dict(schedule).keys() == specs(entry.cls).keys()


def test_schedules_in_closed_form() -> None:
    assert Constant().factor(123, 1000) == 1.0
    assert Constant(warm_up_images=100).factor(49, 1000) == pytest.approx(0.5)
    linear = Linear(start=0.5, final_factor=0.2)
    assert linear.factor(500, 1000) == 1.0
    assert linear.factor(750, 1000) == pytest.approx(0.6)
    assert linear.factor(1000, 1000) == pytest.approx(0.2)
    cosine = Cosine(start=0.0, final_factor=0.0)
    assert cosine.factor(250, 1000) == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))
    assert cosine.factor(1000, 1000) == pytest.approx(0.0, abs=1e-12)

"""Penalties against closed forms, the papers' formulas with the same draws, and finite differences."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import _SpectralNorm

from gan_core.config.fields import specs
from gan_core.nets import DcganDiscriminator
from gan_core.nets.base import ImageShape
from gan_core.objectives import R1, R1R2, R2, Dragan, NoPenalty, WeightClipping, WganGp, penalties

SHAPE = (6, 2, 3, 3)  # N, C, H, W
PIXELS = 18


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def images(mean=0.0):
    return torch.randn(SHAPE, dtype=torch.float64) + mean


ACTIVE = [e for e in penalties if e.cls.active]
ZERO_CENTRED = {"r1": 1, "r2": 1, "r1-r2": 2}  # how many slopes each adds up


@pytest.mark.parametrize("name", list(ZERO_CENTRED))
def test_on_a_linear_critic_the_slope_is_its_weight(name):
    """D(x) = w . x: gamma / 2 ||w||^2 wherever it is taken."""
    w = torch.randn(PIXELS, dtype=torch.float64)
    penalty = penalties.get(name).cls(gamma=3.0).penalty(lambda x: x.flatten(1) @ w, images(), images(), rng())
    assert penalty.item() == pytest.approx(ZERO_CENTRED[name] * 3.0 / 2 * float(w @ w))


def test_on_a_quadratic_critic_r1_looks_at_real_and_r2_at_generated():
    """D(x) = x' A x / 2 with A symmetric: the slope is A x."""
    a = torch.randn(PIXELS, PIXELS, dtype=torch.float64)
    a = a + a.T
    real, fake = images(1.0), images(-2.0)

    def critic(x):
        flat = x.flatten(1)
        return (flat @ a * flat).sum(1) / 2

    def expected(x):
        return 0.5 * ((x.flatten(1).numpy() @ a.numpy()) ** 2).sum(1).mean()

    assert R1(gamma=1.0).penalty(critic, real, fake, rng()).item() == pytest.approx(expected(real))
    assert R2(gamma=1.0).penalty(critic, real, fake, rng()).item() == pytest.approx(expected(fake))
    both = R1R2(gamma=1.0).penalty(critic, real, fake, rng()).item()
    assert both == pytest.approx(expected(real) + expected(fake))


@pytest.mark.parametrize("spread", [0.5, 0.0])
@pytest.mark.parametrize("name", ["wgan-gp", "dragan"])
def test_unit_slope_penalties_against_their_formula_with_the_same_draws(name, spread):
    """lambda E (||A x^|| - 1)^2 for the quadratic critic, with x^ made in numpy from the same random numbers."""
    a = torch.randn(PIXELS, PIXELS, dtype=torch.float64)
    a = (a + a.T) / 20
    real, fake = images(1.0), images(-2.0)
    if name == "wgan-gp":
        epsilon = torch.rand(6, 1, 1, 1, generator=rng(5), dtype=torch.float64).numpy()
        point, penalty = epsilon * real.numpy() + (1 - epsilon) * fake.numpy(), WganGp(weight=7.0)
    else:
        noise = torch.randn(SHAPE, generator=rng(5), dtype=torch.float64).numpy()
        point, penalty = real.numpy() + spread * real.numpy().std() * noise, Dragan(weight=7.0, spread=spread)
    slopes = np.linalg.norm(point.reshape(6, -1) @ a.numpy(), axis=1)
    ours = penalty.penalty(lambda x: (x.flatten(1) @ a * x.flatten(1)).sum(1) / 2, real, fake, rng(5))
    assert ours.item() == pytest.approx(7.0 * ((slopes - 1) ** 2).mean(), rel=1e-9)


def test_wgan_gp_is_nothing_where_the_slope_is_one_and_finite_where_it_is_zero():
    w = torch.randn(PIXELS, dtype=torch.float64)
    unit = WganGp().penalty(lambda x: x.flatten(1) @ (w / w.norm()), images(), images(), rng())
    assert unit.item() == pytest.approx(0.0, abs=1e-9)
    zero = torch.zeros(PIXELS, dtype=torch.float64, requires_grad=True)
    flat = WganGp(weight=10.0).penalty(lambda x: x.flatten(1) @ zero, images(), images(), rng())
    assert flat.item() == pytest.approx(10.0, rel=1e-5)
    assert torch.autograd.grad(flat, zero)[0].isfinite().all()


@pytest.mark.parametrize("entry", ACTIVE, ids=lambda e: e.name)
def test_gradient_in_the_critics_weights_against_finite_differences(entry):
    """The derivative of a derivative: autograd's double backward against the penalty's own central differences."""
    real, fake = images(), images(1.0)

    def value(w1, b1, w2):
        def critic(x):
            return torch.tanh(x.flatten(1) @ w1 + b1) @ w2

        return entry.cls().penalty(critic, real, fake, rng(3))

    weights = [torch.randn(s, dtype=torch.float64).mul_(0.5) for s in ((PIXELS, 4), (4,), (4,))]
    assert torch.autograd.gradcheck(value, [w.requires_grad_(True) for w in weights], eps=1e-6, atol=1e-6)


@pytest.mark.parametrize("entry", ACTIVE, ids=lambda e: e.name)
@pytest.mark.parametrize(
    "options", [{"norm": "batch"}, {"norm": "layer"}, {"spectral_norm": True}, {"minibatch_std": True}], ids=str
)
def test_penalties_pass_through_every_normalisation(entry, options):
    """One weight's gradient through a real discriminator, in float64, against a central difference."""
    net = DcganDiscriminator(width=4, init="default", **options).build(ImageShape(1, 28), 0, 1).double()
    for layer in net.modules():  # spectral norm's vectors must stand still between the two sides of a difference
        layer.training = not isinstance(layer, _SpectralNorm)
    real, fake = torch.randn(4, 1, 28, 28, dtype=torch.float64), torch.randn(4, 1, 28, 28, dtype=torch.float64)

    def value():
        return entry.cls().penalty(net, real, fake, rng(3))

    weight = next(p for p in net.parameters() if p.ndim == 4)
    (grad,) = torch.autograd.grad(value(), weight)
    with torch.no_grad():
        direction, h = torch.randn_like(weight), 1e-6
        weight += h * direction
    up = value().item()
    with torch.no_grad():
        weight -= 2 * h * direction
    down = value().item()
    assert grad.abs().max() > 0
    assert (grad * direction).sum().item() == pytest.approx((up - down) / (2 * h), rel=1e-3, abs=1e-8)


@pytest.mark.parametrize("entry", ACTIVE, ids=lambda e: e.name)
def test_a_pack_is_one_judgement(entry):
    """With packing the slope is that of one logit over all the images of its pack."""
    w = torch.randn(2 * PIXELS, dtype=torch.float64)
    real, fake = images(), images()

    def packed(x):
        return x.reshape(3, -1) @ w

    penalty, squared = entry.cls().penalty(packed, real, fake, rng()).item(), float(w @ w)
    if entry.name in ZERO_CENTRED:
        assert penalty == pytest.approx(ZERO_CENTRED[entry.name] * entry.cls().gamma / 2 * squared)
    else:
        assert penalty == pytest.approx(entry.cls().weight * (math.sqrt(squared) - 1) ** 2)


@pytest.mark.parametrize("entry", ACTIVE, ids=lambda e: e.name)
def test_weight_scales_the_penalty_and_the_draws_are_the_generators(entry):
    name = "gamma" if entry.name in ZERO_CENTRED else "weight"
    real, fake, w = images(), images(1.0), torch.randn(PIXELS, dtype=torch.float64)

    def value(weight, seed):
        options = entry.cls(**{name: weight})
        return options.penalty(lambda x: torch.tanh(x.flatten(1) @ w / 4), real, fake, rng(seed)).item()

    assert value(6.0, 1) == pytest.approx(3 * value(2.0, 1))
    assert value(0.0, 1) == 0.0
    assert value(2.0, 1) == value(2.0, 1)
    assert (value(2.0, 1) != value(2.0, 2)) == (entry.name in ("wgan-gp", "dragan"))


def test_clipping_cuts_weights_and_nothing_else():
    net = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4))
    before = copy.deepcopy(net)
    WeightClipping(limit=0.1).after_update(net)
    for now, then in zip(net.parameters(), before.parameters(), strict=True):
        limit = np.float32(0.1)
        np.testing.assert_array_equal(now.detach().numpy(), np.clip(then.detach().numpy(), -limit, limit))
        assert now.requires_grad
    assert all(torch.equal(a, b) for a, b in zip(net.buffers(), before.buffers(), strict=True))


def test_the_others_leave_weights_alone():
    for entry in penalties:
        if entry.name == "weight-clipping":
            continue
        net = nn.Linear(5, 4)
        before = net.weight.detach().clone()
        entry.cls().after_update(net)
        assert torch.equal(net.weight, before)


def test_inactive_members_add_nothing():
    for cls in (NoPenalty, WeightClipping):
        assert not cls.active
        assert cls().penalty(lambda x: x.sum((1, 2, 3)), images(), images(), rng()).item() == 0.0


def test_every_registered_penalty_is_explained():
    assert set(penalties.names()) == {"none", "r1", "r2", "r1-r2", "wgan-gp", "dragan", "weight-clipping"}
    for entry in penalties:
        assert entry.label
        assert entry.source
        assert entry.help.endswith(".")
        known = specs(entry.cls)
        assert all(s.label and s.help.endswith(".") and s.live for s in known.values())
        assert ("interval" in known) == entry.cls.active
        assert all(s.scale == "log" for n, s in known.items() if n in ("gamma", "weight", "limit", "interval"))

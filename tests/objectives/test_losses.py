"""Losses against their papers' formulas in numpy float64, against finite differences, and at extreme logits."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import minimize_scalar

from gan_core.config.fields import specs
from gan_core.objectives import losses

EXTREME = [-1e4, -100.0, -1.0, 0.0, 1.0, 100.0, 1e4]
SMOOTHINGS = (0.0, 0.1)


def log_d(x):
    """log sigmoid(x) in float64, exact for any x."""
    return -np.logaddexp(0.0, -x)


def log_not_d(x):
    """log(1 - sigmoid(x))"""
    return -np.logaddexp(0.0, x)


def cross_entropy_d(real, fake, s):
    return -((1 - s) * log_d(real) + s * log_not_d(real)).mean() - log_not_d(fake).mean()


# name -> (D's loss of real, fake, smoothing; G's loss of real, fake), as the papers write them
FORMULAS = {
    "minimax": (cross_entropy_d, lambda r, f: log_not_d(f).mean()),
    "non-saturating": (cross_entropy_d, lambda r, f: -log_d(f).mean()),
    "least-squares": (
        lambda r, f, s: 0.5 * ((r - (1 - s)) ** 2).mean() + 0.5 * (f**2).mean(),
        lambda r, f: 0.5 * ((f - 1) ** 2).mean(),
    ),
    "wasserstein": (lambda r, f, s: f.mean() - r.mean(), lambda r, f: -f.mean()),
    "hinge": (
        lambda r, f, s: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
        lambda r, f: -f.mean(),
    ),
    "relativistic": (lambda r, f, s: -log_d(r - f).mean(), lambda r, f: -log_d(f - r).mean()),
}


def members():
    for entry in losses:
        if "label_smoothing" in specs(entry.cls):
            yield from ((entry.name, s, entry.cls(label_smoothing=s)) for s in SMOOTHINGS)
        else:
            yield entry.name, 0.0, entry.cls()


MEMBERS = list(members())
everywhere = pytest.mark.parametrize(("name", "s", "loss"), MEMBERS, ids=[f"{n}-{s}" for n, s, _ in MEMBERS])
logits = st.integers(1, 6).flatmap(
    lambda n: st.tuples(*[hnp.arrays(np.float64, n, elements=st.floats(-1e4, 1e4, width=32)) for _ in range(2)])
)


@everywhere
@given(pair=logits)
def test_values_are_the_papers(name, s, loss, pair):
    real, fake = pair
    d_formula, g_formula = FORMULAS[name]
    d = loss.d_loss(torch.from_numpy(real), torch.from_numpy(fake))
    g = loss.g_loss(torch.from_numpy(real), torch.from_numpy(fake))
    assert d.shape == g.shape == ()
    np.testing.assert_allclose(d.item(), d_formula(real, fake, s), rtol=1e-9, atol=3e-9)
    np.testing.assert_allclose(g.item(), g_formula(real, fake), rtol=1e-9, atol=3e-9)


@everywhere
def test_gradients_are_the_slopes_of_the_papers(name, s, loss):
    rng = np.random.default_rng(0)
    real, fake = rng.normal(0, 2, 5), rng.normal(0, 2, 5)
    d_formula, g_formula = FORMULAS[name]
    for ours, formula in (
        (loss.d_loss, lambda r, f: d_formula(r, f, s)),
        (loss.g_loss, g_formula),
    ):
        x = [torch.from_numpy(v.copy()).requires_grad_(True) for v in (real, fake)]
        grads = torch.autograd.grad(ours(*x), x, allow_unused=True)
        for which, grad in enumerate(grads):
            slopes = np.array([_central_difference(formula, [real, fake], which, i) for i in range(5)])
            ours_grad = np.zeros(5) if grad is None else grad.numpy()
            np.testing.assert_allclose(ours_grad, slopes, rtol=1e-6, atol=1e-8)


def _central_difference(f, args, which, i, h=1e-5):
    up, down = [a.copy() for a in args], [a.copy() for a in args]
    up[which][i] += h
    down[which][i] -= h
    return (f(*up) - f(*down)) / (2 * h)


@everywhere
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_logits_stay_finite(name, s, loss, dtype):
    grid = torch.tensor(EXTREME, dtype=dtype)
    real, fake = (t.flatten().requires_grad_(True) for t in torch.meshgrid(grid, grid, indexing="ij"))
    for value in (loss.d_loss(real, fake), loss.g_loss(real, fake)):
        assert value.isfinite()
        for grad in torch.autograd.grad(value, (real, fake), allow_unused=True):
            assert grad is None or grad.isfinite().all()


@everywhere
def test_threshold_is_where_the_best_discriminator_is_undecided(name, s, loss):
    """Where real and generated are equally likely, the logit that D's loss is least at is the threshold.

    Losses of differences have no such point; theirs is half-way between the means, wherever both are moved to.
    """
    real, fake = torch.randn(3, 8, dtype=torch.float64) + 2, torch.randn(3, 8, dtype=torch.float64)
    threshold = loss.threshold(real, fake)
    assert torch.broadcast_shapes(threshold.shape, (3, 1)) == (3, 1)
    if name in ("wasserstein", "relativistic"):
        middle = (real.numpy().mean(1) + fake.numpy().mean(1)) / 2
        np.testing.assert_allclose(threshold.squeeze(-1).numpy(), middle)
        return
    best = minimize_scalar(lambda x: FORMULAS[name][0](np.array([x]), np.array([x]), s), bracket=(-1, 1), tol=1e-12)
    if name == "hinge":  # flat from -1 to 1: the middle of it
        assert np.all(threshold.numpy() == 0)
        assert FORMULAS[name][0](np.zeros(1), np.zeros(1), s) == pytest.approx(best.fun)
    else:
        np.testing.assert_allclose(threshold.numpy(), best.x, atol=1e-5)


@everywhere
def test_score_is_a_probability_only_where_the_loss_says_so(name, s, loss):
    x = torch.tensor([-1e4, -1.0, 0.0, 2.0, 1e4], dtype=torch.float64)
    expected = np.exp(log_d(x.numpy())) if name in ("minimax", "non-saturating") else x.numpy()
    assert loss.probability == (name in ("minimax", "non-saturating"))
    np.testing.assert_allclose(loss.score(x).numpy(), expected, atol=1e-15)


def test_saturating_and_non_saturating_differ_where_the_discriminator_is_sure():
    """At D(G(z)) near 0 the first one's slope vanishes and the other one's is 1: the reason for its existence."""
    slopes = {}
    for name in ("minimax", "non-saturating"):
        x = torch.tensor([-12.0], requires_grad=True)
        (grad,) = torch.autograd.grad(losses.get(name).cls().g_loss(None, x), x)
        slopes[name] = grad.item()
    assert slopes["minimax"] == pytest.approx(0.0, abs=1e-5)
    assert slopes["non-saturating"] == pytest.approx(-1.0, abs=1e-5)


def test_losses_that_need_the_real_logits_say_so():
    for entry in losses:
        loss, fake = entry.cls(), torch.zeros(3)
        if loss.relativistic:
            with pytest.raises(ValueError, match="real_logits"):
                loss.g_loss(None, fake)
        else:
            assert loss.g_loss(None, fake).isfinite()


def test_every_registered_loss_has_its_formula_here_and_is_explained():
    assert set(losses.names()) == set(FORMULAS)
    for entry in losses:
        assert entry.label
        assert entry.source
        assert entry.help.endswith(".")
        for field in dataclasses.fields(entry.cls):
            spec = specs(entry.cls)[field.name]
            assert spec.label
            assert spec.help.endswith(".")
            assert spec.live


def smoothed(name, smoothing):
    """A loss of that name, with label smoothing where it has it."""
    loss = losses.get(name).cls()
    if hasattr(loss, "label_smoothing"):
        loss = dataclasses.replace(loss, label_smoothing=smoothing)
    return loss


@pytest.mark.parametrize("name", losses.names())
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_rows_of_logits_are_as_many_losses(name, smoothing):
    """Where a loss says that it takes them, as all of ours do: each row as if it were alone."""
    loss = smoothed(name, smoothing)
    assert loss.by_rows
    rng = torch.Generator().manual_seed(4)
    real, fake = (torch.randn(3, 17, generator=rng, dtype=torch.float64) for _ in range(2))
    for method in (loss.d_loss, loss.g_loss):
        each = [method(r, f) for r, f in zip(real, fake, strict=True)]
        alone = tuple(map(torch.stack, zip(*each, strict=True))) if isinstance(each[0], tuple) else torch.stack(each)
        torch.testing.assert_close(method(real, fake), alone, rtol=1e-12, atol=0)

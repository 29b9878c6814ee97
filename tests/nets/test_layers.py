"""Shared layers against numpy: spectral norm, minibatch deviation, class projection, class-conditional BatchNorm."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gan_core.nets import DcganDiscriminator
from gan_core.nets.base import ImageShape
from gan_core.nets.layers import (
    INITS,
    ClassBatchNorm,
    LogitHead,
    MinibatchStd,
    apply_spectral_norm,
    initialise,
    stage_count,
)


def top_singular_value(weight: torch.Tensor, dim: int = 0) -> float:
    matrix = weight.detach().double().movedim(dim, 0).flatten(1).numpy()
    return float(np.linalg.svd(matrix, compute_uv=False)[0])


@pytest.mark.parametrize(
    ("layer", "dim", "x"),
    [
        (nn.Linear(13, 7), 0, torch.zeros(1, 13)),
        (nn.Conv2d(3, 8, 4, 2, 1), 0, torch.zeros(1, 3, 8, 8)),
        (nn.ConvTranspose2d(8, 3, 4, 2, 1), 1, torch.zeros(1, 8, 4, 4)),
    ],
    ids=["dense", "conv", "transposed"],
)
def test_spectral_norm_divides_by_the_top_singular_value(layer, dim, x):
    torch.manual_seed(0)
    nn.init.normal_(layer.weight, 0.0, 3.0)
    before = layer.weight.detach().clone()
    apply_spectral_norm(layer)
    for _ in range(300):
        layer(x)
    layer.eval()
    assert top_singular_value(layer.weight, dim) == pytest.approx(1.0, abs=1e-4)
    torch.testing.assert_close(layer.weight, before / top_singular_value(before, dim), rtol=1e-4, atol=1e-5)


def test_spectral_norm_stands_still_in_eval_mode_and_moves_in_training():
    torch.manual_seed(0)
    layer = nn.Linear(20, 20)
    apply_spectral_norm(layer)
    x = torch.randn(2, 20)
    with torch.no_grad():
        layer.eval()
        before = {k: v.clone() for k, v in layer.state_dict().items()}
        layer(x)
        assert all(torch.equal(v, before[k]) for k, v in layer.state_dict().items())
        layer.train()
        layer(x)
        assert not all(torch.equal(v, before[k]) for k, v in layer.state_dict().items())


def test_spectral_norm_takes_a_heads_classes_too():
    torch.manual_seed(0)
    head = LogitHead(6, class_count=4, pack=2)
    apply_spectral_norm(head)
    for _ in range(300):
        head(torch.zeros(1, 6), torch.zeros(2, dtype=torch.int64))
    head.eval()
    assert top_singular_value(head.linear.weight) == pytest.approx(1.0, abs=1e-4)
    assert top_singular_value(head.projection.weight) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("shape", [(6, 3, 4, 4), (5, 7), (1, 2, 4, 4)])
def test_minibatch_std_against_numpy(shape):
    x = torch.randn(*shape, dtype=torch.float64)
    y = MinibatchStd()(x)
    spread = np.sqrt(x.numpy().var(axis=0) + 1e-8).mean()
    assert y.shape == (shape[0], shape[1] + 1, *shape[2:])
    assert torch.equal(y[:, :-1], x)
    np.testing.assert_allclose(y[:, -1].numpy(), spread, rtol=1e-12)


def test_minibatch_std_has_a_finite_slope_where_all_are_alike():
    x = torch.ones(4, 2, 3, 3, requires_grad=True)
    (slope,) = torch.autograd.grad(MinibatchStd()(x).sum(), x)
    assert slope.isfinite().all()


@pytest.mark.parametrize("pack", [1, 2, 4])
def test_projection_against_the_formula(pack):
    """logit = w . phi + b + sum_j e_j(y_j) . phi"""
    torch.manual_seed(1)
    head = LogitHead(5, class_count=3, pack=pack).double()
    phi, labels = torch.randn(4, 5, dtype=torch.float64), torch.randint(0, 3, (4 * pack,))
    w, b = head.linear.weight.detach().numpy()[0], head.linear.bias.item()
    e = head.projection.weight.detach().numpy().reshape(pack, 3, 5)
    expected = [
        w @ phi[i].numpy() + b + sum(e[j, labels[i * pack + j]] @ phi[i].numpy() for j in range(pack))
        for i in range(4)
    ]
    np.testing.assert_allclose(head(phi, labels).detach().numpy(), expected, rtol=1e-10)


def test_one_label_for_a_whole_pack_is_that_label_for_each_of_its_images():
    head = LogitHead(5, class_count=3, pack=2)
    phi, labels = torch.randn(4, 5), torch.tensor([0, 2, 1, 1])
    torch.testing.assert_close(head(phi, labels), head(phi, labels.repeat_interleave(2)))


def test_class_batch_norm_against_numpy():
    torch.manual_seed(2)
    layer = ClassBatchNorm(3, class_count=4).double()
    nn.init.normal_(layer.scale.weight)
    nn.init.normal_(layer.shift.weight)
    x, labels = torch.randn(6, 3, 2, 2, dtype=torch.float64), torch.tensor([0, 1, 2, 3, 0, 1])
    raw = x.numpy()
    unit = (raw - raw.mean((0, 2, 3), keepdims=True)) / np.sqrt(raw.var((0, 2, 3), keepdims=True) + 1e-5)
    scale, shift = layer.scale.weight.detach().numpy()[labels], layer.shift.weight.detach().numpy()[labels]
    expected = unit * scale[:, :, None, None] + shift[:, :, None, None]
    np.testing.assert_allclose(layer(x, labels).detach().numpy(), expected, rtol=1e-8, atol=1e-10)


def test_class_batch_norm_starts_as_plain_batch_norm():
    x, labels = torch.randn(6, 3, 2, 2), torch.tensor([0, 1, 2, 3, 0, 1])
    torch.testing.assert_close(ClassBatchNorm(3, 4)(x, labels), nn.BatchNorm2d(3)(x))


@pytest.mark.parametrize(("size", "smallest", "stages"), [(28, 7, 2), (32, 7, 2), (64, 7, 3), (28, 4, 2), (64, 4, 4)])
def test_stage_count(size, smallest, stages):
    assert stage_count(size, smallest) == stages


@pytest.mark.parametrize("kind", [k for k in INITS if k != "default"])
def test_initial_weights_have_the_spread_their_name_says(kind):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(400, 200), nn.Conv2d(8, 100, 5))
    initialise(net, kind)
    dense, conv = net[0].weight.detach(), net[1].weight.detach()
    if kind == "orthogonal":
        torch.testing.assert_close(dense @ dense.T, torch.eye(200), rtol=0, atol=1e-5)
    else:
        expected = {"normal": (0.02, 0.02), "xavier": ((2 / 600) ** 0.5, (2 / (108 * 25)) ** 0.5)}[kind]
        assert dense.std().item() == pytest.approx(expected[0], rel=0.05)
        assert conv.std().item() == pytest.approx(expected[1], rel=0.05)
    assert net[0].bias.abs().max() == 0


def test_initial_weights_reach_layers_under_spectral_norm():
    """The norm hides a weight's own tensor; drawing after it would change nothing."""
    torch.manual_seed(0)
    net = DcganDiscriminator(width=8, spectral_norm=True, init="normal").build(ImageShape(1, 28), 0, 1)
    originals = [p for name, p in net.named_parameters() if name.endswith("original")]
    assert len(originals) == 3
    assert originals[1].std().item() == pytest.approx(0.02, rel=0.1)

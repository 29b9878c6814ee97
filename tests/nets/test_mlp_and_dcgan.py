"""The beginner's network to the letter, the hidden-layer text, DCGAN's structure, and what networks cost."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gan_core.nets import (
    DcganDiscriminator,
    DcganGenerator,
    MlpDiscriminator,
    MlpGenerator,
    R3ganDiscriminator,
    R3ganGenerator,
    ResnetDiscriminator,
    forward_flops,
    parameter_count,
)
from gan_core.nets.base import ImageShape
from gan_core.nets.mlp import hidden_units

FASHION = ImageShape(1, 28)


def test_no_hidden_layer_is_the_beginners_gan():
    """G: Dense(784, tanh) of z; D: Dense(1) of the pixels."""
    g = MlpGenerator(hidden="").build(FASHION, 100, 0)
    d = MlpDiscriminator(hidden="").build(FASHION, 0, 1)
    assert parameter_count(g) == 100 * 784 + 784
    assert parameter_count(d) == 784 + 1
    (dense,) = [m for m in g.modules() if isinstance(m, nn.Linear)]
    (judge,) = [m for m in d.modules() if isinstance(m, nn.Linear)]
    z = torch.randn(3, 100)
    images = torch.tanh(z @ dense.weight.T + dense.bias).view(3, 1, 28, 28)
    torch.testing.assert_close(g(z), images)
    torch.testing.assert_close(d(images), (images.flatten(1) @ judge.weight.T + judge.bias).squeeze(1))


@given(st.lists(st.integers(1, 2048), max_size=6), st.sampled_from([",", ", ", " , "]))
def test_hidden_layers_are_read_as_written(units, comma):
    assert hidden_units(comma.join(map(str, units)), "generator.hidden") == units


@pytest.mark.parametrize("text", ["0", "2049", "a", "1,,2", "256,", "-3", "1.5", "1,2,3,4,5,6,7", "²", "1e3"])
def test_what_is_no_list_of_layers_is_refused_in_words(text):
    for options, field in (
        (MlpGenerator(hidden=text), "generator"),
        (MlpDiscriminator(hidden=text), "discriminator"),
    ):
        (said,) = options.problems(FASHION)
        assert said.startswith(f'{field}.hidden is "{text}"')
        assert "2048" in said
    with pytest.raises(ValueError, match="hidden"):
        MlpGenerator(hidden=text).build(FASHION, 8, 0)


def test_hidden_layers_have_the_widths_asked_for():
    net = MlpGenerator(hidden="30,50", norm="none").build(FASHION, 10, 0)
    widths = [(m.in_features, m.out_features) for m in net.modules() if isinstance(m, nn.Linear)]
    assert widths == [(10, 30), (30, 50), (50, 784)]


def test_dcgan_has_the_layers_that_its_size_asks_for():
    for size, maps in ((28, [7, 14]), (32, [8, 16]), (64, [8, 16, 32])):
        net = DcganGenerator(width=8).build(ImageShape(3, size), 16, 0)
        seen = []
        for m in net.modules():
            if isinstance(m, nn.ConvTranspose2d):
                m.register_forward_hook(lambda _, args, __, seen=seen: seen.append(args[0].shape[-1]))
        net(torch.randn(2, 16))
        assert seen == maps


@pytest.mark.parametrize("kernel", [3, 4, 5])
@pytest.mark.parametrize("upsample", ["transpose", "nearest"])
def test_checkerboard_appears_where_the_help_says(kernel, upsample):
    """Equal weights on a flat map: pixels away from the edge differ exactly where 2 does not divide the kernel."""
    net = DcganGenerator(width=8, kernel=kernel, upsample=upsample).build(FASHION, 4, 0).to_image
    for p in net.parameters():
        nn.init.ones_(p) if p.ndim > 1 else nn.init.zeros_(p)
    middle = net(torch.ones(1, 8, 14, 14))[0, 0, 8:20, 8:20]
    assert (middle.std() > 0).item() == (upsample == "transpose" and kernel % 2 == 1)


def test_fix_up_starts_every_residual_branch_at_zero():
    """So that at first R3GAN's generator is its skip path alone, and D is linear in the image."""
    torch.manual_seed(0)
    d = R3ganDiscriminator(width=16, blocks=2).build(FASHION, 0, 1)
    x, y = torch.randn(2, 3, 1, 28, 28).unbind(0)
    offset = d(torch.zeros(3, 1, 28, 28))
    torch.testing.assert_close(d(x + y) + offset, d(x) + d(y), rtol=1e-4, atol=1e-5)
    g = R3ganGenerator(width=16, blocks=2).build(FASHION, 8, 0)
    assert not [m for m in g.modules() if "Norm" in type(m).__name__]
    assert all(m.bias is None for m in g.modules() if isinstance(m, nn.Conv2d))
    assert {m.groups for m in g.modules() if isinstance(m, nn.Conv2d)} == {1, 2, 4, 8}


def test_parameters_and_arithmetic_of_the_default_networks_by_hand():
    g = DcganGenerator().build(FASHION, 64, 0)
    d = DcganDiscriminator().build(FASHION, 0, 1)
    batch_norm = 2 * 128 + 2 * 64
    assert parameter_count(g) == 64 * 128 * 49 + 128 * 64 * 16 + 64 * 16 + 1 + batch_norm
    assert parameter_count(d) == 64 * 16 + 64 + 64 * 128 * 16 + 128 + 128 * 49 + 1
    g_macs = 64 * 128 * 49 + 49 * 128 * 64 * 16 + 196 * 64 * 16
    d_macs = 196 * 64 * 16 + 49 * 64 * 128 * 16 + 128 * 49
    assert forward_flops(g, torch.randn(1, 64)) == 2 * g_macs
    assert forward_flops(d, torch.randn(3, 1, 28, 28)) == 2 * d_macs * 3
    assert g.training
    assert d.training


def test_counting_changes_nothing():
    net = ResnetDiscriminator(width=8).build(FASHION, 3, 1)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    forward_flops(net, torch.randn(1, 1, 28, 28), torch.tensor([1]))
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert not any(m._forward_hooks for m in net.modules())


def test_grouped_convolutions_cost_less_by_their_groups():
    conv = nn.Conv2d(16, 16, 3, padding=1, groups=4)
    assert forward_flops(conv, torch.randn(1, 16, 5, 5)) == 2 * 25 * 16 * 4 * 9

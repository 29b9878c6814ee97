"""The style-based generator against the paper's formulas, worked out image by image in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from gan_core.nets import StyleGenerator, forward_flops
from gan_core.nets.base import ImageShape
from gan_core.nets.style import (
    EqualDense,
    LayerNoise,
    ModulatedConv,
    ModulatedUpConv,
    StyleGeneratorNet,
    demodulation,
)

FASHION = ImageShape(1, 28)


def built(class_count: int = 0, **options: object) -> StyleGeneratorNet:
    torch.manual_seed(0)
    options = {"width": 8, "style_dim": 24} | options
    net = StyleGenerator(**options).build(FASHION, 12, class_count)  # type: ignore[arg-type]
    assert isinstance(net, StyleGeneratorNet)
    return net


def test_modulated_convolution_is_one_convolution_for_each_image() -> None:
    torch.manual_seed(0)
    conv = ModulatedConv(5, 4)
    x, scale, bias = torch.randn(3, 5, 6, 7), torch.randn(3, 5) + 1, torch.randn(4, 1, 1)
    found = conv(x, scale, bias).detach().numpy()
    weight = conv.weight.detach().double().numpy()
    for n in range(3):
        own = weight * scale[n].double().numpy()[None, :, None, None]  # (out, in, 3, 3)
        own /= np.sqrt((own**2).sum((1, 2, 3), keepdims=True))
        for o in range(4):
            wanted = sum(correlate2d(x[n, i].double().numpy(), own[o, i], mode="same") for i in range(5))
            np.testing.assert_allclose(found[n, o], math.sqrt(2) * wanted + bias[o].item(), rtol=1e-4, atol=1e-5)


def test_modulated_doubling_is_a_stuffed_image_under_one_convolution_for_each_image() -> None:
    """Transposed convolution as its definition says: zeros between the pixels, then the filter turned round."""
    torch.manual_seed(0)
    conv = ModulatedUpConv(5, 4)
    x, scale, bias = torch.randn(3, 5, 6, 6), torch.randn(3, 5) + 1, torch.randn(4, 1, 1)
    found = conv(x, scale, bias).detach().numpy()
    weight = conv.weight.detach().double().numpy()  # (in, out, 4, 4)
    for n in range(3):
        own = weight * scale[n].double().numpy()[:, None, None, None]
        own /= np.sqrt((own**2).sum((0, 2, 3), keepdims=True) / 4)
        for o in range(4):
            wanted = np.zeros((12, 12))
            for i in range(5):
                stuffed = np.zeros((15, 15))  # a border of 2 on one side and 3 on the other
                stuffed[2:14:2, 2:14:2] = x[n, i].double().numpy()
                wanted += correlate2d(stuffed, own[i, o][::-1, ::-1], mode="valid")
            np.testing.assert_allclose(found[n, o], math.sqrt(2) * wanted + bias[o].item(), rtol=1e-4, atol=1e-5)


def test_demodulation_gives_independent_inputs_a_variance_of_one() -> None:
    """By its closed form, and by the draw: white noise goes in, white noise of variance 2 (the gain) comes out."""
    torch.manual_seed(0)
    scale, energy = torch.rand(2, 3) + 0.1, torch.rand(4, 3)
    wanted = 1 / np.sqrt(np.einsum("ni,oi->no", scale.double().numpy() ** 2, energy.double().numpy()))
    np.testing.assert_allclose(demodulation(energy, scale).numpy(), wanted, rtol=1e-5)
    for conv in (ModulatedConv(16, 8), ModulatedUpConv(16, 8)):
        y = conv(torch.randn(40, 16, 24, 24), torch.rand(1, 16).expand(40, -1) * 5, torch.zeros(8, 1, 1))
        inner = y[:, :, 2:-2, 2:-2].detach()  # the border sees zeros beyond the edge
        np.testing.assert_allclose(inner.var((0, 2, 3)).numpy(), 2.0, rtol=0.06)


def test_styles_do_not_depend_on_the_length_of_z() -> None:
    net, z = built(), torch.randn(5, 12)
    torch.testing.assert_close(net.mapping(3.7 * z), net.mapping(z), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(net.mapping(-z), net.mapping(z), atol=1e-2)


@torch.no_grad()
def test_a_picture_is_the_synthesis_of_its_style_at_every_layer() -> None:
    for class_count in (0, 3):
        net = built(class_count).eval()
        for layer in net.modules():
            if isinstance(layer, LayerNoise):
                layer.strength.fill_(0.3)
        z, labels = torch.randn(4, 12), torch.arange(4) % 3 if class_count else None
        styles = net.mapping(z, labels)
        assert styles.shape == (4, net.style_dim)
        repeated = styles[:, None].repeat(1, net.style_layers, 1)
        torch.testing.assert_close(net.synthesis(repeated), net(z, labels), rtol=1e-5, atol=1e-6)
        pictures = []
        for layer in range(net.style_layers):  # every layer's style matters, and no two alike
            other = repeated.clone()
            other[:, layer] = styles.roll(1, 0)
            pictures.append(net.synthesis(other))
        for a, picture in enumerate(pictures):
            assert (picture - net(z, labels)).abs().max() > 1e-3
            assert all(not torch.allclose(picture, b, atol=1e-4) for b in pictures[:a])


def test_layers_are_counted_for_every_size() -> None:
    for size, resolutions in ((28, [7, 14, 28]), (32, [4, 8, 16, 32]), (64, [4, 8, 16, 32, 64])):
        net = StyleGenerator(width=4).build(ImageShape(3, size), 8, 0)
        noises = [m.still.shape[-1] for m in net.modules() if isinstance(m, LayerNoise)]
        assert noises == [resolutions[0], *(r for r in resolutions[1:] for _ in range(2))]
        assert net.style_layers == len(noises) + 1


@torch.no_grad()
def test_mean_style_is_the_mean_that_training_saw() -> None:
    net = built()
    rng = torch.Generator().manual_seed(3)
    wanted = torch.zeros(net.style_dim, dtype=torch.float64)
    for _ in range(40):
        z = torch.randn(8, 12, generator=rng)
        wanted = 0.995 * wanted + 0.005 * net.mapping(z).double().mean(0)
        net(z)
    torch.testing.assert_close(net.mean_style.double(), wanted, rtol=1e-4, atol=1e-6)
    for look in (lambda: net.eval()(torch.randn(8, 12)), lambda: net.train().mapping(torch.randn(8, 12))):
        look()
        torch.testing.assert_close(net.mean_style.double(), wanted, rtol=1e-4, atol=1e-6)


def test_noise_has_variance_one_and_does_not_depend_on_its_neighbour() -> None:
    torch.manual_seed(0)
    noise = LayerNoise(14)
    with torch.no_grad():
        noise.strength.fill_(1.0)
        drawn = noise(torch.randn(4000, 4)).flatten(1).double().numpy()
    np.testing.assert_allclose(drawn.mean(0), 0.0, atol=0.1)
    np.testing.assert_allclose(drawn.var(0), 1.0, atol=0.1)
    beside = [np.corrcoef(drawn[:, i], drawn[:, i + 1])[0, 1] for i in range(195)]
    assert np.abs(beside).mean() < 0.03  # 1/sqrt(4000) is 0.016
    still = noise(None).detach()
    assert still.shape == (1, 1, 14, 14)
    assert 0.8 < still.var().item() < 1.2


def test_noise_follows_from_z_in_training_and_stands_still_after() -> None:
    net = built(mixing=False)
    z = torch.randn(6, 12)
    without = net(z)
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, LayerNoise):
                layer.strength.fill_(1.0)
    noisy = net(z)
    assert torch.equal(net(z), noisy)
    assert not torch.allclose(noisy, without, atol=1e-2)
    # An image's noise is its own: quick waves of its z, which carry the last bit of a sum into the fourth digit.
    torch.testing.assert_close(net(z[:3]), noisy[:3], rtol=1e-3, atol=1e-3)
    one = z[:1] * torch.tensor([[1.0], [1.001]])  # the same style from another z: only the noise differs
    a, b = net(one)
    assert (a - b).abs().max() > 1e-3
    a, b = net.eval()(one)
    torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_mixing_gives_half_of_the_images_the_fine_layers_of_another() -> None:
    net = built()
    layers = net.style_layers
    mixed = net._mixed(torch.randn(6000, 4)).squeeze(2).numpy()
    first = np.where(mixed.any(1), mixed.argmax(1), layers)
    for row, start in zip(mixed, first, strict=True):
        assert row[start:].all()
        assert not row[:start].any()
    shares = np.bincount(first, minlength=layers + 1) / 6000
    np.testing.assert_allclose(shares, [0, *[0.5 / (layers - 1)] * (layers - 1), 0.5], atol=0.02)
    z = torch.randn(64, 12)
    key = (z[:, :, None] * net.keys).sum(1)
    unmixed = ~net._mixed(key)[:, -1, 0]
    plain = built(mixing=False)
    with torch.no_grad():
        same = (net(z) - plain(z)).abs().amax((1, 2, 3)) < 1e-5
    assert torch.equal(same, unmixed)
    with torch.no_grad():
        assert torch.equal(net.eval()(z), plain.eval()(z))


def test_the_mapping_network_learns_slower() -> None:
    """One step of gradient descent moves a dense layer of rate r by r * r times as much as one of rate 1."""
    x, moved = torch.randn(20, 6), {}
    for rate in (1.0, 0.1):
        torch.manual_seed(1)
        layer = EqualDense(6, 3, rate=rate)
        before = layer(x).detach()
        if rate == 1.0:
            first = before
        torch.testing.assert_close(before, first, rtol=1e-4, atol=1e-5)  # at the start they are the same
        gradient = torch.autograd.grad(layer(x).mean(), list(layer.parameters()))
        with torch.no_grad():
            for p, g in zip(layer.parameters(), gradient, strict=True):
                p.sub_(0.1 * g)
        moved[rate] = (layer(x) - before).abs().max().item()
    assert moved[0.1] == pytest.approx(0.01 * moved[1.0], rel=0.02)


def test_arithmetic_of_a_picture_by_hand() -> None:
    net = StyleGenerator(width=16, style_dim=64, mapping_layers=4).build(FASHION, 64, 0)
    convolutions = 49 * 64 * 64 * 9 + 49 * 64 * 32 * 16 + 196 * 32 * 32 * 9 + 196 * 32 * 16 * 16 + 784 * 16 * 16 * 9
    pixels = 49 * 64 + 196 * 32 + 784 * 16
    dense = 4 * 64 * 64 + 64 * (64 + 64 + 32 + 32 + 16) + 64 * (64 + 32 + 16)
    assert forward_flops(net, torch.randn(1, 64)) == 2 * (convolutions + pixels + dense)

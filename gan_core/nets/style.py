"""A style-based generator after StyleGAN2 (Karras et al. 2020): every layer is told by a style w what to draw.

z becomes w through a mapping network; w scales the channels of each convolution, the first of a learned constant.
Weights are N(0, 1) and scaled as they are used, so that one learning rate suits all of them (Karras et al. 2018).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, interpolate, leaky_relu, linear

from gan_core.config.fields import flag, integer
from gan_core.nets.base import Generator, GeneratorNet, ImageShape, generators
from gan_core.nets.layers import LatentWithLabel, full_precision, size_problems, stage_count
from gan_core.nets.options import width

MOST = 4  # channels grow from 1 to 4 times the width
SLOPE = 0.2
GAIN = math.sqrt(2.0)  # keeps the variance through a leaky ReLU, nearly
MAPPING_RATE = 0.1  # the mapping network learns so much slower than the rest, which follows it
MEAN_KEEPS = 0.995  # of the mean style, at each training forward
MIXED = 0.5  # share of training images that are made of two styles
KEYS = 4  # numbers that the noise of one image follows from
TINY = 1e-8


class EqualDense(nn.Linear):
    """x W' / sqrt(inputs) + b with W from N(0, 1); learns `rate` times as fast as the learning rate says."""

    def __init__(self, inside: int, outside: int, *, rate: float = 1.0, bias: float = 0.0) -> None:
        super().__init__(inside, outside)
        self.gain, self.rate = rate / math.sqrt(inside), rate
        nn.init.normal_(self.weight, 0.0, 1.0 / rate)
        nn.init.constant_(self.bias, bias / rate)

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight * self.gain, self.bias * self.rate)


def demodulation(weight_energy: Tensor, scale: Tensor) -> Tensor:
    """1 / the standard deviation that an output channel has if the inputs are independent and of variance 1.

    weight_energy: [out, in], sums of the squares of a filter's weights; scale: [N, in] of the inputs -> [N, out].
    """
    return torch.rsqrt(linear(scale.square(), weight_energy) + TINY)


class ModulatedConv(nn.Conv2d):
    """A convolution whose weights are scaled for each image: w'[n, o, i] = scale[n, i] w[o, i] / deviation[n, o].

    forward(x [N, in, H, W], scale [N, in], bias [out, 1, 1]) -> sqrt(2) w' * x + bias, [N, out, H, W]
    (Karras et al. 2020, eq. 1 and 3; the factor is for the leaky ReLU that follows). Scaling what goes in and what
    comes out is the same as scaling the weights, and one convolution serves the whole batch: a third of the time that
    grouped convolutions take on a processor.
    """

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__(inside, outside, 3, padding=1, bias=False)
        nn.init.normal_(self.weight)

    def forward(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:  # type: ignore[override]
        y = conv2d(x * scale[:, :, None, None], self.weight, padding=1)
        return _scaled(y, demodulation(self.weight.square().sum((2, 3)), scale), bias)


class ModulatedUpConv(nn.ConvTranspose2d):
    """The same, with the image doubled: [N, in, H, W] -> [N, out, 2H, 2W]. A pixel sees a quarter of the weights."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__(inside, outside, 4, stride=2, padding=1, bias=False)
        nn.init.normal_(self.weight)

    def forward(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:  # type: ignore[override]
        y = conv_transpose2d(x * scale[:, :, None, None], self.weight, stride=2, padding=1)
        return _scaled(y, demodulation(self.weight.square().sum((2, 3)).t() / 4, scale), bias)


def _scaled(y: Tensor, factor: Tensor, bias: Tensor) -> Tensor:
    """sqrt(2) y factor + bias in one pass over y [N, out, H, W]; factor: [N, out]."""
    return torch.addcmul(bias.to(y.dtype), y, (GAIN * factor).to(y.dtype)[:, :, None, None])


class LayerNoise(nn.Module):
    """Noise of one layer, the same in every channel, with a learned strength that starts at 0.

    forward(key): [N or 1, 1, size, size], of variance 1 before the strength. A training forward has a key [N, KEYS]
    for each image and waves of it, too quick for anything but noise to be made of them; without a key it is the
    layer's constant noise. So nothing is drawn, and a stopped run goes on exactly.
    """

    still: Tensor
    waves: Tensor
    phases: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("still", torch.randn(1, 1, size, size))
        self.register_buffer("waves", 5.0 * torch.randn(KEYS, size * size))
        self.register_buffer("phases", 2 * math.pi * torch.rand(size * size))

    def forward(self, key: Tensor | None) -> Tensor:
        if key is None:
            return self.strength * self.still
        noise = math.sqrt(2.0) * torch.cos(torch.addmm(self.phases, key, self.waves))
        return self.strength.to(noise.dtype) * noise.view(-1, *self.still.shape[1:])


class StyleLayer(nn.Module):
    """A modulated convolution, noise, bias, and a leaky ReLU; forward(x, style [N, style_dim], key)."""

    def __init__(self, inside: int, outside: int, size: int, style_dim: int, *, double: bool, noise: bool) -> None:
        super().__init__()
        self.affine = EqualDense(style_dim, inside, bias=1.0)
        self.conv = ModulatedUpConv(inside, outside) if double else ModulatedConv(inside, outside)
        self.noise = LayerNoise(size) if noise else None
        self.bias = nn.Parameter(torch.zeros(outside, 1, 1))

    def forward(self, x: Tensor, style: Tensor, key: Tensor | None) -> Tensor:
        y: Tensor = self.conv(x, self.affine(style), self.bias)
        if self.noise is not None:
            y = y + self.noise(key).to(y.dtype)
        return leaky_relu(y, SLOPE)


class ToImage(nn.Conv2d):
    """A 1x1 convolution to pixels, modulated but not demodulated; forward(x, style [N, style_dim])."""

    def __init__(self, inside: int, channels: int, style_dim: int, resolutions: int) -> None:
        super().__init__(inside, channels, 1)
        self.affine = EqualDense(style_dim, inside, bias=1.0)
        self.gain = 1.0 / math.sqrt(inside * resolutions)  # together they give a variance of about 1
        nn.init.normal_(self.weight)
        assert self.bias is not None
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:  # type: ignore[override]
        return conv2d(x * self.affine(style)[:, :, None, None], self.weight * self.gain, self.bias)


class StyleGeneratorNet(GeneratorNet):
    """Constant 7x7 or 4x4 -> style layer -> (doubling style layer -> style layer) until the size is reached.

    At every resolution a ToImage adds to the image so far, which is doubled with it (skip connections).
    """

    latent_spaces: ClassVar[tuple[str, ...]] = ("z", "w")
    keys: Tensor

    def __init__(self, options: StyleGenerator, shape: ImageShape, latent_dim: int, class_count: int) -> None:
        super().__init__()
        self.style_dim, self.mixing = options.style_dim, options.mixing
        stages = stage_count(shape.size, smallest=4)
        widths = [options.width * min(MOST, 2 ** (stages - i)) for i in range(stages + 1)]
        size = shape.size >> stages
        self.latent = LatentWithLabel(latent_dim, class_count)
        features, mapping = self.latent.features, list[nn.Module]()
        for _ in range(options.mapping_layers):
            mapping += [EqualDense(features, self.style_dim, rate=MAPPING_RATE), nn.LeakyReLU(SLOPE)]
            features = self.style_dim
        self.to_style = nn.Sequential(*mapping)
        self.register_buffer("mean_style", torch.zeros(self.style_dim))
        self.register_buffer("keys", torch.randn(latent_dim, KEYS) / math.sqrt(latent_dim))

        def layer(inside: int, outside: int, *, double: bool = False) -> StyleLayer:
            return StyleLayer(inside, outside, size, self.style_dim, double=double, noise=options.noise)

        self.constant = nn.Parameter(torch.randn(1, widths[0], size, size))
        self.stages = nn.ModuleList([nn.ModuleList([layer(widths[0], widths[0])])])
        for inside, outside in pairwise(widths):
            size *= 2
            self.stages.append(nn.ModuleList([layer(inside, outside, double=True), layer(outside, outside)]))
        self.to_image = nn.ModuleList(ToImage(w, shape.channels, self.style_dim, len(widths)) for w in widths)
        self.style_layers = 2 * len(widths)  # one less convolution, and the last ToImage

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        style = self.mapping(z, labels)
        styles = style[:, None].expand(-1, self.style_layers, -1)
        if not self.training:
            return self.synthesis(styles)
        with torch.no_grad():
            self.mean_style.lerp_(self.batch_mean(full_precision(style)), 1.0 - MEAN_KEEPS)
            key = (z[:, :, None] * self.keys).sum(1)  # (N, KEYS), about N(0, 1)
        if self.mixing:
            other = self.previous(style) if labels is None else self.mapping(self.previous(z), labels)
            styles = torch.where(self._mixed(key), other[:, None], styles)
        return self._draw(styles, key)

    def batch_mean(self, x: Tensor) -> Tensor:
        return x.mean(0)

    def previous(self, x: Tensor) -> Tensor:
        """In each image's place that of the one before it in the batch."""
        return x.roll(1, 0)

    def mapping(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        z = z * torch.rsqrt(z.square().mean(1, keepdim=True) + TINY)
        style: Tensor = self.to_style(self.latent(z, labels))
        return style

    def synthesis(self, styles: Tensor) -> Tensor:
        return self._draw(styles, None)

    def _draw(self, styles: Tensor, key: Tensor | None) -> Tensor:
        x, image, i = self.constant.expand(styles.shape[0], -1, -1, -1), None, 0
        for layers, to_image in zip(self.stages, self.to_image, strict=True):
            assert isinstance(layers, nn.ModuleList)
            for layer in layers:
                x = layer(x, styles[:, i], key)
                i += 1
            part = full_precision(to_image(x, styles[:, i]))  # the style of the next layer (Karras et al. 2020, code)
            if image is not None:
                part = part + interpolate(image, scale_factor=2.0, mode="bilinear", align_corners=False)
            image = part
        assert image is not None
        return torch.tanh(image)

    def _mixed(self, key: Tensor) -> Tensor:
        """bool [N, style_layers, 1]: which layers take the style of another image (Karras et al. 2019, section 3.1).

        In a share MIXED of the images, those from a chosen layer on. Both choices follow from digits of the key.
        """
        chance = (key[:, :2] * 997.0).remainder(1.0)
        first = 1 + (chance[:, 1] * (self.style_layers - 1)).floor()
        first = torch.where(chance[:, 0] < MIXED, first, float(self.style_layers))
        return (torch.arange(self.style_layers, device=key.device) >= first[:, None])[:, :, None]


@generators.register("style", label="Style-based", source="Karras et al. 2020, arXiv:1912.04958, sections 2 and 4")
@dataclass(frozen=True)
class StyleGenerator(Generator):
    """A mapping network turns z into a style, which scales every layer: coarse and fine can be told apart."""

    width: int = width(16, high=128)
    style_dim: int = integer(
        64, low=4, high=512, scale="log", unit="numbers", label="Style length", help="How many numbers a style w has."
    )
    mapping_layers: int = integer(
        4, low=1, high=8, unit="layers", label="Mapping layers", help="Dense layers between z and the style w."
    )
    noise: bool = flag(
        True,
        label="Noise",
        help="Noise at every layer, as strong as the layer learns: for what is down to chance, so that styles need "
        "not carry it.",
    )
    mixing: bool = flag(
        True,
        label="Style mixing",
        help="In training the fine layers of every second image take another image's style, so that layers learn "
        "not to count on each other.",
    )

    def build(self, shape: ImageShape, latent_dim: int, class_count: int) -> GeneratorNet:
        return StyleGeneratorNet(self, shape, latent_dim, class_count)

    def problems(self, shape: ImageShape) -> list[str]:
        return size_problems(shape.size)

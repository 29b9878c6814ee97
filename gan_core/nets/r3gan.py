"""The modern baseline after R3GAN (Huang et al. 2024): residual blocks that stay stable without any normalisation.

What takes its place: residual branches that start at zero and with small weights (fix-up, Zhang et al. 2019),
grouped convolutions inside wide bottlenecks, and resampling by interpolation. Made for the relativistic loss with
R1 and R2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu

from gan_core.config.fields import choice, integer
from gan_core.nets.base import (
    Discriminator,
    DiscriminatorNet,
    Generator,
    GeneratorNet,
    ImageShape,
    discriminators,
    generators,
)
from gan_core.nets.layers import (
    LatentWithLabel,
    LogitHead,
    MinibatchStd,
    full_precision,
    size_problems,
    stage_count,
)
from gan_core.nets.options import WIDTH_HELP, minibatch_std

MOST = 4  # channels grow from 1 to 4 times the width
SLOPE = 0.2
GAIN = math.sqrt(2.0 / (1.0 + SLOPE**2))  # keeps the variance through a leaky ReLU (He et al. 2015, eq. 15)
WIDTHS = (16, 32, 48, 64, 96, 128)
GROUP_SIZES = (4, 8, 16, 32)
BLOCKS_HELP = "Residual blocks at each resolution; more is deeper and slower."
EXPANSION_HELP = "How many times wider the inside of a residual block is than its ends."
GROUP_HELP = "Channels that a 3x3 filter sees at once; smaller groups are fewer weights and less work."


def _conv(inside: int, outside: int, kernel: int, *, gain: float = 1.0, groups: int = 1) -> nn.Conv2d:
    """A convolution without bias and with weights N(0, gain^2 / inputs)."""
    conv = nn.Conv2d(inside, outside, kernel, padding=kernel // 2, groups=groups, bias=False)
    nn.init.normal_(conv.weight, 0.0, gain / math.sqrt(inside // groups * kernel**2))
    return conv


class _BiasedLeaky(nn.Module):
    """leaky_relu(x + b), with one b a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return leaky_relu(x + self.bias.to(x.dtype), SLOPE)


class _Block(nn.Module):
    """x + conv1(bend(conv3, grouped(bend(conv1(x))))), which starts as x itself.

    blocks: all residual blocks of the network, B. With m = 3 layers in a branch, fix-up scales the first two by
    B^(-1 / (2m - 2)) and starts the last at 0.
    """

    def __init__(self, channels: int, expansion: int, group_size: int, blocks: int) -> None:
        super().__init__()
        inner, gain = channels * expansion, GAIN * blocks**-0.25
        self.widen = _conv(channels, inner, 1, gain=gain)
        self.bend1 = _BiasedLeaky(inner)
        self.mix = _conv(inner, inner, 3, gain=gain, groups=inner // group_size)
        self.bend2 = _BiasedLeaky(inner)
        self.narrow = _conv(inner, channels, 1, gain=0.0)

    def forward(self, x: Tensor) -> Tensor:
        branch: Tensor = self.narrow(self.bend2(self.mix(self.bend1(self.widen(x)))))
        return x + branch


class _Double(nn.Module):
    """[N, inside, H, W] -> [N, outside, 2H, 2W]: a 1x1 convolution, then bilinear interpolation."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.conv = _conv(inside, outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        return interpolate(self.conv(x), scale_factor=2.0, mode="bilinear", align_corners=False)


class _Halve(nn.Module):
    """[N, inside, H, W] -> [N, outside, H/2, W/2]: the mean of 2x2 pixels, then a 1x1 convolution."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.conv = _conv(inside, outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        halved: Tensor = self.conv(avg_pool2d(x, 2))
        return halved


class R3ganGeneratorNet(GeneratorNet):
    """z weighs learned 7x7 or 4x4 maps -> blocks, doubling, blocks ... -> 1x1 convolution -> tanh."""

    def __init__(self, options: R3ganGenerator, shape: ImageShape, latent_dim: int, class_count: int) -> None:
        super().__init__()
        stages = stage_count(shape.size, smallest=4)
        start, total = shape.size >> stages, (stages + 1) * options.blocks
        widths = [options.width * min(MOST, 2 ** (stages - i)) for i in range(stages + 1)]
        self.latent = LatentWithLabel(latent_dim, class_count)
        self.dense = nn.Linear(self.latent.features, widths[0], bias=False)
        nn.init.normal_(self.dense.weight, 0.0, 1.0 / math.sqrt(self.latent.features))
        self.basis = nn.Parameter(torch.randn(widths[0], start, start))
        layers = list[nn.Module]()
        for i, channels in enumerate(widths):
            if i > 0:
                layers.append(_Double(widths[i - 1], channels))
            layers += [_Block(channels, options.expansion, options.group_size, total) for _ in range(options.blocks)]
        self.layers = nn.Sequential(*layers, _conv(widths[-1], shape.channels, 1))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.dense(self.latent(z, labels))[:, :, None, None] * self.basis
        return torch.tanh(full_precision(self.layers(x)))


class R3ganDiscriminatorNet(DiscriminatorNet):
    """1x1 convolution -> blocks, halving, blocks ... -> each channel against a learned map -> dense to a logit."""

    def __init__(self, options: R3ganDiscriminator, shape: ImageShape, class_count: int, pack: int) -> None:
        super().__init__()
        self.batch_dependent = options.minibatch_std
        stages = stage_count(shape.size, smallest=4)
        end, total = shape.size >> stages, (stages + 1) * options.blocks
        widths = [options.width * min(MOST, 2**i) for i in range(stages + 1)]
        layers: list[nn.Module] = [_conv(shape.channels * pack, widths[0], 1)]
        for i, channels in enumerate(widths):
            layers += [_Block(channels, options.expansion, options.group_size, total) for _ in range(options.blocks)]
            if i < stages:
                extra = 1 if options.minibatch_std and i == stages - 1 else 0
                layers += [MinibatchStd()] * extra + [_Halve(channels + extra, widths[i + 1])]
        self.layers = nn.Sequential(*layers)
        self.basis = nn.Conv2d(widths[-1], widths[-1], end, groups=widths[-1], bias=False)
        nn.init.normal_(self.basis.weight, 0.0, 1.0 / end)
        self.head = LogitHead(widths[-1], class_count, pack)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        logits: Tensor = self.head(self.basis(self.layers(x)).flatten(1), labels)
        return logits


def _group_problems(player: str, width: int, expansion: int, group_size: int) -> list[str]:
    inner = width * expansion
    if inner % group_size == 0:
        return []
    return [f"{player}.group_size is {group_size}; it must divide {player}.width times expansion, which is {inner}."]


@generators.register("r3gan", label="R3GAN", source="Huang et al. 2024, arXiv:2501.05441, section 3")
@dataclass(frozen=True)
class R3ganGenerator(Generator):
    """Modern residual blocks without normalisation: slow to start, steady to the end."""

    width: int = choice(32, WIDTHS, unit="channels", label="Width", help=WIDTH_HELP)
    blocks: int = integer(1, low=1, high=4, label="Blocks", help=BLOCKS_HELP)
    expansion: int = integer(2, low=1, high=4, label="Expansion", help=EXPANSION_HELP, advanced=True)
    group_size: int = choice(16, GROUP_SIZES, unit="channels", label="Group size", help=GROUP_HELP, advanced=True)

    def build(self, shape: ImageShape, latent_dim: int, class_count: int) -> GeneratorNet:
        return R3ganGeneratorNet(self, shape, latent_dim, class_count)

    def problems(self, shape: ImageShape) -> list[str]:
        return size_problems(shape.size) + _group_problems("generator", self.width, self.expansion, self.group_size)


@discriminators.register("r3gan", label="R3GAN", source="Huang et al. 2024, arXiv:2501.05441, section 3")
@dataclass(frozen=True)
class R3ganDiscriminator(Discriminator):
    """Modern residual blocks without normalisation; made for the relativistic loss with R1 and R2."""

    width: int = choice(32, WIDTHS, unit="channels", label="Width", help=WIDTH_HELP)
    blocks: int = integer(1, low=1, high=4, label="Blocks", help=BLOCKS_HELP)
    expansion: int = integer(2, low=1, high=4, label="Expansion", help=EXPANSION_HELP, advanced=True)
    group_size: int = choice(16, GROUP_SIZES, unit="channels", label="Group size", help=GROUP_HELP, advanced=True)
    minibatch_std: bool = minibatch_std()

    def build(self, shape: ImageShape, class_count: int, pack: int) -> DiscriminatorNet:
        return R3ganDiscriminatorNet(self, shape, class_count, pack)

    def problems(self, shape: ImageShape) -> list[str]:
        return size_problems(shape.size) + _group_problems(
            "discriminator", self.width, self.expansion, self.group_size
        )

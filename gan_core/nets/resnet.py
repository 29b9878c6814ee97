"""Residual networks after SNGAN (Miyato et al. 2018), class-conditional as in Miyato & Koyama (2018)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from gan_core.config.fields import choice, flag
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
    ClassBatchNorm,
    LatentWithLabel,
    LogitHead,
    MinibatchStd,
    apply_spectral_norm,
    full_precision,
    initialise,
    size_problems,
    stage_count,
)
from gan_core.nets.options import minibatch_std, spectral_norm, width

MOST = 4  # channels grow from 1 to 4 times the width


class _NoNorm(nn.Module):
    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        return x


def _norm(kind: str, channels: int, class_count: int) -> nn.Module:
    return ClassBatchNorm(channels, class_count) if kind == "batch" else _NoNorm()


class _UpBlock(nn.Module):
    """[N, inside, H, W] -> [N, outside, 2H, 2W]: norm, bend, double, conv, norm, bend, conv; beside it a shortcut."""

    def __init__(self, inside: int, outside: int, norm: str, class_count: int) -> None:
        super().__init__()
        self.norm1 = _norm(norm, inside, class_count)
        self.conv1 = nn.Conv2d(inside, outside, 3, padding=1)
        self.norm2 = _norm(norm, outside, class_count)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1)
        self.shortcut = nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        y: Tensor = interpolate(relu(self.norm1(x, labels)), scale_factor=2.0)
        y = self.conv2(relu(self.norm2(self.conv1(y), labels)))
        short: Tensor = interpolate(self.shortcut(x), scale_factor=2.0)  # 1x1: the same before as after doubling
        return short + y


class _DownBlock(nn.Module):
    """[N, inside, H, W] -> [N, outside, H/2, W/2] (`halve`) or the same size; the first one bends no pixels."""

    def __init__(self, inside: int, outside: int, *, halve: bool, first: bool = False) -> None:
        super().__init__()
        self.halve, self.first = halve, first
        self.conv1 = nn.Conv2d(inside, outside, 3, padding=1)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1)
        self.shortcut = nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv2(relu(self.conv1(x if self.first else relu(x))))
        if self.halve:
            x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)
        short: Tensor = self.shortcut(x)
        return short + y


class ResnetGeneratorNet(GeneratorNet):
    """z -> dense to a small map (7x7 or 4x4) -> residual blocks that double it -> norm, bend, conv -> tanh.

    The class enters through the BatchNorm layers; without those, beside z.
    """

    def __init__(self, options: ResnetGenerator, shape: ImageShape, latent_dim: int, class_count: int) -> None:
        super().__init__()
        stages = stage_count(shape.size, smallest=4)
        self.start = shape.size >> stages
        widths = [options.width * min(MOST, 2 ** (stages - i)) for i in range(stages + 1)]
        self.channels = widths[0]
        self.latent = LatentWithLabel(latent_dim, class_count if options.norm == "none" else 0)
        self.dense = nn.Linear(self.latent.features, self.channels * self.start**2)
        blocks = [_UpBlock(a, b, options.norm, class_count) for a, b in pairwise(widths)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = _norm(options.norm, widths[-1], class_count)
        self.to_image = nn.Conv2d(widths[-1], shape.channels, 3, padding=1)
        initialise(self, "xavier")
        if options.spectral_norm:
            apply_spectral_norm(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.dense(self.latent(z, labels)).view(-1, self.channels, self.start, self.start)
        for block in self.blocks:
            x = block(x, labels)
        return torch.tanh(full_precision(self.to_image(relu(self.norm(x, labels)))))


class ResnetDiscriminatorNet(DiscriminatorNet):
    """Residual blocks that halve the image, one that does not, the sum over what is left -> dense to a logit."""

    def __init__(self, options: ResnetDiscriminator, shape: ImageShape, class_count: int, pack: int) -> None:
        super().__init__()
        self.batch_dependent = options.minibatch_std
        stages, inside, layers = stage_count(shape.size, smallest=4), shape.channels * pack, list[nn.Module]()
        for i in range(stages):
            outside = options.width * min(MOST, 2**i)
            layers.append(_DownBlock(inside, outside, halve=True, first=i == 0))
            inside = outside
        if options.minibatch_std:
            layers.append(MinibatchStd())
            inside += 1
        outside = options.width * min(MOST, 2**stages)
        self.layers = nn.Sequential(*layers, _DownBlock(inside, outside, halve=False))
        self.head = LogitHead(outside, class_count, pack)
        initialise(self, "xavier")
        if options.spectral_norm:
            apply_spectral_norm(self)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        logits: Tensor = self.head(full_precision(relu(self.layers(x))).sum((2, 3)), labels)
        return logits


@generators.register("resnet", label="Residual", source="Miyato et al. 2018, arXiv:1802.05957, table 3")
@dataclass(frozen=True)
class ResnetGenerator(Generator):
    """Residual blocks: deeper and several times the work of DCGAN, finer detail in the long run."""

    width: int = width(32, high=256)
    norm: str = choice(
        "batch",
        ("none", "batch"),
        label="Normalisation",
        help="Rescales what each layer gives over the images of a batch; for classes, each with its own scale.",
    )
    spectral_norm: bool = flag(
        False,
        label="Spectral norm",
        help="Keeps each of the generator's layers from stretching differences too (Zhang et al. 2019).",
        advanced=True,
    )

    def build(self, shape: ImageShape, latent_dim: int, class_count: int) -> GeneratorNet:
        return ResnetGeneratorNet(self, shape, latent_dim, class_count)

    def problems(self, shape: ImageShape) -> list[str]:
        return size_problems(shape.size)


@discriminators.register("resnet", label="Residual", source="Miyato et al. 2018, arXiv:1802.05957, table 3")
@dataclass(frozen=True)
class ResnetDiscriminator(Discriminator):
    """Residual blocks kept gentle by spectral norm; made for the hinge loss."""

    width: int = width(32, high=256)
    spectral_norm: bool = spectral_norm(True)
    minibatch_std: bool = minibatch_std()

    def build(self, shape: ImageShape, class_count: int, pack: int) -> DiscriminatorNet:
        return ResnetDiscriminatorNet(self, shape, class_count, pack)

    def problems(self, shape: ImageShape) -> list[str]:
        return size_problems(shape.size)

"""Convolutional networks after DCGAN (Radford et al. 2016), sized so that a laptop's processor trains them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_core.config.fields import choice, integer, number
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
    apply_spectral_norm,
    full_precision,
    image_norm,
    initialise,
    size_problems,
    stage_count,
)
from gan_core.nets.options import initial_weights, minibatch_std, spectral_norm, width

NORM_HELP = (
    "Rescales what each layer gives: batch over all images of a batch, layer over one image, instance over one "
    "channel of one image."
)


def _upsampling(kind: str, inside: int, outside: int, kernel: int, bias: bool) -> nn.Module:
    """[N, inside, H, W] -> [N, outside, 2H, 2W]."""
    if kind == "transpose":
        extra = kernel % 2  # an odd kernel needs one more row to come out at exactly twice the size
        return nn.ConvTranspose2d(inside, outside, kernel, 2, (kernel - 1) // 2, extra, bias=bias)
    odd = kernel - 1 + kernel % 2  # centred on a pixel
    return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(inside, outside, odd, 1, odd // 2, bias=bias))


class DcganGeneratorNet(GeneratorNet):
    """z -> dense to a small map (7x7 or 8x8) -> doubled in size and halved in channels stage by stage -> tanh."""

    def __init__(self, options: DcganGenerator, shape: ImageShape, latent_dim: int, class_count: int) -> None:
        super().__init__()
        stages = stage_count(shape.size, smallest=7)
        self.start = shape.size >> stages
        self.channels = options.width << (stages - 1)
        bias = options.norm == "none"  # a normalisation has its own
        self.latent = LatentWithLabel(latent_dim, class_count)
        self.dense = nn.Linear(self.latent.features, self.channels * self.start**2, bias=bias)
        layers, channels = [image_norm(options.norm, self.channels), nn.ReLU()], self.channels
        for _ in range(stages - 1):
            layers += [
                _upsampling(options.upsample, channels, channels // 2, options.kernel, bias),
                image_norm(options.norm, channels // 2),
                nn.ReLU(),
            ]
            channels //= 2
        self.layers = nn.Sequential(*layers)
        self.to_image = _upsampling(options.upsample, channels, shape.channels, options.kernel, bias=True)
        initialise(self, options.init)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.dense(self.latent(z, labels)).view(-1, self.channels, self.start, self.start)
        return torch.tanh(full_precision(self.to_image(self.layers(x))))


class DcganDiscriminatorNet(DiscriminatorNet):
    """Convolutions of stride 2, channels doubled stage by stage -> dense to a logit."""

    def __init__(self, options: DcganDiscriminator, shape: ImageShape, class_count: int, pack: int) -> None:
        super().__init__()
        self.batch_dependent = options.minibatch_std or options.norm == "batch"
        stages, inside, layers = stage_count(shape.size, smallest=7), shape.channels * pack, list[nn.Module]()
        for i in range(stages):
            outside = options.width << i
            if options.minibatch_std and i == stages - 1:  # before a bend, so that D can weigh it with the rest
                layers.append(MinibatchStd())
                inside += 1
            norm = "none" if i == 0 else options.norm  # none on the image itself (Radford et al. 2016)
            conv = nn.Conv2d(inside, outside, options.kernel, 2, (options.kernel - 1) // 2, bias=norm == "none")
            layers += [conv, image_norm(norm, outside), nn.LeakyReLU(options.slope)]
            inside = outside
        features = inside * (shape.size >> stages) ** 2
        layers.append(nn.Flatten())
        if options.dense_units:
            layers += [nn.Linear(features, options.dense_units), nn.LeakyReLU(options.slope)]
            features = options.dense_units
        self.layers = nn.Sequential(*layers)
        self.head = LogitHead(features, class_count, pack)
        initialise(self, options.init)
        if options.spectral_norm:
            apply_spectral_norm(self)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        logits: Tensor = self.head(self.layers(x), labels)
        return logits


@generators.register("dcgan", label="DCGAN", source="Radford et al. 2016, arXiv:1511.06434")
@dataclass(frozen=True)
class DcganGenerator(Generator):
    """Convolutions that double the image stage by stage: small, quick, the usual first choice."""

    width: int = width(64, high=512)
    kernel: int = choice(
        4,
        (3, 4, 5),
        unit="px",
        label="Kernel",
        help="Width of the filters. With transposed upsampling an odd width leaves a checkerboard; with nearest, "
        "4 is taken as 3.",
    )
    upsample: str = choice(
        "transpose",
        ("transpose", "nearest"),
        label="Upsampling",
        help="How the image is doubled: transpose spreads each pixel with a learned filter (quick, can leave a "
        "checkerboard), nearest repeats each pixel and then filters (smooth, more work).",
    )
    norm: str = choice("batch", ("none", "batch", "layer", "instance"), label="Normalisation", help=NORM_HELP)
    init: str = initial_weights("normal")

    def build(self, shape: ImageShape, latent_dim: int, class_count: int) -> GeneratorNet:
        return DcganGeneratorNet(self, shape, latent_dim, class_count)

    def problems(self, shape: ImageShape) -> list[str]:
        return size_problems(shape.size)


@discriminators.register("dcgan", label="DCGAN", source="Radford et al. 2016, arXiv:1511.06434")
@dataclass(frozen=True)
class DcganDiscriminator(Discriminator):
    """Convolutions that halve the image stage by stage, then one dense layer: small and quick."""

    width: int = width(64, high=512)
    kernel: int = choice(4, (3, 4, 5), unit="px", label="Kernel", help="Width of the filters.")
    dense_units: int = integer(
        0, low=0, high=1024, scale="log", smallest=16, unit="units", label="Hidden dense layer",
        help="A dense layer that sees the whole image before the verdict; cheap, and it learns faster. 0 is none.",
    )  # fmt: skip
    norm: str = choice("none", ("none", "batch", "layer", "instance"), label="Normalisation", help=NORM_HELP)
    spectral_norm: bool = spectral_norm(False)
    minibatch_std: bool = minibatch_std()
    slope: float = number(
        0.2,
        low=0.0,
        high=0.9,
        label="Leak",
        help="How much of a negative value the activation lets through; 0 is a plain ReLU.",
        advanced=True,
    )
    init: str = initial_weights("normal")

    def build(self, shape: ImageShape, class_count: int, pack: int) -> DiscriminatorNet:
        return DcganDiscriminatorNet(self, shape, class_count, pack)

    def problems(self, shape: ImageShape) -> list[str]:
        return size_problems(shape.size)

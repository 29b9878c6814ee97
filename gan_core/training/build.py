"""From a configuration to networks and latents."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.data.base import ImageInfo
from gan_core.nets.base import DiscriminatorNet, GeneratorNet, ImageShape
from gan_core.training.configuration.run_config import Latent, RunConfig
from gan_core.training.seeds import stream_seed


def sample_shape(config: RunConfig, info: ImageInfo) -> ImageShape:
    """What a run of this configuration learns to make: images in the size asked for, or points."""
    return ImageShape(info.channels, 1 if info.native_size == 1 else config.size)


@dataclass(frozen=True)
class Networks:
    generator: GeneratorNet
    discriminator: DiscriminatorNet


def build_networks(config: RunConfig, shape: ImageShape, class_count: int, device: torch.device) -> Networks:
    """Both networks with the initial weights that the seed gives, the same on every device.

    Layers draw their initial weights from torch's global random state, so two threads must not build at once.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_seed(config.seed, "weights"))
        generator = config.generator.build(shape, config.latent.dim, class_count)
        discriminator = config.discriminator.build(shape, class_count, config.pack)
    order = torch.channels_last if device.type == "cuda" else torch.contiguous_format  # convolutions like it there
    for net in (generator, discriminator):
        net.to(device).to(memory_format=order)
    return Networks(generator.train(), discriminator.train())


def draw_latents(latent: Latent, count: int, rng: torch.Generator) -> Tensor:
    """float32 [count, dim]: N(0, 1) or uniform on [-1, 1] each."""
    if latent.distribution == "uniform":
        return torch.rand(count, latent.dim, generator=rng, device=rng.device).mul_(2.0).sub_(1.0)
    return torch.randn(count, latent.dim, generator=rng, device=rng.device)

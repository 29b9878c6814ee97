"""A network in one file."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_core.config.fields import integer
from gan_core.nets.base import Generator, GeneratorNet, ImageShape, generators
from gan_core.nets.layers import LatentWithLabel


class CoordinateNet(GeneratorNet):
    """A picture as a function of the place: (x, y, z) -> colour, the same layers for every pixel."""

    def __init__(self, shape: ImageShape, latent_dim: int, class_count: int, width: int) -> None:
        super().__init__()
        self.shape = shape
        self.latent = LatentWithLabel(latent_dim, class_count)
        self.of_latent, self.of_place = nn.Linear(self.latent.features, width), nn.Linear(2, width)
        bend = nn.LeakyReLU(0.2)
        self.layers = nn.Sequential(bend, nn.Linear(width, width), bend, nn.Linear(width, shape.channels))
        side = torch.linspace(-2, 2, shape.size)
        self.register_buffer("places", torch.cartesian_prod(side, side))  # [size², 2]

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.of_latent(self.latent(z, labels))[:, None] + self.of_place(self.places)  # [N, size², width]
        pixels = torch.tanh(self.layers(x)).transpose(1, 2)
        return pixels.reshape(-1, self.shape.channels, self.shape.size, self.shape.size)


@generators.register(
    "coordinates", label="Coordinates", source="Stanley 2007, compositional pattern producing networks"
)
@dataclass(frozen=True)
class CoordinateGenerator(Generator):
    """One small network that is asked for the colour at each place."""

    width: int = integer(64, low=8, high=512, scale="log", unit="units", label="Width", help="Units of each layer.")

    def build(self, shape: ImageShape, latent_dim: int, class_count: int) -> GeneratorNet:
        return CoordinateNet(shape, latent_dim, class_count, self.width)

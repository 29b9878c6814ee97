"""What a generator and a discriminator are, and the families they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from gan_core.config.registry import Registry


@dataclass(frozen=True)
class ImageShape:
    """Square images of `size` pixels (28, 32 or 64) with `channels` (1 or 3) channels.

    Points in the plane are images of one pixel with two channels, x and y, in coordinates of their own.
    """

    channels: int
    size: int

    @property
    def is_points(self) -> bool:
        return self.size == 1


class GeneratorNet(nn.Module):
    """Latents to images.

    forward(z, labels): z float [N, latent_dim], labels int64 [N] or None -> float [N, C, size, size], images in
    [-1, 1], points without bounds.
    latent_spaces names the spaces that a point can be given in: "z" always, "w" where there is a mapping network.
    """

    latent_spaces: ClassVar[tuple[str, ...]] = ("z",)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        raise NotImplementedError


class DiscriminatorNet(nn.Module):
    """Images to logits.

    forward(x, labels): x float [N, C * pack, size, size] in [-1, 1] -> logits [N], float32 under autocast too.
    A pack is `pack` images that follow each other; labels are int64 [N * pack], one for each image in the same
    order, or None where there are no classes.
    batch_dependent: an image's logit depends on the others in its batch (BatchNorm, minibatch standard
    deviation), so real and fake must not share one forward.
    """

    batch_dependent: bool = False

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        raise NotImplementedError


class Generator:
    """A member of the generator family: a frozen dataclass of options that builds the network.

    build draws its initial weights from torch's global random state, which the caller seeds.
    problems lists in words why these options cannot serve this shape (empty: they can).
    serves_points: it also makes points in the plane.
    """

    serves_points: ClassVar[bool] = False

    def build(self, shape: ImageShape, latent_dim: int, class_count: int) -> GeneratorNet:
        """class_count 0: unconditional."""
        raise NotImplementedError

    def problems(self, shape: ImageShape) -> list[str]:
        return []


class Discriminator:
    """A member of the discriminator family; `build`'s `pack` is how many images are judged together (PacGAN).

    serves_points: it also judges points in the plane.
    """

    serves_points: ClassVar[bool] = False

    def build(self, shape: ImageShape, class_count: int, pack: int) -> DiscriminatorNet:
        raise NotImplementedError

    def problems(self, shape: ImageShape) -> list[str]:
        return []


generators: Registry[Generator] = Registry("generator", "generator network")
discriminators: Registry[Discriminator] = Registry("discriminator", "discriminator network")

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
    [-1, 1], points without bounds. labels may also be float [N, class_count], how much of each class: what a class
    gives the network is then the mixture of what the classes give it.
    latent_spaces names the spaces that a point can be given in: "z" always, "w" where there is a mapping network.

    With "w", forward(z, labels) is synthesis of mapping(z, labels), repeated for every layer that takes a style:
    style_layers: how many there are; style_dim: the length of a style; 0 where there is no "w".
    mean_style: float [style_dim], the running mean of mapping in training forwards; styles are truncated toward it.
    """

    latent_spaces: ClassVar[tuple[str, ...]] = ("z",)
    style_layers: int = 0
    style_dim: int = 0
    mean_style: Tensor

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        raise NotImplementedError

    def mapping(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Styles w float [N, style_dim]; changes nothing, mean_style included."""
        raise NotImplementedError

    def synthesis(self, styles: Tensor) -> Tensor:
        """styles float [N, style_layers, style_dim], coarse to fine -> images as of forward in eval mode."""
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

"""What is seen at a place of a picture: its colours and the generator's maps there, around a point."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from gan_core.apply.editing.latents import Latents
from gan_core.latent.inside.units import layers_of, watched
from gan_core.nets.base import GeneratorNet

_SPREAD, _SEED = 64, 72  # random pictures that say how much maps vary
_DETAIL = 2  # maps of at least half the picture's width say where something is


class Sight:
    """Maps of the last layer of each size from half the picture's width on, and the picture itself.

    Each is scaled so that it counts alike whatever its channels: to variance 1 over random pictures, then by the root
    of the number of channels.
    """

    def __init__(self, generator: GeneratorNet, latents: Latents, size: int) -> None:
        self.generator, self.latents, self.size = generator, latents, size
        last = {layer.size: layer.name for layer in layers_of(generator) if size <= _DETAIL * layer.size}
        self.names = [name for side, name in last.items() if side > 1]
        self.scales = [1.0] * (len(self.names) + 1)
        ways = torch.randn(_SPREAD, len(latents.basis), generator=torch.Generator().manual_seed(_SEED))
        maps = self.maps(latents.centre + ways @ latents.basis)
        self.scales = [
            1.0 / (max(1e-6, float(part.double().std())) * math.sqrt(part.shape[1])) for part in maps
        ]  # fmt: skip

    @torch.no_grad()
    def maps(self, points: Tensor) -> list[Tensor]:
        """Of points [N, D]: float [N, channels, s, s] of each layer, and last the pictures [N, C, size, size]."""
        with watched(self.generator, self.names) as maps:
            images = self.latents.draw(points).float()
        every = [*(maps[name].float() for name in self.names), images]
        return [part if scale == 1.0 else part * scale for part, scale in zip(every, self.scales, strict=True)]

    def pictures(self, maps: Sequence[Tensor]) -> Tensor:
        """The pictures [N, C, size, size] in [-1, 1] again."""
        return maps[-1] / self.scales[-1]

    def at(self, maps: Sequence[Tensor], places: Tensor) -> Tensor:
        """All channels at places [P, 2] (x, y in pixels), between pixels as straight lines lead: [N, channels, P]."""
        grid = (2.0 * places / self.size - 1.0)[None, None]
        return torch.cat(
            [
                grid_sample(part, grid.expand(len(part), -1, -1, -1), padding_mode="border", align_corners=False)
                for part in maps
            ],
            1,
        )[:, :, 0]


def disk(radius: float, step: float = 1.0) -> Tensor:
    """Places on a grid of this step within a radius of 0, [P, 2]."""
    reach = math.floor(radius / step + 1e-9)
    along = torch.arange(-reach, reach + 1) * step
    down, right = torch.meshgrid(along, along, indexing="ij")
    places = torch.stack([right.flatten(), down.flatten()], 1)
    return places[places.norm(dim=1) <= radius + 1e-6]

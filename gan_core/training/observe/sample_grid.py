"""The sample grid: the same latents for the whole run, and the picture of what they have become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_core.training.batches import to_pixels
from gan_core.training.build import draw_latents
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.precision import forward_context
from gan_core.training.seeds import stream_generator


@dataclass(frozen=True)
class SampleGrid:
    """The fixed latents' samples: pixels uint8 [rows * size, columns * size, C]; scores float32 [rows * columns]."""

    columns: int
    rows: int
    pixels: NDArray[Any]
    scores: NDArray[Any]


class GridLatents:
    """The latents of the sample grid: z [rows * columns, dim], the same for the whole run.

    With classes (up to 16 of them) a column is a class and a row is one latent.
    """

    def __init__(self, config: RunConfig, class_count: int, device: torch.device) -> None:
        count = config.record.grid_count
        rng = stream_generator(config.seed, "grid", device)
        self.columns = self.rows = round(count**0.5)
        self.labels: Tensor | None = None
        if 1 < class_count <= 16:
            self.columns, self.rows = class_count, max(2, round(count / class_count))
            self.z = draw_latents(config.latent, self.rows, rng).repeat_interleave(class_count, dim=0)
        else:
            self.z = draw_latents(config.latent, count, rng)
        if class_count:
            self.labels = torch.arange(self.rows * self.columns, device=device) % class_count


class Player(Protocol):
    """Whose samples they are: a trainer."""

    config: RunConfig
    device: torch.device
    discriminator: Any

    def sampler(self) -> nn.Module: ...


class GridView(GridLatents):
    """The samples of the same latents, whenever they are looked at."""

    @torch.no_grad()
    def samples(self, player: Player) -> SampleGrid:
        """The averaged generator's samples, and D's score of each."""
        with forward_context(player.config.precision, player.device):
            images = player.sampler()(self.z, self.labels).float()
            scores = _scores(player, images, self.labels)
        return SampleGrid(self.columns, self.rows, tile(to_pixels(images), self.columns), scores)


def _scores(player: Player, images: Tensor, labels: Tensor | None) -> NDArray[Any]:
    pack, discriminator = player.config.pack, player.discriminator
    discriminator.eval()
    packed = images.repeat_interleave(pack, dim=0).reshape(images.shape[0], -1, *images.shape[2:])
    logits = discriminator(packed, None if labels is None else labels.repeat_interleave(pack))
    discriminator.train()
    scores: NDArray[Any] = player.config.loss.score(logits.float()).cpu().numpy()
    return scores


def tile(pixels: Tensor, columns: int) -> NDArray[Any]:
    """uint8 [N, C, H, W] -> one picture uint8 [N / columns * H, columns * W, C], row by row."""
    n, c, h, w = pixels.shape
    grid = pixels.reshape(n // columns, columns, c, h, w).permute(0, 3, 1, 4, 2)
    picture: NDArray[Any] = grid.reshape(n // columns * h, columns * w, c).contiguous().cpu().numpy()
    return picture

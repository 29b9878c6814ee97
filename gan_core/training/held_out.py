"""D's score of real images that no run trains on: below that of training images, it knows those by heart."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gan_core.data.base import ImageSet
from gan_core.training.batches import to_unit
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.seeds import stream_generator
from gan_core.training.step import StepContext

IMAGES = 256
EVERY_POINTS = 5

See = Callable[[Tensor, torch.Generator], Tensor]


class HeldOut:
    """The same images every time, shown to D as training shows them: in its batches, augmented, in training mode."""

    def __init__(self, images: Tensor, labels: Tensor | None, batch_size: int, device: torch.device) -> None:
        self._images, self._labels, self._batch_size, self._device = images, labels, batch_size, device

    @classmethod
    def of(cls, data: ImageSet, config: RunConfig, device: torch.device) -> HeldOut | None:
        """None where there is not one batch of them, and for points in the plane, of which there is no end."""
        count = min(IMAGES, len(data.held_out)) // config.batch_size * config.batch_size
        count = count or (config.batch_size if len(data.held_out) >= config.batch_size else 0)
        if not count or data.size == 1:
            return None
        rng = stream_generator(config.seed, "held-out", torch.device("cpu"))
        rows = torch.randperm(len(data.held_out), generator=rng)[:count]
        labels = data.held_out_labels
        of_class = labels[rows].to(device) if config.conditional and labels is not None else None
        if config.conditional and of_class is None:
            return None
        return cls(data.held_out[rows].to(device), of_class, config.batch_size, device)

    @torch.no_grad()
    def score(self, game: StepContext, see: See, seed: int) -> float:
        """The mean score, from the same random numbers every time; D's running statistics stay as they were."""
        rng = stream_generator(seed, "held-out", self._device)
        buffers = [(b, b.clone()) for b in game.critic.buffers()]
        scores = []
        try:
            for start in range(0, len(self._images), self._batch_size):
                rows = slice(start, start + self._batch_size)
                labels = None if self._labels is None else self._labels[rows]
                logits = game.judge(see(to_unit(self._images[rows]), rng), labels, twice_differentiable=True)
                scores.append(game.loss.score(logits).mean())
        finally:
            for buffer, kept in buffers:
                buffer.copy_(kept)
        return float(torch.stack(scores).mean())

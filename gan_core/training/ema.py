"""The moving average of the generator's weights, from which samples are drawn."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from gan_core.nets.base import GeneratorNet
from gan_core.training.flat import lay_together, whole_of


def ema_decay(half_life_images: int, ramp_up: float, images: int, batch_size: int) -> float:
    """How much of the average is kept at one update: 0.5 ** (batch / half-life).

    With a ramp-up the half-life is at most that share of the images seen (Karras et al. 2020, ADA, code).
    """
    half_life = float(half_life_images)
    if ramp_up > 0:
        half_life = min(half_life, ramp_up * images)
    return 0.0 if half_life <= 0 else float(0.5 ** (batch_size / half_life))


class WeightAverage:
    """An averaged copy of a generator, always in eval mode and without gradients."""

    def __init__(self, generator: GeneratorNet) -> None:
        self._source = generator
        self.net = copy.deepcopy(generator).eval().requires_grad_(False)
        if whole_of([*generator.parameters()]) is not None:
            lay_together([[*self.net.parameters()]])
        self.relink()

    def relink(self) -> None:
        """To be called after the weights of either network were laid into other memory."""
        self._from = [p.detach() for p in self._source.parameters()]
        self._to = [p.detach() for p in self.net.parameters()]
        ours, theirs = whole_of(self._to), whole_of(self._from)
        self._pairs = (self._to, self._from) if ours is None or theirs is None else ([ours], [theirs])

    @property
    def weights(self) -> list[Tensor]:
        """The averaged ones, in the order of the generator's."""
        return list(self._to)

    def update(self, decay: float) -> None:
        """average <- decay * average + (1 - decay) * weights."""
        torch._foreach_lerp_(*self._pairs, 1.0 - decay)

    @torch.no_grad()
    def current(self, *, follow: bool) -> GeneratorNet:
        """The averaged net with the source's buffers (running statistics); with `follow`, its weights too."""
        if follow:
            torch._foreach_copy_(self._to, self._from)
        for ours, theirs in zip(self.net.buffers(), self._source.buffers(), strict=True):
            ours.copy_(theirs)
        return self.net

"""Many random samples of a generator at once: where its latents lie, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.latent.model import Explorable
from gan_core.training.build import draw_latents

_CHUNK = 128  # samples in one forward: what it works on stays in the cache


@dataclass(frozen=True, eq=False)
class Survey:
    """z: float [N, dim]; styles: [N, style_dim] or None without W; labels: int64 [N] or None; images [N, C, s, s]."""

    model: Explorable
    z: Tensor
    styles: Tensor | None
    labels: Tensor | None
    images: Tensor

    def points(self, space: str) -> Tensor:
        """The samples in "z" [N, dim], "w" [N, style_dim] or "ws" [N, style_layers, style_dim]."""
        if space == "z":
            return self.z
        assert self.styles is not None
        if space == "w":
            return self.styles
        return self.styles[:, None].repeat(1, self.model.style_layers, 1)

    def centre(self, space: str) -> Tensor:
        """The middle of the latents: 0 for z, the mean style for W."""
        return torch.zeros(()) if space == "z" or self.styles is None else self.styles.mean(0)

    def unit(self, space: str) -> Tensor:
        """The standard deviation of each number of a latent; never 0."""
        if space == "z" or self.styles is None:
            return torch.tensor(3.0**-0.5 if self.model.config.latent.distribution == "uniform" else 1.0)
        spread = self.styles.std(0)
        return spread.clamp_min(1e-3 * float(spread.mean()) + 1e-8)

    def usual(self, space: str) -> tuple[float, float]:
        """Between which root mean squares of the standardised numbers 98% of random latents lie."""
        values = self.z if space == "z" or self.styles is None else self.styles
        far = ((values - self.centre(space)) / self.unit(space)).square().mean(1).sqrt()
        return float(far.quantile(0.01)), float(far.quantile(0.99))


def class_labels(model: Explorable, count: int, label: int | None) -> Tensor | None:
    """int64 [count]: all of one class, or all classes in turn; None for a generator without classes."""
    if not model.classes:
        return None
    return torch.arange(count) % len(model.classes) if label is None else torch.full((count,), label)


@torch.no_grad()
def survey(
    model: Explorable, count: int, seed: int, labels: Tensor | None, told: Callable[[float], None] | None = None
) -> Survey:
    """`count` samples; the same seed gives the same. told(share) is called between forwards and may raise."""
    z = draw_latents(model.config.latent, count, torch.Generator().manual_seed(seed))
    images, styles = [], []
    for start in range(0, count, _CHUNK):
        if told is not None:
            told(start / count)
        part = slice(start, start + _CHUNK)
        wanted = None if labels is None else labels[part]
        if model.has_w:
            styles.append(model.generator.mapping(z[part], wanted))
            images.append(model.generator.synthesis(styles[-1][:, None].repeat(1, model.style_layers, 1)))
        else:
            images.append(model.generator(z[part], wanted))
    return Survey(model, z, torch.cat(styles) if styles else None, labels, torch.cat(images))

"""What a generator normally makes: many latents and their pictures, the ground that directions are found on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_core.data.base import Progress
from gan_core.latent.model import Explorable
from gan_core.nets.base import GeneratorNet

Floats = np.ndarray[Any, np.dtype[np.float32]]

BATCH = 64  # pictures at once: few enough that a cancelled search stops within a tenth of a second


@dataclass(frozen=True, eq=False)
class Population:
    """`count` latents as training drew them.

    space: "z", or "w" for a generator with a mapping network: where `points` float32 [N, d] lie.
    z: float32 [N, latent_dim], what the points come from; with "z" the points themselves.
    labels: float32 [N, class_count], how much of each class; None where there are no classes.
    """

    generator: GeneratorNet
    space: str
    z: Tensor
    labels: Tensor | None
    points: Tensor

    @property
    def count(self) -> int:
        return len(self.points)

    @property
    def unit(self) -> float:
        """Standard deviation of the points, root mean square over their coordinates."""
        return float(self.points.var(dim=0, unbiased=False).mean().sqrt())

    def spread(self, vector: Floats) -> float:
        """Standard deviation of the points along a unit vector [d]."""
        return float((self.points @ torch.from_numpy(vector)).std(unbiased=False))

    def part(self, start: int, stop: int) -> Population:
        labels = None if self.labels is None else self.labels[start:stop]
        return Population(self.generator, self.space, self.z[start:stop], labels, self.points[start:stop])

    def pictures(self, progress: Progress | None = None) -> Tensor:
        """float32 [N, C, size, size] in [-1, 1]."""
        return self.moved(np.zeros(self.points.shape[1], np.float32), 0.0, progress=progress)

    @torch.no_grad()
    def moved(
        self,
        vector: Floats,
        amount: float,
        layers: Sequence[int] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """The pictures of points + amount * vector, float32 [N, C, size, size] in [-1, 1].

        layers: with "w", the layers (0 is the coarsest) whose style moves; None is all of them.
        """
        step = amount * torch.from_numpy(vector)
        images = []
        for start in range(0, self.count, BATCH):
            chunk = slice(start, start + BATCH)
            if self.space == "z":
                labels = None if self.labels is None else self.labels[chunk]
                images.append(self.generator(self.points[chunk] + step, labels))
            else:
                count = self.generator.style_layers
                styles = self.points[chunk, None, :].repeat(1, count, 1)  # [n, layers, d]
                styles[:, list(range(count)) if layers is None else list(layers)] += step
                images.append(self.generator.synthesis(styles))
            if progress is not None:
                progress(min(1.0, (start + BATCH) / self.count), "making pictures")
        return torch.cat(images)


@torch.no_grad()
def draw_population(
    generator: GeneratorNet,
    dim: int,
    count: int,
    seed: int,
    *,
    space: str = "z",
    distribution: str = "normal",
    class_count: int = 0,
    class_weights: Floats | None = None,
) -> Population:
    """Latents of length `dim` drawn from `distribution` ("normal" or "uniform"), the same for the same seed.

    class_weights: float [class_count], one mixture of classes for all; None draws a class for each point.
    Raises ValueError where the generator has no such space.
    """
    check_space(generator, space)
    rng = torch.Generator().manual_seed(seed)
    if distribution == "uniform":
        z = torch.rand(count, dim, generator=rng) * 2 - 1
    else:
        z = torch.randn(count, dim, generator=rng)
    labels = None
    if class_count and class_weights is not None:
        labels = torch.from_numpy(np.asarray(class_weights, np.float32)).expand(count, class_count)
    elif class_count:
        drawn = torch.randint(class_count, (count,), generator=rng)
        labels = torch.nn.functional.one_hot(drawn, class_count).float()
    points = z if space == "z" else generator.mapping(z, labels)
    return Population(generator, space, z, labels, points)


def population_of(
    model: Explorable, count: int, seed: int, space: str | None = None, class_weights: Floats | None = None
) -> Population:
    """As draw_population, with the model's own latents; space None: W where the model has it."""
    return draw_population(
        model.generator,
        model.dim,
        count,
        seed,
        space=space or ("w" if model.has_w else "z"),
        distribution=model.config.latent.distribution,
        class_count=len(model.classes),
        class_weights=class_weights,
    )


def check_space(generator: GeneratorNet, space: str) -> None:
    if space not in generator.latent_spaces:
        spaces = " or ".join(generator.latent_spaces)
        raise ValueError(f'space is "{space}"; this generator has {spaces}.')

"""Is it copying? The nearest training images of a sample, beside how near real images that nobody trained on come.

A generator that memorises makes samples much nearer to training images than new real images are (the test of Meehan,
Chaudhuri, Dasgupta 2020, arXiv:2004.05675, in its simplest form). Distances are root mean squares over the features,
for pixels in grey levels of 255.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.base import ImageSet
from gan_core.latent.features import features_of
from gan_core.latent.model import Explorable
from gan_core.training.batches import to_unit

REFERENCES = 400  # real images not trained on, and generated ones, that the sample is put beside
_CHUNK_NUMBERS = 4 << 20  # of float32 features at a time, 16 MB
_MOST_NUMBERS = 256  # of discriminator features kept for each training image
_CHUNK_IMAGES = 256  # through the discriminator at a time
_LEVELS = 127.5  # grey levels in a unit of [-1, 1]

Told = Callable[[float, str], None]
"""Told the share done and a few words; may raise, to cancel."""


def nearest(
    queries: Tensor, rows: Tensor, count: int, told: Callable[[float], None] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Root mean square distances [Q, count] and row numbers [Q, count] of the nearest `rows`, nearest first.

    queries: float [Q, F]; rows: uint8 (as pixels: taken to [-1, 1]) or float [N, F], of which only a chunk at a
    time is widened. |q - r|^2 = |q|^2 - 2 q.r + |r|^2, a matrix product; the few found are measured again directly,
    because that difference of large numbers loses digits where the two are alike.
    """
    count = min(count, len(rows))
    best = torch.full((len(queries), count), torch.inf)
    found = torch.zeros(len(queries), count, dtype=torch.int64)
    width = queries.shape[1]
    step = max(1, _CHUNK_NUMBERS // width)
    for start in range(0, len(rows), step):
        if told is not None:
            told(start / len(rows))
        part = to_unit(rows[start : start + step])
        squares = torch.addmm(part.square().sum(1), queries, part.T, alpha=-2.0)  # |r|^2 - 2 q.r
        near, which = squares.topk(min(count, len(part)), dim=1, largest=False)
        best, order = torch.cat([best, near], 1).topk(count, dim=1, largest=False)
        found = torch.cat([found, which + start], 1).gather(1, order)
    exact = torch.stack([
        (to_unit(rows[found[i]]) - queries[i]).square().mean(1).sqrt() for i in range(len(queries))
    ])  # fmt: skip
    exact, order = exact.sort(dim=1, stable=True)
    return exact.numpy(), found.gather(1, order).numpy()


@dataclass(frozen=True, eq=False)
class Neighbours:
    """indices: of the training images [count], nearest first; distances likewise; images uint8 [count, H, W, C].

    real: sorted, from real images that were not trained on to their nearest training image; generated: the same
    from random samples of the generator. unit: "grey levels of 255" or "in D's features".
    held_out: False where the data keeps none back, and real are training images to their nearest other one.
    """

    indices: NDArray[np.int64]
    distances: NDArray[np.float32]
    images: NDArray[np.uint8]
    real: NDArray[np.float32]
    generated: NDArray[np.float32]
    unit: str
    held_out: bool

    @property
    def nearer_than(self) -> float:
        """The share of real images that have no training image as near as this sample has."""
        return float(np.mean(self.real > self.distances[0]))

    def quantile(self, share: float) -> float:
        return float(np.quantile(self.real, share))

    def verdict(self) -> str:
        """Is it copying, in one sentence with numbers."""
        real = "new real images" if self.held_out else "real images (to another one)"
        low, middle, high = self.quantile(0.05), self.quantile(0.5), self.quantile(0.95)
        there = (
            f"{self.distances[0]:.3g} {self.unit} to the nearest training image; {real} have {middle:.3g} "
            f"(90% of them {low:.3g} to {high:.3g})"
        )
        share = self.nearer_than
        if self.distances[0] < 0.5 * self.quantile(0.01):
            return f"This looks copied: {there}."
        if share > 0.99:
            return f"Suspiciously near, nearer than {100 * share:.1f}% of {real}: {there}."
        if share < 0.01:
            return f"Not a copy, and farther from the data than {real} are: {there}."
        return f"No sign of copying: {there}."

    def verdict_on_all(self) -> str:
        """Likewise on the generator's random samples: what share of them is nearer than 95% of real images."""
        if not len(self.generated):
            return ""
        share = float(np.mean(self.generated < self.quantile(0.05)))
        start = (
            f"Of {len(self.generated)} random samples {100 * share:.0f}% are nearer to a training image than 95% of "
        )
        start += "new real images; " if self.held_out else "real images; "
        if share > 0.5:
            return start + "without copying it would be about 5%: this generator copies."
        return start + "without copying it is about 5%."


class TrainingSet:
    """The images of a data set as a generator's neighbours, in one kind of features; made once, asked often."""

    def __init__(
        self, model: Explorable, data: ImageSet, sight: str, generated: NDArray[np.uint8], told: Told | None = None
    ) -> None:
        """sight: one of `features.SIGHTS`; generated: random samples of the generator uint8 [N, H, W, C].

        Raises ValueError where this model has no such features, or the data no images.
        """
        if not len(data.images):
            raise ValueError("This data set has no training images.")
        self.data, self.sight = data, sight
        self._features = features_of(model, sight)
        self._projection: Tensor | None = None
        self.rows = data.images.flatten(1) if sight == "pixels" else self._seen(data.images, told)
        self.held_out = len(data.held_out) > 0
        pool = data.held_out if self.held_out else data.images
        order = torch.from_numpy(np.random.Generator(np.random.PCG64(0)).permutation(len(pool))[:REFERENCES])
        references = self.features(to_unit(torch.cat([pool[order], _channels_first(generated)])))
        says = None if told is None else lambda share: told(share, "Comparing real and generated images")
        distances, _ = nearest(references, self.rows, 2, says)
        distances, real = distances * np.float32(self.scale), len(order)
        nth = 0 if self.held_out else -1  # of a training image the nearest is the image itself
        self.real, self.generated = np.sort(distances[:real, nth]), np.sort(distances[real:, 0])

    @property
    def scale(self) -> float:
        return _LEVELS if self.sight == "pixels" else 1.0

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """float [N, C, size, size] -> [N, F], F at most _MOST_NUMBERS for a discriminator's features.

        More are projected at random (Johnson & Lindenstrauss 1984), which keeps distances to about
        sqrt(1 / (2 * 256)) = 4%, of the sample as of real images.
        """
        found = self._features(images)
        if self.sight == "pixels" or found.shape[1] <= _MOST_NUMBERS:
            return found
        if self._projection is None:
            rng = torch.Generator().manual_seed(0)
            self._projection = torch.randn(found.shape[1], _MOST_NUMBERS, generator=rng) / found.shape[1] ** 0.5
        return found @ self._projection

    def _seen(self, images: Tensor, told: Told | None) -> Tensor:
        parts = []
        for start in range(0, len(images), _CHUNK_IMAGES):
            if told is not None:
                told(start / len(images), f"The discriminator looks at {len(images):,} training images")
            parts.append(self.features(to_unit(images[start : start + _CHUNK_IMAGES])))
        return torch.cat(parts)

    def around(self, sample: NDArray[np.uint8], count: int = 8) -> Neighbours:
        """The `count` training images nearest to a sample uint8 [H, W, C]."""
        query = self.features(to_unit(_channels_first(sample[None])))
        distances, indices = nearest(query, self.rows, count)
        images = self.data.images[torch.from_numpy(indices[0])].permute(0, 2, 3, 1).contiguous().numpy()
        unit = "grey levels of 255" if self.sight == "pixels" else "in D's features"
        return Neighbours(
            indices[0], distances[0] * np.float32(self.scale), images, self.real, self.generated, unit, self.held_out
        )


def _channels_first(images: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))

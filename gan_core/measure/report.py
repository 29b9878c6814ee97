"""Every measure of generated images against real ones, and the floor: what real images score against others."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_core.measure.class_histogram import Classes, class_shares, entropy
from gan_core.measure.features.spaces import FeatureSpace, Singles
from gan_core.measure.frechet import Doubles, Gaussian, fit_gaussian, frechet_distance
from gan_core.measure.kernel import SUBSETS, kernel_distance
from gan_core.measure.manifold import COVERAGE_K, Balls, compare_manifolds, nearest_distances
from gan_core.measure.memorisation import data_copying_z

MOST_REAL = 10_000
_FEWEST = COVERAGE_K + 1  # images with as many neighbours as the balls need
_FEWEST_HELD_OUT = 10

Rows = slice | np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Measures:
    """What was measured of `samples` images in `features`: values by name, NaN where one cannot be had.

    class_histogram: shares of the classes that the features' classifier knows, or None.
    """

    features: str
    samples: int
    values: dict[str, float]
    class_histogram: tuple[float, ...] | None = None


@dataclass(frozen=True)
class _Seen:
    """Images as a space sees them: features [N, F], and classes [N] where it knows any."""

    features: Singles
    classes: Classes | None

    def __len__(self) -> int:
        return len(self.features)

    def at(self, rows: Rows) -> _Seen:
        return _Seen(self.features[rows], None if self.classes is None else self.classes[rows])

    def __add__(self, other: _Seen) -> _Seen:
        classes = None
        if self.classes is not None and other.classes is not None:
            classes = np.concatenate([self.classes, other.classes])
        return _Seen(np.concatenate([self.features, other.features]), classes)


@dataclass(frozen=True)
class Reference:
    """The real images of a run and all that does not change between two measurements, made once by `build`.

    count: how many generated images each measurement takes. real_count: with how many real ones they are compared
    (by the balls of precision to coverage: with `count` of them at most, as is usual).
    floor: what real images score that are measured as if they were generated; samples: how many there were.
    """

    space: FeatureSpace
    count: int
    real_count: int
    floor: Measures
    _gaussian: Gaussian
    _real: Singles
    _balls: Balls
    _train: Singles
    _held_out_distances: Doubles

    @classmethod
    def build(
        cls,
        space: FeatureSpace,
        train_images: Tensor,
        held_out_images: Tensor,
        count: int,
        seed: int = 0,
        most: int | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> Reference:
        """Of uint8 `train_images` [L, C, H, W] and `held_out_images` [M, C, H, W] that no run trains on.

        `seed` draws which are looked at: at most `most` of each (twice `count`, 2,000 to 10,000, where it is None).
        Generated images are compared with the held-out ones, and the floor is of training images, where there are
        `count` of both; otherwise all real images are split in two disjoint parts.
        `between` is called between two parts of the work; what it raises ends it.
        """
        if count < _FEWEST:
            raise ValueError(f"Count is {count}; measures need at least {_FEWEST} images.")
        most = min(MOST_REAL, max(2_000, 2 * count)) if most is None else most
        rng = np.random.default_rng(seed)
        train, held = (
            _see(space, images, max(most, count), rng, between) for images in (train_images, held_out_images)
        )  # fmt: skip
        real, as_generated = _two_parts(train, held, count, rng)
        distances = np.empty(0)
        if len(held) >= _FEWEST_HELD_OUT and len(train):
            distances = nearest_distances(held.features, train.features)[:, 0]
        between()
        bare = cls(
            space, count, len(real), Measures(space.name, 0, {}), fit_gaussian(real.features), real.features,
            Balls.around(real.features[:count]), train.features, distances,
        )  # fmt: skip
        between()
        copying = data_copying_z(distances[::2], distances[1::2]) if len(distances) else math.nan
        return replace(bare, floor=_measured(as_generated, bare, copying))


def measure_images(generated: Tensor, reference: Reference) -> Measures:
    """Every measure of `generated` uint8 [count, C, H, W]; a pure function, apart from every run's chance."""
    if len(generated) != reference.count:
        raise ValueError(f"{len(generated)} images were given; this reference is for {reference.count}.")
    seen, copying = _Seen(*reference.space.extract_and_classify(generated)), math.nan
    held_out = reference._held_out_distances
    if len(held_out):
        copying = data_copying_z(nearest_distances(seen.features, reference._train)[:, 0], held_out)
    return _measured(seen, reference, copying)


def _measured(seen: _Seen, reference: Reference, copying: float) -> Measures:
    manifold = compare_manifolds(Balls.around(seen.features), reference._balls)
    values = {
        "fid": frechet_distance(fit_gaussian(seen.features), reference._gaussian),
        "kid": kernel_distance(seen.features, reference._real, _kernel_subsets(len(seen))),
        "precision": manifold.precision,
        "recall": manifold.recall,
        "density": manifold.density,
        "coverage": manifold.coverage,
        "class_entropy": math.nan,
        "memorisation": copying,
    }
    histogram = None
    if seen.classes is not None:
        shares = class_shares(seen.classes, len(reference.space.class_names))
        values["class_entropy"], histogram = entropy(shares), tuple(float(share) for share in shares)
    return Measures(reference.space.name, len(seen), values, histogram)


def _kernel_subsets(count: int) -> int:
    """The usual 100 of 10,000 images, fewer of fewer."""
    return min(SUBSETS, max(10, count // 100))


def _see(
    space: FeatureSpace, images: Tensor, most: int, rng: np.random.Generator, between: Callable[[], None]
) -> _Seen:
    """At most `most` of them, drawn by `rng` and in random order; of none, nothing."""
    if not len(images):
        return _Seen(np.empty((0, 0), np.float32), None)
    rows = torch.from_numpy(rng.permutation(len(images))[:most])
    return _Seen(*space.extract_and_classify(images[rows.to(images.device)], between))


def _two_parts(train: _Seen, held_out: _Seen, count: int, rng: np.random.Generator) -> tuple[_Seen, _Seen]:
    """Real images to compare with, and others (at most `count`) for the floor."""
    if min(len(train), len(held_out)) >= count:
        return held_out, train.at(slice(count))
    if len(held_out) >= 2 * count:
        return held_out.at(slice(count, None)), held_out.at(slice(count))
    both = train + held_out if len(held_out) else train
    few = min(count, len(both) // 2)
    if few < _FEWEST:
        raise ValueError(f"There are {len(both)} real images; measures need at least {2 * _FEWEST}.")
    both = both.at(rng.permutation(len(both)))
    return both.at(slice(few, None)), both.at(slice(few))

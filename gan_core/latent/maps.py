"""Thousands of samples laid out in the plane: alike ones near each other.

PCA shows the two directions in which the pictures differ most, and distances along them are true. t-SNE (van der
Maaten & Hinton 2008, JMLR 9:2579) keeps neighbourhoods: groups are real, the gaps between them mean little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gan_core.latent.features import Features, features_of
from gan_core.latent.looks.look import Look, Seed
from gan_core.latent.looks.where import pictures, resolve_all
from gan_core.latent.model import Explorable
from gan_core.training.batches import to_unit

METHODS = ("pca", "tsne")
LEAST, MOST = 50, 5_000  # samples
_COMPONENTS = 50  # principal components that t-SNE starts from (van der Maaten & Hinton 2008, section 4.2)
_EXAGGERATED, _ROUND, _ROUNDS = 250, 250, 3  # iterations; 250 is the fewest that scikit-learn does at once
_CHUNK = 128
_NEIGHBOURS = 5  # among which a picture that is not on the map is put

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class MapOptions:
    """method: one of METHODS; sight: what pictures are compared by, one of `features.SIGHTS`.

    label: the class of all samples; None takes all classes in turn. seed: of the first sample, the others follow.
    psi: truncation.
    """

    method: str = "pca"
    sight: str = "pixels"
    count: int = 2_000
    label: int | None = None
    seed: int = 0
    psi: float = 1.0

    def check(self, model: Explorable) -> None:
        """Raises ValueError, one sentence."""
        if self.method not in METHODS:
            raise ValueError(f'method is "{self.method}"; it must be one of {", ".join(METHODS)}.')
        if not LEAST <= self.count <= MOST:
            raise ValueError(f"count is {self.count}; a map has {LEAST} to {MOST:,} samples.")
        if self.label is not None and not 0 <= self.label < len(model.classes):
            raise ValueError(f"label is {self.label}; this generator has {len(model.classes)} classes.")


@dataclass(frozen=True, eq=False)
class Drawn:
    """A map, perhaps still unfolding. positions: float32 [N, 2] within -1 to 1; share: of the work that is done."""

    positions: Floats
    share: float
    words: str


Follow = Callable[[Drawn | None, float, str], None]
"""Called with the map as far as it is (None before there is one), the share done and a few words; may raise."""


class LatentMap:
    """Samples and where they lie. Sample i is that of `seeds[i]`, of class labels[i] where there are classes.

    positions: float32 [N, 2] within -1 to 1; images: uint8 [N, H, W, C].
    """

    def __init__(
        self, model: Explorable, options: MapOptions, images: NDArray[np.uint8], labels: NDArray[np.int64] | None
    ) -> None:
        self.options, self.images, self.labels = options, images, labels
        self.seeds = options.seed + np.arange(options.count)
        self._features: Features = features_of(model, options.sight)
        self.positions = np.zeros((options.count, 2), np.float32)
        self._middle: NDArray[Any] = np.zeros(2, np.float32)
        self._far = 1.0
        self._mean: NDArray[Any] = np.zeros(0, np.float32)
        self._basis: NDArray[Any] = np.zeros((0, 0), np.float32)
        self.reduced: NDArray[Any] = np.zeros((0, 0), np.float32)

    def reduce(self) -> None:
        """The samples' features in their principal components, as many as are used."""
        features = self.features(self.images)
        self._mean = features.mean(0)
        self._basis = principal_directions(features - self._mean, _COMPONENTS)
        self.reduced = (features - self._mean) @ self._basis.T

    def lay(self, raw: Floats) -> None:
        """Positions within -1 to 1, both axes on the same scale."""
        self._middle = (raw.max(0) + raw.min(0)) / 2
        self._far = float(np.abs(raw - self._middle).max()) or 1.0
        self.positions = ((raw - self._middle) / self._far).astype(np.float32)

    def place(self, image: NDArray[np.uint8]) -> Floats:
        """Where a picture uint8 [H, W, C] belongs, float32 [2].

        In PCA exactly; in t-SNE, which gives no function, the mean of the nearest samples' places, weighted by
        1 / squared distance.
        """
        reduced = (self.features(image[None]) - self._mean) @ self._basis.T
        if self.options.method == "pca":
            return np.asarray((reduced[0, :2] - self._middle) / self._far, np.float32)
        squares = ((self.reduced - reduced) ** 2).sum(1)
        near = np.argsort(squares, kind="stable")[:_NEIGHBOURS]
        weights = 1.0 / (squares[near] + 1e-6 * float(squares.mean()) + 1e-12)
        place: Floats = ((weights / weights.sum()) @ self.positions[near]).astype(np.float32)
        return place

    @torch.no_grad()
    def features(self, images: NDArray[np.uint8]) -> Floats:
        """float32 [N, F]."""
        tensor = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
        parts = [self._features(to_unit(part)).numpy() for part in torch.split(tensor, _CHUNK)]
        return np.concatenate(parts)


def make_map(model: Explorable, options: MapOptions | None = None, follow: Follow | None = None) -> LatentMap:
    """Draw the samples and lay them out; the same options give the same map. Raises ValueError for wrong options."""
    options = options or MapOptions()
    options.check(model)
    told: Follow = follow or (lambda drawn, share, words: None)
    drawing = 0.4 if options.method == "pca" else 0.1  # of the work
    labels = None
    if model.classes:
        labels = np.arange(options.count) % len(model.classes) if options.label is None else np.full(
            options.count, options.label
        )  # fmt: skip
    images = _samples(model, options, labels, lambda part: told(None, drawing * part, "Drawing samples"))
    found = LatentMap(model, options, images, labels)
    told(None, drawing, "Comparing them")
    found.reduce()
    if options.method == "pca":
        found.lay(found.reduced[:, :2])
        return found
    for raw, share, words in tsne_rounds(found.reduced, options.seed):
        found.lay(raw)
        told(Drawn(found.positions, share, words), drawing + (1.0 - drawing) * share, words)
    return found


def _samples(
    model: Explorable, options: MapOptions, labels: NDArray[np.int64] | None, told: Callable[[float], None]
) -> NDArray[np.uint8]:
    parts = []
    for start in range(0, options.count, _CHUNK):
        told(start / options.count)
        rows = range(start, min(start + _CHUNK, options.count))
        looks = [Look(Seed(options.seed + i), _one_hot(model, labels, i), options.psi) for i in rows]
        parts.append(pictures(model, resolve_all(model, looks)))
    return np.concatenate(parts)


def _one_hot(model: Explorable, labels: NDArray[np.int64] | None, i: int) -> NDArray[np.float32] | None:
    if labels is None:
        return None
    weights = np.zeros(len(model.classes), np.float32)
    weights[labels[i]] = 1.0
    return weights


def principal_directions(centred: Floats, count: int) -> Floats:
    """The first `count` principal directions [count, F] of centred features [N, F]; zeros where there are fewer.

    Eigenvectors of the smaller of the two products; each one's largest number is positive, so that the same data
    always gives the same.
    """
    n, width = centred.shape
    data = centred.astype(np.float64)
    if width <= n:
        vectors = np.linalg.eigh(data.T @ data)[1].T[::-1]
    else:
        values, left = np.linalg.eigh(data @ data.T)
        real = values[::-1] > 1e-10 * max(float(values[-1]), 1e-30)
        vectors = (left.T[::-1][real] @ data) / np.sqrt(values[::-1][real])[:, None]
    out = np.zeros((count, width), np.float32)
    kept = vectors[:count]
    signs = np.sign(kept[np.arange(len(kept)), np.abs(kept).argmax(1)])
    out[: len(kept)] = kept * signs[:, None]
    return out


def tsne_rounds(reduced: Floats, seed: int, perplexity: float = 30.0) -> Iterator[tuple[Floats, float, str]]:
    """t-SNE in stretches, so that it can be watched and stopped: (positions [N, 2], share done, words) of each.

    scikit-learn offers no way in between, so each stretch starts where the one before ended.
    """
    from sklearn.manifold import TSNE  # type: ignore[import-untyped]  # a second's import, spared to who makes no map
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    places = reduced[:, :2] / (float(reduced[:, 0].std()) or 1.0) * 1e-4  # as Kobak & Berens 2019 advise
    rate = max(50.0, len(reduced) / 4.0)  # Belkina et al. 2019: N / exaggeration, and sklearn's 4
    for i in range(_ROUNDS + 1):
        first = i == 0
        fit = TSNE(
            2, perplexity=min(perplexity, (len(reduced) - 1) / 3.0), init=places, random_state=seed % 2**32,
            early_exaggeration=12.0 if first else 1.0, learning_rate=rate / 12.0 if first else rate,
            max_iter=_EXAGGERATED if first else _ROUND, n_jobs=1,
        )  # fmt: skip
        with threadpool_limits(1):  # sums in one order, so that the same data gives the same map
            places = np.asarray(fit.fit_transform(reduced), np.float32)
        words = "Pulling groups apart" if first else "Letting neighbours settle"
        yield places, (i + 1) / (_ROUNDS + 1), words

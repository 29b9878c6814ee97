"""Columns as the GAN sees them: a distance and a choice for each number, a choice for each category.

Numbers by "modes" are CTGAN's (Xu et al. 2019, arXiv:1907.00503, section 4.2, mode-specific normalisation): the mode
of a Gaussian mixture that a number belongs to, one-hot, and how far from that mode's middle it lies, in units of four
standard deviations. By "ranks" there is one mode, and a number is the normal score of its rank: what belongs together
is then as smooth as can be. A missing cell is a mode, or a category, of its own.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from gan_core.apply.tables.encoded import Encoded

Floats = NDArray[np.float64]
MOST_MODES, LEAST_WEIGHT = 10, 0.005
MOST_FITTED = 5000  # values that a mixture is fitted to
SPREAD = 4.0
NUMBERS = ("ranks", "modes")


@dataclass(frozen=True, eq=False)
class Column:
    """One column. k: categories, 0 for numbers. middle, deviation, weight: (modes,) of numbers, each empty otherwise.

    gaps: whether cells may be missing; low, high: the range of what was observed. ranked: (known,) values of a column
    that goes by ranks, in order, empty otherwise.
    """

    k: int
    middle: Floats
    deviation: Floats
    weight: Floats
    low: float
    high: float
    gaps: bool
    whole: bool
    ranked: Floats

    @property
    def choices(self) -> int:
        """Length of its one-hot part."""
        return (self.k or len(self.middle)) + self.gaps

    @property
    def numeric(self) -> bool:
        return self.k == 0

    def encode(self, values: Floats, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
        """(n,) cells to (n,) distances within -1 to 1 and (n,) choices; modes are drawn by how likely they are."""
        missing = np.isnan(values)
        if self.k:
            return np.zeros(len(values)), np.where(missing, self.k, np.nan_to_num(values)).astype(np.int64)
        x = (self._score(values, rng) if len(self.ranked) else np.nan_to_num(values))[:, None]
        log_p = np.log(self.weight) - np.log(self.deviation) - 0.5 * ((x - self.middle) / self.deviation) ** 2
        chosen = (log_p + rng.gumbel(size=log_p.shape)).argmax(axis=1)
        distance = np.clip((x[:, 0] - self.middle[chosen]) / (SPREAD * self.deviation[chosen]), -1, 1)
        return np.where(missing, 0.0, distance), np.where(missing, len(self.middle), chosen)

    def decode(self, distance: Floats, chosen: NDArray[np.int64]) -> Floats:
        """Back to cells; numbers within the range that was observed, whole ones whole."""
        if self.k:
            return np.where(chosen == self.k, np.nan, chosen.astype(float))
        mode = np.minimum(chosen, len(self.middle) - 1)
        x = self.middle[mode] + SPREAD * self.deviation[mode] * distance
        if len(self.ranked):
            x = np.interp(ndtr(x) * len(self.ranked) - 0.5, np.arange(len(self.ranked)), self.ranked)
        x = np.clip(x, self.low, self.high)
        return np.where(chosen == len(self.middle), np.nan, np.rint(x) if self.whole else x)

    def _score(self, values: Floats, rng: np.random.Generator) -> Floats:
        """Normal scores of ranks; equal numbers get any of theirs, gaps 0."""
        x = np.where(np.isnan(values), self.ranked[0], values)
        first, last = np.searchsorted(self.ranked, x, "left"), np.searchsorted(self.ranked, x, "right")
        most = len(self.ranked)
        share = (first + rng.random(len(x)) * (last - first)) / most
        score: Floats = ndtri(np.clip(share, 0.5 / most, 1 - 0.5 / most))
        return score


@dataclass(frozen=True, eq=False)
class Layout:
    """All columns of a table in one vector: for each number a distance, then its choices; for each category these."""

    columns: tuple[Column, ...]

    @classmethod
    def of(cls, data: Encoded, seed: int, numbers: str = "modes") -> Layout:
        """numbers: one of NUMBERS."""
        return cls(tuple(_column(data, j, seed, numbers) for j in range(len(data.names))))

    @cached_property
    def spans(self) -> tuple[tuple[int, int, int], ...]:
        """(first, where choices begin, end) of every column in the vector."""
        found, at = [], 0
        for column in self.columns:
            begin = at + int(column.numeric)
            found.append((at, begin, begin + column.choices))
            at = begin + column.choices
        return tuple(found)

    @property
    def width(self) -> int:
        return self.spans[-1][2]

    def encode(self, values: Floats, rng: np.random.Generator) -> NDArray[np.float32]:
        """(n, d) cells to (n, width)."""
        made = np.zeros((len(values), self.width), np.float32)
        for j, (column, (first, begin, _)) in enumerate(zip(self.columns, self.spans, strict=True)):
            distance, chosen = column.encode(values[:, j], rng)
            if column.numeric:
                made[:, first] = distance
            made[np.arange(len(values)), begin + chosen] = 1
        return made

    def decode(self, made: Floats) -> Floats:
        """(n, width), the likeliest choice of each column, to (n, d) cells."""
        cells = [
            column.decode(made[:, first], made[:, begin:end].argmax(axis=1))
            for column, (first, begin, end) in zip(self.columns, self.spans, strict=True)
        ]
        return np.stack(cells, axis=1)


def _column(data: Encoded, j: int, seed: int, numbers: str) -> Column:
    known = data.values[data.observed[:, j], j]
    gaps, k = len(known) < len(data.values), data.categories[j]
    none = np.zeros(0)
    if k:
        return Column(k, none, none, none, 0.0, k - 1.0, gaps, False, none)
    by_rank = numbers == "ranks" and len(known) > 0
    middle, deviation, weight = (np.zeros(1), np.ones(1), np.ones(1)) if by_rank else _mixture(known, seed)
    low, high = float(data.low[j]), float(data.high[j])
    return Column(0, middle, deviation, weight, low, high, gaps, data.whole[j], np.sort(known) if by_rank else none)


def _mixture(known: Floats, seed: int) -> tuple[Floats, Floats, Floats]:
    """Variational Gaussian mixture of at most 10 modes (a Dirichlet process), without those that hardly count."""
    from sklearn.mixture import BayesianGaussianMixture  # type: ignore[import-untyped]

    distinct = len(np.unique(known))
    scale = float(known.std()) if distinct > 1 else 0.0
    if distinct < 2 or scale == 0.0:
        return np.array([known[0] if len(known) else 0.0]), np.array([1.0]), np.array([1.0])
    centre = float(known.mean())
    fitted = np.random.default_rng(seed).permutation(known)[:MOST_FITTED]
    model = BayesianGaussianMixture(
        n_components=min(MOST_MODES, distinct), weight_concentration_prior=0.001, random_state=seed, max_iter=100
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not come to its end
        model.fit((fitted[:, None] - centre) / scale)
    kept = model.weights_ > LEAST_WEIGHT
    deviation = np.sqrt(model.covariances_[kept, 0, 0])
    return model.means_[kept, 0] * scale + centre, deviation * scale, model.weights_[kept]

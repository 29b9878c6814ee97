"""k nearest neighbours: the mean, or the vote, of the rows that are most alike in what both have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.encoded import Encoded, FittedImputer, Imputer, Record, Tell, imputers, settled
from gan_core.apply.tables.methods.matrix import Layout, certain, frequencies
from gan_core.apply.tables.methods.refitted import Refitted
from gan_core.config.fields import integer

LEAST_DONORS = (
    20  # that a draw is taken from: of 5 donors, smallest and largest hold the truth in 2 of 3 cells at most
)
_BLOCK_CELLS = 20_000_000  # distances at a time: 160 MB


@dataclass(frozen=True, eq=False)
class _Donors:
    """For each row of `rows`: which rows (m, at most k) give their cell of one column, and which of them count."""

    rows: NDArray[np.intp]
    index: NDArray[np.intp]
    counts: NDArray[np.bool_]


class FittedNeighbours(Refitted):
    """Draws take the cell of one of the 20 nearest rows at random (hot deck among neighbours), not a mean.

    Of draws that are asked for at once no row gives its own twice among 20; each by itself is as random.
    """

    method: Neighbours

    def __init__(self, method: Imputer, data: Encoded, seed: int) -> None:
        super().__init__(method, data, seed)
        self._layout = Layout.of(data)
        # Two different categories lie 1 apart, as the two ends of a number's range do.
        scale = np.ones(self._layout.width)
        for k, place in zip(data.categories, self._layout.slices, strict=True):
            scale[place] = np.sqrt(0.5) if k else 1.0
        self._scale = scale
        self._matrix = self._layout.matrix(data.values) * scale

    def fill(self, data: Encoded) -> NDArray[np.float64]:
        made = np.zeros(data.values.shape)
        for j, donors in self._every(data):
            if self.data.categories[j]:
                made[donors.rows, j] = self._votes(j, donors).argmax(axis=1)
            else:
                made[donors.rows, j] = self._means(j, donors)
        return settled(made, data)

    def draws(self, data: Encoded, count: int, seed: int) -> NDArray[np.float64]:
        random = np.random.default_rng(seed)
        made = np.zeros((count, *data.values.shape))
        for j, donors in self._every(data, least=LEAST_DONORS):
            source = self.data.values[donors.index, j]
            taken = np.take_along_axis(source[None], _dealt(donors.counts, count, random)[:, :, None], axis=2)[
                :, :, 0
            ]
            none = ~donors.counts.any(axis=1)
            known = self.data.values[self.data.observed[:, j], j]
            taken[:, none] = random.choice(known, (count, int(none.sum())))
            made[:, donors.rows, j] = taken
        return settled(made, data)

    def probabilities(self, data: Encoded, column: int) -> NDArray[np.float64]:
        """The neighbours' votes, with one vote more shared out as all rows have it, so that none is impossible."""
        prior = frequencies(self.data, column)
        guess = np.tile(prior, (len(data.values), 1))
        for j, donors in self._every(data, (column,)):
            guess[donors.rows] = self._votes(j, donors) + prior
        return certain(guess, data, column)

    def _votes(self, j: int, donors: _Donors) -> NDArray[np.float64]:
        k = self.data.categories[j]
        codes = self.data.values[donors.index, j]
        votes = ((codes[:, :, None] == np.arange(k)) & donors.counts[:, :, None]).sum(axis=1).astype(np.float64)
        some = votes.sum(axis=1, keepdims=True) > 0
        return np.asarray(np.where(some, votes, frequencies(self.data, j)), np.float64)

    def _means(self, j: int, donors: _Donors) -> NDArray[np.float64]:
        cells, counts = self.data.values[donors.index, j], donors.counts
        many = counts.sum(axis=1)
        mean = np.where(counts, cells, 0.0).sum(axis=1) / np.maximum(many, 1)
        known = self.data.values[self.data.observed[:, j], j]
        return np.asarray(np.where(many > 0, mean, known.mean()))

    def _every(
        self, data: Encoded, columns: tuple[int, ...] | None = None, least: int = 1
    ) -> list[tuple[int, _Donors]]:
        """Column by column the donors of its missing cells, `least` or more; a block of rows at a time."""
        k = max(least, self.method.neighbours)
        from sklearn.metrics.pairwise import nan_euclidean_distances  # type: ignore[import-untyped]  # slow to import

        found: list[tuple[int, _Donors]] = []
        wanted = range(len(data.names)) if columns is None else columns
        known = self.data.observed
        block = max(1, _BLOCK_CELLS // max(1, len(self._matrix)))
        gaps = ~data.observed
        open_rows = np.flatnonzero(gaps[:, list(wanted)].any(axis=1))
        for start in range(0, len(open_rows), block):
            rows = open_rows[start : start + block]
            matrix = self._layout.matrix(data.values[rows]) * self._scale
            distances = nan_euclidean_distances(matrix, self._matrix)
            for j in wanted:
                here = np.flatnonzero(gaps[rows, j])
                if len(here) and known[:, j].any():
                    givers = np.flatnonzero(known[:, j])
                    found.append((j, self._nearest(distances[here], givers, rows[here], min(k, len(givers)))))
        return found

    @staticmethod
    def _nearest(distances: NDArray[np.float64], givers: NDArray[np.intp], rows: NDArray[np.intp], k: int) -> _Donors:
        """As KNNImputer chooses them: who has the cell, by distance in what both rows have; none shared: no donor."""
        near = distances[:, givers]
        chosen = np.argpartition(near, k - 1, axis=1)[:, :k]
        counts = ~np.isnan(np.take_along_axis(near, chosen, axis=1))
        return _Donors(rows, givers[chosen], counts)


def _dealt(counts: NDArray[np.bool_], draws: int, random: np.random.Generator) -> NDArray[np.intp]:
    """(draws, rows): for each row of `counts` (rows, m) a place that counts, dealt like cards, m to a deck."""
    rows, m = counts.shape
    decks = max(1, -(-draws // m))
    luck = np.where(counts, random.random((decks, rows, m)), np.inf).argsort(axis=2)
    many = np.maximum(counts.sum(axis=1), 1)
    made = np.empty((draws, rows), np.intp)
    for i in range(draws):
        made[i] = luck[i // m, np.arange(rows), (i % m) % many]
    return made


@imputers.register("knn", label="Nearest neighbours", source="sklearn.impute.KNNImputer; Troyanskaya et al. 2001")
@dataclass(frozen=True)
class Neighbours(Imputer):
    """The mean, or the vote, of the rows that are most alike, on a scale of 0 to 1."""

    fitted: ClassVar[type[FittedImputer]] = FittedNeighbours
    most_rows: ClassVar[int] = 5_000
    neighbours: int = integer(5, low=1, high=100, label="Neighbours", help="So many rows give their mean or vote.")

    def fit(self, data: Encoded, seed: int, tell: Tell, record: Record) -> FittedNeighbours:
        return FittedNeighbours(self, data, seed)

"""The conditional vector and training by sampling (CTGAN, section 4.3): rare categories are seen often enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.synthetic.modes import Layout

Floats = NDArray[np.float64]
Asked = tuple[NDArray[np.int64], NDArray[np.int64]]  # by row: which category column, and which of its categories


class Conditions:
    """Of a table in vectors. A condition is one category of one category column, as a one-hot part of `width`."""

    def __init__(self, layout: Layout, vectors: NDArray[np.float32]) -> None:
        self.spans = [
            (begin, end)
            for column, (_, begin, end) in zip(layout.columns, layout.spans, strict=True)
            if not column.numeric
        ]
        sizes = [end - begin for begin, end in self.spans]
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        self.width = int(self.starts[-1])
        chosen = [vectors[:, begin:end].argmax(axis=1) for begin, end in self.spans]
        rows = [np.flatnonzero(codes == c) for codes, size in zip(chosen, sizes, strict=True) for c in range(size)]
        self.counts = np.array([len(found) for found in rows], np.int64)  # by column and category
        self._rows = np.concatenate([np.zeros(0, np.intp), *rows])
        self._first = np.concatenate([[0], np.cumsum(self.counts)])[:-1].astype(np.int64)

    def draw(self, count: int, rng: np.random.Generator, even: bool) -> Asked:
        """`count` columns, each alike, and a category of each: by the logarithm of how often it occurs where `even`,
        as in training, by how often it occurs otherwise, as in sampling.
        """
        columns = rng.integers(len(self.spans), size=count)
        chosen = np.empty(count, np.int64)
        for j in range(len(self.spans)):
            where = np.flatnonzero(columns == j)
            counts = self.counts[self.starts[j] : self.starts[j + 1]].astype(float)
            p = np.log1p(counts) if even else counts
            chosen[where] = rng.choice(len(p), size=len(where), p=p / p.sum())
        return columns, chosen

    def matching(
        self, columns: NDArray[np.int64], chosen: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.intp]:
        """A row of the table for each condition, which meets it."""
        which = self.starts[columns] + chosen
        return self._rows[self._first[which] + (rng.random(len(which)) * self.counts[which]).astype(np.int64)]

    def vectors(self, columns: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, width) one-hot."""
        made = np.zeros((len(columns), self.width), np.float32)
        made[np.arange(len(columns)), self.starts[columns] + chosen] = 1
        return made

    def impose(self, made: Floats, columns: NDArray[np.int64], chosen: NDArray[np.int64]) -> None:
        """Set the column of each row, in place, to the category that it was asked for."""
        for i, (j, c) in enumerate(zip(columns, chosen, strict=True)):
            begin, end = self.spans[j]
            made[i, begin:end] = 0
            made[i, begin + c] = 1

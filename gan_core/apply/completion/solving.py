"""Two linear equations for the hidden pixels: seamless cloning, and the smoothest surface."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import splu

from gan_core.apply.completion.masks import Mask

Floats = NDArray[np.float64]
_NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))
_RADIUS = 2  # of the biharmonic stencil


class PoissonBlending:
    """Cloning into the hidden pixels of one mask, factorised once (Pérez, Gangnet, Blake 2003, equation 7).

    For every hidden pixel p, over its neighbours q within the picture: sum (x_p - x_q) = sum (g_p - g_q), where
    x_q is the known pixel where q is known. So x has the gradients of g and no seam.
    """

    def __init__(self, hidden: Mask) -> None:
        """Raises ValueError where nothing is known: then the equation fixes x only up to a constant."""
        if hidden.all():
            raise ValueError("The mask hides everything; leave some of the picture to go by.")
        self.hidden = hidden
        numbers = np.cumsum(hidden).reshape(hidden.shape) - 1
        self.count = int(hidden.sum())
        rows, columns = np.nonzero(hidden)
        degree = np.zeros(self.count)
        entries: list[tuple[Floats, Floats]] = []
        for down, right in _NEIGHBOURS:
            y, x = rows + down, columns + right
            there = (y >= 0) & (y < hidden.shape[0]) & (x >= 0) & (x < hidden.shape[1])
            degree += there
            inner = np.flatnonzero(there)[hidden[y[there], x[there]]]
            entries.append((numbers[rows[inner], columns[inner]], numbers[y[inner], x[inner]]))
        at = np.concatenate([np.stack(pair) for pair in entries], axis=1)
        links = sparse.coo_array((-np.ones(at.shape[1]), (at[0], at[1])), shape=(self.count, self.count))
        self._solver = splu((links + sparse.diags_array(degree)).tocsc()) if self.count else None

    def blend(self, known: NDArray[np.uint8], guide: Floats) -> Floats:
        """known: uint8 [H, W, C]; guide: [H, W, C], whose gradients are taken. Hidden pixels as solved, [H, W, C]."""
        out = known.astype(np.float64)
        if self._solver is None:
            return out
        border = np.where(self.hidden[..., None], 0.0, out)
        right = np.zeros((self.count, known.shape[2]))
        for down, across in _NEIGHBOURS:
            there = _shifted(np.ones(self.hidden.shape), down, across)[..., None]
            beside, theirs = _shifted(border, down, across), _shifted(guide, down, across)
            right += (there * (guide - theirs) + beside)[self.hidden]
        out[self.hidden] = self._solver.solve(right)
        return out


def _shifted(values: Floats, down: int, across: int) -> Floats:
    """Each pixel's neighbour in that direction; 0 beyond the edge."""
    padded = np.pad(values, [(1, 1), (1, 1), *[(0, 0)] * (values.ndim - 2)])
    height, width = values.shape[:2]
    return padded[1 + down : 1 + down + height, 1 + across : 1 + across + width]


def biharmonic(known: NDArray[np.uint8], hidden: Mask) -> Floats:
    """The hidden pixels filled so that the Laplacian's Laplacian is 0 there, [H, W, C]; clipped to what is known.

    Damelin & Hoang 2018, DOI 10.1155/2018/3950312, with the stencils that scikit-image's `inpaint_biharmonic` takes
    near the picture's edge. Done here, because that is all that would be used of that package's 50 MB.
    """
    out = known.astype(np.float64)
    numbers = np.cumsum(hidden) - 1
    width = hidden.shape[1]
    flat, count = hidden.ravel(), int(hidden.sum())
    values = out.reshape(-1, known.shape[2])
    rows, columns, weights = [], [], []
    right = np.zeros((count, known.shape[2]))
    for number, place in enumerate(np.flatnonzero(flat)):
        at, stencil = _stencil(int(place) // width, int(place) % width, hidden.shape)
        inner = flat[at]
        rows.append(np.full(int(inner.sum()), number))
        columns.append(numbers[at[inner]])
        weights.append(stencil[inner])
        right[number] = -stencil[~inner] @ values[at[~inner]]
    matrix = sparse.coo_array(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), shape=(count, count)
    )
    seen = out[~hidden]
    out[hidden] = splu(matrix.tocsc()).solve(right).clip(seen.min(0), seen.max(0))
    return out


def _stencil(y: int, x: int, shape: Sequence[int]) -> tuple[NDArray[np.intp], Floats]:
    """Flat places around a pixel, and their weights in the biharmonic operator."""
    top, left = max(0, y - _RADIUS), max(0, x - _RADIUS)
    bottom, right = min(shape[0], y + _RADIUS + 1), min(shape[1], x + _RADIUS + 1)
    impulse = np.zeros((bottom - top, right - left))
    impulse[y - top, x - left] = 1.0
    weights = ndimage.laplace(ndimage.laplace(impulse))
    rows, columns = np.nonzero(weights)
    return (rows + top) * shape[1] + columns + left, weights[rows, columns]

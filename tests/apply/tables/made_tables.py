"""Tables of tests, as files and as numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.encoded import Encoded, FittedImputer, Imputer


def related(n: int = 200, seed: int = 0, gaps: float = 0.15) -> tuple[Encoded, Encoded]:
    """Four numbers of a plane, a whole number and a category that go along with them: whole, and with gaps."""
    random = np.random.default_rng(seed)
    base = random.normal(size=(n, 2))
    numbers = base @ random.normal(size=(2, 4)) + 0.1 * random.normal(size=(n, 4))
    whole = np.rint(10 * base[:, :1] + random.normal(size=(n, 1)))
    code = np.digitize(base[:, 1:], (-0.5, 0.5)).astype(float)
    values = np.hstack([numbers, whole, code])
    names = ("a", "b", "c", "d", "whole", "code")
    full = Encoded(values, (0, 0, 0, 0, 0, 3), (False, False, False, False, True, False), names)
    return full, full.hidden(random.random(values.shape) < gaps)


def numeric(n: int = 120, d: int = 5, seed: int = 0, gaps: float = 0.2) -> tuple[Encoded, Encoded]:
    """Numbers on different scales that go along with one another: whole, and with gaps."""
    random = np.random.default_rng(seed)
    values = (random.normal(size=(n, 2)) @ random.normal(size=(2, d)) + 0.2 * random.normal(size=(n, d))) * 10.0 ** (
        np.arange(d)
    )
    full = Encoded(values, (0,) * d, (False,) * d, tuple(f"x{i}" for i in range(d)))
    return full, full.hidden(random.random(values.shape) < gaps)


def fitted(method: Imputer, data: Encoded, seed: int = 0) -> FittedImputer:
    return method.fit(data, seed, lambda fraction, words: None, lambda series, values: None)


def rmse(found: NDArray[np.float64], full: Encoded, mask: NDArray[np.bool_]) -> float:
    """Of hidden cells, on a scale of 0 to 1."""
    return float(np.sqrt(np.square((found - full.values) / (full.high - full.low))[mask].mean()))

"""How far fills were off where the truth was known: what makes draws as uncertain as fills are.

GAIN's own noise hardly moves what G puts out, because alpha times the squared error outweighs the adversarial loss;
intervals from it alone cover far less than they say (docs/imputation.md). So a draw is a member's guess and an error
that the networks made on cells that had been set aside, in the same column, where they guessed about as high.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NEAREST_SHARE, NEAREST_LEAST, LEAST = 0.2, 20, 5
MOST = 2000  # kept of a column


@dataclass(frozen=True, eq=False)
class Residuals:
    """Of c numeric columns. start: (c + 1,), where each column begins; guess, rising in a column, and error: (r,)."""

    start: NDArray[np.int64]
    guess: Floats
    error: Floats

    @classmethod
    def of(cls, guesses: list[Floats], errors: list[Floats]) -> Residuals:
        """From each column's guesses and truth minus guess; of many, evenly spaced ones by height are kept."""
        kept_guesses, kept_errors = [], []
        for guess, error in zip(guesses, errors, strict=True):
            order = np.argsort(guess, kind="stable")
            order = order[np.unique(np.linspace(0, len(order) - 1, min(len(order), MOST)).astype(int))]
            kept_guesses.append(guess[order])
            kept_errors.append(error[order])
        start = np.cumsum([0, *map(len, kept_guesses)])
        none = [np.zeros(0)]
        return cls(start, np.concatenate(none + kept_guesses), np.concatenate(none + kept_errors))

    @classmethod
    def none(cls, columns: int) -> Residuals:
        return cls(np.zeros(columns + 1, np.int64), np.zeros(0), np.zeros(0))

    def add(self, made: Floats, features: NDArray[np.int64], chance: np.random.Generator) -> None:
        """Add to the numbers among `made` (n, F), in place, an error each; nothing where fewer than 5 are known."""
        for i, f in enumerate(features):
            guess, error = (a[self.start[i] : self.start[i + 1]] for a in (self.guess, self.error))
            if len(error) < LEAST:
                continue
            near = min(len(error), max(NEAREST_LEAST, round(NEAREST_SHARE * len(error))))
            first = np.clip(np.searchsorted(guess, made[:, f]) - near // 2, 0, len(error) - near)
            made[:, f] += error[first + chance.integers(near, size=len(made))]

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"start": self.start, "guess": self.guess, "error": self.error}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], columns: int) -> Residuals:
        """Raises ValueError where they do not fit."""
        try:
            made = cls(
                np.asarray(arrays["start"], np.int64), np.asarray(arrays["guess"], float),
                np.asarray(arrays["error"], float),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError):
            raise ValueError("The saved errors of this method cannot be read.") from None
        start = made.start
        fits = start.shape == (columns + 1,) and start[0] == 0 and bool((np.diff(start) >= 0).all())
        if not fits or not made.guess.shape == made.error.shape == (start[-1],):
            raise ValueError("The saved errors of this method do not fit its columns.")
        return made

"""A table as numbers, and the protocol of every method that fills one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from gan_core.config.registry import Registry

Tell = Callable[[float, str], None]  # a fraction in [0, 1] and words; raises Cancelled
Record = Callable[[str, Mapping[str, float]], None]  # a point of a live curve


def _unknown() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class Encoded:
    """A table of n rows and d columns as numbers.

    values: (n, d), NaN where a cell is missing; a category is a code 0 to k - 1. categories: k of each column, 0 for
    a numeric one. whole: numeric columns that hold whole numbers. low, high: (d,) the range of what is observed, 0 to
    k - 1 for categories, 0 to 0 where nothing is; worked out from `values` where they are not given.
    Raises ValueError where these do not fit together.
    """

    values: NDArray[np.float64]
    categories: tuple[int, ...]
    whole: tuple[bool, ...]
    names: tuple[str, ...]
    low: NDArray[np.float64] = field(default_factory=_unknown)
    high: NDArray[np.float64] = field(default_factory=_unknown)

    def __post_init__(self) -> None:
        d = self.values.shape[1] if self.values.ndim == 2 else -1
        if not len(self.categories) == len(self.whole) == len(self.names) == d:
            raise ValueError("A table's categories, whole columns and names must be as many as its columns.")
        if np.isinf(self.values).any():
            raise ValueError("A table's cells must be finite numbers or missing.")
        if not len(self.low) == len(self.high) == d:
            low, high = _range(self.values, self.categories)
            object.__setattr__(self, "low", low)
            object.__setattr__(self, "high", high)

    @property
    def observed(self) -> NDArray[np.bool_]:
        """(n, d): True where a cell is known."""
        return ~np.isnan(self.values)

    def hidden(self, mask: NDArray[np.bool_]) -> Encoded:
        """The same table without the cells where `mask` (n, d) is True; nothing of them is left, in `low` neither."""
        values = np.where(mask, np.nan, self.values)
        return replace(self, values=values, low=_unknown(), high=_unknown())

    def rows(self, index: NDArray[Any]) -> Encoded:
        """Only these rows (numbers, or n booleans), with the range of what these hold."""
        return replace(self, values=self.values[index], low=_unknown(), high=_unknown())


def _range(
    values: NDArray[np.float64], categories: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known = ~np.isnan(values)
    some = known.any(axis=0)
    low = np.where(some, np.where(known, values, np.inf).min(axis=0, initial=np.inf), 0.0)
    high = np.where(some, np.where(known, values, -np.inf).max(axis=0, initial=-np.inf), 0.0)
    k = np.asarray(categories)
    return np.where(k > 0, 0.0, low), np.where(k > 0, k - 1.0, high)


def settled(guess: NDArray[np.float64], data: Encoded) -> NDArray[np.float64]:
    """What a method guesses, (..., n, d), as cells of this table.

    Observed cells are those of `data` to the bit, categories codes from 0 to k - 1, whole columns whole numbers.
    """
    made = np.array(guess, np.float64)
    for j, (k, whole) in enumerate(zip(data.categories, data.whole, strict=True)):
        if k > 0:
            made[..., j] = np.clip(np.rint(made[..., j]), 0, k - 1)
        elif whole:
            made[..., j] = np.rint(made[..., j])
    return np.where(data.observed, data.values, made)


class FittedImputer(ABC):
    """A method that has seen a table. `data` is a table of the same columns: the one it saw, or new rows."""

    @abstractmethod
    def fill(self, data: Encoded) -> NDArray[np.float64]:
        """(n, d) without NaN: the method's single best guess, as `settled` makes it."""

    @abstractmethod
    def draws(self, data: Encoded, count: int, seed: int) -> NDArray[np.float64]:
        """(count, n, d): what might have stood there, drawn `count` times (multiple imputation), each `settled`."""

    @abstractmethod
    def probabilities(self, data: Encoded, column: int) -> NDArray[np.float64]:
        """(n, k) of a category column: how likely each category is; rows sum to 1, 1 at what is observed."""

    @abstractmethod
    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What is saved: plain JSON and named arrays."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The same again. Raises ValueError in one sentence where they are not what `state` returns."""


class Memory:
    """What a method that learns for long is given beside its table; this one keeps nothing."""

    def read(self) -> bytes | None:
        """What was written before a stop."""
        return None

    def write(self, state: bytes) -> None:
        """How far it is, whole or as it was before. Raises OSError."""

    def enough(self) -> bool:
        """Whether somebody wants what it has learned by now."""
        return False


class Imputer(ABC):
    """A method, a frozen dataclass of options (`gan_core.config.fields`).

    fitted: the class that `fit` returns, whose `from_state` opens a saved one. most_rows: of a longer table a task
    gives it so many rows to learn from, drawn at random.
    """

    fitted: ClassVar[type[FittedImputer]]
    most_rows: ClassVar[int] = 20_000

    @abstractmethod
    def fit(self, data: Encoded, seed: int, tell: Tell, record: Record) -> FittedImputer:
        """Learn from the observed cells. The same table and seed give the same; raises Cancelled through `tell`."""


class LongImputer(Imputer):
    """A method that learns step by step: it goes on where it was, and what it has learned can be used at any time."""

    def fit(self, data: Encoded, seed: int, tell: Tell, record: Record) -> FittedImputer:
        return self.fit_on(data, seed, tell, record, Memory())

    @abstractmethod
    def fit_on(self, data: Encoded, seed: int, tell: Tell, record: Record, memory: Memory) -> FittedImputer:
        """As `fit`; stopped and gone on with it learns the same, to the last bit."""


imputers: Registry[Imputer] = Registry("imputer", "way to fill a table")

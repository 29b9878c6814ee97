"""A table filled by a method: learn from it or from a part of it, fill it, draw from it, say how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.encoded import Encoded, FittedImputer, Imputer, LongImputer, Memory, Record, Tell, imputers
from gan_core.apply.tables.encoding import Coded, constants, encode
from gan_core.apply.tables.files import BadTable, Filled, Table
from gan_core.apply.tables.files.delimited import SEPARATORS
from gan_core.apply.tables.files.formulas import neutral
from gan_core.apply.tables.kinds import ColumnGuess, Markers, parse_kinds, parse_markers, understand
from gan_core.apply.tables.kinds.schema import ColumnSchema
from gan_core.apply.tables.saved import SavedImputer

BLOCK_ROWS = 20_000  # of a table that a method has seen a part of only
UNCERTAINTY_DRAWS = 20  # where no imputed tables are asked for


def understood(table: Table, kinds: str, missing: str) -> tuple[list[ColumnGuess], Markers]:
    """What the columns hold. kinds: `a=category,b=integer`; missing: markers beside the usual ones.

    Raises ConfigError for what somebody wrote; what is wrong with the columns is their `problem`.
    """
    markers = parse_markers(missing)
    return understand(table, parse_kinds(kinds, table.names), markers), markers


def schemas_of(guesses: Sequence[ColumnGuess]) -> tuple[ColumnSchema, ...]:
    """Raises BadTable with the first problem that stands in the way."""
    problems = [guess.problem for guess in guesses if guess.problem]
    if problems:
        others = len(problems) - 1
        more = {0: "", 1: " Another column has a problem too."}.get(others, f" {others} more columns have one too.")
        raise BadTable(problems[0] + more)
    return tuple(guess.schema for guess in guesses)


@dataclass(frozen=True, eq=False)
class Filling:
    """A table, how it is read, and a method that has learned.

    sampled: rows that it learned from, 0 where those were all of this table. notes: what was noticed in the columns.
    """

    table: Table
    coded: Coded
    saved: SavedImputer
    markers: Markers
    sampled: int = 0
    notes: tuple[str, ...] = ()

    @property
    def fitted(self) -> FittedImputer:
        return self.saved.fitted

    def values(self, tell: Tell) -> NDArray[np.float64]:
        """(n, d) of the used columns, filled."""
        parts = [self.fitted.fill(part) for part in self._blocks(tell, "filling")]
        return np.concatenate(parts)

    def drawn(self, seed: int, tell: Tell, words: str) -> NDArray[np.float64]:
        """(n, d), drawn once."""
        parts = [self.fitted.draws(part, 1, seed + 7919 * i)[0] for i, part in enumerate(self._blocks(tell, words))]
        return np.concatenate(parts)

    def probabilities(self, column: int, tell: Tell) -> NDArray[np.float64]:
        """(n, k) of a used column that is a category."""
        return np.concatenate([self.fitted.probabilities(part, column) for part in self._blocks(tell, "filling")])

    def _blocks(self, tell: Tell, words: str) -> Iterator[Encoded]:
        data = self.coded.data
        n = len(data.values)
        if not self.sampled or n <= BLOCK_ROWS:
            tell(0.0, words)
            yield data
            return
        for start in range(0, n, BLOCK_ROWS):
            tell(start / n, f"{words}, row {start + 1:,} of {n:,}")
            yield data.rows(np.arange(start, min(n, start + BLOCK_ROWS)))

    def cells(self, values: NDArray[np.float64]) -> dict[int, Filled]:
        """What is written into the file, constants too, by its column."""
        return self.coded.filled(values) | constants(self.table, self.saved.schemas, self.markers)

    def mask(self) -> NDArray[np.bool_]:
        """(rows, columns) of the file: True where a cell is filled."""
        made = self.coded.mask(self.table.rows, len(self.table.names))
        for j, cells in constants(self.table, self.saved.schemas, self.markers).items():
            made[list(cells.texts), j] = True
        return made


def learn(
    table: Table, kinds: str, missing: str, method: Imputer, seed: int, tell: Tell, record: Record,
    memory: Memory | None = None,
) -> Filling:  # fmt: skip
    """memory: of a method that learns for long. Raises BadTable, ConfigError in one sentence; Cancelled by `tell`."""
    guesses, markers = understood(table, kinds, missing)
    schemas = schemas_of(guesses)
    tell(0.0, "turning it into numbers")
    coded = encode(table, schemas, markers)
    data, sampled = coded.data, 0
    if len(data.values) > method.most_rows:
        sampled = method.most_rows
        rows = np.random.default_rng(seed).choice(len(data.values), sampled, replace=False)
        data = data.rows(np.sort(rows))
    if isinstance(method, LongImputer):
        fitted = method.fit_on(data, seed, tell, record, memory or Memory())
    else:
        fitted = method.fit(data, seed, tell, record)
    saved = SavedImputer(imputers.name_of(method), fitted, schemas, missing)
    notes = tuple(guess.note for guess in guesses if guess.note)
    return Filling(table, coded, saved, markers, sampled, notes)


def reuse(table: Table, saved: SavedImputer, missing: str, learned_from_it: Imputer | None = None) -> Filling:
    """New rows for a method that has learned before; columns are found by name. Raises BadTable, ConfigError.

    learned_from_it: the method, where this is the table that it has learned from.
    """
    markers = parse_markers(missing or saved.markers)
    if learned_from_it is None:
        sampled = table.rows
    else:
        sampled = learned_from_it.most_rows if table.rows > learned_from_it.most_rows else 0
    return Filling(table, encode(table, saved.schemas, markers), saved, markers, sampled)


def uncertainty(
    filling: Filling, values: NDArray[np.float64], spread: NDArray[np.float64], tell: Tell
) -> dict[str, list[float | None]]:
    """How unsure each filled cell is, a column for each that was filled, None where a cell was there.

    Numbers: the standard deviation of the draws (`spread`, (n, d)), in the column's own unit, of dates in what they
    count (days, minutes or seconds). Categories: how likely it is another one.
    """
    made: dict[str, list[float | None]] = {}
    names = set(filling.table.names)
    for code, (j, schema) in enumerate(zip(filling.coded.where, filling.coded.schemas, strict=True)):
        gap = filling.coded.gaps[j]
        if not len(gap):
            continue
        if schema.categories:
            chosen = values[gap, code].astype(np.intp)
            unsure = 1 - filling.probabilities(code, tell)[gap, chosen]
        else:
            unsure = spread[gap, code]
        name = f"{schema.name} uncertainty"
        while name in names:
            name += " (2)"
        names.add(name)
        column: list[float | None] = [None] * filling.table.rows
        for row, value in zip(gap.tolist(), unsure.tolist(), strict=True):
            column[row] = value
        made[name] = column
    return made


def mask_csv(names: Sequence[str], mask: NDArray[np.bool_]) -> bytes:
    """1 where a cell was filled, 0 where it was there; the table's rows and columns, as CSV in UTF-8."""
    lines = [",".join(_quoted(neutral(name)) for name in names)]
    lines += [",".join(row) for row in mask.astype(np.uint8).astype(str).tolist()]
    return ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    return (
        '"' + text.replace('"', '""') + '"' if any(sign in text for sign in (*SEPARATORS, '"', "\r", "\n")) else text
    )

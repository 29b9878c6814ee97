"""A table as it was read: texts by column, and a source that writes it again with some cells filled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

MOST_BYTES = 100_000_000
MOST_CELLS = 10_000_000
MOST_COLUMNS = 2_000
LEAST_ROWS = 3

Format = Literal["csv", "tsv", "parquet", "xlsx"]
Value = float | int | bool | str | datetime


class BadTable(ValueError):
    """A table that cannot be used as it is, said in one sentence with column and row."""


@dataclass(frozen=True)
class Filled:
    """Cells of one column. texts: row (0-based, of the data) to how a text file writes it; values: to its value."""

    texts: Mapping[int, str]
    values: Mapping[int, Value]


class Source(ABC):
    """The file that a table came from."""

    @abstractmethod
    def write(self, filled: Mapping[int, Filled], added: Mapping[str, Sequence[float | None]]) -> bytes:
        """The same file with cells filled, by column (0-based); all others as they were.

        added: columns of numbers that are put behind the last one, None where a cell is empty.
        """


@dataclass(frozen=True, eq=False)
class Table:
    """names: of the columns, each once. columns: the cells of each as texts without blanks around, "" where none is.

    hints: what the file itself says of a column's kind, "" where it says nothing. decimal: the sign before decimals.
    notes: what was noticed while reading, a sentence each. rows: in the file's own count (see `row_words`).
    """

    names: tuple[str, ...]
    columns: tuple[list[str], ...]
    format: Format
    source: Source
    hints: tuple[str, ...] = ()
    decimal: str = "."
    notes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def column(self, name: str) -> list[str]:
        return self.columns[self.names.index(name)]


def shown(text: str) -> str:
    """A text from a file as a message quotes it: on one line, not too long."""
    words = "".join(letter if letter.isprintable() else "�" for letter in text)
    return f"'{words[:37]}...'" if len(words) > 40 else f"'{words}'"


def at(name: str, column: int, row: int | None = None) -> str:
    """Where something stands: column (0-based) and row of the data (0-based); the row of headings counts as 1."""
    where = f"column {shown(name)} (number {column + 1})"
    return where if row is None else f"{where}, row {row + 2}"


def said_at(name: str, column: int, row: int | None = None) -> str:
    """The same as a sentence begins with it."""
    words = at(name, column, row)
    return words[0].upper() + words[1:]


def unique_names(headers: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Names that are each there once, and a sentence for each header that is empty or is there twice."""
    names: list[str] = []
    notes: list[str] = []
    for i, header in enumerate(header.strip() for header in headers):
        name = header or f"column {i + 1}"
        taken = set(names) | set(headers[i + 1 :]) if not header else set(names)
        number = 2
        while name in taken:
            name, number = f"{header or f'column {i + 1}'} ({number})", number + 1
        if not header:
            notes.append(f"Column {i + 1} has no heading in row 1; it is called {shown(name)} here.")
        elif name != header:
            first = names.index(header) + 1 if header in names else i + 1
            notes.append(
                f"Columns {first} and {i + 1} are both headed {shown(header)} in row 1; the second is called "
                f"{shown(name)} here."
            )
        names.append(name)
    return tuple(names), notes


def check_size(rows: int, columns: int) -> None:
    """Raises BadTable for a table that is too small or too large."""
    if columns > MOST_COLUMNS:
        raise BadTable(f"The table has {columns:,} columns; at most {MOST_COLUMNS:,} can be used.")
    if rows * columns > MOST_CELLS:
        raise BadTable(
            f"The table has {rows:,} rows of {columns:,} columns; at most {MOST_CELLS:,} cells can be used, so leave "
            "out rows or columns."
        )
    if rows < LEAST_ROWS:
        s = "" if rows == 1 else "s"
        raise BadTable(f"The table has {rows} row{s} below its headings; at least {LEAST_ROWS} are needed.")

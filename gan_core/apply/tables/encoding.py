"""From a table to numbers and back: which cells are to be filled, and how the file writes what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.encoded import Encoded
from gan_core.apply.tables.files.table import BadTable, Filled, Table, said_at, shown
from gan_core.apply.tables.kinds.missing import Markers
from gan_core.apply.tables.kinds.schema import ColumnSchema


@dataclass(frozen=True, eq=False)
class Coded:
    """A table as methods see it, and as it is filled.

    data: the used columns. where: their places in the file. gaps: for every column of the file that may be filled,
    its missing rows. notes: what was noticed, a sentence each.
    """

    data: Encoded
    where: tuple[int, ...]
    schemas: tuple[ColumnSchema, ...]
    gaps: dict[int, NDArray[np.intp]]
    notes: tuple[str, ...]

    @property
    def missing(self) -> int:
        """Cells that will be filled."""
        return sum(len(rows) for rows in self.gaps.values())

    def mask(self, rows: int, columns: int) -> NDArray[np.bool_]:
        """(rows, columns) of the file: True where a cell is filled."""
        made = np.zeros((rows, columns), np.bool_)
        for j, gap in self.gaps.items():
            made[gap, j] = True
        return made

    def filled(self, values: NDArray[np.float64]) -> dict[int, Filled]:
        """Cells for the file, by its column. values: (n, d) of the used columns."""
        made: dict[int, Filled] = {}
        for j, schema, code in zip(self.where, self.schemas, range(len(self.where)), strict=True):
            if len(gap := self.gaps[j]):
                made[j] = _cells(schema, gap, values[gap, code])
        return made


def _cells(schema: ColumnSchema, gap: NDArray[np.intp], codes: NDArray[np.float64]) -> Filled:
    rows, numbers = gap.tolist(), codes.tolist()
    return Filled(
        {row: schema.text(code) for row, code in zip(rows, numbers, strict=True)},
        {row: schema.value(code) for row, code in zip(rows, numbers, strict=True)},
    )


def encode(table: Table, schemas: Sequence[ColumnSchema], markers: Markers) -> Coded:
    """The columns of a table that these schemas use, found by name; others are left as they are.

    Raises BadTable where one of them is not there.
    """
    places, used, columns, notes = [], [], [], []
    gaps: dict[int, NDArray[np.intp]] = {}
    for schema in schemas:
        if not schema.used:
            continue
        if schema.name not in table.names:
            raise BadTable(
                f"Column {shown(schema.name)} is missing; the fitted method needs all columns that it learned from."
            )
        j = table.names.index(schema.name)
        texts = table.columns[j]
        gone = _gone(texts, markers)
        codes = schema.codes(texts)
        codes[gone] = np.nan
        if len(strange := np.flatnonzero(np.isnan(codes) & ~gone)):
            notes.append(_stranger(table, j, schema, strange))
        gaps[j] = np.flatnonzero(gone)
        places.append(j)
        used.append(schema)
        columns.append(codes)
    if not used:
        raise BadTable("No column can be filled or learned from: all are identifiers, constant or empty.")
    data = Encoded(
        np.stack(columns, axis=1), tuple(s.categories for s in used), tuple(s.whole for s in used),
        tuple(s.name for s in used),
    )  # fmt: skip
    return Coded(data, tuple(places), tuple(used), gaps, tuple(notes))


def constants(table: Table, schemas: Sequence[ColumnSchema], markers: Markers) -> dict[int, Filled]:
    """The missing cells of constant columns, by place in the file."""
    made: dict[int, Filled] = {}
    for schema in schemas:
        if schema.constant is None or schema.name not in table.names:
            continue
        j = table.names.index(schema.name)
        rows = np.flatnonzero(_gone(table.columns[j], markers)).tolist()
        if rows:
            value = schema.value(float(schema.codes([schema.constant])[0]))
            made[j] = Filled(dict.fromkeys(rows, schema.constant), dict.fromkeys(rows, value))
    return made


def _gone(texts: Sequence[str], markers: Markers) -> NDArray[np.bool_]:
    missing = {text for text in set(texts) if markers.is_missing(text)}
    return np.fromiter((text in missing for text in texts), np.bool_, len(texts))


def _stranger(table: Table, j: int, schema: ColumnSchema, rows: NDArray[np.intp]) -> str:
    where = said_at(schema.name, j, int(rows[0]))
    more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
    what = "none of the categories that were learned" if schema.categories else f"no {schema.kind}"
    return (
        f"{where}{more}: {shown(table.columns[j][int(rows[0])])} is {what}; it stays, and "
        "nothing is concluded from it."
    )

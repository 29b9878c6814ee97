"""Parquet: read by column with its types, and written with the same schema."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from gan_core.apply.tables.files.table import (
    MOST_CELLS,
    MOST_COLUMNS,
    BadTable,
    Filled,
    Source,
    Table,
    check_size,
    shown,
    unique_names,
)
from gan_core.apply.tables.files.values import text_of


def read_parquet(data: bytes) -> Table:
    """Raises BadTable."""
    import pyarrow as pa  # type: ignore[import-untyped]  # half a second's import, spared to who reads no Parquet
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        columns, rows = len(file.schema_arrow), int(file.metadata.num_rows)
        size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
            check_size(rows, columns)
        if size > 20 * MOST_CELLS * 8:
            raise BadTable("The file unpacks to more than 1.6 GB; leave out rows or columns.")
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise BadTable(f"The Parquet file cannot be read: {str(error).splitlines()[0][:120].rstrip('.')}.") from None
    check_size(table.num_rows, table.num_columns)
    names, notes = unique_names(table.column_names)
    texts, hints = [], []
    for name, column in zip(names, table.columns, strict=True):
        hint = _hint(pa, column.type)
        if hint == "?":
            notes.append(f"Column {shown(name)} is of the type {column.type}; it is left as it is.")
        hints.append("ignored" if hint == "?" else hint)
        texts.append([""] * table.num_rows if hint == "?" else [text_of(v) for v in column.to_pylist()])
    return Table(names, tuple(texts), "parquet", ParquetSource(table), tuple(hints), ".", tuple(notes), {})


def _hint(pa: Any, kind: Any) -> str:
    types = pa.types
    if types.is_boolean(kind):
        return "boolean"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_integer(kind) or types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind):
        return ""
    if types.is_date(kind) or types.is_timestamp(kind):
        return "date"
    if types.is_dictionary(kind):
        return "category" if types.is_string(kind.value_type) or types.is_large_string(kind.value_type) else "?"
    return "?"


class ParquetSource(Source):
    """The table as Arrow holds it; a column without filled cells is written as it is."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def write(self, filled: Mapping[int, Filled], added: Mapping[str, Sequence[float | None]]) -> bytes:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = self._table
        for j, cells in filled.items():
            if cells.values:
                field = table.schema.field(j)
                table = table.set_column(j, field, _with(pa, table.column(j), cells))
        for name, values in added.items():
            table = table.append_column(name, pa.array(values, pa.float64()))
        out = io.BytesIO()
        pq.write_table(table, out)
        return out.getvalue()


def _with(pa: Any, column: Any, cells: Filled) -> Any:
    """The column with its filled cells, in its own type, and all others exactly as they were."""
    import pyarrow.compute as pc  # type: ignore[import-untyped]

    kind, n = column.type, len(column)
    rows = sorted(cells.values)
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    new = pa.array([_fitting(pa, plain, cells.values[row]) for row in rows], plain)
    whole = pa.concat_arrays(column.chunks) if column.num_chunks != 1 else column.chunk(0)
    if pa.types.is_dictionary(kind):
        whole = whole.dictionary_decode()
    where = [False] * n
    for row in rows:
        where[row] = True
    made = pc.replace_with_mask(whole, pa.array(where), new)
    return made.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else made


def _fitting(pa: Any, kind: Any, value: Any) -> Any:
    """A value as a column of this type holds it."""
    if pa.types.is_integer(kind):
        return int(value)
    if pa.types.is_decimal(kind):
        from decimal import Decimal

        return round(Decimal(repr(float(value))), kind.scale)
    if pa.types.is_floating(kind):
        return float(value)
    if pa.types.is_boolean(kind):
        return bool(value) if not isinstance(value, str) else value.lower() == "true"
    if pa.types.is_date(kind):
        return value.date()
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        from datetime import UTC

        return value.replace(tzinfo=UTC)
    return value if pa.types.is_timestamp(kind) else str(value)

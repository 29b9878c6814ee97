"""XLSX: the first sheet of a workbook, looked through before it is unpacked, and written with its formats kept."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from gan_core.apply.tables.files.formulas import is_formula
from gan_core.apply.tables.files.table import (
    MOST_BYTES,
    BadTable,
    Filled,
    Source,
    Table,
    Value,
    check_size,
    shown,
    unique_names,
)
from gan_core.apply.tables.files.values import text_of

MOST_WORKBOOK_CELLS = 2_000_000  # each takes some 300 bytes of memory
_MOST_PARTS = 5_000
_CELL = re.compile(rb"<(?:\w+:)?c[ />]")
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def read_workbook(data: bytes) -> Table:
    """Raises BadTable."""
    _check_zip(data)
    book = _load(data)
    sheets = book.worksheets
    if not sheets:
        raise BadTable("The workbook has no sheet of cells.")
    sheet = sheets[0]
    notes = []
    if len(sheets) > 1:
        notes.append(f"Of the workbook's {len(sheets)} sheets the first is used, {shown(sheet.title)}.")
    top, left = sheet.min_row, sheet.min_column
    check_size(max(3, sheet.max_row - top), sheet.max_column - left + 1)
    cells = [list(row) for row in sheet.iter_rows(min_row=top, min_col=left)]
    while cells and all(text_of(cell.value) == "" for cell in cells[-1]):
        cells.pop()
    if not cells:
        raise BadTable(f"The first sheet, {shown(sheet.title)}, is empty.")
    if len(cells[0]) == 1:
        raise BadTable(f"Only one column was found in the sheet {shown(sheet.title)}; a table has at least two.")
    check_size(len(cells) - 1, len(cells[0]))
    names, more = unique_names([text_of(cell.value) for cell in cells[0]])
    columns = tuple([text_of(row[j].value) for row in cells[1:]] for j in range(len(names)))
    _refuse_merged(sheet, top)
    hints = tuple("date" if _all_dates([row[j] for row in cells[1:]]) else "" for j in range(len(names)))
    facts = {"sheet": sheet.title}
    return Table(names, columns, "xlsx", WorkbookSource(book, cells), hints, ".", (*notes, *more), facts)


def _check_zip(data: bytes) -> None:
    """Refuse what would unpack to more than it may, by what it declares and by what it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
                raise BadTable(f"The workbook unpacks to more than {MOST_BYTES // 1_000_000} MB; leave out rows.")
            names = {part.filename for part in parts}
            if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
                raise BadTable("The file is a zip, but no XLSX workbook; tables are CSV, TSV, Parquet or XLSX.")
            _read_through(archive, parts)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise BadTable(f"The workbook is damaged: {str(error)[:100]}.") from None


def _read_through(archive: zipfile.ZipFile, parts: Sequence[zipfile.ZipInfo]) -> None:
    size = cells = 0
    for part in parts:
        with archive.open(part) as stream:
            while chunk := stream.read(1 << 20):
                size += len(chunk)
                cells += len(_CELL.findall(chunk)) if part.filename.startswith("xl/worksheets/") else 0
                if size > MOST_BYTES:
                    raise BadTable(f"The workbook unpacks to more than {MOST_BYTES // 1_000_000} MB; leave out rows.")
                if cells > MOST_WORKBOOK_CELLS:
                    raise BadTable(
                        f"The workbook has more than {MOST_WORKBOOK_CELLS:,} cells; save the table as CSV or Parquet."
                    )
                if _DECLARED.search(chunk):
                    raise BadTable(
                        "The workbook declares entities of its own, which no workbook needs; save it again."
                    )


def _load(data: bytes) -> Any:
    import openpyxl  # type: ignore[import-untyped]  # its import is spared to who opens no workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that it leaves out
            return openpyxl.load_workbook(io.BytesIO(data), data_only=True, keep_links=False, keep_vba=False)
    except Exception as error:  # what a damaged workbook makes of its reader, nobody has listed
        raise BadTable(f"The workbook cannot be read ({type(error).__name__}); save it again as XLSX.") from None


def _refuse_merged(sheet: Any, top: int) -> None:
    for merged in sheet.merged_cells.ranges:
        if merged.max_row > top:
            raise BadTable(f"The cells {merged.coord} are merged; every row needs a cell of its own, so split them.")


def _all_dates(cells: Sequence[Any]) -> bool:
    known = [cell for cell in cells if text_of(cell.value)]
    return bool(known) and all(cell.is_date for cell in known)


class WorkbookSource(Source):
    """The open workbook; its cells are put back as they were after each writing. cells: with the row of headings."""

    def __init__(self, book: Any, cells: list[list[Any]]) -> None:
        self._book, self._cells = book, cells

    def write(self, filled: Mapping[int, Filled], added: Mapping[str, Sequence[float | None]]) -> bytes:
        before: list[tuple[Any, Any, Any, Any]] = []
        try:
            for j, column in filled.items():
                known = {text_of(row[j].value): row[j] for row in reversed(self._cells[1:])}
                known.pop("", None)
                model = next((row[j] for row in self._cells[1:] if text_of(row[j].value)), None)
                for row, value in column.values.items():
                    _set(before, self._cells[row + 1][j], value, known, model)
            self._add(before, added)
            out = io.BytesIO()
            self._book.save(out)
            return out.getvalue()
        finally:
            for cell, value, data_type, number_format in reversed(before):
                cell.value = value
                cell.data_type, cell.number_format = data_type, number_format

    def _add(self, before: list[tuple[Any, Any, Any, Any]], added: Mapping[str, Sequence[float | None]]) -> None:
        last = self._cells[0][-1]
        for i, (name, values) in enumerate(added.items(), start=1):
            for row, value in enumerate([name, *values]):
                if value is not None:
                    cell = last.parent.cell(self._cells[row][-1].row, last.column + i)
                    _set(before, cell, value, {}, None)


def _set(
    before: list[tuple[Any, Any, Any, Any]], cell: Any, value: Value, known: Mapping[str, Any], model: Any
) -> None:
    before.append((cell, cell.value, cell.data_type, cell.number_format))
    like = known.get(value, model) if isinstance(value, str) else model
    cell.value = like.value if like is not None and isinstance(value, str) and value in known else value
    if isinstance(cell.value, str) and is_formula(cell.value):
        cell.data_type = "s"  # a text, never run
    if like is not None and cell.number_format == "General":
        cell.number_format = like.number_format

"""A file with a table: what it is, its content says."""

from __future__ import annotations

from gan_core.apply.tables.files.delimited import read_delimited
from gan_core.apply.tables.files.parquet import read_parquet
from gan_core.apply.tables.files.table import MOST_BYTES, BadTable, Table
from gan_core.apply.tables.files.workbook import read_workbook

_KINDS = (  # beginnings of files that people take for tables
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (XLS)"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"SQLite format", "a database"),
    (b"\x89HDF", "an HDF5 file"),
)
_PAGES = (b"{", b"[{", b"[[", b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<table", b"<script")


def read_table(data: bytes) -> Table:
    """The table in a file's bytes. Raises BadTable in one sentence."""
    if len(data) > MOST_BYTES:
        raise BadTable(
            f"The file has {len(data) / 1e6:,.0f} MB; at most {MOST_BYTES // 1_000_000} MB can be used, so leave out "
            "rows."
        )
    if data.startswith(b"PAR1"):
        return read_parquet(data)
    if data.startswith(b"PK\x03\x04"):
        return read_workbook(data)
    for beginning, words in _KINDS:
        if data.startswith(beginning):
            raise BadTable(f"The file is {words}, and no table; save it as CSV, TSV, Parquet or XLSX.")
    if data[:200].lstrip().lower().startswith(_PAGES):
        raise BadTable("The file is JSON or a web page, and no table; save it as CSV, TSV, Parquet or XLSX.")
    return read_delimited(data)


def suffix_of(data: bytes) -> str:
    """How a file of this content is called at its end: ".parquet", ".xlsx" or ".csv" for all text."""
    return ".parquet" if data.startswith(b"PAR1") else ".xlsx" if data.startswith(b"PK\x03\x04") else ".csv"

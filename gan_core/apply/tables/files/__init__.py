"""Files that hold a table: CSV, TSV, Parquet and XLSX, read as texts by column and written with cells filled."""

from gan_core.apply.tables.files.opening import read_table, suffix_of
from gan_core.apply.tables.files.table import BadTable, Filled, Table

__all__ = ["BadTable", "Filled", "Table", "read_table", "suffix_of"]

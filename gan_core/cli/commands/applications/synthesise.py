"""Learn a table and write made-up rows like it, with how like they are and whether they are copies."""

from __future__ import annotations

from gan_core.cli.apply.synthesise import synthesise as run
from gan_core.cli.options import Parser, add_engine, add_json, add_sets, path, whole_number, words

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    parser.add_argument("file", type=path, metavar="FILE", help="a table: CSV, TSV, Parquet or XLSX")
    parser.add_argument("--out", type=path, required=True, metavar="ROWS.csv", help="the rows to write, as CSV")
    parser.add_argument(
        "--rows", type=whole_number(1, 1_000_000), default=1000, metavar="N", help="how many (default: 1000)"
    )
    parser.add_argument("--target", type=words, default="", metavar="COLUMN", help="what a model predicts that "
                        "learns from made rows and is tried on real ones")  # fmt: skip
    parser.add_argument("--kinds", type=words, default="", metavar="a=KIND,b=KIND", help="what columns hold: number, "
                        "integer, category, boolean, date, identifier or ignored (default: guessed)")  # fmt: skip
    parser.add_argument("--markers", type=words, default="", metavar="TEXTS", help="what means missing beside empty, "
                        "NA, NaN, NULL, None and ?, as --markers=-999,unknown")  # fmt: skip
    parser.add_argument(
        "--seed", type=whole_number(0, 2**31 - 1), default=0, metavar="S", help="of chance (default: 0)"
    )
    add_sets(parser)
    add_engine(parser)
    add_json(parser)

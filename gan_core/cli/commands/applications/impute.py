"""Fill the missing cells of a table, or compare all ways to do so on cells hidden on purpose."""

from __future__ import annotations

import argparse

from gan_core.cli.apply.impute import impute as run
from gan_core.cli.options import Parser, add_engine, add_json, add_sets, path, whole_number, words

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    parser.add_argument("file", type=path, nargs="?", metavar="FILE", help="a table: CSV, TSV, Parquet or XLSX")
    parser.add_argument("--kinds", type=words, default="", metavar="a=KIND,b=KIND", help="what columns hold: number, "
                        "integer, category, boolean, date, identifier or ignored (default: guessed)")  # fmt: skip
    parser.add_argument("--markers", type=words, default="", metavar="TEXTS", help="what means missing beside empty, "
                        "NA, NaN, NULL, None and ?, as --markers=-999,unknown")  # fmt: skip
    fill = parser.add_argument_group("to fill it")
    fill.add_argument("--out", type=path, metavar="FILLED", help="the table to write, in the format of FILE")
    fill.add_argument("--method", default="iterative", metavar="NAME", help="mean, knn, iterative, trees or gain "
                      "(default: iterative)")  # fmt: skip
    add_sets(parser)
    fill.add_argument("--mask", type=path, metavar="MASK.csv", help="write where cells were filled, 1 or 0")
    fill.add_argument("--draws", type=whole_number(0, 100), default=0, metavar="M", help="also M tables that could "
                      "have been, as a zip beside FILLED")  # fmt: skip
    fill.add_argument("--uncertainty", action="store_true", help="add a column for each that was filled: how unsure")
    fill.add_argument("--save", type=path, metavar="FITTED", help="keep the method with what it has learned")
    fill.add_argument(
        "--model", type=path, metavar="FITTED", help="fill with what --save has kept; nothing is learned"
    )
    fill.add_argument(
        "--seed", type=whole_number(0, 2**31 - 1), default=0, metavar="S", help="of chance (default: 0)"
    )
    _add_comparison(parser)
    add_engine(parser)
    add_json(parser)


def _add_comparison(parser: Parser) -> None:
    compare = parser.add_argument_group("to compare all methods on it")
    compare.add_argument("--compare", action="store_true", help="hide known cells and see how well each method does")
    compare.add_argument("--dataset", metavar="NAME", help="not FILE but breast, wine, digits, diabetes or credit")
    compare.add_argument("--missing", type=_rate, default=0.2, metavar="RATE", help="of known cells (default: 0.2)")
    compare.add_argument("--mechanism", choices=("mcar", "mar", "mnar"), default="mcar", help="which are hidden: at "
                         "random, by another column, or by themselves (default: mcar)")  # fmt: skip
    compare.add_argument("--seeds", type=whole_number(1, 100), default=3, metavar="N", help="times (default: 3)")
    compare.add_argument("--target", type=words, default="", metavar="COLUMN", help="what a model trained on the "
                         "filled table predicts")  # fmt: skip


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1, as 0.2")
    return value

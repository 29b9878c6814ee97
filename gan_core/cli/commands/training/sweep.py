"""Train many runs that differ in a few settings; small dense ones together in one step."""

from __future__ import annotations

from gan_core.cli.options import Parser, add_engine, add_json, add_settings, add_title, whole_number
from gan_core.cli.training.sweep import sweep as run

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    add_settings(parser)
    parser.add_argument(
        "--over",
        action="append",
        default=[],
        metavar="FIELD=VALUES",
        help="a setting to sweep: FIELD=VALUE,VALUE, FIELD=LOW..HIGH:COUNT, or with --random FIELD=LOW..HIGH; values "
        "with commas are divided by semicolons; may be given several times",
    )
    parser.add_argument(
        "--seeds", default="", metavar="S,S", help="seeds that each combination is tried with (or 1..8)"
    )
    parser.add_argument(
        "--random",
        type=whole_number(1, 64),
        default=0,
        metavar="N",
        help="try N combinations drawn at random instead of all of them",
    )
    parser.add_argument(
        "--random-seed", type=whole_number(0, 2**31 - 1), default=1, metavar="S", help="of that drawing (default: 1)"
    )
    parser.add_argument(
        "--measure", default="", metavar="NAME", help="what says which is best, such as modes_covered"
    )
    parser.add_argument("--one-by-one", action="store_true", help="train one after another even where they need not")
    parser.add_argument("--steps", type=whole_number(1, 1_000_000_000), metavar="N", help="the length of each run")
    add_title(parser)
    add_engine(parser)
    add_json(parser)
    parser.set_defaults(images=None, seed=None)

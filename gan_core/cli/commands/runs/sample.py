"""Draw samples from a run's generator into an .npz file, or as single pictures."""

from __future__ import annotations

from gan_core.cli.options import Parser, add_folders, add_out, add_run, whole_number
from gan_core.cli.take import sample as run

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--count", type=whole_number(1, 1_000_000), default=64, metavar="N", help="how many (default: 64)"
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, 2**63 - 1),
        default=0,
        metavar="S",
        help="the same seed draws the same samples; png: the first picture's, the next has the next (default: 0)",
    )
    parser.add_argument(
        "--to",
        choices=("npz", "png"),
        default="npz",
        help="npz: arrays in one file, and a sheet of the first beside it; png: single pictures in the folder --out, "
        "each named by its seed, which shows the same picture on the Explore page (default: npz)",
    )
    add_out(parser)
    add_folders(parser)

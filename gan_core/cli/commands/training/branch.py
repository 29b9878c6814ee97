"""Start a new run from any step of another, with other settings, and train it here."""

from __future__ import annotations

from gan_core.cli.options import Parser, add_engine, add_json, add_length, add_run, add_sets, add_title, whole_number
from gan_core.cli.training.apart import branch as run

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--step",
        type=whole_number(0, 1_000_000_000),
        metavar="N",
        help="where it begins, trained again exactly from the checkpoint before (default: at the newest checkpoint)",
    )
    add_length(parser, "at step N, counted from its parent's beginning", "after {} of its own", "as its parent")
    add_sets(parser)
    add_title(parser, " (default: the other run's)")
    add_engine(parser)
    add_json(parser)

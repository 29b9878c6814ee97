"""Train two runs in step, from the same seed, with one setting changed in the second."""

from __future__ import annotations

from gan_core.cli.options import Parser, add_engine, add_json, add_pairs, add_settings, add_title, whole_number
from gan_core.cli.training.apart import twin as run

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    add_settings(parser)
    add_pairs(parser, "--change", "changes", "what is different in the second, as in --change d_optimizer.lr=0.001")
    parser.add_argument(
        "--steps", type=whole_number(1, 1_000_000_000), metavar="N", help="stop after N steps of each"
    )
    parser.add_argument("--seed", metavar="S", help="what everything random in both follows from")
    add_title(parser)
    add_engine(parser)
    add_json(parser)
    parser.set_defaults(images=None)

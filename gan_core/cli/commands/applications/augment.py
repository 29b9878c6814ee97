"""Measure whether a GAN's images make a classifier better, beside classic augmentation; Ctrl-C keeps what is done."""

from __future__ import annotations

from gan_core.cli.apply.augment import augment as run
from gan_core.cli.options import Parser, add_engine, add_json, add_pairs, seconds, whole_number

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    parser.add_argument(
        "--data", default="fashion-mnist", metavar="NAME",
        help="a dataset with classes; images/SET is a set of your own (default: fashion-mnist)",
    )  # fmt: skip
    parser.add_argument(
        "--per-class",
        type=whole_number(2, 100_000),
        default=100,
        metavar="N",
        help="real images a class (default: 100)",
    )
    parser.add_argument(
        "--run", default="", metavar="RUN",
        help='a run that learned the classes of this set ("last", its id, or a generator that comes along, as '
        "fashion-classes) in place of a GAN for each seed",
    )  # fmt: skip
    parser.add_argument(
        "--ways", default="real,synthetic,both,classic,all", metavar="NAMES",
        help="which training sets: real, synthetic, both (real and synthetic), classic (real, with flips, shifts and "
        "erasing), all (both, with those); real is always one (default: every one)",
    )  # fmt: skip
    parser.add_argument(
        "--ratio", default="1", metavar="RATIOS",
        help="synthetic images for each real one in both and all; several as in 1,2 (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=whole_number(1, 20), default=3, metavar="N", help="how often all is repeated (default: 3)"
    )
    parser.add_argument(
        "--seconds", type=seconds, default=0.0, metavar="S",
        help="each seed's GAN stops training after S seconds (default: when it has seen its images)",
    )  # fmt: skip
    add_pairs(parser, "--set", "sets", "any other field of the task, as in --set least_confidence=0.9")
    add_engine(parser)
    add_json(parser)

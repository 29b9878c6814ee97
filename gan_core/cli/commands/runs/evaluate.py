"""Measure how good a run's generator is, against real data and what it was untrained."""

from __future__ import annotations

from gan_core.cli.evaluate import evaluate as run
from gan_core.cli.options import Parser, add_engine, add_json, add_run, whole_number
from gan_core.runs.evaluation.on_demand import LEAST_SAMPLES, MOST_SAMPLES, SAMPLES

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--step",
        type=whole_number(0, 2**53),
        metavar="N",
        help="the newest checkpoint up to step N; 0 is the untrained generator (default: the newest)",
    )
    parser.add_argument(
        "--samples",
        type=whole_number(LEAST_SAMPLES, MOST_SAMPLES),
        default=SAMPLES,
        metavar="N",
        help=f"images to measure, at most {MOST_SAMPLES:,} (default: {SAMPLES:,}); of points always as many as shown",
    )
    parser.add_argument(
        "--features",
        choices=("own", "inception"),
        default="own",
        help="in which images are compared: those of the dataset's own classifier (of the pixels where there is "
        "none), or Inception's, whose weights of 96 MB are fetched once (default: own)",
    )
    add_engine(parser)
    add_json(parser)

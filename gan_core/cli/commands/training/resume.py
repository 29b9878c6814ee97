"""Go on with a run that was stopped, interrupted or finished."""

from __future__ import annotations

from gan_core.cli.options import Parser, add_engine, add_json, add_length, add_processes, add_run
from gan_core.cli.training.train import resume as run

__all__ = ["IN_SEVERAL_PROCESSES", "add_arguments", "run"]

IN_SEVERAL_PROCESSES = True  # under torchrun


def add_arguments(parser: Parser) -> None:
    add_run(parser)
    add_length(parser, "at {} in all", "at {} in all", "as it was given before, then its planned length")
    add_engine(parser)
    add_processes(parser)
    parser.add_argument(
        "--take-over", action="store_true",
        help="where another machine holds the run and is gone: take it over once that has been silent for a minute",
    )  # fmt: skip
    add_json(parser)

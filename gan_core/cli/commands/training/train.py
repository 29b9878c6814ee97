"""Start a run and train it here until its end; Ctrl-C stops it with everything saved. torchrun shares its batches."""

from __future__ import annotations

from gan_core.cli.options import Parser, add_engine, add_json, add_length, add_processes, add_settings, add_title
from gan_core.cli.training.train import train as run

__all__ = ["IN_SEVERAL_PROCESSES", "add_arguments", "run"]

IN_SEVERAL_PROCESSES = True  # under torchrun


def add_arguments(parser: Parser) -> None:
    add_settings(parser)
    add_length(parser, "after {}", "after {}", "the preset's")
    parser.add_argument("--seed", metavar="S", help="what everything random follows from")
    add_title(parser)
    add_engine(parser)
    add_processes(parser)
    add_json(parser)

"""Make a run of such a file; no run that is there is changed."""

from __future__ import annotations

from gan_core.cli.carry import read_run as run
from gan_core.cli.options import Parser, add_folders, add_json, path

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    parser.add_argument("file", type=path, metavar="FILE", help="the zip that a run was exported to")
    add_folders(parser)
    add_json(parser)

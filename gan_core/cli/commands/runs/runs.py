"""List the runs there are, newest first."""

from __future__ import annotations

from gan_core.cli.options import Parser, add_folders, add_json
from gan_core.cli.show import runs as run

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    add_folders(parser)
    add_json(parser)

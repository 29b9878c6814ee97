"""Say what is going wrong in a run, with evidence, and what might help."""

from __future__ import annotations

from gan_core.cli.diagnose import diagnose as run
from gan_core.cli.options import Parser, add_folders, add_json, add_run

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    add_run(parser)
    add_folders(parser)
    add_json(parser)

"""Tell what this machine offers and what may be wrong with it."""

from __future__ import annotations

from gan_core.cli.doctor import doctor as run
from gan_core.cli.options import Parser, add_engine, add_json

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    add_engine(parser)
    add_json(parser)

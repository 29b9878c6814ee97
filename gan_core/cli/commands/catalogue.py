"""Print as JSON what there is to choose from, with every field."""

from __future__ import annotations

from gan_core.cli.options import Parser
from gan_core.cli.show import catalogue as run

__all__ = ["add_arguments", "run"]


def add_arguments(_parser: Parser) -> None:
    """It takes none."""

"""The commands: each module of this package is one, and nothing else names it.

export_run.py is the command `export-run`. The first line of a module's docstring is what --help says of it,
`add_arguments(parser)` adds what it takes, and `run(arguments)` carries it out and returns the exit status. Where
`IN_SEVERAL_PROCESSES` is true, torchrun may start it. Only the module of the command that was given is imported, so
that --help and a mistyped word need not wait for torch.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
from argparse import Namespace
from pathlib import Path
from typing import Protocol, cast

from gan_core.cli.options import Parser


class Command(Protocol):
    """What a module of this package has."""

    def add_arguments(self, parser: Parser, /) -> None: ...

    def run(self, arguments: Namespace, /) -> int: ...


def names() -> tuple[str, ...]:
    """Every command, in alphabetical order."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


def command(name: str) -> Command:
    """The command called `name`, imported now."""
    return cast(Command, importlib.import_module(_module(name)))


def help_of(name: str) -> str:
    """The first line of its docstring, read from the source without importing it."""
    spec = importlib.util.find_spec(_module(name))
    assert spec is not None
    assert spec.origin is not None
    words = ast.get_docstring(ast.parse(Path(spec.origin).read_bytes())) or ""
    return words.partition("\n")[0]


def _module(name: str) -> str:
    return f"{__name__}.{name.replace('-', '_')}"

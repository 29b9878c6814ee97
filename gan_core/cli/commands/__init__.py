"""The commands: each module below this package is one, in whichever of its folders, and nothing else names it.

export_run.py is the command `export-run`. The first line of a module's docstring is what --help says of it,
`add_arguments(parser)` adds what it takes, and `run(arguments)` carries it out and returns the exit status. Where
`IN_SEVERAL_PROCESSES` is true, torchrun may start it. Only the module of the command that was given is imported, so
that --help and a mistyped word need not wait for torch.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
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
    return tuple(sorted(_modules()))


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
    return _modules()[name]


@functools.cache
def _modules() -> dict[str, str]:
    """Name of a command -> its module; found by the files' names, so that nothing is imported."""
    found, here = {}, Path(__path__[0])
    for file in here.rglob("*.py"):
        parts = file.relative_to(here).with_suffix("").parts
        if parts[-1] != "__init__":
            found[parts[-1].replace("_", "-")] = ".".join((__name__, *parts))
    return found

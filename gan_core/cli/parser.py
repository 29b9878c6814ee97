"""The words that the command line understands: those of the commands that `gan_core.cli.commands` holds."""

from __future__ import annotations

from typing import Any

from gan_core.cli.commands import command, help_of, names
from gan_core.cli.options import Parser


class CommandParser(Parser):
    """A command's own parser, which asks its module for the arguments when the command is given."""

    def __init__(self, *, command: str, **options: Any) -> None:
        super().__init__(**options)
        self._command = command
        self._complete = False
        self.set_defaults(parser=self)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self.complete()
        return super().parse_known_args(args, namespace)

    def complete(self) -> CommandParser:
        """With all its arguments."""
        if not self._complete:
            self._complete = True
            command(self._command).add_arguments(self)
        return self


def build_parser() -> Parser:
    """All commands; the parsed arguments' `command` names the one that was given."""
    parser = Parser(
        prog="python -m gan_core", description="Train generative adversarial networks.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=CommandParser)
    for name in names():
        help = help_of(name)
        commands.add_parser(name, command=name, help=help, description=help, allow_abbrev=False)
    return parser

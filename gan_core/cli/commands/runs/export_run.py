"""Write a whole run to one file, to be imported elsewhere."""

from __future__ import annotations

from gan_core.cli.carry import write_run as run
from gan_core.cli.options import Parser, add_folders, add_out, add_run
from gan_core.runs.storage.archives.archive import CHECKPOINTS

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--checkpoints",
        choices=CHECKPOINTS,
        default="all",
        help="newest: the newest and the best alone; none: it can be looked at but not go on (default: all)",
    )
    add_out(parser)
    add_folders(parser)

"""Check a scene file or link and print what it holds; make one from the other, or train what it shows."""

from __future__ import annotations

from gan_core.cli.options import Parser, add_engine, add_json, add_length, path
from gan_core.cli.training.scene import scene as run

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    parser.add_argument("scene", metavar="FILE", help="a scene file (JSON), - for standard input, or a scene's link")
    parser.add_argument("--server", default="", metavar="URL", help="the address that the printed link begins with")
    parser.add_argument("--out", type=path, metavar="FILE", help="write the scene as a file")
    parser.add_argument("--train", action="store_true", help="train it here, as the command train does")
    add_length(parser, "after {}", "after {}", "the scene's")
    add_engine(parser)
    add_json(parser)

"""Play a class against a running server, and tell in a table whether it holds."""

from __future__ import annotations

import argparse

from gan_core.cli.options import Parser, add_json, whole_number, words


def add_arguments(parser: Parser) -> None:
    parser.add_argument(
        "--students", type=whole_number(1, 300), default=30, metavar="N", help="how many (default: 30)"
    )
    parser.add_argument(
        "--minutes", type=_minutes, default=3.0, metavar="M",
        help="how long (default: 3); from 6 on in rounds of 3, from 18 on with how fast the server's memory grows",
    )  # fmt: skip
    parser.add_argument(
        "--url", type=_address, default="http://127.0.0.1:8501", metavar="URL",
        help="the server, with its path (default: http://127.0.0.1:8501)",
    )  # fmt: skip
    parser.add_argument(
        "--token", type=words, default="", metavar="TOKEN", help="the class's token, where one is asked for"
    )
    parser.add_argument(
        "--teacher", type=words, default="", metavar="TOKEN",
        help="the teacher's token, to whom the server says what it takes of its machine",
    )  # fmt: skip
    parser.add_argument(
        "--run", type=words, default="", metavar="RUN",
        help="a run that trains, to be followed (default: start one, and stop it at the end)",
    )  # fmt: skip
    add_json(parser)


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes from 0.1 to 600")
    return value


def _address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} is not an address such as http://127.0.0.1:8501")
    return text


def run(arguments: argparse.Namespace) -> int:
    from gan_core.cli.rehearsal.rehearse import rehearse

    return rehearse(arguments)

"""The parser, its kinds of values, and the options that several commands have."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from gan_core.cli.terminal.errors import CommandError
from gan_core.config.places import DEVICES, data_dir, device_name, place, runs_dir


class Parser(argparse.ArgumentParser):
    """argparse, with its errors as sentences, which point to the help of the command that was meant."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            meant = getattr(parsed, "parser", self)
            meant.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed

    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{message[0].upper()}{message[1:]}; {self.prog} --help tells what there is.")


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """An argument type: a whole number in [low, high]."""

    def read(text: str) -> int:
        if text.isascii() and text.isdecimal() and low <= int(text) <= high:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")

    return read


def number(low: float, high: float) -> Callable[[str], float]:
    """An argument type: a number in [low, high]."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = low - 1
        if low <= value <= high:
            return value
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")

    return read


def seconds(text: str) -> float:
    """An argument type: a length of time."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 31_536_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0 and up to a year")
    return value


def path(text: str) -> Path:
    """An argument type: a file or folder."""
    try:
        return place(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None


def words(text: str) -> str:
    """An argument type: words for people, also where the locale could not read them (they are UTF-8 then)."""
    if any("\udc80" <= letter <= "\udcff" for letter in text):
        return os.fsencode(text).decode("utf-8", errors="replace")
    return text


def add_title(parser: Parser, default: str = "") -> None:
    parser.add_argument("--title", type=words, default="", help=f"a name for people{default}")


def add_settings(parser: Parser) -> None:
    """Where a new run's settings come from."""
    from gan_core.training.configuration.presets import (  # they bring torch, which --help has no need of
        DEFAULT,
        PRESETS,
    )

    parser.add_argument(
        "--preset", default="", help=f"where to start from: {', '.join(PRESETS)} (default: {DEFAULT})"
    )
    parser.add_argument("--config", type=path, metavar="FILE", help="start from a configuration in JSON instead")
    add_sets(parser)


def add_sets(parser: Parser) -> None:
    add_pairs(parser, "--set", "sets", "change one field, as in --set g_optimizer.lr=0.001")


def add_pairs(parser: Parser, option: str, name: str, help: str) -> None:
    parser.add_argument(
        option,
        action="append",
        type=words,
        default=[],
        metavar="FIELD=VALUE",
        dest=name,
        help=f"{help}; may be given many times",
    )


def add_length(parser: Parser, steps: str, time: str, default: str) -> None:
    """When it is to stop, in one of three ways."""
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--steps", type=whole_number(1, 1_000_000_000), metavar="N", help=f"stop {steps.format('N steps')}"
    )
    length.add_argument(
        "--seconds", type=seconds, metavar="S", help=f"stop {time.format('S seconds of training')}"
    )  # fmt: skip
    length.add_argument("--images", metavar="N", help=f"finish after N real images (default: {default})")


def add_run(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN", help='its id, the beginning of it, or "last"')


def add_out(parser: Parser) -> None:
    parser.add_argument("--out", type=path, required=True, metavar="FILE", help="the file to write")


def add_json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON value as the last line")


def add_folders(parser: Parser) -> None:
    parser.add_argument(
        "--runs-dir",
        type=path,
        default=runs_dir(),
        metavar="DIR",
        help="where runs are kept (default: GANSCOPE_RUNS or runs)",
    )
    parser.add_argument(
        "--data-dir",
        type=path,
        default=data_dir(),
        metavar="DIR",
        help="where fetched and own data is kept (default: GANSCOPE_DATA or data)",
    )


def add_processes(parser: Parser) -> None:
    parser.add_argument(
        "--processes", type=whole_number(1, 1024), default=1, metavar="N",
        help="train it by N processes together, as torchrun does (default: one)",
    )  # fmt: skip


def add_engine(parser: Parser) -> None:
    add_folders(parser)
    parser.add_argument(
        "--device", choices=DEVICES, default=device_name(), help="where to train (default: GANSCOPE_DEVICE or auto)"
    )
    parser.add_argument("--verbose", action="store_true", help="show the program's log on standard error")
    parser.add_argument(
        "--threads",
        type=whole_number(1, 1024),
        metavar="N",
        help="processor threads (default: every core)",
    )

"""The words that the command line understands."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from gan_core.cli.errors import CommandError
from gan_core.config.places import DEVICES, data_dir, device_name, runs_dir
from gan_core.runs.archive import CHECKPOINTS
from gan_core.runs.on_demand import LEAST_SAMPLES, MOST_SAMPLES, SAMPLES
from gan_core.training.presets import DEFAULT, PRESETS

EXPORTS = (
    "safetensors", "discriminator", "onnx", "train-script", "sample-script", "png", "gif", "csv", "tensorboard",
)  # fmt: skip


class Parser(argparse.ArgumentParser):
    """argparse, with its errors as sentences."""

    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{message[0].upper()}{message[1:]}; {self.prog} --help tells what there is.")


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """An argument type: a whole number in [low, high]."""

    def read(text: str) -> int:
        if text.isascii() and text.isdecimal() and low <= int(text) <= high:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")

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


def build_parser() -> Parser:
    """All commands; the parsed arguments' `command` names the one that was given."""
    parser = Parser(
        prog="python -m gan_core", description="Train generative adversarial networks.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)

    def command(name: str, help: str) -> Parser:
        added: Parser = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
        return added

    train = command("train", "Start a run and train it here until its end; Ctrl-C stops it with everything saved.")
    _settings(train)
    length = train.add_mutually_exclusive_group()
    length.add_argument("--steps", type=whole_number(1, 1_000_000_000), metavar="N", help="stop after N steps")
    length.add_argument("--seconds", type=seconds, metavar="S", help="stop after S seconds of training")
    length.add_argument("--images", type=str, metavar="N", help="finish after N real images (default: the preset's)")
    train.add_argument("--seed", metavar="S", help="what everything random follows from")
    train.add_argument("--title", default="", help="a name for people")
    _engine(train)
    _json(train)

    resume = command("resume", "Go on with a run that was stopped, interrupted or finished.")
    _run(resume)
    resume.add_argument("--steps", type=whole_number(1, 1_000_000_000), metavar="N", help="stop at N steps in all")
    _engine(resume)
    _json(resume)

    branch = command("branch", "Start a new run from any step of another, with other settings, and train it here.")
    _run(branch)
    branch.add_argument(
        "--step",
        type=whole_number(0, 1_000_000_000),
        metavar="N",
        help="where it begins, trained again exactly from the checkpoint before (default: at the newest checkpoint)",
    )
    _sets(branch)
    branch.add_argument("--title", default="", help="a name for people (default: the other run's)")
    _engine(branch)
    _json(branch)

    twin = command("twin", "Train two runs in step, from the same seed, with one setting changed in the second.")
    _settings(twin)
    _pairs(twin, "--change", "changes", "what is different in the second, as in --change d_optimizer.lr=0.001")
    twin.add_argument("--steps", type=whole_number(1, 1_000_000_000), metavar="N", help="stop after N steps of each")
    twin.add_argument("--seed", metavar="S", help="what everything random in both follows from")
    twin.add_argument("--title", default="", help="a name for people")
    _engine(twin)
    _json(twin)
    twin.set_defaults(images=None)

    sweep = command("sweep", "Train many runs that differ in a few settings; small dense ones together in one step.")
    _settings(sweep)
    sweep.add_argument(
        "--over",
        action="append",
        default=[],
        metavar="FIELD=VALUES",
        help="a setting to sweep: FIELD=VALUE,VALUE, FIELD=LOW..HIGH:COUNT, or with --random FIELD=LOW..HIGH; values "
        "with commas are divided by semicolons; may be given several times",
    )
    sweep.add_argument(
        "--seeds", default="", metavar="S,S", help="seeds that each combination is tried with (or 1..8)"
    )
    sweep.add_argument(
        "--random",
        type=whole_number(1, 64),
        default=0,
        metavar="N",
        help="try N combinations drawn at random instead of all of them",
    )
    sweep.add_argument(
        "--random-seed", type=whole_number(0, 2**31 - 1), default=1, metavar="S", help="of that drawing (default: 1)"
    )
    sweep.add_argument("--measure", default="", metavar="NAME", help="what says which is best, such as modes_covered")
    sweep.add_argument("--one-by-one", action="store_true", help="train one after another even where they need not")
    sweep.add_argument("--steps", type=whole_number(1, 1_000_000_000), metavar="N", help="the length of each run")
    sweep.add_argument("--title", default="", help="a name for people")
    _engine(sweep)
    _json(sweep)
    sweep.set_defaults(images=None, seed=None)

    evaluate = command(
        "evaluate", "Measure how good a run's generator is, against real data and what it was untrained."
    )
    _run(evaluate)
    evaluate.add_argument(
        "--step",
        type=whole_number(0, 2**53),
        metavar="N",
        help="the newest checkpoint up to step N; 0 is the untrained generator (default: the newest)",
    )
    evaluate.add_argument(
        "--samples",
        type=whole_number(LEAST_SAMPLES, MOST_SAMPLES),
        default=SAMPLES,
        metavar="N",
        help=f"images to measure, at most {MOST_SAMPLES:,} (default: {SAMPLES:,}); of points always as many as shown",
    )
    evaluate.add_argument(
        "--features",
        choices=("own", "inception"),
        default="own",
        help="in which images are compared: those of the dataset's own classifier (of the pixels where there is "
        "none), or Inception's, whose weights of 96 MB are fetched once (default: own)",
    )
    _engine(evaluate)
    _json(evaluate)

    diagnose = command("diagnose", "Say what is going wrong in a run, with evidence, and what might help.")
    _run(diagnose)
    _folders(diagnose)
    _json(diagnose)

    runs = command("runs", "List the runs there are, newest first.")
    _folders(runs)
    _json(runs)

    sample = command("sample", "Draw samples from a run's generator into an .npz file.")
    _run(sample)
    sample.add_argument(
        "--count", type=whole_number(1, 1_000_000), default=64, metavar="N", help="how many (default: 64)"
    )
    sample.add_argument(
        "--seed",
        type=whole_number(0, 2**63 - 1),
        default=0,
        metavar="S",
        help="the same seed draws the same samples (default: 0)",
    )
    _out(sample)
    _folders(sample)

    export = command("export", "Write a run's networks, scripts, newest grid, training film or curves to a file.")
    _run(export)
    export.add_argument(
        "--to",
        required=True,
        choices=EXPORTS,
        help="what to write; safetensors, onnx: the generator; train-script, sample-script: stand-alone Python; "
        "tensorboard: curves, sample grids and settings, into a folder of the run's name in the folder --out",
    )
    export.add_argument(
        "--scale",
        type=whole_number(1, 16),
        default=2,
        metavar="N",
        help="png, gif: enlarge every pixel to N x N; points in the plane: 240 N pixels a side (default: 2)",
    )
    _out(export)
    _folders(export)

    export_run = command("export-run", "Write a whole run to one file, to be imported elsewhere.")
    _run(export_run)
    export_run.add_argument(
        "--checkpoints",
        choices=CHECKPOINTS,
        default="all",
        help="newest: the newest and the best alone; none: it can be looked at but not go on (default: all)",
    )
    _out(export_run)
    _folders(export_run)

    import_run = command("import-run", "Make a run of such a file; no run that is there is changed.")
    import_run.add_argument("file", type=Path, metavar="FILE", help="the zip that a run was exported to")
    _folders(import_run)
    _json(import_run)

    command("catalogue", "Print as JSON what there is to choose from, with every field.")
    doctor = command("doctor", "Tell what this machine offers and what may be wrong with it.")
    _engine(doctor)
    _json(doctor)
    return parser


def _settings(parser: Parser) -> None:
    """Where a new run's settings come from."""
    parser.add_argument(
        "--preset", default="", help=f"where to start from: {', '.join(PRESETS)} (default: {DEFAULT})"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="start from a configuration in JSON instead")
    _sets(parser)


def _sets(parser: Parser) -> None:
    _pairs(parser, "--set", "sets", "change one field, as in --set g_optimizer.lr=0.001")


def _pairs(parser: Parser, option: str, name: str, help: str) -> None:
    parser.add_argument(
        option, action="append", default=[], metavar="FIELD=VALUE", dest=name, help=f"{help}; may be given many times"
    )


def _run(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN", help='its id, the beginning of it, or "last"')


def _out(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")


def _json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON value as the last line")


def _folders(parser: Parser) -> None:
    parser.add_argument(
        "--runs-dir",
        type=Path,
        default=runs_dir(),
        metavar="DIR",
        help="where runs are kept (default: GANSCOPE_RUNS or runs)",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=data_dir(),
        metavar="DIR",
        help="where fetched and own data is kept (default: GANSCOPE_DATA or data)",
    )


def _engine(parser: Parser) -> None:
    _folders(parser)
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

"""The words that the command line understands."""

from __future__ import annotations

from collections.abc import Callable

from gan_core.cli.options import (
    Parser,
    add_engine,
    add_folders,
    add_json,
    add_length,
    add_out,
    add_pairs,
    add_run,
    add_sets,
    add_settings,
    add_title,
    path,
    whole_number,
)
from gan_core.runs.evaluation.on_demand import LEAST_SAMPLES, MOST_SAMPLES, SAMPLES
from gan_core.runs.storage.archive import CHECKPOINTS

EXPORTS = (
    "safetensors", "discriminator", "onnx", "train-script", "sample-script", "png", "gif", "csv", "tensorboard",
)  # fmt: skip


def build_parser() -> Parser:
    """All commands; the parsed arguments' `command` names the one that was given."""
    parser = Parser(
        prog="python -m gan_core", description="Train generative adversarial networks.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for name, arguments, help in _COMMANDS:
        command = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
        command.set_defaults(parser=command)
        arguments(command)
    return parser


# --- the arguments of each


def _train(parser: Parser) -> None:
    add_settings(parser)
    add_length(parser, "after {}", "after {}", "the preset's")
    parser.add_argument("--seed", metavar="S", help="what everything random follows from")
    add_title(parser)
    add_engine(parser)
    add_json(parser)


def _resume(parser: Parser) -> None:
    add_run(parser)
    add_length(parser, "at {} in all", "at {} in all", "as it was given before, then its planned length")
    add_engine(parser)
    add_json(parser)


def _branch(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--step",
        type=whole_number(0, 1_000_000_000),
        metavar="N",
        help="where it begins, trained again exactly from the checkpoint before (default: at the newest checkpoint)",
    )
    add_length(parser, "at step N, counted from its parent's beginning", "after {} of its own", "as its parent")
    add_sets(parser)
    add_title(parser, " (default: the other run's)")
    add_engine(parser)
    add_json(parser)


def _twin(parser: Parser) -> None:
    add_settings(parser)
    add_pairs(parser, "--change", "changes", "what is different in the second, as in --change d_optimizer.lr=0.001")
    parser.add_argument(
        "--steps", type=whole_number(1, 1_000_000_000), metavar="N", help="stop after N steps of each"
    )
    parser.add_argument("--seed", metavar="S", help="what everything random in both follows from")
    add_title(parser)
    add_engine(parser)
    add_json(parser)
    parser.set_defaults(images=None)


def _sweep(parser: Parser) -> None:
    add_settings(parser)
    parser.add_argument(
        "--over",
        action="append",
        default=[],
        metavar="FIELD=VALUES",
        help="a setting to sweep: FIELD=VALUE,VALUE, FIELD=LOW..HIGH:COUNT, or with --random FIELD=LOW..HIGH; values "
        "with commas are divided by semicolons; may be given several times",
    )
    parser.add_argument(
        "--seeds", default="", metavar="S,S", help="seeds that each combination is tried with (or 1..8)"
    )
    parser.add_argument(
        "--random",
        type=whole_number(1, 64),
        default=0,
        metavar="N",
        help="try N combinations drawn at random instead of all of them",
    )
    parser.add_argument(
        "--random-seed", type=whole_number(0, 2**31 - 1), default=1, metavar="S", help="of that drawing (default: 1)"
    )
    parser.add_argument(
        "--measure", default="", metavar="NAME", help="what says which is best, such as modes_covered"
    )
    parser.add_argument("--one-by-one", action="store_true", help="train one after another even where they need not")
    parser.add_argument("--steps", type=whole_number(1, 1_000_000_000), metavar="N", help="the length of each run")
    add_title(parser)
    add_engine(parser)
    add_json(parser)
    parser.set_defaults(images=None, seed=None)


def _evaluate(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--step",
        type=whole_number(0, 2**53),
        metavar="N",
        help="the newest checkpoint up to step N; 0 is the untrained generator (default: the newest)",
    )
    parser.add_argument(
        "--samples",
        type=whole_number(LEAST_SAMPLES, MOST_SAMPLES),
        default=SAMPLES,
        metavar="N",
        help=f"images to measure, at most {MOST_SAMPLES:,} (default: {SAMPLES:,}); of points always as many as shown",
    )
    parser.add_argument(
        "--features",
        choices=("own", "inception"),
        default="own",
        help="in which images are compared: those of the dataset's own classifier (of the pixels where there is "
        "none), or Inception's, whose weights of 96 MB are fetched once (default: own)",
    )
    add_engine(parser)
    add_json(parser)


def _diagnose(parser: Parser) -> None:
    add_run(parser)
    add_folders(parser)
    add_json(parser)


def _runs(parser: Parser) -> None:
    add_folders(parser)
    add_json(parser)


def _sample(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--count", type=whole_number(1, 1_000_000), default=64, metavar="N", help="how many (default: 64)"
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, 2**63 - 1),
        default=0,
        metavar="S",
        help="the same seed draws the same samples; png: the first picture's, the next has the next (default: 0)",
    )
    parser.add_argument(
        "--to",
        choices=("npz", "png"),
        default="npz",
        help="npz: arrays in one file, and a sheet of the first beside it; png: single pictures in the folder --out, "
        "each named by its seed, which shows the same picture on the Explore page (default: npz)",
    )
    add_out(parser)
    add_folders(parser)


def _export(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--to",
        required=True,
        choices=EXPORTS,
        help="what to write; safetensors, onnx: the generator; train-script, sample-script: stand-alone Python "
        "with what it needs beside it, under the name --out, into a folder or as a .zip; "
        "tensorboard: curves, sample grids and settings, into a folder of the run's name in the folder --out",
    )
    parser.add_argument(
        "--scale",
        type=whole_number(1, 16),
        default=2,
        metavar="N",
        help="png, gif: enlarge every pixel to N x N; points in the plane: 240 N pixels a side (default: 2)",
    )
    add_out(parser)
    add_folders(parser)


def _export_run(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--checkpoints",
        choices=CHECKPOINTS,
        default="all",
        help="newest: the newest and the best alone; none: it can be looked at but not go on (default: all)",
    )
    add_out(parser)
    add_folders(parser)


def _import_run(parser: Parser) -> None:
    parser.add_argument("file", type=path, metavar="FILE", help="the zip that a run was exported to")
    add_folders(parser)
    add_json(parser)


def _catalogue(parser: Parser) -> None:
    """It takes none."""


def _doctor(parser: Parser) -> None:
    add_engine(parser)
    add_json(parser)


_COMMANDS: tuple[tuple[str, Callable[[Parser], None], str], ...] = (
    ("train", _train, "Start a run and train it here until its end; Ctrl-C stops it with everything saved."),
    ("resume", _resume, "Go on with a run that was stopped, interrupted or finished."),
    ("branch", _branch, "Start a new run from any step of another, with other settings, and train it here."),
    ("twin", _twin, "Train two runs in step, from the same seed, with one setting changed in the second."),
    ("sweep", _sweep, "Train many runs that differ in a few settings; small dense ones together in one step."),
    ("evaluate", _evaluate, "Measure how good a run's generator is, against real data and what it was untrained."),
    ("diagnose", _diagnose, "Say what is going wrong in a run, with evidence, and what might help."),
    ("runs", _runs, "List the runs there are, newest first."),
    ("sample", _sample, "Draw samples from a run's generator into an .npz file, or as single pictures."),
    ("export", _export, "Write a run's networks, scripts, newest grid, training film or curves to a file."),
    ("export-run", _export_run, "Write a whole run to one file, to be imported elsewhere."),
    ("import-run", _import_run, "Make a run of such a file; no run that is there is changed."),
    ("catalogue", _catalogue, "Print as JSON what there is to choose from, with every field."),
    ("doctor", _doctor, "Tell what this machine offers and what may be wrong with it."),
)
"""Its name, what adds its arguments, and what it does."""

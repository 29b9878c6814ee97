"""Write a run's networks, scripts, newest grid, training film or curves to a file."""

from __future__ import annotations

from gan_core.cli.options import Parser, add_folders, add_out, add_run, whole_number
from gan_core.cli.take import EXPORTERS, SCRIPTS
from gan_core.cli.take import export as run

__all__ = ["add_arguments", "run"]

FORMATS = (*EXPORTERS, *SCRIPTS, "tensorboard")


def add_arguments(parser: Parser) -> None:
    add_run(parser)
    parser.add_argument(
        "--to",
        required=True,
        choices=FORMATS,
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

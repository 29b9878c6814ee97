"""Edit pictures by what a generator has learned: move, drag, repaint; one, or a folder of them."""

from __future__ import annotations

import argparse

from gan_core.cli.clip_options import add_clip, is_clip
from gan_core.cli.options import Parser, add_engine, add_json, path, whole_number, words
from gan_core.cli.terminal.errors import CommandError


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help='a run\'s id, "last", or a generator that comes along')
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument(
        "--seed", type=whole_number(0, 2**53 - 1), metavar="S", help="begin with the picture of a seed (default: 0)"
    )
    begin.add_argument(
        "--picture", type=path, metavar="FILE", help="begin with a picture of your own, or each of a folder of them"
    )
    parser.add_argument("--class", type=whole_number(0, 10_000), metavar="N", dest="label", help="its class")
    parser.add_argument(
        "--move", action="append", type=words, default=[], metavar="NAME=AMOUNT",
        help="along a direction, in standard deviations, as pca-1=2.0 or hue-red=1.5; may be given many times",
    )  # fmt: skip
    parser.add_argument(
        "--drag", action="append", nargs="+", type=words, default=[], metavar="X0,Y0:X1,Y1",
        help="what is at the first place to the second, in pixels of the generator's picture, x to the right and y "
        "down from the upper left corner",
    )  # fmt: skip
    parser.add_argument("--repaint", action="store_true", help="make anew what is under the mask")
    parser.add_argument(
        "--mask", type=path, metavar="FILE",
        help="white where the picture may change; with moves nothing else does, in a drag changes there cost",
    )  # fmt: skip
    parser.add_argument(
        "--tune", type=whole_number(0, 500), default=0, metavar="STEPS",
        help="tune a copy of the generator to the picture, about 100 steps (pivotal tuning; default: 0, not at all)",
    )  # fmt: skip
    parser.add_argument("--apply", type=path, metavar="EDIT.json", help="the steps that --save wrote, instead")
    parser.add_argument(
        "--out", type=path, metavar="OUT", help="the picture to write; of a folder: a folder; of a clip: .mp4 or .gif"
    )
    parser.add_argument(
        "--reachable", type=path, metavar="PLACES.png",
        help="also write how far each handle of --drag can go to eight sides; the places are in --json too",
    )  # fmt: skip
    parser.add_argument("--save", type=path, metavar="EDIT.json", help="write the steps too, for --apply")
    add_clip(parser)
    add_engine(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    if is_clip(arguments):
        from gan_core.cli.apply.edit_clip import edit_clip  # it brings torch, which --help has no need of

        return edit_clip(arguments)
    if arguments.out is None:
        raise CommandError("There is nowhere to write to; give --out, or --film for a film.")
    from gan_core.cli.apply.edit_picture import edit_picture

    return edit_picture(arguments)

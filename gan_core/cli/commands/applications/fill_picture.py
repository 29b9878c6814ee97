"""Fill what is missing of a picture, in several ways, by searching a generator's latent space."""

from __future__ import annotations

import argparse

from gan_core.cli.options import Parser, add_engine, add_json, add_pairs, path, whole_number


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help='a run\'s id, "last", or a generator that comes along')
    picture = parser.add_mutually_exclusive_group(required=True)
    picture.add_argument("--picture", type=path, metavar="FILE", help="a picture of your own")
    picture.add_argument(
        "--held-out", type=whole_number(0, 10_000_000), metavar="N", help="picture N that the data set keeps back"
    )
    hidden = parser.add_mutually_exclusive_group()
    hidden.add_argument(
        "--mask",
        type=path,
        metavar="FILE",
        help="a picture that is white where something is missing, as large as the picture or as the generator's own",
    )
    hidden.add_argument(
        "--hide",
        choices=("half", "box", "pixels", "lines", "low-resolution", "transparent"),
        help="what is missing instead of a mask (default: the transparent parts of the picture)",
    )
    parser.add_argument(
        "--damaged",
        action="store_true",
        help="what the picture holds under the mask is not the truth: do not score it",
    )
    parser.add_argument(
        "--count", type=whole_number(1, 12), default=6, metavar="N", help="different completions (default: 6)"
    )
    parser.add_argument("--out", type=path, required=True, metavar="DIR", help="the folder for pictures and scores")
    add_pairs(
        parser,
        "--set",
        "sets",
        "change one more field: side, share, factor, space, label, restarts, iterations, pool, realism, prior, "
        "blend, fit, invert or seed",
    )
    add_engine(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from gan_core.cli.apply.fill_picture import fill_picture  # it brings torch, which --help has no need of

    return fill_picture(arguments)

"""Options of `edit` for clips and films; without torch, for `--help`."""

from __future__ import annotations

import argparse

from gan_core.cli.options import Parser, path, seconds, whole_number, words


def add_clip(parser: Parser) -> None:
    clip = parser.add_argument_group("clips and films")
    clip.add_argument(
        "--clip", type=path, metavar="CLIP",
        help="edit each frame of a clip (MP4, WebM, GIF, animated WebP or APNG, or a folder of frames; at most 30 s "
        "and 900 frames) into --out OUT.mp4 or OUT.gif",
    )  # fmt: skip
    clip.add_argument(
        "--box", type=words, metavar="X,Y,W,H", default="",
        help="where the subject is in the clip, in its pixels (default: the largest square in the middle)",
    )  # fmt: skip
    clip.add_argument(
        "--put", choices=("picture", "change"), default="picture",
        help="put the edited picture there, or add what the edit changes to what the frame shows (default: picture)",
    )  # fmt: skip
    clip.add_argument(
        "--film", type=path, metavar="FILM", help="a film (.mp4 or .gif) of the edit growing, or with --between"
    )
    clip.add_argument(
        "--between", type=path, nargs="+", metavar="FILE", help="the film goes through 2 to 50 pictures of your own"
    )
    clip.add_argument("--seconds", type=seconds, metavar="S", help="length of the film (default: 4)")
    clip.add_argument(
        "--strength", type=words, metavar="KEYS", default="",
        help='how strong the edit is over time, as "0:0 2:1 4:0": seconds and 0 to 1',
    )  # fmt: skip
    clip.add_argument(
        "--rate", type=whole_number(1, 60), metavar="N",
        help="frames a second of a film, and of a folder of frames (default: 25)",
    )  # fmt: skip


def is_clip(arguments: argparse.Namespace) -> bool:
    """Whether a clip or a film is asked for."""
    return arguments.clip is not None or arguments.film is not None or arguments.between is not None

"""`edit`: a picture of a seed or of one's own, or a folder of them, edited by a generator."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from gan_core.apply.editing.edits import (
    FACTORS,
    FROM_FILE,
    MOST_BYTES,
    Class,
    Drag,
    Edit,
    Factor,
    Move,
    Repaint,
    Stack,
    Start,
    stack_from_json,
    stack_to_json,
)
from gan_core.apply.editing.starting import PICTURE
from gan_core.apply.editing.task import EDIT, MASK, MOST_PICTURES, EditPictures
from gan_core.cli.apply import content_of, work
from gan_core.cli.show import table
from gan_core.cli.terminal.errors import CommandError
from gan_core.config.files import write_atomically, write_output
from gan_core.data.uploads.limits import MEGA

_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".heic", ".tif", ".tiff", ".bmp", ".gif")
_MOST_MEGA = 500  # of a folder of pictures
_PAIR = re.compile(r"([^=]{1,80})=([-+]?[0-9]{1,3}(?:\.[0-9]{1,9})?)")


def edit_picture(arguments: argparse.Namespace) -> int:
    """Edit in the foreground; the job is kept. One picture comes to --out as a file, a folder's to a folder."""
    many = arguments.picture is not None and arguments.picture.is_dir()
    _check_out(arguments.out, many)
    stack = stack_asked(arguments)
    inputs = _pictures(arguments.picture)
    if arguments.mask is not None:
        inputs[MASK] = content_of(arguments.mask, "mask")
    places: Path | None = arguments.reachable
    if places is not None:
        _check_places(places, stack, many)
    task = EditPictures(arguments.model, stack_to_json(stack), reachable=places is not None)
    job, outcome = work(arguments, task, inputs)
    if many:
        arguments.out.mkdir(exist_ok=True)
        for one in outcome["pictures"]:
            if one["file"]:
                write_atomically(arguments.out / one["file"], (job.result / one["file"]).read_bytes())
    else:
        write_output(arguments.out, (job.result / outcome["pictures"][0]["file"]).read_bytes())
    if places is not None:
        write_output(places, (job.result / outcome["pictures"][0]["reachable_file"]).read_bytes())
    if arguments.save is not None:
        write_output(arguments.save, (job.result / EDIT).read_bytes())
    _say(arguments, job.id, outcome, many)
    return 0


def _check_out(out: Path, many: bool) -> None:
    if many and out.exists() and not out.is_dir():
        raise CommandError(f"--out is {out}, which is not a folder; a folder's pictures go into one: name a new one.")
    if not many and out.is_dir():
        raise CommandError(f"--out is {out}, which is a folder; name a file for the picture, as edited.png.")
    if not out.absolute().parent.is_dir():
        raise CommandError(f"--out is {out}, but there is no folder {out.parent}; make it, or name another place.")


def _check_places(places: Path, stack: Stack, many: bool) -> None:
    if many or not any(each.on and isinstance(each, Drag) for each in stack.edits):
        raise CommandError("--reachable tells of the handles of a drag in one picture; give one, and --drag.")
    if places.is_dir() or not places.absolute().parent.is_dir():
        raise CommandError(
            f"--reachable is {places}, which is no file in a folder that is there; name one, as a.png."
        )


def stack_asked(arguments: argparse.Namespace) -> Stack:
    """The steps of --apply's file, or those that the options name. Raises CommandError, ValueError."""
    return _applied(arguments) if arguments.apply is not None else _asked(arguments)


def _asked(arguments: argparse.Namespace) -> Stack:
    """The steps that the options name: class, moves, drag, repaint, in this order."""
    mask, steps = FROM_FILE if arguments.mask is not None else "", list[Edit]()
    own = arguments.picture is not None
    if arguments.label is not None and own:
        steps.append(Class(label=arguments.label, mask=mask))
    steps += [_move(words, mask) for words in arguments.move]
    if arguments.drag:
        steps.append(Drag(points=" ".join(part for each in arguments.drag for part in each), mask=mask))
    if arguments.repaint:
        if not mask:
            raise CommandError("--repaint has no mask; give one with --mask, white where the picture is made anew.")
        steps.append(Repaint(mask=mask))
    label = -1 if arguments.label is None or own else arguments.label
    source = PICTURE if own else f"seed:{arguments.seed or 0}"
    space = "z" if own and arguments.label is not None else "auto"  # a class does not reach styles
    return Stack(tuple(steps), Start(source=source, label=label, space=space, tuning=arguments.tune if own else 0))


def _move(words: str, mask: str) -> Edit:
    match = _PAIR.fullmatch(words)
    if match is None or abs(float(match[2])) > 20:
        raise CommandError(f"--move is {words[:60]!r}; it must be NAME=AMOUNT, from -20 to 20, as pca-1=2.0.")
    if match[1] in FACTORS:
        if abs(float(match[2])) > 2:
            raise CommandError(f"--move is {words[:60]!r}; a factor moves by -2 to 2, as hue=0.33.")
        return Factor(factor=match[1], amount=float(match[2]), mask=mask)
    return Move(along=match[1], amount=float(match[2]), mask=mask)


def _applied(arguments: argparse.Namespace) -> Stack:
    """The steps of a file; beginning with what the options say, where they say something."""
    if arguments.move or arguments.drag or arguments.repaint:
        raise CommandError("--apply brings its own steps; leave --move, --drag and --repaint out.")
    file: Path = arguments.apply
    if not file.is_file():
        raise CommandError(f"There is no file {file} with an edit; `edit --save` writes one.")
    if file.stat().st_size > MOST_BYTES:
        raise CommandError(f"{file} has more than {MOST_BYTES:,} bytes, which no edit has.")
    stack = stack_from_json(file.read_bytes())
    start = stack.start
    if arguments.seed is not None:
        start = replace(start, source=f"seed:{arguments.seed}")
    elif arguments.picture is not None:
        start = replace(start, source=PICTURE, tuning=arguments.tune or start.tuning)
    if arguments.label is not None:
        start = replace(start, label=arguments.label)
    return Stack(stack.edits, start, stack.size)


def _pictures(named: Path | None) -> dict[str, bytes]:
    """By plain names, in alphabetical order. Raises CommandError."""
    if named is None:
        return {}
    if not named.is_dir():
        return {f"picture{_suffix(named)}": content_of(named, "picture")}
    files = sorted(each for each in named.iterdir() if each.is_file() and each.suffix.lower() in _SUFFIXES)
    if not files:
        raise CommandError(f"There is no picture in {named}; it looks for {', '.join(_SUFFIXES)}.")
    if len(files) > MOST_PICTURES:
        raise CommandError(f"{named} has {len(files):,} pictures; at most {MOST_PICTURES:,} are edited at once.")
    if sum(each.stat().st_size for each in files) > _MOST_MEGA * MEGA:
        raise CommandError(f"The pictures in {named} have more than {_MOST_MEGA} MB; edit fewer at once.")
    return {
        f"{i:04}-{_plain(each.stem)}{_suffix(each)}": content_of(each, "picture") for i, each in enumerate(files, 1)
    }


def _plain(stem: str) -> str:
    """A name of which nothing can be made but a file in the job's folder."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem)[:60] or "picture"


def _suffix(file: Path) -> str:
    return file.suffix.lower() if file.suffix.lower() in _SUFFIXES else ".picture"


def _say(arguments: argparse.Namespace, job: str, outcome: dict[str, Any], many: bool) -> None:
    pictures = outcome["pictures"]
    if arguments.json:
        one = pictures[0]
        keys = ("moved_to", "short", "seconds", "error", "words", "reachable")
        single = {} if many else {key: one[key] for key in keys if key in one}
        print(json.dumps({"job": job, "out": str(arguments.out), **single, **outcome}))
        return
    if many:
        print(table([_row(one) for one in pictures]))
        bad = f", {outcome['failed']} could not be edited" if outcome["failed"] else ""
        print(f"{arguments.out}: {len(pictures) - outcome['failed']} pictures{bad}.")
        return
    for words in pictures[0]["words"]:
        print(
            words.replace("tuning a copy of the generator to it", "tuning a copy of the generator to it (--tune 100)")
        )
    print(f"{arguments.out}: edited in {pictures[0]['seconds']:.1f} s.")


def _row(one: dict[str, Any]) -> dict[str, str]:
    off = "-" if one["error"] is None else f"{one['error']:.1f}"
    return {"picture": one["name"], "off, grey levels": off, "seconds": f"{one['seconds']:.1f}",
            "what is to be said": one["problem"] or " ".join(one["words"])}  # fmt: skip

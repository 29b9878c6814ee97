"""`edit` for a clip, a film of an edit, and a film between pictures."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from gan_core.apply.base import Task
from gan_core.apply.clips.clip_task import EditClip
from gan_core.apply.clips.film_tasks import FEWEST, MOST, FilmOfEdit, FilmOfPictures
from gan_core.apply.clips.intake import FRAME_ENDINGS, clip_inputs
from gan_core.apply.clips.reading import MOST_BYTES, MOST_FRAMES
from gan_core.apply.editing.edits import stack_to_json
from gan_core.apply.editing.starting import PICTURE
from gan_core.apply.editing.task import EDIT, MASK
from gan_core.cli.apply import content_of, work
from gan_core.cli.apply.edit_picture import stack_asked
from gan_core.cli.terminal.errors import CommandError
from gan_core.config.files import write_output

_KINDS = {".mp4": "mp4", ".gif": "gif"}


def edit_clip(arguments: argparse.Namespace) -> int:
    """In the foreground; the job is kept, and goes on where it was stopped."""
    out = _out(arguments)
    kind = _kind(out)
    task, inputs = _asked(arguments, kind)
    if arguments.mask is not None:
        inputs[MASK] = content_of(arguments.mask, "mask")
    job, outcome = work(arguments, task, inputs)
    write_output(out, (job.result / outcome["file"]).read_bytes())
    if arguments.save is not None and (job.result / EDIT).is_file():
        write_output(arguments.save, (job.result / EDIT).read_bytes())
    _say(arguments, job.id, out, outcome)
    return 0


def _out(arguments: argparse.Namespace) -> Path:
    given = [("--out", arguments.out), ("--film", arguments.film)]
    (name, wanted), (_, other) = given if arguments.clip is not None else reversed(given)
    if wanted is None or other is not None:
        what = (
            "A clip is written to --out alone" if arguments.clip is not None else "A film is written to --film alone"
        )
        raise CommandError(f"{what}; give {name} OUT.mp4 and leave the other out.")
    out: Path = wanted
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise CommandError(f"{name} is {out}, which is no file in a folder that is there; name one, as edited.mp4.")
    return out


def _kind(out: Path) -> str:
    kind = _KINDS.get(out.suffix.lower())
    if kind is None:
        raise CommandError(f"{out} is neither .mp4 nor .gif; name the file so that it tells which is wanted.")
    return kind


def _asked(arguments: argparse.Namespace, kind: str) -> tuple[Task, dict[str, bytes]]:
    rate, seconds = arguments.rate or 25, arguments.seconds or 4.0
    if arguments.between is not None:
        if not FEWEST <= len(arguments.between) <= MOST:
            raise CommandError(f"--between has {len(arguments.between)} pictures; give {FEWEST} to {MOST}.")
        inputs = {f"picture-{i:02}": content_of(file, "picture") for i, file in enumerate(arguments.between, 1)}
        return FilmOfPictures(model=arguments.model, seconds=seconds, rate=rate, kind=kind), inputs
    stack = stack_asked(arguments)
    if arguments.clip is not None:
        stack = replace(stack, start=replace(stack.start, tuning=arguments.tune or stack.start.tuning))
        task = EditClip(
            model=arguments.model, stack=stack_to_json(stack), box=arguments.box, put=arguments.put,
            strength=arguments.strength, kind=kind, rate=rate,
        )  # fmt: skip
        return task, _clip(arguments.clip)
    inputs = {} if arguments.picture is None else {PICTURE: content_of(arguments.picture, "picture")}
    film = FilmOfEdit(model=arguments.model, stack=stack_to_json(stack), seconds=seconds, rate=rate, kind=kind,
                      strength=arguments.strength)  # fmt: skip
    return film, inputs


def _clip(named: Path) -> dict[str, bytes]:
    if named.is_file():
        files = [named]
    elif named.is_dir():
        files = sorted(each for each in named.iterdir() if each.is_file() and each.suffix.lower() in FRAME_ENDINGS)
        if not files:
            raise CommandError(f"There is no frame in {named}; it looks for {', '.join(FRAME_ENDINGS)}.")
        if len(files) > MOST_FRAMES:
            raise CommandError(f"{named} has {len(files):,} frames; at most {MOST_FRAMES} are edited: take some out.")
    else:
        raise CommandError(f"There is no clip {named}; name a file or a folder of frames.")
    if sum(each.stat().st_size for each in files) > MOST_BYTES:
        raise CommandError(f"{named} has more than {MOST_BYTES // 1_000_000} MB; make the clip shorter or smaller.")
    return clip_inputs([(each.name, each.read_bytes()) for each in files])


def _say(arguments: argparse.Namespace, job: str, out: Path, outcome: dict[str, Any]) -> None:
    if arguments.json:
        print(json.dumps({"job": job, "out": str(out), **outcome}))
        return
    for words in outcome.get("words", []):
        print(words)
    for one in outcome.get("pictures", []):
        print(f"{one['name']}: {' '.join(one['words'])}")
    if "flicker" in outcome:
        flicker = outcome["flicker"]
        print(f"From frame to frame {flicker['edited']:.2f} grey levels change in the box; in the clip it was "
              f"{flicker['source']:.2f}.")  # fmt: skip
    print(f"{out}: {outcome['frames']} frames in {outcome['seconds']:.1f} s.")

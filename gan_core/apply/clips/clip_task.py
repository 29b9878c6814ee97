"""The task of editing a clip: its subject inverted frame by frame, edited, and put back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_core.apply.base import Task, Workplace, tasks
from gan_core.apply.clips.box import WAYS, Setting, fitting, read_box
from gan_core.apply.clips.carrying import Way, at_strength, check_clip, settled, solve
from gan_core.apply.clips.frames import PREVIEW_EVERY, SHARE, Following, Found, find_frames, preview
from gan_core.apply.clips.reading import MOST_FRAMES, Clip, Frame, read_clip
from gan_core.apply.clips.strength import Strength, read_strength
from gan_core.apply.clips.writing import write_clip
from gan_core.apply.completion.task import background_of
from gan_core.apply.editing.applying import State, beginning, check
from gan_core.apply.editing.edits import (
    FROM_FILE,
    MOST_BYTES,
    Class,
    Drag,
    Factor,
    Stack,
    stack_from_json,
    stack_to_json,
)
from gan_core.apply.editing.place import drawn
from gan_core.apply.editing.regions import Picture, encode_region, read_region
from gan_core.apply.editing.starting import Beginning
from gan_core.apply.editing.task import EDIT, MASK
from gan_core.config.fields import choice, integer, number, text
from gan_core.config.files import write_atomically
from gan_core.latent.looks.vectors import decode_vector, encode_vector
from gan_core.latent.model import Explorable

CLIP, FRAME = "clip", "frame-"
KINDS = ("auto", "mp4", "gif")
_KEY_EVERY = 15  # frames between those at which a factor is solved
_READ, _SOLVED = 0.05, 0.8  # shares of the work, about


@tasks.register("edit-clip", label="Edit a clip", source="Tzaban et al. 2022, arXiv:2201.08361")
@dataclass(frozen=True)
class EditClip(Task):
    """Inputs: `clip`, a clip's file, or `frame-0001` and so on, a picture each; `mask`, for steps that wait."""

    model: str = text("last", max_length=200, label="Generator", help="A run, or a generator that Explore lists.")
    stack: str = text("", max_length=MOST_BYTES, label="Edit", help="The steps, as JSON.")
    box: str = text("", max_length=40, label="Box", help="X,Y,WIDTH,HEIGHT of the subject in pixels of the clip; "
                    "empty: the largest square in the middle.")  # fmt: skip
    put: str = choice(
        "picture", WAYS, label="Put back",
        help="change: what the edit changes is added to the frame, so that its detail stays. picture: the "
        "generator's picture replaces what is in the box.",
    )  # fmt: skip
    soft: float = number(0.1, low=0.0, high=0.5, label="Soft border", help="Of the box, as a share of its side.")
    strength: str = text("", max_length=2_000, label="Strength over time", help='As "0:0 2:1"; empty: the whole '
                         "edit in every frame.")  # fmt: skip
    iterations: int = integer(40, low=1, high=500, label="Iterations", help="Of each frame's search; the first has "
                              "those of the edit's start.")  # fmt: skip
    smoothness: float = number(0.02, low=0.0, high=10.0, label="Smoothness", help="The weight of the way from the "
                               "frame before.")  # fmt: skip
    smoothing: float = number(1.0, low=0.0, high=20.0, unit="frames", label="Smoothing", help="Over how many frames "
                              "latents are smoothed afterwards; 0: not at all.")  # fmt: skip
    kind: str = choice("auto", KINDS, label="File", help="auto: GIF for a moving picture, MP4 for others.")
    rate: int = integer(25, low=1, high=60, label="Frames a second", help="Of a folder's frames.")

    def title(self) -> str:
        return f"Editing a clip with {self.model.removeprefix('asset:')}"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        found = []
        try:
            stack = stack_from_json(self.stack)
            check_clip(stack.edits)
            if any(getattr(each, "mask", "") == FROM_FILE for each in stack.edits) and MASK not in inputs:
                found.append("This edit waits for a mask's file; give one with --mask.")
            if self.box:
                read_box(self.box)
            if self.strength:
                read_strength(self.strength)
        except ValueError as problem:
            return [str(problem)]
        frames = [name for name in inputs if name.startswith(FRAME)]
        if (CLIP in inputs) == bool(frames):
            found.append("There is no clip; give a film, a moving picture, or a folder of frames.")
        if len(frames) > MOST_FRAMES:
            found.append(f"There are {len(frames):,} frames; at most {MOST_FRAMES} are edited at once.")
        return found

    def work(self, place: Workplace) -> dict[str, Any]:
        began = place.clock()
        place.progress(0.0, "Opening the generator")
        model = place.model(self.model)
        stack = self._stack(place, model)
        clip, pictures, setting = self._read(place, model)
        options = Following(self.iterations, self.smoothness, self.smoothing)
        found = find_frames(place, model, pictures, stack.start, options)
        work = _Work(place, model, stack, clip, pictures, setting, found, self._strength(), _Flicker())
        kind = self.kind if self.kind != "auto" else ("mp4" if clip.kind in ("film", "folder") else "gif")
        name = f"clip.{kind}"
        half_way = place.parts / name  # a kill leaves nothing half written among what is given away
        write_clip(half_way, kind, clip, work.frames(), work.told)
        os.replace(half_way, place.result / name)
        write_atomically(place.result / EDIT, stack_to_json(stack).encode())
        return {
            "model": model.id, "label": model.label, "size": model.shape.size, "file": name, "edit": EDIT,
            "frames": clip.count, "width": clip.width, "height": clip.height, "clip_seconds": round(clip.seconds, 3),
            "rate": round(clip.count / clip.seconds, 3), "sound": clip.sound and kind == "mp4",
            "box": setting.box.words(), "cuts": list(found.cuts),
            "error": round(float(np.mean(found.smoothed_errors)), 2),
            "errors": [round(each, 2) for each in found.smoothed_errors],
            "flicker": {"source": work.flicker.source, "edited": work.flicker.edited},
            "words": [*_notes(clip, setting, kind), *_said(found, stack), *work.words],
            "seconds": round(place.clock() - began, 2),
        }  # fmt: skip

    def _stack(self, place: Workplace, model: Explorable) -> Stack:
        stack = stack_from_json(self.stack)
        if (place.input / MASK).is_file():
            region = read_region((place.input / MASK).read_bytes(), model.shape.size)
            stack = stack.with_mask(encode_region(region))
        stack = replace(stack, size=stack.size or model.shape.size, model=model.id)
        if stack.start.space == "auto" and any(each.on and isinstance(each, Class) for each in stack.edits):
            stack = replace(stack, start=replace(stack.start, space="z"))  # styles are not reached by a class
        check(model, stack)
        return stack

    def _strength(self) -> Strength:
        return read_strength(self.strength or "0:1")

    def _read(self, place: Workplace, model: Explorable) -> tuple[Clip, list[Picture], Setting]:
        """The clip, and what is in the box of each frame."""
        one = place.input / CLIP
        paths = (one,) if one.is_file() else tuple(sorted(place.input.glob(f"{FRAME}*")))
        background = (255, 255, 255) if background_of(model) == "white" else (0, 0, 0)
        pictures, setting = list[Picture](), None
        for part in read_clip(paths, background, self.rate):
            if isinstance(part, Clip):
                assert setting is not None  # a clip has frames, or it was refused
                return part, pictures, setting
            frame, told = part
            place.progress(_READ * len(pictures) / MOST_FRAMES, f"Reading frame {len(pictures) + 1}")
            if setting is None:
                box = fitting(read_box(self.box) if self.box else None, told.width, told.height)
                soft = self.soft * min(box.width, box.height)
                setting = Setting(box, told.width, told.height, soft, self.put)
            pictures.append(setting.cut(frame, model.shape))
        raise AssertionError("a clip is read to its end, or refused")


@dataclass
class _Flicker:
    """Mean absolute change between following frames inside the box, in grey levels: of the clip, and edited."""

    source: float = 0.0
    edited: float = 0.0
    _before: tuple[Frame, Frame] | None = None
    _count: int = 0

    def add(self, old: Frame, new: Frame) -> None:
        if self._before is not None:
            self._count += 1
            for name, now, then in (("source", old, self._before[0]), ("edited", new, self._before[1])):
                change = float(np.abs(now.astype(np.int16) - then).mean())
                setattr(self, name, getattr(self, name) + (change - getattr(self, name)) / self._count)
        self._before = (old, new)


@dataclass
class _Work:
    """Frame after frame, edited and put back."""

    place: Workplace
    model: Explorable
    stack: Stack
    clip: Clip
    pictures: list[Picture]
    setting: Setting
    found: Found
    strength: Strength
    flicker: _Flicker
    words: list[str] = field(default_factory=list)

    def frames(self) -> Iterator[Frame]:
        keys = self._keys()
        for index, frame in enumerate(self.clip.frames()):
            seconds = float((self.clip.ticks[index] - self.clip.ticks[0]) * self.clip.time_base)
            at = self.found.at(index)
            before = drawn(at)
            state = beginning(Beginning(at, before))
            ways = self._settled(index, state, _between(keys, index))
            after = at_strength(
                self.model, state, self.stack.edits, self.strength.at(seconds), ways, self.pictures[index]
            ).picture  # fmt: skip
            made = self.setting.put(frame, before, after)
            box = self.setting.box
            part = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
            self.flicker.add(frame[part].copy(), made[part].copy())
            if index % PREVIEW_EVERY == 0:
                preview(self.place, index, self.pictures[index], before, after)
            yield made

    def _settled(self, index: int, state: State, ways: dict[int, Way]) -> dict[int, Way]:
        """Those of factors, ending where they do at this very frame."""
        if not any(isinstance(each, Factor) and each.on for each in self.stack.edits):
            return ways

        def make() -> dict[str, Any]:
            ends = settled(self.model, state, self.stack.edits, ways, self.pictures[index])
            return {str(i): encode_vector(end.reshape(-1).numpy()) for i, end in ends.items()}

        for i, end in self.place.part(f"settled-{index:04}", make).items():
            shape = ways[int(i)].offsets[-1]
            vector = torch.from_numpy(decode_vector(end, shape.numel(), "offset")).view_as(shape)
            ways = {**ways, int(i): ways[int(i)].ending(vector)}
        return ways

    def told(self, count: int) -> None:
        share = _SOLVED + (1 - _SOLVED) * count / self.clip.count
        self.place.progress(share, f"Writing frame {count} of {self.clip.count}")

    def _keys(self) -> list[tuple[int, dict[int, Way]]]:
        """The ways of drags and factors at some frames, in order; nothing goes across a cut."""
        edits = self.stack.edits
        searched = [i for i, each in enumerate(edits) if each.on and isinstance(each, Drag | Factor)]
        if not searched:
            return []
        drags = [i for i in searched if isinstance(edits[i], Drag)]
        keys, known = list[tuple[int, dict[int, Way]]](), dict[int, Way]()
        for index in self._key_frames() if len(drags) < len(searched) else [0]:
            part = self.place.part(f"way-{index:04}", partial(self._ways, index, known))
            ways = {int(i): Way.from_json(each) for i, each in part["ways"].items()}
            known = {i: ways[i] for i in drags}
            keys.append((index, ways))
            self.words += part["words"]
        if drags:
            self.words.append("The drag was solved on the first frame, and its way carried over to the others.")
        return keys

    def _key_frames(self) -> list[int]:
        ends = (0, *self.found.cuts, self.clip.count)
        frames = {
            i for first, last in pairwise(ends)
            for i in (*range(first, last, _KEY_EVERY), last - 1)
        }  # fmt: skip
        return sorted(frames)

    def _ways(self, index: int, known: dict[int, Way]) -> dict[str, Any]:
        share = SHARE + (_SOLVED - SHARE) * index / self.clip.count

        def told(_: float, words: str) -> None:
            self.place.progress(share, f"{words} at frame {index + 1}")

        at = self.found.at(index)
        state = beginning(Beginning(at, drawn(at)))
        ways, end = solve(self.model, state, self.stack.edits, known, told, self.pictures[index])
        words = [] if index else list(end.words)
        return {"ways": {str(i): way.to_json() for i, way in ways.items()}, "words": words}


def _between(keys: list[tuple[int, dict[int, Way]]], index: int) -> dict[int, Way]:
    """The ways at a frame, from the keys around it."""
    if not keys:
        return {}
    before = max((each for each in keys if each[0] <= index), key=lambda each: each[0])
    after = min((each for each in keys if each[0] > index), key=lambda each: each[0], default=before)
    if after[0] == before[0] or index == before[0]:
        return before[1]
    share = (index - before[0]) / (after[0] - before[0])
    return {i: way.mixed(after[1][i], share) for i, way in before[1].items()}


def _notes(clip: Clip, setting: Setting, kind: str) -> list[str]:
    """What was done to the clip, a sentence each."""
    box, notes = setting.box, list[str]()
    if clip.rotated:
        notes.append(f"The clip was turned upright by {clip.rotated} degrees, as its file says.")
    if clip.transparent:
        notes.append("The clip has transparent parts: they were filled with the generator's background.")
    if box.width != box.height:
        notes.append(f"The box is {box.width} x {box.height} pixels: it was stretched to a square and back.")
    if kind == "mp4" and (clip.width % 2 or clip.height % 2):
        notes.append("An MP4 has even sides: the clip's last row or column is there twice.")
    if kind == "gif" and clip.sound:
        notes.append("A GIF has no sound: the clip's was left out.")
    return notes


def _said(found: Found, stack: Stack) -> list[str]:
    errors = found.smoothed_errors
    worst = int(np.argmax(errors))
    words = [f"First frame: {found.words[-1][0].lower()}{found.words[-1][1:]}"]
    words.append(
        f"Over all {len(errors)} frames the generator's pictures are off by {np.mean(errors):.1f} grey levels, at "
        f"most by {errors[worst]:.1f} (frame {worst + 1})."
    )
    if stack.start.tuning:
        words.append("The tuned copy was tuned to the first frame.")
    if found.cuts:
        words.append(f"After a cut it was looked for anew: frame {', '.join(str(i + 1) for i in found.cuts)}.")
    if any(each.on and getattr(each, "mask", "") for each in stack.edits):
        words.append("A mask stays where it is in the box while the subject moves.")
    return words

"""An edit as data: a frozen stack of steps on a starting point, as JSON and back without loss.

    {"format": "ganscope-edit", "version": 1, "size": 32, "start": {"source": "seed:3"},
     "edits": [{"name": "drag", "points": "16,16:20,16"}, {"name": "move", "along": "hue-red", "amount": 1.0}]}

A source is "seed:N", "z:", "w:" or "ws:" and base64 of little-endian float32, "pixels:" and base64 of a picture
uint8 [size, size, C], or "picture", the file that the edit is applied to. A mask is text as `regions` has it. Places
are in pixels of the generator's picture from its upper left corner, x to the right, y down: the middle of the first
pixel is (0.5, 0.5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gan_core.config.codec import ConfigError, from_dict, to_dict
from gan_core.config.fields import choice, flag, integer, number, text
from gan_core.config.registry import Registry

FORMAT, VERSION = "ganscope-edit", 1
MOST_EDITS, MOST_BYTES, MOST_POINTS = 64, 1_000_000, 8
FACTORS = ("hue", "size", "x", "y")
FROM_FILE = "file"
"""A mask that stands for the mask's file that comes along; a stack that is saved has its pixels instead."""

_MASK, _SOURCE = 12_000, 300_000  # characters
_NUMBER = r"[-+]?[0-9]{1,4}(?:\.[0-9]{1,9})?"
_PAIR = re.compile(rf"({_NUMBER}),({_NUMBER}):({_NUMBER}),({_NUMBER})")

Points = tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True)
class Edit:
    """on: whether it is done; a step that is off stays in its place."""

    on: bool = flag(True, label="On", help="A step that is off stays in the stack and does nothing.")


edits: Registry[Edit] = Registry("edit", "step of an edit")


@dataclass(frozen=True)
class Masked(Edit):
    """With a mask the step is drawn inside it alone, outside the picture is equal to the last bit, and later steps
    leave what was drawn as it is."""

    mask: str = text("", max_length=_MASK, label="Mask", help="Where it is seen; empty: everywhere.")
    soft: float = number(0.0, low=0.0, high=16.0, unit="px", label="Soft edge", help="Inside the mask's border.")


@edits.register("move", label="Move")
@dataclass(frozen=True)
class Move(Masked):
    """Along a direction: one that is found by its name, or a vector."""

    along: str = text("", max_length=80, label="Along", help="A direction's name, as pca-1, sefa-2 or hue-red.")
    vector: str = text("", max_length=12_000, label="Vector", help="base64 of float32, instead of a name.")
    space: str = choice("w", ("z", "w"), label="Space", help="Of the vector.")
    unit: float = number(1.0, low=1e-6, high=1e4, label="Unit", help="How far an amount of 1 goes along the vector.")
    amount: float = number(1.0, low=-20.0, high=20.0, label="Amount", help="In units: standard deviations.")
    layers: str = text("", max_length=200, label="Layers", help="Of a style generator, as 0,1,2; empty: all.")


@edits.register("factor", label="Factor")
@dataclass(frozen=True)
class Factor(Masked):
    """One known factor of a generator of Shapes, the others held."""

    factor: str = choice("hue", FACTORS, label="Factor", help="Which.")
    amount: float = number(0.0, low=-2.0, high=2.0, label="By", help="Hue in turns, others in widths of the picture.")


@edits.register("class", label="Class")
@dataclass(frozen=True)
class Class(Masked):
    """Another class of a conditional generator."""

    label: int = integer(0, low=0, high=10_000, label="Class", help="Its number.")
    share: float = number(1.0, low=0.0, high=1.0, label="Share", help="How much of it; the rest stays as it was.")


@edits.register("mix", label="Mix styles", source="Karras et al. 2019, section 3.1")
@dataclass(frozen=True)
class Mix(Masked):
    """Some layers take their style from elsewhere."""

    source: str = text("seed:0", max_length=_SOURCE, label="From", help="Where the styles come from.")
    layers: str = text("", max_length=200, label="Layers", help="Which, as 4,5,6,7; 0 is the coarsest.")


@edits.register("units", label="Units", source="Bau et al. 2019, arXiv:1811.10597")
@dataclass(frozen=True)
class Units(Masked):
    """Units of a layer scaled, inside the mask alone where there is one: 0 is off."""

    layer: str = text("", max_length=200, label="Layer", help="Its name.")
    units: str = text("", max_length=4_000, label="Units", help="Their numbers, as 3,17,20.")
    scale: float = number(0.0, low=0.0, high=8.0, label="Scale", help="0 is off, 1 as it is.")


@edits.register("repaint", label="Repaint", source="Yeh et al. 2017, arXiv:1607.07539")
@dataclass(frozen=True)
class Repaint(Edit):
    """What is under the mask made anew, so that it fits what is around it."""

    mask: str = text("", max_length=_MASK, label="Mask", help="What is made anew.")
    which: int = integer(1, low=1, high=6, label="Which", help="Of the pictures that were found, the best first.")
    blend: bool = flag(True, label="Blend", help="Poisson blending: no seam.")
    seed: int = integer(0, low=0, high=2**31 - 1, label="Seed", help="The same seed finds the same.")


@edits.register("copy", label="Copy")
@dataclass(frozen=True)
class Copy(Masked):
    """Pixels of another picture, moved by whole pixels, into the mask."""

    source: str = text("seed:0", max_length=_SOURCE, label="From", help="The picture that is copied from.")
    right: int = integer(0, low=-256, high=256, unit="px", label="To the right", help="How far it is moved.")
    down: int = integer(0, low=-256, high=256, unit="px", label="Down", help="How far it is moved.")
    way: str = choice("pixels", ("pixels", "poisson"), label="How", help="As they are, or by their gradients.")


@edits.register("blend", label="Blend", source="Suzuki et al. 2018, arXiv:1811.10153")
@dataclass(frozen=True)
class Blend(Masked):
    """Another picture inside the mask: by the maps of every layer (latent), by gradients (poisson), or pixels."""

    source: str = text("seed:0", max_length=_SOURCE, label="With", help="The other picture.")
    way: str = choice("latent", ("latent", "poisson", "pixels"), label="How", help="What is blended.")


@edits.register("drag", label="Drag", source="Pan et al. 2023, arXiv:2305.10973")
@dataclass(frozen=True)
class Drag(Edit):
    """What is at each handle goes to its target, as far as the generator draws such a picture."""

    points: str = text("", max_length=600, label="Points", help="X0,Y0:X1,Y1 for each handle, with spaces between.")
    mask: str = text("", max_length=_MASK, label="May move", help="Outside it changes cost; empty: all may move.")
    radius: float = number(0.0, low=0.0, high=64.0, unit="px", label="Radius", help="Of what is held at a handle; "
                           "0: two ninths of the width.")  # fmt: skip
    steps: int = integer(40, low=1, high=200, label="Steps", help="At most.")


@dataclass(frozen=True)
class Start:
    """What the stack is applied to, where nothing else is given."""

    source: str = text("seed:0", max_length=_SOURCE, label="From", help="A seed, a latent, pixels, or picture.")
    label: int = integer(-1, low=-1, high=10_000, label="Class", help="-1: the first, or for a picture the nearest.")
    space: str = choice("auto", ("auto", "z", "w", "ws"), label="Search in", help="Where a picture is looked for.")
    iterations: int = integer(200, low=1, high=2_000, label="Iterations", help="Of the search for a picture.")
    restarts: int = integer(16, low=1, high=64, label="Restarts", help="Searches for a picture that begin at once.")
    tuning: int = integer(0, low=0, high=500, label="Tuning", help="Steps by which a copy of the generator is tuned "
                          "to the picture (pivotal tuning); 0: none.")  # fmt: skip
    seed: int = integer(0, low=0, high=2**31 - 1, label="Seed", help="Of the search.")


@dataclass(frozen=True)
class Stack:
    """size: of the generator's pictures, in px; 0 where masks and places fit any. model: what it was made with."""

    edits: tuple[Edit, ...] = ()
    start: Start = Start()
    size: int = 0
    model: str = ""

    def switched(self, index: int, on: bool) -> Stack:
        """With one step switched on or off."""
        return self._with({index: replace(self.edits[index], on=on)})

    def moved(self, index: int, to: int) -> Stack:
        """With the step at `index` in the place `to`."""
        order = list(self.edits)
        order.insert(to, order.pop(index))
        return replace(self, edits=tuple(order))

    def with_mask(self, mask: str) -> Stack:
        """With the mask's text in every step that waits for the mask's file."""
        waiting = {i: each for i, each in enumerate(self.edits) if getattr(each, "mask", "") == FROM_FILE}
        return self._with({i: replace(each, mask=mask) for i, each in waiting.items()})  # type: ignore[call-arg]

    def _with(self, other: Mapping[int, Edit]) -> Stack:
        return replace(self, edits=tuple(other.get(i, each) for i, each in enumerate(self.edits)))


def stack_to_json(stack: Stack) -> str:
    """One line; `stack_from_json` gives the same stack back."""
    steps = [{"name": edits.name_of(each), **to_dict(each)} for each in stack.edits]
    whole = {
        "format": FORMAT, "version": VERSION, "model": stack.model, "size": stack.size,
        "start": to_dict(stack.start), "edits": steps,
    }  # fmt: skip
    return json.dumps(whole)


def stack_from_json(content: str | bytes) -> Stack:
    """What anybody may have written. Raises ValueError, one sentence, for anything that is no edit."""
    if len(content) > MOST_BYTES:
        raise ValueError(f"The edit has more than {MOST_BYTES:,} bytes; leave some steps or pictures out.")
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("The edit is not JSON; give a file that `edit --save` wrote.") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(f'The edit does not say "format": "{FORMAT}"; give a file that `edit --save` wrote.')
    if data.get("version") != VERSION:
        raise ValueError(f"The edit is of version {str(data.get('version'))[:20]}; this program reads {VERSION}.")
    known = {"format", "version", "model", "size", "start", "edits"}
    if extra := [key for key in data if key not in known]:
        raise ValueError(f"The edit has {extra[0][:40]!r}, which is no field of it; they are {', '.join(known)}.")
    size, model, steps = data.get("size", 0), data.get("model", ""), data.get("edits", [])
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= 256:
        raise ValueError("size is not a whole number from 0 to 256; it is that of the generator's pictures.")
    if not isinstance(model, str) or len(model) > 200:
        raise ValueError("model is not a text of at most 200 characters.")
    if not isinstance(steps, list) or len(steps) > MOST_EDITS:
        raise ValueError(f"edits is not a list of at most {MOST_EDITS} steps.")
    start = from_dict(Start, data.get("start", {}), "start")
    return Stack(tuple(_edit(step, f"edits[{i}]") for i, step in enumerate(steps)), start, size, model)


def _edit(data: Any, path: str) -> Edit:
    if not isinstance(data, dict) or not isinstance(data.get("name"), str) or data["name"] not in edits:
        raise ConfigError(f"{path} has no name that is known; it must be one of {', '.join(edits.names())}.")
    rest = {key: value for key, value in data.items() if key != "name"}
    return from_dict(edits.get(data["name"]).cls, rest, path)


def read_points(words: str, size: int) -> Points:
    """(x0, y0, x1, y1) of each handle and its target. Raises ValueError, one sentence, also for a place outside."""
    found = []
    for part in words.split():
        match = _PAIR.fullmatch(part)
        if match is None:
            raise ValueError(f'"{part[:40]}" is no drag; it must be X0,Y0:X1,Y1, in pixels, as 16,16:20,16.')
        x0, y0, x1, y1 = map(float, match.groups())
        for x, y in ((x0, y0), (x1, y1)):
            if not (0 <= x <= size and 0 <= y <= size):
                raise ValueError(
                    f"({x:g}, {y:g}) lies outside the picture, which is {size} x {size} pixels; give both from 0 to "
                    f"{size}."
                )
        found.append((x0, y0, x1, y1))
    if not 1 <= len(found) <= MOST_POINTS:
        raise ValueError(f"A drag has {len(found)} handles; it must have 1 to {MOST_POINTS}.")
    return tuple(found)


def read_numbers(words: str, count: int, name: str) -> tuple[int, ...]:
    """Whole numbers from 0 below `count`, as "0,1,2". Raises ValueError in a sentence that begins with `name`."""
    parts = [part.strip() for part in words.split(",")] if words.strip() else []
    if not parts or not all(re.fullmatch(r"[0-9]{1,6}", part) and int(part) < count for part in parts):
        raise ValueError(f'{name} is "{words[:40]}"; it must be numbers from 0 to {count - 1} with commas between.')
    return tuple(dict.fromkeys(int(part) for part in parts))

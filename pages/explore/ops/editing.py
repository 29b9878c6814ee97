"""Pictures edited under the hand: a stack of steps is asked for as a whole, and what is known is not done again.

A request names its "model", the "stack" (JSON as `gan_core.apply.editing.edits` has it) and, where that begins with a
picture, the picture as "brought" ("pixels:" and base64, from `edit-bring`).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gan_core.apply.completion.reading import read_subject
from gan_core.apply.completion.task import background_of
from gan_core.apply.editing.applying import Moment, State, beginning, check, step
from gan_core.apply.editing.dragging import EVEN, RADIUS
from gan_core.apply.editing.edits import FACTORS, Stack, stack_from_json, stack_to_json
from gan_core.apply.editing.features import Sight
from gan_core.apply.editing.inside import strongest_inside
from gan_core.apply.editing.latents import latents_of
from gan_core.apply.editing.reachable import reachable
from gan_core.apply.editing.regions import Picture, decode_region
from gan_core.apply.editing.starting import begin, decode_pixels, encode_pixels
from gan_core.latent import Explorable
from gan_core.latent.directions.attributes import attributes, reader_of
from gan_core.latent.inside.units import layers_of
from pages.explore.ops.picture import rgba
from pages.server.live.operations import OperationContext, Reply, number, operation, whole, words
from pages.server.security.rights import demand

MOST_KNOWN = 48  # states of stacks, of the whole server
MOST_BYTES = 40_000_000  # of a picture that is brought
PRINCIPAL = 8  # principal directions that are offered
MOST_UNITS = 64


@dataclass(frozen=True, eq=False)
class Known:
    """What a stack came to after one of its steps. model: held, so that the key's `id` stays its own."""

    model: Explorable
    state: State
    error: float | None


_known: OrderedDict[str, Known] = OrderedDict()
_lock = threading.Lock()


@operation("edit-options", page="apply")
def options(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """What this model can be edited by: its directions by name, known factors, classes, layers of units.

    "held": px around a handle within which a drag holds what is seen; "even": grey levels, see `is_even`.
    """
    model = context.model(asked.get("model"))
    model.need_pictures()
    named = [{"name": each.name, "label": each.label} for each in attributes(model)]
    principal = [{"name": f"pca-{i}", "label": f"Principal {i}"} for i in range(1, PRINCIPAL + 1)]
    layers = [each for each in layers_of(model.generator) if each.size > 1]
    return Reply({
        "size": model.shape.size, "directions": [*named, *principal], "classes": list(model.classes),
        "style_layers": model.style_layers if model.has_w else 0,
        "factors": list(FACTORS) if reader_of(model) is not None else [],
        "held": RADIUS * model.shape.size, "even": EVEN,
        "layers": [{"name": each.name, "units": each.units, "size": each.size} for each in layers],
    })  # fmt: skip


@operation("edit-bring", lane="long", page="apply")
def bring(context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
    """An untrusted picture (the blob) in the model's size and colours: "brought", and what was done to it."""
    demand(context.person, "bring", what="a picture")
    model = context.model(asked.get("model"))
    model.need_pictures()
    if len(blobs) != 1 or len(blobs[0]) > MOST_BYTES:
        raise ValueError(f"Bring one picture of at most {MOST_BYTES // 1_000_000} MB.")
    subject = read_subject(blobs[0], model.shape, background=background_of(model))
    return Reply({"brought": encode_pixels(subject.picture), "notes": list(subject.notes)})


@operation("edit", lane="long", page="apply")
def edit(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The stack's picture. Blobs: the picture before the first step, and after the last one, both RGBA.

    Progress brings every picture on the way of a drag (RGBA), with its step's "index", the "handles" [[x, y], ...]
    and how far each is "left", in px. "began": what is to be said of the beginning; "said": of each step.
    """
    model, stack, brought = read_edit(context, asked)
    start, after = run_edit(context, model, stack, brought)
    said, before = [], start.state
    for state in after:
        said.append([] if state is None else list(state.words[len(before.words) :]))
        before = before if state is None else state
    header = {
        "size": model.shape.size, "began": list(start.state.words), "error": start.error, "said": said,
        "moved_to": [list(place) for place in before.moved_to],
    }  # fmt: skip
    return Reply(header, [_bytes(start.state.picture), _bytes(before.picture)])


@operation("edit-reach", lane="long", page="apply")
def reach(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Where what is at ("x", "y") of the stack's picture can go: "ends" [[x, y], ...], told side by side."""
    model, stack, brought = read_edit(context, asked)
    size = model.shape.size
    handle = number(asked, "x", 0.0, 0.0, size), number(asked, "y", 0.0, 0.0, size)
    state = _last(context, model, stack, brought)
    latents, start = latents_of(_place(state))
    sight = Sight(state.place.model.generator if state.place else model.generator, latents, size)
    ends: list[list[float]] = []
    for found in reachable(latents, sight, start, handle, RADIUS * size):
        ends = [[float(x), float(y)] for x, y in found.ends]
        context.progress(len(ends) / 8, "Trying to all sides", {"ends": ends, "handle": list(handle)})
    return Reply({"ends": ends, "handle": list(handle)})


@operation("edit-units", lane="long", page="apply")
def units(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The "count" units of "layer" that stand out most under "mask" in the stack's picture, the strongest first."""
    model, stack, brought = read_edit(context, asked)
    region = decode_region(str(asked.get("mask", "")), model.shape.size, "mask")
    state = _last(context, model, stack, brought)
    count = whole(asked, "count", 8, 1, MOST_UNITS)
    found = strongest_inside(_place(state), words(asked, "layer", 200), region.astype(np.float64), count)
    return Reply({"units": found})


def read_edit(context: OperationContext, asked: dict[str, Any]) -> tuple[Explorable, Stack, Picture | None]:
    """The model, the stack, and the picture that was brought, checked. Raises ValueError."""
    model = context.model(asked.get("model"))
    model.need_pictures()
    stack = stack_from_json(json.dumps(asked.get("stack")))
    check(model, stack)
    given = asked.get("brought")
    if given is None or given == "":
        return model, stack, None
    if not isinstance(given, str) or not given.startswith("pixels:"):
        raise ValueError('"brought" must be what edit-bring gave.')
    return model, stack, decode_pixels(given.removeprefix("pixels:"), model)


def _place(state: State) -> Any:
    if state.place is None:
        raise ValueError("This picture is mere pixels, with no latent to move; begin with a seed or a picture.")
    return state.place


def _last(context: OperationContext, model: Explorable, stack: Stack, brought: Picture | None) -> State:
    start, after = run_edit(context, model, stack, brought)
    done = [state for state in after if state is not None]
    return done[-1] if done else start.state


def run_edit(
    context: OperationContext, model: Explorable, stack: Stack, brought: Picture | None
) -> tuple[Known, list[State | None]]:
    """The beginning, and the state after each step; None of one that is off. Raises Cancelled between two moments."""
    key = _key(f"{id(model.generator)}", "" if brought is None else brought.tobytes().hex(), _start_text(stack))
    start = _recall(key)
    if start is None:
        began = begin(model, stack.start, brought, context.progress)
        start = _keep(key, Known(model, beginning(began), began.error))
    found: list[State | None] = []
    state = start.state
    for index, each in enumerate(stack.edits):
        if not each.on:
            found.append(None)
            continue
        key = _key(key, stack_to_json(Stack((each,))))
        known = _recall(key)
        if known is None:
            for moment in step(model, state, each, brought, context.progress):
                _show(context, index, moment)
            known = _keep(key, Known(model, moment.state, start.error))
        state = known.state
        found.append(state)
    return start, found


def _show(context: OperationContext, index: int, moment: Moment) -> None:
    if moment.drag is None:
        context.progress(1.0, "Editing", {"index": index})
        return
    seen = moment.drag
    about = {
        "index": index, "at": seen.index, "size": len(moment.state.picture),
        "left": [float(far) for far in seen.left],
        "handles": [[float(x), float(y)] for x, y in seen.handles],
    }  # fmt: skip
    context.progress(0.5, f"{seen.far:.1f} px left", about, [_bytes(moment.state.picture)])


def _start_text(stack: Stack) -> str:
    return stack_to_json(replace(stack, edits=(), model="", size=0))


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _recall(key: str) -> Known | None:
    with _lock:
        if key in _known:
            _known.move_to_end(key)
        return _known.get(key)


def _keep(key: str, known: Known) -> Known:
    with _lock:
        _known[key] = known
        while len(_known) > MOST_KNOWN:
            _known.popitem(last=False)
    return known


def _bytes(picture: Picture) -> bytes:
    return rgba(picture[None]).tobytes()

"""An edit that comes and goes: its picture at any time of a film, as the film itself will have it."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gan_core.apply.clips.carrying import Way, at_strength, solve
from gan_core.apply.clips.strength import read_strength
from gan_core.apply.editing.applying import State
from gan_core.apply.editing.edits import Stack, stack_to_json
from gan_core.apply.editing.regions import Picture
from gan_core.latent import Explorable
from pages.explore.ops.editing import read_edit, run_edit
from pages.explore.ops.picture import atlas
from pages.explore.ops.walk import read_times
from pages.server.live.operations import OperationContext, Reply, operation, words

MOST_SOLVED, MOST_PICTURES = 8, 400
MOST_TEXT = 2_000


@dataclass(frozen=True, eq=False)
class Solved:
    """A stack whose searches are done. model: held, so that the key's `id` stays its own. pictures: by strength."""

    model: Explorable
    stack: Stack
    state: State
    ways: Mapping[int, Way]
    brought: Picture | None
    pictures: dict[float, Picture] = field(default_factory=dict)

    def at(self, strength: float) -> Picture:
        strength = round(strength, 3)
        if strength not in self.pictures:
            if len(self.pictures) >= MOST_PICTURES:
                self.pictures.clear()
            state = at_strength(self.model, self.state, self.stack.edits, strength, self.ways, self.brought)
            self.pictures[strength] = state.picture
        return self.pictures[strength]


_solved: OrderedDict[str, Solved] = OrderedDict()
_lock = threading.Lock()


@operation("edit-strength", lane="long", page="apply")
def edit_strength(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The pictures of a "stack" at "times" (at most 128, in seconds), where "strength" says how strong it is then.

    strength: as `gan_core.apply.clips.strength` reads it. Blob: the pictures side by side, RGBA.
    """
    strengths = read_strength(words(asked, "strength", MOST_TEXT))
    times = read_times(asked.get("times"))
    solved = _solve(context, asked)
    pictures = []
    for i, at in enumerate(times):
        pictures.append(solved.at(strengths.at(at)))
        context.progress(0.5 + 0.5 * (i + 1) / len(times), "Drawing the edit")
    header, blob = atlas(np.stack(pictures), len(pictures))
    return Reply(header, [blob])


def _solve(context: OperationContext, asked: dict[str, Any]) -> Solved:
    model, stack, brought = read_edit(context, asked)
    picture = "" if brought is None else brought.tobytes().hex()
    text = stack_to_json(replace(stack, model="", size=0))
    key = hashlib.sha256(f"{id(model.generator)}\n{picture}\n{text}".encode()).hexdigest()
    with _lock:
        if key in _solved:
            _solved.move_to_end(key)
            return _solved[key]
    start, _ = run_edit(context, model, replace(stack, edits=()), brought)
    ways, _ = solve(
        model, start.state, stack.edits, {}, lambda part, said: context.progress(0.5 * part, said), brought
    )
    found = Solved(model, stack, start.state, ways, brought)
    with _lock:
        _solved[key] = found
        while len(_solved) > MOST_SOLVED:
            _solved.popitem(last=False)
    return found

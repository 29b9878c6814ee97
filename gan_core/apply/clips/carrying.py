"""A stack of edits on many frames, and at any strength.

What is cheap and exact is done at each frame: a move, a class, styles, units, a copy, a blend. A drag and a factor
are searches around one latent: they are solved at one frame (or a factor at some), and the way that the latent goes
is carried over to the others, so that nothing begins to tremble that did not before.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_core.apply.editing.applying import State, step
from gan_core.apply.editing.edits import Class, Drag, Edit, Factor, Mix, Move, Repaint, Units
from gan_core.apply.editing.factors import factor_moved, factor_settled
from gan_core.apply.editing.place import Place, drawn
from gan_core.apply.editing.regions import Picture, decode_region, painted
from gan_core.apply.editing.starting import Told, quiet
from gan_core.latent.model import Explorable

_STOPS = 17  # places along a way that are kept


@dataclass(frozen=True, eq=False)
class Way:
    """Where a search led: float32 [_STOPS, ...], offsets from the latent it began at, evenly from none to all."""

    offsets: Tensor

    def at(self, strength: float) -> Tensor:
        """The offset at a strength of 0 to 1, [...]."""
        last = len(self.offsets) - 1
        i = min(int(strength * last), last - 1)
        return torch.lerp(self.offsets[i], self.offsets[i + 1], strength * last - i)

    def to_json(self) -> dict[str, Any]:
        """Lossless."""
        data = base64.b64encode(self.offsets.contiguous().numpy().tobytes()).decode("ascii")
        return {"shape": list(self.offsets.shape), "data": data}

    @staticmethod
    def from_json(found: Mapping[str, Any]) -> Way:
        values = np.frombuffer(base64.b64decode(found["data"]), np.float32).reshape(found["shape"])
        return Way(torch.from_numpy(values.copy()))

    def mixed(self, other: Way, share: float) -> Way:
        return Way(torch.lerp(self.offsets, other.offsets, share))

    def ending(self, offset: Tensor) -> Way:
        """The same way with another end, bent toward it evenly."""
        shares = torch.linspace(0.0, 1.0, len(self.offsets)).view(-1, *([1] * offset.ndim))
        return Way(self.offsets + shares * (offset - self.offsets[-1]))


def check_clip(stack_edits: tuple[Edit, ...]) -> None:
    """Raises ValueError for a step that cannot follow a moving subject."""
    for each in stack_edits:
        if each.on and isinstance(each, Repaint):
            raise ValueError(
                "A repaint makes something new in every frame, which would flicker; leave it out for a clip."
            )


def solve(
    model: Explorable, state: State, stack_edits: tuple[Edit, ...], known: Mapping[int, Way], told: Told = quiet,
    brought: Picture | None = None,
) -> tuple[dict[int, Way], State]:  # fmt: skip
    """The ways of the steps that are searches, by their index in the stack, from one frame's state; and its end.

    known: ways that were solved before and are taken as they are.
    """
    ways = dict(known)
    for index, each in enumerate(stack_edits):
        if not each.on:
            continue
        if isinstance(each, Drag | Factor) and index not in ways:
            told(index / len(stack_edits), "Solving the edit")
            ways[index], state = _solved(model, state, each, told)
        else:
            state = done(model, state, each, 1.0, ways.get(index), brought)
    return ways, state


def _solved(model: Explorable, state: State, edit: Edit, told: Told) -> tuple[Way, State]:
    place = _place(state)
    points = [place.point]
    if isinstance(edit, Factor):
        for each in factor_moved(place, edit.factor, edit.amount):
            told(0.0, "Solving the edit")
            points.append(each.point)
        after = done(model, state, edit, 1.0, Way(_stops(points)))
    else:
        after = state
        for moment in step(model, state, edit):
            told(0.0, "Solving the edit")
            after = moment.state
            points.append(_place(after).point)
        del points[-2:-1]  # the last one is the nearest that there was, once more
    return Way(_stops(points)), after


def settled(
    model: Explorable, state: State, stack_edits: tuple[Edit, ...], ways: Mapping[int, Way],
    brought: Picture | None = None,
) -> dict[int, Tensor]:  # fmt: skip
    """Where the ways of factors end at this frame, by their index: one step nearer than ways mixed from others do.

    Between two frames at which a factor was solved its ways only nearly fit, and what is off shows as flicker.
    """
    ends, known = dict[int, Tensor](), dict(ways)
    for index, each in enumerate(stack_edits):
        if each.on and isinstance(each, Factor):
            place = _place(state)
            there = place.at(place.point + known[index].offsets[-1])
            ends[index] = factor_settled(place, there, each.factor, each.amount).point - place.point
            known[index] = known[index].ending(ends[index])
        state = done(model, state, each, 1.0, known.get(index), brought)
    return ends


def _stops(points: list[Tensor]) -> Tensor:
    """[_STOPS, ...]: as far apart along the way as each other, in its points' own order."""
    offsets = torch.stack([each - points[0] for each in points])
    at = torch.linspace(0.0, len(points) - 1.0, _STOPS)
    low = at.long().clamp_max(max(0, len(points) - 2))
    share = (at - low).view(-1, *([1] * (offsets.ndim - 1)))
    return torch.lerp(offsets[low], offsets[(low + 1).clamp_max(len(points) - 1)], share)


def done(
    model: Explorable, state: State, edit: Edit, strength: float, way: Way | None = None,
    brought: Picture | None = None,
) -> State:  # fmt: skip
    """One step at a strength of 0 (nothing) to 1 on a state that others led to. way: of a drag or a factor."""
    if not edit.on or strength <= 0.0:
        return state
    if way is not None:
        place = _place(state)
        return _redrawn(state, place.at(place.point + way.at(strength)), edit)
    if isinstance(edit, Move):
        edit = replace(edit, amount=edit.amount * strength)
    elif isinstance(edit, Class):
        edit = replace(edit, share=edit.share * strength)
    elif isinstance(edit, Units):
        edit = replace(edit, scale=1.0 + (edit.scale - 1.0) * strength)
    *_, moment = step(model, state, edit, brought)
    after = moment.state
    if strength >= 1.0 or isinstance(edit, Move | Class | Units):
        return after
    if isinstance(edit, Mix) and not edit.mask:
        place = _place(state)
        return _redrawn(state, place.at(torch.lerp(place.point, _place(after).point, strength)), edit)
    return _faded(state, after, strength)


def _redrawn(state: State, place: Place, edit: Edit) -> State:
    picture = drawn(place)
    mask = getattr(edit, "mask", "")
    if mask and not isinstance(edit, Drag):  # a drag's mask says what may move, not where it is seen
        region = decode_region(mask, len(state.picture))
        made = painted(state.picture, picture, region, getattr(edit, "soft", 0.0))
        return replace(state, picture=made, kept=state.kept | region)
    return replace(state, place=place, picture=np.where(state.kept[..., None], state.picture, picture))


def _faded(before: State, after: State, strength: float) -> State:
    """Painted pixels, between what was there and what is painted."""
    mixed = before.picture + strength * (after.picture.astype(np.float64) - before.picture)
    return replace(after, picture=np.rint(mixed).astype(np.uint8))


def _place(state: State) -> Place:
    if state.place is None:
        raise ValueError("This picture is mere pixels, with no latent to move; begin with a seed or a picture.")
    return state.place


def at_strength(
    model: Explorable, state: State, stack_edits: tuple[Edit, ...], strength: float, ways: Mapping[int, Way],
    brought: Picture | None = None,
) -> State:  # fmt: skip
    """The whole stack at a strength of 0 to 1."""
    for index, each in enumerate(stack_edits):
        state = done(model, state, each, strength, ways.get(index), brought)
    return state

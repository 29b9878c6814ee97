"""A stack of edits, done step by step: where each leaves latent, picture, and what was painted into it.

What a step draws inside a mask is painted in and kept: the latent stays as it was, and a later step that draws the
whole picture anew leaves those pixels alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.completion.filling import FillOptions, fill
from gan_core.apply.completion.observation import KnownPixels
from gan_core.apply.editing.dragging import RADIUS, DragOptions, DragStep, drag, is_even
from gan_core.apply.editing.edits import (
    FROM_FILE,
    Blend,
    Class,
    Copy,
    Drag,
    Edit,
    Factor,
    Masked,
    Mix,
    Move,
    Repaint,
    Stack,
    Start,
    Units,
    edits,
    read_numbers,
    read_points,
)
from gan_core.apply.editing.factors import came_to, factor_moved
from gan_core.apply.editing.features import Sight
from gan_core.apply.editing.inside import blended_inside, scaled_inside, units_of
from gan_core.apply.editing.latents import latents_of, moved
from gan_core.apply.editing.moving import moved_along
from gan_core.apply.editing.place import Place, drawn
from gan_core.apply.editing.regions import Picture, Region, cloned, decode_region, painted, shifted, weights
from gan_core.apply.editing.starting import PICTURE, Beginning, Told, begin, class_weights, quiet
from gan_core.latent.model import Explorable

_FILLS = 6  # completions that a repaint chooses from
_REPAINT = FillOptions(restarts=16, iterations=100, pool=500)


@dataclass(frozen=True, eq=False)
class State:
    """place: None where the edit began with mere pixels. picture: uint8 [size, size, C].

    kept: bool [size, size], what was painted in. moved_to: where the handles of drags came to, in order; short: how
    many px short of their targets. words: what is to be said, a sentence each.
    """

    place: Place | None
    picture: Picture
    kept: Region
    moved_to: tuple[tuple[float, float], ...] = ()
    short: tuple[float, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Moment:
    """index: of the step in the stack, -1 for the start; drag: how far a drag has come, None for what else is done.

    state: after this, or on the way there; done: the step is finished. error: at the start, as of `Beginning`.
    """

    index: int
    state: State
    drag: DragStep | None = None
    done: bool = True
    error: float | None = None


def check(model: Explorable, stack: Stack) -> None:
    """Raises ValueError, one sentence, for what can be seen to be wrong before anything is drawn."""
    model.need_pictures()
    size = model.shape.size
    if stack.size not in (0, size):
        raise ValueError(
            f"This edit is of pictures of {stack.size} x {stack.size} pixels; this generator's are {size} x {size}."
        )
    for each in stack.edits:
        if each.on:
            if isinstance(each, Drag):
                read_points(each.points, size)
            _region(each, size)
            if isinstance(each, Copy | Repaint):
                _needed(each, size)


def steps(
    model: Explorable, stack: Stack, brought: Picture | None = None, told: Told = quiet, start: Start | None = None
) -> Iterator[Moment]:
    """The whole stack, step by step; the same stack comes to the same picture, to the last bit.

    A drag gives a Moment for each of its steps. Closing the iterator cancels it between two; `told` may raise, and
    does so within a long search too. brought: the picture that "picture" stands for; start: instead of the stack's.
    Raises ValueError, one sentence.
    """
    check(model, stack)
    began = begin(model, start or stack.start, brought, told)
    yield Moment(-1, state := beginning(began), error=began.error)
    last = len(stack.edits)
    for index, each in enumerate(stack.edits):
        if not each.on:
            continue
        told(index / last, f"Step {index + 1} of {last}: {edits.get(edits.name_of(each)).label.lower()}")
        for moment in step(model, state, each, brought, told):
            yield replace(moment, index=index)
        state = moment.state


def beginning(began: Beginning) -> State:
    """The state of a start, before any step."""
    return State(began.place, began.picture, np.zeros(began.picture.shape[:2], bool), words=began.words)


def step(
    model: Explorable, state: State, edit: Edit, brought: Picture | None = None, told: Told = quiet
) -> Iterator[Moment]:
    """One step on a state that others led to; index is 0. As for `steps`."""
    if isinstance(edit, Drag):
        yield from _drag(state, edit)
    elif isinstance(edit, Repaint):
        yield Moment(0, _repaint(model, state, edit, told))
    elif isinstance(edit, Copy):
        yield Moment(0, _copy(model, state, edit, brought))
    elif isinstance(edit, Blend):
        yield Moment(0, _blend(model, state, edit, brought))
    else:
        assert isinstance(edit, Masked)  # of the kinds that there are, the others
        yield Moment(0, _redrawn(model, state, edit, brought))


def _redrawn(model: Explorable, state: State, edit: Masked, brought: Picture | None) -> State:
    """A step that moves the latent or changes what is drawn there: everywhere, or inside its mask."""
    place, region = _place(state), _region(edit, len(state.picture))
    if isinstance(edit, Units):
        generator_units = _unit_list(place, edit)
        if region is not None:
            made = scaled_inside(place, generator_units, weights(region, 0.0))
            return _kept(state, painted(state.picture, made, region, edit.soft), region)
        return _whole(state, replace(place, units=place.units + generator_units))
    other = _CHANGES[type(edit)](model, place, edit, brought)
    if isinstance(edit, Factor):
        state = replace(state, words=(*state.words, came_to(place, other, edit.factor, edit.amount)))
    if region is None:
        return _whole(state, other)
    return _kept(state, painted(state.picture, drawn(other), region, edit.soft), region)


def _moved(model: Explorable, place: Place, edit: Move, brought: Picture | None) -> Place:
    return moved_along(place, edit)


def _refactored(model: Explorable, place: Place, edit: Factor, brought: Picture | None) -> Place:
    *_, last = factor_moved(place, edit.factor, edit.amount)
    return last


def _classed(model: Explorable, place: Place, edit: Class, brought: Picture | None) -> Place:
    wanted = class_weights(model, edit.label)
    assert place.weights is not None  # of a model with classes
    return place.with_weights(place.weights * (1.0 - edit.share) + wanted * edit.share)


def _mixed(model: Explorable, place: Place, edit: Mix, brought: Picture | None) -> Place:
    if place.styles is None:
        raise ValueError("This generator has no styles to mix; blend two pictures by region instead.")
    other = _source(model, edit.source, brought, place)
    if other.place is None or other.place.styles is None:
        raise ValueError("Styles come from a seed or a latent, not from pixels; give one of those.")
    chosen = list(read_numbers(edit.layers, len(place.styles), "layers"))
    styles = place.styles.clone()
    styles[chosen] = other.place.styles[chosen]
    return place.at(styles)


_CHANGES: dict[type[Edit], Callable[[Explorable, Place, Any, Picture | None], Place]] = {
    Move: _moved, Factor: _refactored, Class: _classed, Mix: _mixed,
}  # fmt: skip


def _unit_list(place: Place, edit: Units) -> Any:
    return units_of(place, edit.layer, read_numbers(edit.units, 1_000_000, "units"), edit.scale)


def _drag(state: State, edit: Drag) -> Iterator[Moment]:
    place, size = _place(state), len(state.picture)
    points = read_points(edit.points, size)
    latents, start = latents_of(place)
    sight = Sight(place.model.generator, latents, size)
    options = DragOptions(edit.radius or RADIUS * size, edit.steps, _region(edit, size))
    nothing = tuple(
        f"There was nothing at ({x:.1f}, {y:.1f}) to be held: all is one colour there."
        for x, y, _, _ in points if is_even(state.picture, (x, y), options.radius)
    )  # fmt: skip
    for each in drag(latents, sight, start, points, options):
        ended = bool(each.end)
        after = replace(state, place=moved(place, start, each.point), picture=_over(state, each.picture))
        if ended:
            after = replace(
                after, moved_to=(*state.moved_to, *((float(x), float(y)) for x, y in each.handles)),
                short=(*state.short, *map(float, each.left)), words=(*state.words, each.words(), *nothing),
            )  # fmt: skip
        yield Moment(0, after, each, ended)


def _repaint(model: Explorable, state: State, edit: Repaint, told: Told) -> State:
    region = _needed(edit, len(state.picture))
    if region.all():
        raise ValueError("The mask covers the whole picture; leave some of it to go by.")
    used = model if state.place is None else state.place.model
    label = None
    if state.place is not None and state.place.weights is not None:
        label = int(state.place.weights.argmax())
    observed = KnownPixels(state.picture, region)
    options = replace(_REPAINT, label=label, seed=edit.seed, space="w" if used.has_w else "z")
    found = fill(
        used, observed, _FILLS, options, lambda moment: told(moment.iteration / moment.iterations, "Repainting")
    ).chosen
    made = found[min(edit.which, len(found)) - 1].picture
    return _kept(state, observed.complete(made, blend=edit.blend), region)


def _copy(model: Explorable, state: State, edit: Copy, brought: Picture | None) -> State:
    region = _needed(edit, len(state.picture))
    other, there = shifted(_source(model, edit.source, brought, state.place).picture, edit.right, edit.down)
    region = region & there
    if not region.any():
        raise ValueError("Nothing of the other picture lies under the mask when it is moved so far; move it less.")
    return _kept(state, _put(state.picture, other, region, edit.way, edit.soft), region)


def _blend(model: Explorable, state: State, edit: Blend, brought: Picture | None) -> State:
    region = _needed(edit, len(state.picture))
    other = _source(model, edit.source, brought, state.place)
    if edit.way != "latent":
        return _kept(state, _put(state.picture, other.picture, region, edit.way, edit.soft), region)
    place = _place(state)
    if other.place is None:
        raise ValueError("A picture of mere pixels has no latent to blend; take the way pixels or poisson.")
    made = blended_inside(place, other.place, weights(region, edit.soft))
    return _kept(state, painted(state.picture, made, region, edit.soft), region)


def _put(old: Picture, new: Picture, region: Region, way: str, soft: float) -> Picture:
    return cloned(old, new, region) if way == "poisson" else painted(old, new, region, soft)


def _source(model: Explorable, source: str, brought: Picture | None, place: Place | None) -> Beginning:
    """Another picture; the one that was brought in as mere pixels."""
    if source == PICTURE:
        if brought is None:
            raise ValueError("A step takes from the picture that is given, and none was; give one, or a seed.")
        return Beginning(None, brought)
    label = -1 if place is None or place.weights is None else int(place.weights.argmax())
    return begin(model if place is None else place.model, Start(source=source, label=label))


def _place(state: State) -> Place:
    if state.place is None:
        raise ValueError("This picture is mere pixels, with no latent to move; begin with a seed or a picture.")
    return state.place


def _whole(state: State, place: Place) -> State:
    return replace(state, place=place, picture=_over(state, drawn(place)))


def _over(state: State, made: Picture) -> Picture:
    """What was painted stays."""
    return np.where(state.kept[..., None], state.picture, made)


def _kept(state: State, picture: Picture, region: Region) -> State:
    return replace(state, picture=picture, kept=state.kept | region)


def _region(edit: Edit, size: int) -> NDArray[np.bool_] | None:
    """None without a mask. Raises ValueError where it is none of this size, or empty."""
    mask = getattr(edit, "mask", "")
    if mask == FROM_FILE:
        raise ValueError("This edit waits for a mask's file; give one with --mask.")
    return decode_region(mask, size) if mask else None


def _needed(edit: Edit, size: int) -> Region:
    region = _region(edit, size)
    if region is None:
        raise ValueError(f"The step {edits.name_of(edit)} has no mask; paint where it is to be seen.")
    return region

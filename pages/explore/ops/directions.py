"""Directions of the latent space: looked for, shown as strips, changed, measured against known factors, and kept.

A direction travels as {"vector": base64 of float32, "space": "z" | "w", "unit": length of one step of its slider,
"label", "method", "layers": [int] | null, "low", "high": usable range in units | null, "figures": {name: number}}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_core.latent import Explorable, Look, check_look, check_weights, decode_vector, encode_vector, render
from gan_core.latent.directions.attributes import attributes, shows_factors
from gan_core.latent.directions.direction import FARTHEST, STRIP, Direction, unit_vector
from gan_core.latent.directions.search import (
    METHODS,
    MOST,
    Search,
    changed_direction,
    direction_of_marks,
    factors_along,
    find_directions,
    offered_layers,
)
from gan_core.latent.looks.look import Along, Move
from pages.explore.ops.picture import atlas
from pages.server.live.operations import OperationContext, Reply, number, operation, whole, words

if TYPE_CHECKING:
    from gan_core.latent.looks.look import Weights
    from gan_core.runs.storage.bookmarks import KeptList, NamedDirection

MOST_LABEL = 60
MOST_MARKS = 200
MOST_STRIPS = 2 * MOST


@operation("directions-options")
def options(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """How this model's directions can be looked for."""
    model = context.model(asked.get("model"))
    found = {
        "methods": list(METHODS),
        "attributes": [asdict(one) for one in attributes(model)],
        "layers": offered_layers(model),  # of PCA in Z
        "factors": shows_factors(model),
        "strip": list(STRIP),
        "farthest": FARTHEST,
        "directions": _kept_list(context, asked),
    }
    return Reply(found)


@operation("directions-find", lane="long")
def find(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Directions by "method" (see METHODS), at most "count", of "layer" or "attribute" where the method has such.

    They are told in a progress before their ranges are measured, in the order of the answer.
    """
    model = context.model(asked.get("model"))

    def early(found: list[Direction]) -> None:
        context.progress(0.6, "measuring how far they can be used", {"directions": [_told(one) for one in found]})

    found = find_directions(model, _search(model, asked, words(asked, "method", 40)), context.progress, early)
    return Reply({"directions": [_told(direction) for direction in found]})


@operation("directions-marks", lane="long")
def marks(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The direction from pictures marked no to those marked yes: "marks" is a list of {"look", "yes"}."""
    model = context.model(asked.get("model"))
    listed = asked.get("marks")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_MARKS:
        raise ValueError(f'"marks" must be a list of 1 to {MOST_MARKS} marks.')
    if not all(isinstance(mark, dict) and isinstance(mark.get("yes"), bool) for mark in listed):
        raise ValueError('A mark must be an object with a "look", and a "yes" that is true or false.')
    looks = [check_look(model, mark.get("look")) for mark in listed]
    found = direction_of_marks(
        model, looks, [m["yes"] for m in listed], _search(model, asked, "marks"), context.progress
    )
    return Reply({"directions": [_told(found)]})


@operation("directions-change", lane="long")
def change(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The "direction" with other "layers", and orthogonal to "others"; its range is measured anew."""
    model = context.model(asked.get("model"))
    before = _direction(model, asked.get("direction"), "direction")
    return Reply(
        {"directions": [_told(changed_direction(model, before, _search(model, asked, ""), context.progress))]}
    )


@operation("directions-strips")
def strips(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """What each of "directions" does to "look": a row of an atlas each, at -3 to 3 units."""
    model = context.model(asked.get("model"))
    look = check_look(model, asked.get("look"))
    listed = asked.get("directions")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_STRIPS:
        raise ValueError(f'"directions" must be a list of 1 to {MOST_STRIPS} directions.')
    found = [_direction(model, one, f"directions[{i}]") for i, one in enumerate(listed)]
    looks = [_moved(look, direction, amount) for direction in found for amount in STRIP]
    header, blob = atlas(render(model, looks), len(STRIP))
    return Reply(header, [blob])


@operation("directions-factors", lane="long")
def factors(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """How much each known factor moves along "direction", for a model that was trained on Shapes."""
    model = context.model(asked.get("model"))
    direction = _direction(model, asked.get("direction"), "direction")
    changes, read, low, high = factors_along(model, direction, _weights(model, asked), context.progress)
    return Reply({"changes": [asdict(one) for one in changes], "read": read, "low": low, "high": high})


# --- kept ones: every answer is the whole list as it is then


@operation("direction-keep")
def keep(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Keep "direction" with the model under a "name"; the answer's "key" is its own."""
    model = context.model(asked.get("model"))
    direction = _direction(model, asked.get("direction"), "direction")
    made = _directions(context, asked).add(
        name=words(asked, "name", MOST_LABEL),
        vector=encode_vector(direction.vector),
        space=direction.space,
        low=direction.unit * (-3.0 if direction.low is None else direction.low),  # amounts, as a look has them
        high=direction.unit * (3.0 if direction.high is None else direction.high),
        method=direction.method,
        layers=None if direction.layers is None else list(direction.layers),
        details={"unit": direction.unit, "figures": direction.figures, "measured": direction.low is not None},
    )
    context.note_owner("direction", _named(asked, made.id))
    return _all(context, asked, key=made.id)


@operation("direction-rename")
def rename(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    context.demand("rename", "direction", _named(asked, words(asked, "key", 40)))
    _directions(context, asked).rename(words(asked, "key", 40), words(asked, "name", MOST_LABEL))
    return _all(context, asked)


@operation("direction-delete")
def delete(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    context.demand("delete", "direction", _named(asked, words(asked, "key", 40)))
    _directions(context, asked).delete(words(asked, "key", 40))
    return _all(context, asked)


@operation("direction-restore")
def restore(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Undo a deletion."""
    context.demand("restore", "direction", _named(asked, words(asked, "key", 40)))
    _directions(context, asked).restore(words(asked, "key", 40))
    return _all(context, asked)


def _directions(context: OperationContext, asked: Mapping[str, Any]) -> KeptList[NamedDirection]:
    return context.catalog.bookmark_store(words(asked, "model", 200)).directions


def _named(asked: Mapping[str, Any], key: str) -> str:
    """As its owner is noted."""
    return f"{words(asked, 'model', 200)}/{key}"


def _all(context: OperationContext, asked: Mapping[str, Any], **more: object) -> Reply:
    return Reply(
        {"directions": _kept_list(context, asked), "problems": _directions(context, asked).problems(), **more}
    )


def _kept_list(context: OperationContext, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As they travel, each with the "key" that it is kept under."""
    found = []
    for one in _directions(context, asked).all():
        unit = _plain(one.details.get("unit"), 1.0)
        measured = bool(one.details.get("measured"))
        figures = one.details.get("figures")
        kept = {"key": one.id, "label": one.name, "vector": one.vector, "space": one.space, "unit": unit}
        kept |= {"method": one.method, "layers": one.layers, "figures": figures if isinstance(figures, dict) else {}}
        kept |= {"low": one.low / unit if measured else None, "high": one.high / unit if measured else None}
        if refused := context.refused("direction", _named(asked, one.id)):
            kept |= {"refused": refused}
        found.append(kept)
    return found


def _plain(found: object, otherwise: float) -> float:
    return float(found) if isinstance(found, int | float) and 1e-6 < found < 1e4 else otherwise


# --- from and to JSON


def _told(direction: Direction) -> dict[str, Any]:
    return {**direction.described(), "vector": encode_vector(direction.vector)}


def _direction(model: Explorable, data: object, name: str) -> Direction:
    """Raises ValueError, in one sentence that begins with `name`, for what is no direction of this model."""
    if not isinstance(data, dict):
        raise ValueError(f"{name} must be an object with a vector, a space and a unit.")
    space = data.get("space")
    if space not in ("z", "w") or not model.length(space):
        spaces = " or ".join(f'"{known}"' for known in model.generator.latent_spaces)
        raise ValueError(f'{name}.space is "{str(space)[:20]}"; of this model it must be {spaces}.')
    low, high = data.get("low"), data.get("high")
    figures = data.get("figures")
    known = figures if isinstance(figures, dict) else {}
    vector = decode_vector(data.get("vector"), model.length(space), f"{name}.vector")
    return Direction(
        vector=vector if abs(float(np.linalg.norm(vector)) - 1) < 1e-5 else unit_vector(vector),  # its bits stay
        space=space,
        unit=number(data, "unit", 1.0, 1e-6, 1e4),
        label=words(data, "label", MOST_LABEL, default="A direction"),
        method=words(data, "method", 40, default="given"),
        layers=_layers(model, data.get("layers"), f"{name}.layers"),
        low=None if low is None else number(data, "low", 0.0, -FARTHEST, 0.0),
        high=None if high is None else number(data, "high", 0.0, 0.0, FARTHEST),
        figures={str(k)[:40]: float(v) for k, v in list(known.items())[:20] if isinstance(v, int | float)},
    )


def _layers(model: Explorable, data: object, name: str) -> tuple[int, ...] | None:
    if data is None:
        return None
    last = model.style_layers - 1
    if not isinstance(data, list) or not data or not all(type(i) is int and 0 <= i <= last for i in data):
        raise ValueError(f"{name} must be null or a list of layers from 0 to {last}." if last > 0 else
                         f"{name} must be null: this generator has no style layers.")  # fmt: skip
    return tuple(sorted(set(data)))


def _weights(model: Explorable, asked: Mapping[str, Any]) -> Weights | None:
    """Of the classes: those of "class", or None for all of them."""
    return check_weights(model, asked["class"], "class") if asked.get("class") is not None else None


def _search(model: Explorable, asked: Mapping[str, Any], method: str) -> Search:
    others = asked.get("others", [])
    if not isinstance(others, list) or len(others) > MOST:
        raise ValueError(f'"others" must be a list of at most {MOST} directions.')
    layer, attribute = (words(asked, key, 200) if asked.get(key) else None for key in ("layer", "attribute"))
    return Search(
        method=method,
        count=whole(asked, "count", 6, 1, MOST),
        layer=layer,
        layers=_layers(model, asked.get("layers"), "layers"),
        attribute=attribute,
        others=tuple(_direction(model, one, f"others[{i}]") for i, one in enumerate(others)),
        weights=_weights(model, asked),
    )


def _moved(look: Look, direction: Direction, amount: float) -> Look:
    """So many units along a direction from where the look is."""
    move = Move(direction.space, direction.vector, amount * direction.unit, direction.layers)  # type: ignore[arg-type]
    return replace(look, where=Along(look.where, (move,)))

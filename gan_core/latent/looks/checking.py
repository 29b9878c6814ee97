"""From JSON that anybody may have written to a look. Every fault is one sentence that names the place."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, cast

import numpy as np

from gan_core.latent.inside.units import MOST_SCALE
from gan_core.latent.looks.look import (
    SPACES,
    Along,
    Given,
    Key,
    Look,
    Mix,
    Move,
    OnPath,
    Path,
    Plane,
    Seed,
    Seeds,
    Space,
    Sum,
    Unit,
    Weights,
    Where,
)
from gan_core.latent.looks.vectors import decode_vector
from gan_core.latent.model import Explorable
from gan_core.latent.walks import EASINGS, WAYS, Timeline

MOST_DEPTH, MOST_KEYS, MOST_PARTS, MOST_WHERES = 6, 64, 64, 512
MOST_SEED = 2**53 - 1  # JSON's numbers are exact up to here
SECONDS = (0.02, 600.0)
_FAR, _FARTHEST_SEEDS = 1e4, 1e9

_KINDS: dict[str, set[str]] = {
    "seed": set(),
    "z": set(),
    "w": set(),
    "ws": set(),
    "plane": {"at", "space"},
    "seeds": {"salt", "space"},
    "base": {"along"},
    "sum": {"space"},
    "path": {"at"},
}
_PATH_KEYS, _KEY_KEYS = {"keys", "loop", "way", "space"}, {"where", "class", "seconds", "easing"}


def check_look(model: Explorable, data: object) -> Look:
    """The look that JSON data describes, for this model. Raises ValueError in one sentence for anything else."""
    fields = _fields(data, "look", {"where", "class", "psi", "mix", "units"}, needed={"where"})
    check = _Checker(model)
    units = [_unit(u, f"look.units[{i}]") for i, u in enumerate(_list(fields.get("units", []), "look.units"))]
    return Look(
        where=check.where(fields["where"], "look.where"),
        weights=check.weights(fields.get("class"), "look.class"),
        psi=_number(fields.get("psi", 1.0), "look.psi", -2.0, 2.0),
        mix=tuple(check.mix(m, f"look.mix[{i}]") for i, m in enumerate(_list(fields.get("mix", []), "look.mix"))),
        units=tuple(units),
    )


def check_where(model: Explorable, data: object, name: str = "where") -> Where:
    """One place. Raises ValueError."""
    return _Checker(model).where(data, name)


def check_path(model: Explorable, data: object, name: str = "path") -> Path:
    """One path. Raises ValueError."""
    return _Checker(model).path(data, name, 1)


def check_weights(model: Explorable, data: object, name: str = "class") -> Weights | None:
    """The classes of null, [a] or [a, b, t]: float32 [class count]. Raises ValueError."""
    return _Checker(model).weights(data, name)


class _Checker:
    def __init__(self, model: Explorable) -> None:
        self._model = model
        self._spaces = tuple(s for s in SPACES if model.length(s))
        self._wheres = 0

    def where(self, data: object, name: str, depth: int = 1) -> Where:
        self._wheres += 1
        if depth > MOST_DEPTH:
            raise ValueError(f"{name} is nested more than {MOST_DEPTH} deep.")
        if self._wheres > MOST_WHERES:
            raise ValueError(f"{name} is one place too many; a look has at most {MOST_WHERES}.")
        if not isinstance(data, Mapping):
            raise ValueError(f'{name} is {_shown(data)}; it must be an object such as {{"seed": 1}}.')
        kinds = [kind for kind in _KINDS if kind in data]
        if len(kinds) != 1:
            raise ValueError(f"{name} must have exactly one of {', '.join(_KINDS)}; it has {_listed(data)}.")
        kind = kinds[0]
        fields = _fields(data, name, _KINDS[kind] | {kind})
        if kind in SPACES:
            return self._given(kind, fields[kind], f"{name}.{kind}")
        return cast(Where, getattr(self, f"_{kind}")(fields, name, depth))

    def _given(self, space: Space, text: object, name: str) -> Given:
        if space not in self._spaces:
            raise ValueError(f"{name} is a style, but this generator has no mapping network; give a z.")
        return Given(space, decode_vector(text, self._model.length(space), name))

    def _seed(self, fields: Mapping[str, Any], name: str, depth: int) -> Seed:
        return Seed(_whole(fields["seed"], f"{name}.seed", 0, MOST_SEED))

    def _plane(self, fields: Mapping[str, Any], name: str, depth: int) -> Plane:
        corners = _list(fields["plane"], f"{name}.plane", count=3)
        a, b, c = (self.where(corner, f"{name}.plane[{i}]", depth + 1) for i, corner in enumerate(corners))
        x, y = _pair(fields.get("at"), f"{name}.at", _FAR)
        return Plane((a, b, c), x, y, self._space(fields, name))

    def _seeds(self, fields: Mapping[str, Any], name: str, depth: int) -> Seeds:
        x, y = _pair(fields["seeds"], f"{name}.seeds", _FARTHEST_SEEDS)
        salt = _whole(fields.get("salt", 0), f"{name}.salt", 0, MOST_SEED)
        return Seeds(x, y, salt, self._space(fields, name))

    def _base(self, fields: Mapping[str, Any], name: str, depth: int) -> Along:
        moves = _list(fields.get("along"), f"{name}.along")
        base = self.where(fields["base"], f"{name}.base", depth + 1)
        return Along(base, tuple(self._move(m, f"{name}.along[{i}]") for i, m in enumerate(moves)))

    def _move(self, data: object, name: str) -> Move:
        allowed = {"vector", "space", "amount", "layers"}
        fields = _fields(data, name, allowed, needed={"vector", "space", "amount"})
        space = _one_of(fields["space"], f"{name}.space", tuple(s for s in self._spaces if s != "ws"))
        layers = None if fields.get("layers") is None else self._layers(fields["layers"], f"{name}.layers")
        if layers is not None and space == "z":
            raise ValueError(f"{name}.layers cannot be chosen for a direction in z; leave it null.")
        vector = decode_vector(fields["vector"], self._model.length(space), f"{name}.vector")
        return Move(cast(Space, space), vector, _number(fields["amount"], f"{name}.amount", -_FAR, _FAR), layers)

    def _sum(self, fields: Mapping[str, Any], name: str, depth: int) -> Sum:
        terms: list[tuple[float, Where]] = []
        for i, term in enumerate(_list(fields["sum"], f"{name}.sum", least=1)):
            here = f"{name}.sum[{i}]"
            factor, where = _list(term, here, count=2)
            terms.append((_number(factor, f"{here}[0]", -100.0, 100.0), self.where(where, f"{here}[1]", depth + 1)))
        return Sum(tuple(terms), self._space(fields, name))

    def _path(self, fields: Mapping[str, Any], name: str, depth: int) -> OnPath:
        path = self.path(fields["path"], f"{name}.path", depth)
        return OnPath(path, _number(fields.get("at"), f"{name}.at", -1e6, 1e6))

    def path(self, data: object, name: str, depth: int) -> Path:
        fields = _fields(data, name, _PATH_KEYS, needed={"keys"})
        keys, seconds, easings = [], [], []
        for i, raw in enumerate(_list(fields["keys"], f"{name}.keys", least=1, most=MOST_KEYS)):
            here = f"{name}.keys[{i}]"
            key = _fields(raw, here, _KEY_KEYS, needed={"where"})
            weights = self.weights(key["class"], f"{here}.class") if key.get("class") is not None else None
            keys.append(Key(self.where(key["where"], f"{here}.where", depth + 1), weights))
            seconds.append(_number(key.get("seconds", 1.0), f"{here}.seconds", *SECONDS))
            easings.append(_one_of(key.get("easing", "linear"), f"{here}.easing", tuple(EASINGS)))
        loop = fields.get("loop", False)
        if not isinstance(loop, bool):
            raise ValueError(f"{name}.loop is {_shown(loop)}; it must be true or false.")
        way = _one_of(fields.get("way", "slerp"), f"{name}.way", WAYS)
        space = _one_of(fields.get("space", "z"), f"{name}.space", tuple(s for s in self._spaces if s != "ws"))
        return Path(tuple(keys), Timeline(tuple(seconds), tuple(easings), loop), way, cast(Space, space))

    def _space(self, fields: Mapping[str, Any], name: str) -> Space | None:
        if fields.get("space") is None:
            return None
        return cast(Space, _one_of(fields["space"], f"{name}.space", self._spaces))

    def weights(self, data: object, name: str) -> Weights | None:
        """null: of a conditional generator the first class."""
        count = len(self._model.classes)
        if not count:
            if data is not None:
                raise ValueError(f"{name} is {_shown(data)}, but this generator knows no classes; it must be null.")
            return None
        weights = np.zeros(count, np.float32)
        parts = [0] if data is None else _list(data, name)
        if len(parts) not in (1, 3):
            raise ValueError(f"{name} is {_shown(data)}; it must be null, [a] or [a, b, t].")
        first = _whole(parts[0], f"{name}[0]", 0, count - 1)
        if len(parts) == 1:
            weights[first] = 1.0
            return weights
        second, t = _whole(parts[1], f"{name}[1]", 0, count - 1), _number(parts[2], f"{name}[2]", 0.0, 1.0)
        weights[first] += np.float32(1.0 - t)
        weights[second] += np.float32(t)
        return weights

    def mix(self, data: object, name: str) -> Mix:
        fields = _fields(data, name, {"where", "layers"}, needed={"where", "layers"})
        layers = self._layers(fields["layers"], f"{name}.layers")
        return Mix(self.where(fields["where"], f"{name}.where"), layers)

    def _layers(self, data: object, name: str) -> tuple[int, ...]:
        count = self._model.style_layers
        if not count:
            raise ValueError(f"{name} are layers that take a style, but this generator has none.")
        chosen = _list(data, name, most=count)
        return tuple(_whole(layer, f"{name}[{i}]", 0, count - 1) for i, layer in enumerate(chosen))


def _unit(data: object, name: str) -> Unit:
    fields = _fields(data, name, {"layer", "unit", "scale"}, needed={"layer", "unit", "scale"})
    layer = fields["layer"]
    if not isinstance(layer, str) or not 0 < len(layer) <= 200:
        raise ValueError(f"{name}.layer is {_shown(layer)}; it must be a layer's name.")
    scale = _number(fields["scale"], f"{name}.scale", 0.0, MOST_SCALE)
    return Unit(layer, _whole(fields["unit"], f"{name}.unit", 0, 1_000_000), scale)


def _fields(data: object, name: str, known: Set[str], needed: Set[str] = frozenset()) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ValueError(f"{name} is {_shown(data)}; it must be an object.")
    if extra := [key for key in data if key not in known]:
        raise ValueError(f"{name} has {_shown(extra[0])}, which is no field here; the fields are {_listed(known)}.")
    if missing := sorted(needed - set(data)):
        raise ValueError(f"{name} lacks {missing[0]}.")
    return data


def _list(
    data: object, name: str, *, count: int | None = None, least: int = 0, most: int = MOST_PARTS
) -> Sequence[Any]:  # fmt: skip
    if not isinstance(data, list | tuple):
        raise ValueError(f"{name} is {_shown(data)}; it must be a list.")
    low, high = (least, most) if count is None else (count, count)
    if not low <= len(data) <= high:
        wanted = f"{low}" if low == high else f"{low} to {high}"
        raise ValueError(f"{name} has {len(data)} parts; it must have {wanted}.")
    return data


def _pair(data: object, name: str, most: float) -> tuple[float, float]:
    x, y = _list(data, name, count=2)
    return _number(x, f"{name}[0]", -most, most), _number(y, f"{name}[1]", -most, most)


def _number(value: object, name: str, low: float, high: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:  # no NaN either
        return float(value)
    raise ValueError(f"{name} is {_shown(value)}; it must be a number from {low:,g} to {high:,g}.")


def _whole(value: object, name: str, low: int, high: int) -> int:
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high and value % 1 == 0:
        return int(value)
    raise ValueError(f"{name} is {_shown(value)}; it must be a whole number from {low} to {high}.")


def _one_of(value: object, name: str, known: Sequence[str]) -> str:
    if isinstance(value, str) and value in known:
        return value
    raise ValueError(f"{name} is {_shown(value)}; it must be one of {', '.join(known)}.")


def _listed(names: Iterable[object]) -> str:
    shown = sorted(str(n)[:20] for n in names)
    return ", ".join(shown[:12]) if shown else "none"


def _shown(value: object) -> str:
    """A value as a sentence may quote it: on one line, not too long."""
    if isinstance(value, Mapping | list | tuple):
        return f"{'an object' if isinstance(value, Mapping) else 'a list'} of {len(value)}"
    if isinstance(value, float) and not math.isfinite(value):
        return "not a finite number"
    try:
        text = json.dumps(value, ensure_ascii=True)
    except ValueError:  # more digits than Python writes out
        return "a number of thousands of digits"
    except TypeError:
        return "nothing that JSON has"
    return text if len(text) <= 60 else text[:57] + "..."

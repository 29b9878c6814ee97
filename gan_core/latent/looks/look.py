"""What a picture is of, checked: the tree that `check_look` makes of JSON, and what may stand in it.

Where (resolves to one latent; vectors are base64 of little-endian float32):
  {"seed": int} | {"z": vector} | {"w": vector} | {"ws": vector of a style for every layer}
  {"plane": [where, where, where], "at": [x, y]}      p0 + x (p1 - p0) + y (p2 - p0)
  {"seeds": [x, y], "salt": int}                      a latent for every pair of whole numbers, bilinear in between
  {"base": where, "along": [{"vector", "space": "z" | "w", "amount", "layers": [int] | null}]}
  {"sum": [[factor, where], ...]}                     A - B + C
  {"path": {"keys": [{"where", "class"?, "seconds", "easing"}], "loop", "way", "space"}, "at": seconds}
A key's seconds lead to the next one (in a loop the last one's to the first), its class counts instead of the look's.
plane, seeds and sum may name the "space" that they are reckoned in: without it, that of their parts.
Look = {"where", "class": null | [a] | [a, b, t], "psi", "mix": [{"where", "layers"}],
        "units": [{"layer", "unit", "scale"}]}
A class of null is the first; psi truncates (1 not at all) toward the mean style, or toward 0 in z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from gan_core.latent.looks.vectors import Vector
from gan_core.latent.walks import Timeline

Space = Literal["z", "w", "ws"]
SPACES: tuple[Space, ...] = ("z", "w", "ws")


@dataclass(frozen=True, eq=False)
class Seed:
    seed: int


@dataclass(frozen=True, eq=False)
class Given:
    space: Space
    vector: Vector


@dataclass(frozen=True, eq=False)
class Plane:
    corners: tuple[Where, Where, Where]
    x: float
    y: float
    space: Space | None = None


@dataclass(frozen=True, eq=False)
class Seeds:
    """The endless plane at (x, y)."""

    x: float
    y: float
    salt: int
    space: Space | None = None


@dataclass(frozen=True, eq=False)
class Move:
    """So far along a direction; layers: of the style generator, None all."""

    space: Space
    vector: Vector
    amount: float
    layers: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class Along:
    base: Where
    moves: tuple[Move, ...]


@dataclass(frozen=True, eq=False)
class Sum:
    terms: tuple[tuple[float, Where], ...]
    space: Space | None = None


@dataclass(frozen=True, eq=False)
class Key:
    """weights: of the classes at this key; None where the look's own holds."""

    where: Where
    weights: Weights | None = None


@dataclass(frozen=True, eq=False)
class Path:
    keys: tuple[Key, ...]
    timeline: Timeline
    way: str
    space: Space


@dataclass(frozen=True, eq=False)
class OnPath:
    path: Path
    at: float


Where: TypeAlias = Seed | Given | Plane | Seeds | Along | Sum | OnPath
Weights: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float32]]


@dataclass(frozen=True, eq=False)
class Mix:
    """These layers take their style from elsewhere (style mixing)."""

    where: Where
    layers: tuple[int, ...]


@dataclass(frozen=True)
class Unit:
    """A channel (or dense unit) of a layer's output, scaled: 0 switches it off."""

    layer: str
    unit: int
    scale: float


@dataclass(frozen=True, eq=False)
class Look:
    """weights: how much of each class, [class count], sum 1; None of an unconditional generator."""

    where: Where
    weights: Weights | None = None
    psi: float = 1.0
    mix: tuple[Mix, ...] = ()
    units: tuple[Unit, ...] = ()

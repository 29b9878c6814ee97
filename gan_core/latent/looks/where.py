"""From looks to latents to pictures. All latent arithmetic is done here, in float64; networks see float32."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.latent.inside.units import edited
from gan_core.latent.looks.checking import check_look, check_path, check_weights, check_where
from gan_core.latent.looks.look import (
    SPACES,
    Along,
    Given,
    Look,
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
from gan_core.latent.looks.vectors import Vector
from gan_core.latent.model import Explorable, numbers
from gan_core.latent.walks import Floats, Walk
from gan_core.nets.base import GeneratorNet
from gan_core.training.batches import to_pixels

__all__ = [
    "Point",
    "at_time",
    "check_look",
    "check_path",
    "check_weights",
    "check_where",
    "draw_z",
    "forward",
    "pictures",
    "render",
    "resolve",
    "resolve_all",
]

BLOCK = 256  # so many pictures go through the generator at once, at most
_FARTHEST = 1e6


@dataclass(frozen=True, eq=False)
class Point:
    """A look's latent. space, vector: where it lies, before truncation and mixing; as {space: vector} it comes back.

    Exactly one of the two that the generator gets is there: latent, the truncated z [dim], or styles [style_layers,
    style_dim], truncated and mixed. weights: of the classes [class count], or None.
    """

    space: Space
    vector: Vector
    latent: Vector | None
    styles: Vector | None
    weights: Weights | None


def resolve(model: Explorable, look: Look) -> Point:
    """The one latent that a look means. Raises ValueError where it lies too far out, or mixes wrongly."""
    return resolve_all(model, [look])[0]


def resolve_all(model: Explorable, looks: Sequence[Look]) -> list[Point]:
    """Likewise for many, with one pass of the mapping network where there is one."""
    if not looks:
        return []
    resolver = _Resolver(model)
    spots = [resolver.spot(look.where, look.weights) for look in looks]
    vectors = [_near(spot) for spot in spots]
    if not model.has_w:
        return [
            Point(spot.space, vector, (look.psi * spot.vector).astype(np.float32), None, spot.weights)
            for look, spot, vector in zip(looks, spots, vectors, strict=True)
        ]
    mixed = [[resolver.spot(mix.where, look.weights) for mix in look.mix] for look in looks]
    flat = [*spots, *(spot for row in mixed for spot in row)]
    every = resolver.lift(flat, "ws").reshape(len(flat), model.style_layers, model.style_dim)
    others = iter(every[len(spots) :])
    points = []
    for look, spot, vector, own in zip(looks, spots, vectors, every, strict=False):
        styles = own.copy()
        for mix in look.mix:
            styles[list(mix.layers)] = next(others)[list(mix.layers)]
        if look.psi != 1.0:  # toward the mean style (Karras et al. 2019, appendix B)
            styles = model.mean_style + look.psi * (styles - model.mean_style)
        points.append(Point(spot.space, vector, None, styles.astype(np.float32), spot.weights))
    return points


def render(model: Explorable, looks: Sequence[Look]) -> NDArray[np.uint8]:
    """The pictures of looks, uint8 [N, H, W, C]. Raises ValueError as `resolve` does, or for an unknown unit."""
    points = resolve_all(model, looks)
    if all(not look.units for look in looks):
        return pictures(model, points)
    out = np.empty((len(looks), model.shape.size, model.shape.size, model.shape.channels), np.uint8)
    for units in dict.fromkeys(look.units for look in looks):  # those alike in one batch
        rows = [i for i, look in enumerate(looks) if look.units == units]
        out[rows] = pictures(model, [points[i] for i in rows], units)
    return out


def pictures(model: Explorable, points: Sequence[Point], units: Sequence[Unit] = ()) -> NDArray[np.uint8]:
    """uint8 [N, H, W, C] of resolved points, all with the same units changed."""
    changed = edited(model.generator, [asdict(unit) for unit in units]) if units else nullcontext()
    with torch.inference_mode(), changed:
        blocks = [
            to_pixels(forward(model.generator, points[i : i + BLOCK])).permute(0, 2, 3, 1).contiguous().numpy()
            for i in range(0, len(points), BLOCK)
        ]
    if not blocks:
        return np.empty((0, model.shape.size, model.shape.size, model.shape.channels), np.uint8)
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def forward(generator: GeneratorNet, points: Sequence[Point]) -> Tensor:
    """Images float [N, C, H, W] in [-1, 1] of points that were resolved for this generator's model."""
    styles = [point.styles for point in points if point.styles is not None]
    if styles:
        return generator.synthesis(numbers(np.stack(styles)))
    z = numbers(np.stack([point.latent for point in points if point.latent is not None]))
    images: Tensor = generator(z, labels_of([point.weights for point in points]))
    return images


def labels_of(weights: Sequence[Weights | None]) -> Tensor | None:
    """What the networks take: int64 [N] where every row is one class, float [N, class count] else; None without."""
    known = [row for row in weights if row is not None]
    if not known:
        return None
    rows = np.stack(known)
    if (rows.max(axis=1) == 1.0).all():
        return numbers(rows.argmax(axis=1))
    return numbers(rows)


def at_time(look: Look, t: float) -> Look:
    """A look whose place is a path, at another time of it. Raises ValueError for any other place."""
    if not isinstance(look.where, OnPath):
        raise ValueError("look.where is not a path; only on a path is there a time.")
    return replace(look, where=OnPath(look.where.path, t))


@lru_cache(maxsize=1024)
def draw_z(seed: int, dim: int, distribution: str, cell: tuple[int, ...] = ()) -> Floats:
    """The latent float64 [dim] (with float32's values) of a seed: N(0, 1) each, or uniform on [-1, 1].

    cell: whole numbers from 0 that give the same seed further independent latents. Not to be written into.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=cell)))
    z = rng.uniform(-1.0, 1.0, dim) if distribution == "uniform" else rng.standard_normal(dim)
    z = z.astype(np.float32).astype(np.float64)
    z.flags.writeable = False
    return z


@dataclass(frozen=True, eq=False)
class _Spot:
    space: Space
    vector: Floats
    weights: Weights | None


def _near(spot: _Spot) -> Vector:
    if not bool((np.abs(spot.vector) <= _FARTHEST).all()):  # nor NaN
        raise ValueError("The point lies too far out to be drawn; take smaller amounts or factors.")
    return spot.vector.astype(np.float32)


def _common(spots: Sequence[_Spot], least: Space | None) -> Space:
    """The space that all can be lifted into: the highest of theirs."""
    return SPACES[max([SPACES.index(spot.space) for spot in spots] + [SPACES.index(least or "z")])]


class _Resolver:
    """Resolves places of one model; keeps what it mapped and the walks it made for as long as it lives."""

    def __init__(self, model: Explorable) -> None:
        self._model = model
        self._mapped: dict[tuple[bytes, bytes], Floats] = {}
        self._walks: dict[tuple[int, bytes], tuple[Path, Space, Walk, Walk | None]] = {}

    def spot(self, where: Where, weights: Weights | None) -> _Spot:
        if isinstance(where, Given):
            return _Spot(where.space, where.vector.astype(np.float64), weights)
        if isinstance(where, Seed):
            return _Spot("z", draw_z(where.seed, self._model.dim, self._model.config.latent.distribution), weights)
        if isinstance(where, Seeds):
            return self._on_endless_plane(where, weights)
        if isinstance(where, Plane):
            parts = [self.spot(corner, weights) for corner in where.corners]
            factors = [1.0 - where.x - where.y, where.x, where.y]
            return self._sum(factors, parts, where.space, weights)
        if isinstance(where, Sum):
            parts = [self.spot(part, weights) for _, part in where.terms]
            return self._sum([factor for factor, _ in where.terms], parts, where.space, weights)
        if isinstance(where, Along):
            return self._along(where, weights)
        return self._on_path(where, weights)

    def lift(self, spots: Sequence[_Spot], space: Space) -> Floats:
        """[len(spots), length]: all in one space, which is none of their spaces' subspace."""
        if space == "z":
            return np.stack([spot.vector for spot in spots])
        self._map([spot for spot in spots if spot.space == "z"])
        layers = self._model.style_layers
        rows = []
        for spot in spots:
            vector = self._mapped[_key(spot)] if spot.space == "z" else spot.vector
            rows.append(np.tile(vector, layers) if space == "ws" and spot.space != "ws" else vector)
        return np.stack(rows)

    def _map(self, spots: Sequence[_Spot]) -> None:
        new = list({_key(spot): spot for spot in spots if _key(spot) not in self._mapped}.values())
        if not new:
            return
        z = numbers(np.stack([spot.vector for spot in new]))
        with torch.inference_mode():
            styles = self._model.generator.mapping(z, labels_of([spot.weights for spot in new])).double().numpy()
        self._mapped.update(zip(map(_key, new), styles, strict=True))

    def _sum(
        self, factors: Sequence[float], parts: Sequence[_Spot], least: Space | None, weights: Weights | None
    ) -> _Spot:
        space = _common(parts, least)
        return _Spot(space, np.asarray(factors) @ self.lift(parts, space), weights)

    def _on_endless_plane(self, where: Seeds, weights: Weights | None) -> _Spot:
        """Bilinear between four latents; in z divided by the root of the summed squares of the factors.

        A sum of independent Gaussian latents is then distributed, and so normed, like each of them.
        """
        column, row = int(np.floor(where.x)), int(np.floor(where.y))
        x, y = where.x - column, where.y - row
        latent = self._model.config.latent
        corners = [
            _Spot("z", draw_z(where.salt, latent.dim, latent.distribution, (_natural(i), _natural(j))), weights)
            for j in (row, row + 1)
            for i in (column, column + 1)
        ]
        factors = np.array([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y])
        space = _common(corners, where.space)
        vector = factors @ self.lift(corners, space)
        if space == "z":
            vector = vector / np.sqrt((factors**2).sum())
            if latent.distribution == "uniform":
                vector = vector.clip(-1.0, 1.0)
        return _Spot(space, vector, weights)

    def _along(self, where: Along, weights: Weights | None) -> _Spot:
        spot = self.spot(where.base, weights)
        for move in sorted(where.moves, key=lambda m: m.space != "z"):  # those in z while it still is one
            if move.space == "z" and spot.space != "z":
                raise ValueError("A direction in z cannot be gone along from a point given in w; give its base in z.")
            step = move.amount * move.vector.astype(np.float64)
            if move.space == "w":
                space: Space = "w" if spot.space != "ws" and move.layers is None else "ws"
                spot = _Spot(space, self.lift([spot], space)[0], weights)
                if space == "ws":
                    steps = np.zeros((self._model.style_layers, self._model.style_dim))
                    steps[slice(None) if move.layers is None else list(move.layers)] = step
                    step = steps.reshape(-1)
            spot = _Spot(spot.space, spot.vector + step, weights)
        return spot

    def _on_path(self, where: OnPath, weights: Weights | None) -> _Spot:
        space, walk, classes = self._walk(where.path, weights)
        if classes is not None:
            weights = classes.at(where.at).astype(np.float32)
        return _Spot(space, walk.at(where.at), weights)

    def _walk(self, path: Path, weights: Weights | None) -> tuple[Space, Walk, Walk | None]:
        key = (id(path), b"" if weights is None else weights.tobytes())
        if key not in self._walks:
            of_keys = [weights if k.weights is None else k.weights for k in path.keys]
            spots = [self.spot(k.where, own) for k, own in zip(path.keys, of_keys, strict=True)]
            space = _common(spots, path.space)
            classes = None
            known = [row for row in of_keys if row is not None]
            if known and any(k.weights is not None for k in path.keys):
                classes = Walk(np.stack(known), path.timeline, "lerp")
            walk = Walk(self.lift(spots, space), path.timeline, path.way)
            self._walks[key] = (path, space, walk, classes)  # with the path: its id stays its own
        return self._walks[key][1:]


def _key(spot: _Spot) -> tuple[bytes, bytes]:
    return spot.vector.tobytes(), b"" if spot.weights is None else spot.weights.tobytes()


def _natural(whole: int) -> int:
    """A number from 0 for every whole number: 0, -1, 1, -2, 2... to 0, 1, 2, 3, 4..."""
    return 2 * whole if whole >= 0 else -2 * whole - 1

"""Pictures of points: one, many at once as an atlas, and the neighbours of one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from gan_core.latent import Explorable, Look, Point, check_look, decode_vector, pictures, render, resolve, resolve_all
from gan_core.latent.looks.look import Given, Seed
from pages.server.live.operations import OperationContext, Reply, number, operation, whole

MOST_LOOKS = 256
MOST_ACROSS = 16
SAMPLED = 64  # points that say how far apart points are
Pixels = NDArray[np.uint8]
_spreads: WeakKeyDictionary[Explorable, dict[str, float]] = WeakKeyDictionary()


@operation("look")
def look(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """One picture. Blobs: its RGBA, the latent that it is of and the weights of the classes, both float32."""
    model = context.model(asked.get("model"))
    seen = check_look(model, asked.get("look"))
    point = resolve(model, seen)
    image = rgba(pictures(model, [point], seen.units)).tobytes()
    weights = b"" if point.weights is None else point.weights.astype("<f4").tobytes()
    return Reply(
        {"size": model.shape.size, "space": point.space}, [image, point.vector.astype("<f4").tobytes(), weights]
    )


@operation("looks")
def looks(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """At most 256 pictures as an atlas of so many "columns" (as square as may be where it does not say)."""
    model = context.model(asked.get("model"))
    listed = asked.get("looks")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_LOOKS:
        raise ValueError(f'"looks" must be a list of 1 to {MOST_LOOKS} looks.')
    columns = whole(asked, "columns", math.ceil(math.sqrt(len(listed))), 1, MOST_LOOKS)
    header, blob = atlas(render(model, [check_look(model, one) for one in listed]), columns)
    return Reply(header, [blob])


@operation("neighbours")
def neighbours(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """A square of pictures around one look, which is in the middle (of an even number: right below the middle).

    Column i and row j lie (i - across // 2) and (j - across // 2) times `spacing` along two directions: those of
    "directions" (two vectors of the point's space, in base64), else two at right angles that follow from "salt".
    Spacing is a share of how far latents typically are from their middle. Blobs: the atlas and, of each cell, its
    latent (float32).
    """
    model = context.model(asked.get("model"))
    across = whole(asked, "across", 8, 2, MOST_ACROSS)
    spacing = number(asked, "spacing", 0.12, 0.001, 10.0)
    middle = check_look(model, asked.get("look"))
    point = resolve(model, middle)
    first, second = _pair(model, asked, point)
    steps = (np.arange(across) - across // 2) * spacing * spread(model, point.space)
    latents = point.vector + steps[None, :, None] * first + steps[:, None, None] * second
    cells = latents.reshape(across * across, -1).astype(np.float32)
    around = [replace(middle, where=Given(point.space, cell), weights=point.weights) for cell in cells]
    header, blob = atlas(render(model, around), across)
    place = {"space": point.space, "middle": across // 2 * (across + 1)}
    return Reply({**header, **place}, [blob, cells.astype("<f4").tobytes()])


def _pair(
    model: Explorable, asked: dict[str, Any], point: Point
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Two directions [D] of length 1 (given ones: as long as they are)."""
    given = asked.get("directions")
    if given is not None:
        if not isinstance(given, list) or len(given) != 2:
            raise ValueError('"directions" must be two vectors, or null.')
        first, second = (decode_vector(text, model.length(point.space), "directions") for text in given)
        return first, second
    rng = np.random.default_rng(whole(asked, "salt", 0, 0, 2**53 - 1))
    vectors = rng.standard_normal((len(point.vector), 2))
    if len(vectors) == 1:  # in one dimension there is one direction
        return np.ones(1), np.zeros(1)
    first, second = np.linalg.qr(vectors)[0].T
    return first, second


def spread(model: Explorable, space: str) -> float:
    """How far latents of a space are from their middle, typically: the root mean square over some samples."""
    known = _spreads.setdefault(model, {})
    if space not in known:
        weights = check_look(model, {"where": {"seed": 0}}).weights
        points = resolve_all(model, [Look(Seed(seed), weights) for seed in range(SAMPLED)])
        if space == "z":
            found = np.stack([point.vector for point in points])
        else:  # the styles of all layers are alike here
            found = np.stack([point.styles.reshape(-1) for point in points if point.styles is not None])
            found = found[:, : model.length(space)]
        distances = ((found - found.mean(0)) ** 2).sum(1)
        known[space] = float(np.sqrt(distances.mean())) or 1.0
    return known[space]


def rgba(images: Pixels) -> Pixels:
    """uint8 [N, H, W, 1 or 3] -> [N, H, W, 4], opaque."""
    out = np.full((*images.shape[:3], 4), 255, np.uint8)
    out[..., :3] = images  # one channel goes to all three
    return out


def atlas(images: Pixels, columns: int) -> tuple[dict[str, int], bytes]:
    """uint8 [N, S, S, C] side by side, row by row: what it is, and the RGBA bytes; spare cells are transparent."""
    count, size = len(images), images.shape[1]
    rows = math.ceil(count / columns)
    cells = np.zeros((rows * columns, size, size, 4), np.uint8)
    cells[:count] = rgba(images)
    whole_picture = cells.reshape(rows, columns, size, size, 4).transpose(0, 2, 1, 3, 4)
    return {"columns": columns, "rows": rows, "size": size}, whole_picture.tobytes()

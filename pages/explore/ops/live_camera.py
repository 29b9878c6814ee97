"""A camera's pictures: each gets the generator's nearest back, ten a second."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.clips.nearest import Nearest
from gan_core.latent import Explorable
from pages.explore.ops.picture import rgba
from pages.server.live.operations import OperationContext, Reply, operation, whole
from pages.server.security.rights import demand

MOST_READY = 2  # banks of samples that are held, of the whole server

_ready: OrderedDict[int, Nearest] = OrderedDict()
_lock = threading.Lock()


@operation("camera-ready", lane="long", page="apply")
def ready(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Draws the samples that pictures are compared with, a second's work; how large pictures are to be sent."""
    demand(context.person, "bring", what="a camera")
    model = context.model(asked.get("model"))
    context.progress(0.0, "Drawing samples")
    _nearest(model)
    return Reply({"size": model.shape.size})


@operation("camera", lane="long", page="apply")
def camera(context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
    """blobs: a picture, RGBA [size, size, 4] row by row, and the point that came with the answer before, or b"".

    "class": that came with it, -1 for none. The answer: "error" in grey levels, "class"; blobs: the picture RGBA and
    its point, float32.
    """
    demand(context.person, "bring", what="a camera's picture")
    model = context.model(asked.get("model"))
    nearest = _nearest(model)
    size = model.shape.size
    if len(blobs) != 2 or len(blobs[0]) != 4 * size * size:
        raise ValueError(f"A camera's picture has {size} x {size} pixels, four bytes each.")
    pixels = np.frombuffer(blobs[0], np.uint8).reshape(size, size, 4)[..., :3]
    if model.shape.channels == 1:
        pixels = np.rint(pixels @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)[..., None]
    found = nearest.find(pixels.copy(), _before(nearest, blobs[1], whole(asked, "class", -1, -1, 10_000)))
    header = {"size": size, "error": found.error, "class": found.label}
    return Reply(header, [rgba(found.picture[None]).tobytes(), found.point.astype("<f4").tobytes()])


def _before(nearest: Nearest, sent: bytes, label: int) -> tuple[NDArray[np.float32], int] | None:
    """A point that came from a browser; None where it is none of this generator."""
    classes = len(nearest.model.classes)
    if len(sent) != 4 * nearest.length or (classes and not 0 <= label < classes):
        return None
    point = np.frombuffer(sent, "<f4").astype(np.float32)
    return (point, label) if np.isfinite(point).all() else None


def _nearest(model: Explorable) -> Nearest:
    """The bank of a generator, which is part of it, so that the key's `id` stays its own."""
    with _lock:
        key = id(model.generator)
        if key not in _ready:
            _ready[key] = Nearest(model)
        _ready.move_to_end(key)
        while len(_ready) > MOST_READY:
            _ready.popitem(last=False)
        return _ready[key]

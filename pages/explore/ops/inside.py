"""Inside the generator: what its layers show at a point, which units matter, and the discriminator's reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_core.latent import Explorable, Look, Point, check_look, pictures, resolve, resolve_all
from gan_core.latent.inside.effects import Effects, feature_maps, judged_evidence, unit_effects
from gan_core.latent.inside.judging import METHODS
from gan_core.latent.inside.units import layers_of
from gan_core.latent.looks.look import Seed
from pages.explore.ops.picture import rgba
from pages.server.live.operations import OperationContext, Reply, operation, whole

SAMPLES = 16  # pictures that a class, or the generator as a whole, is judged by
MEASURES = ("change", "score", "for_class", "elsewhere")


@operation("inside-layers")
def inside_layers(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The generator's layers, in the order in which they run: [{"name", "kind", "units", "size"}]."""
    model = context.model(asked.get("model"))
    layers = [
        {"name": layer.name, "kind": layer.kind, "units": layer.units, "size": layer.size}
        for layer in layers_of(model.generator)
    ]
    judge = {"judge": model.discriminator is not None, "probability": model.config.loss.probability}
    return Reply({"layers": layers, **judge})


@operation("inside-maps")
def inside_maps(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The feature maps of "layer" at a look's point.

    Blobs: int8 [units, size, size], each unit's map with its own peak at 127 or -127; float32 [units], those peaks.
    """
    model = context.model(asked.get("model"))
    seen = check_look(model, asked.get("look"))
    layer = asked.get("layer")
    if not isinstance(layer, str):
        raise ValueError('"layer" must be the name of one of the generator\'s layers.')
    maps = feature_maps(model, resolve(model, seen), layer, seen.units)
    peaks = np.abs(maps).max(axis=(1, 2))
    share = maps / np.where(peaks > 0, peaks, 1.0)[:, None, None]
    header = {"layer": layer, "units": len(maps), "size": maps.shape[1]}
    return Reply(header, [np.rint(127 * share).astype(np.int8).tobytes(), peaks.astype("<f4").tobytes()])


@operation("inside-units", lane="long")
def inside_units(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """What every unit does, found by switching it off alone: "of" is "picture" (the look's) or "many".

    "many": 16 pictures drawn at random, of the look's classes where there are classes; then other classes' pictures
    are compared too. Header: "layers" [{"name", "units"}], "pictures" and "measures", the names of those that there
    are; blobs: float32 [units of all layers] for each of those measures.
    """
    model = context.model(asked.get("model"))
    seen = check_look(model, asked.get("look"))
    if asked.get("of") == "picture":
        points, others = [resolve(model, seen)], list[Point]()
    elif asked.get("of") == "many":
        count = whole(asked, "pictures", SAMPLES, 1, 64)
        points, others = _many(model, seen, count)
    else:
        raise ValueError('"of" must be "picture" or "many".')
    found = list(unit_effects(model, points, units=seen.units, others=others, progress=context.progress))
    if not found:
        raise ValueError("This generator has no hidden layer, so there are no units to switch off.")
    measures = [name for name in MEASURES if getattr(found[0], name) is not None]
    header = {
        "layers": [{"name": effects.layer.name, "units": effects.layer.units} for effects in found],
        "measures": measures,
        "pictures": len(points),
    }
    return Reply(header, [_joined(found, name).astype("<f4").tobytes() for name in measures])


def _many(model: Explorable, seen: Look, count: int) -> tuple[list[Point], list[Point]]:
    """So many points of the look's classes, truncated as it is, and as many of all other classes in turn."""
    here = [Look(Seed(seed), seen.weights, seen.psi) for seed in range(count)]
    away = list[Look]()
    if seen.weights is not None:
        rest = [row for row in np.eye(len(seen.weights), dtype=np.float32) if not (row * seen.weights).any()]
        away = [Look(Seed(seed), rest[seed % len(rest)], seen.psi) for seed in range(count)] if rest else []
    return resolve_all(model, here), resolve_all(model, away) if away else []


def _joined(found: list[Effects], name: str) -> NDArray[np.float32]:
    return np.concatenate([np.asarray(getattr(effects, name), np.float32) for effects in found])


@operation("inside-evidence", lane="long")
def inside_evidence(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Which pixels made D take the look's picture for real: "method" as of `gan_core.latent.inside.judging`.

    Header: "score" (the logit), "blank_score", "gap" and "probability" (whether sigmoid of the score is one).
    Blobs: float32 [size, size], above 0 for "real"; the picture's RGBA.
    """
    model = context.model(asked.get("model"))
    seen = check_look(model, asked.get("look"))
    point = resolve(model, seen)
    found = judged_evidence(model, point, str(asked.get("method", METHODS[0]))[:40], seen.units)
    header = {"method": found.method, "score": found.score, "blank_score": found.blank_score, "gap": found.gap}
    return Reply(
        {**header, "size": model.shape.size, "probability": model.config.loss.probability},
        [found.shares.astype("<f4").tobytes(), rgba(pictures(model, [point], seen.units)).tobytes()],
    )

"""Bring a picture back: what it looks like to the generator, and the search for its latent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_core.config.places import data_dir
from gan_core.data.base import DataUnavailable, ImageSet
from gan_core.data.identity import DataChanged
from gan_core.latent import Explorable, check_look, encode_vector, render
from gan_core.latent.inversion import MOST_ITERATIONS, MOST_RESTARTS, InversionOptions, Moment, invert
from gan_core.latent.targets import INVERT, Target, real_target, training_images, uploaded_target
from pages.explore.ops.picture import rgba
from pages.server.live.operations import OperationContext, Reply, number, operation, whole, words
from pages.server.security.rights import demand

_SAMPLES = 16  # whose border says on what ground this generator draws
_DRAWING = 0.1  # of the work, about
_BYTES_MOST = 40_000_000  # of a picture


@operation("target", lane="long")
def target(context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
    """The picture that a search would look for, as RGBA: an uploaded file's, or a real one's.

    "source": "upload" (blob: the file; "invert": auto, yes or no; "fit": crop, border or stretch) or "real" (number
    "index" of the held-out images, counted round).
    """
    if asked.get("source") == "upload":
        demand(context.person, "bring", what="a picture")
    model = context.model(asked.get("model"), asked.get("step"))
    found, about = _target(context, model, asked, blobs)
    return Reply({"size": model.shape.size, **about}, [rgba(found.image[None]).tobytes()])


@operation("invert", lane="long")
def invert_picture(context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
    """Search for the latent of a target, which is described as for "target".

    "space": z, w or ws (default: w where there is one); "class": its number, or null to try all; "restarts",
    "iterations", "features" (the weight of the discriminator's), "seed". Progress brings the best picture so far
    (RGBA) and the restarts' errors (float32, NaN: given up). Blobs at the end: the picture (RGBA) and the errors'
    curves, float32 [iterations + 1, restarts].
    """
    model = context.model(asked.get("model"), asked.get("step"))
    options = _options(model, asked)
    context.progress(0.0, "Looking at the picture")
    wanted, about = _target(context, model, asked, blobs)

    def drawing(share: float) -> None:
        context.progress(_DRAWING * share, f"Drawing {options.pool:,} random samples to start from")

    def follow(moment: Moment) -> None:
        share = _DRAWING + (1.0 - _DRAWING) * moment.iteration / moment.iterations
        said = f"{moment.iteration} of {moment.iterations} iterations"
        blob = [rgba(moment.picture[None]).tobytes(), moment.rmse.astype("<f4").tobytes()]
        context.progress(
            share,
            said,
            {"best": moment.best_rmse, "at": moment.iteration / moment.iterations, "size": model.shape.size},
            blob,
        )

    found = invert(model, wanted.image, options, follow, drawing)
    close = found.closeness
    header = {
        "size": model.shape.size,
        **about,
        "where": {found.space: encode_vector(found.vector)},
        "class": None if found.label is None else [found.label],
        "rmse": close.rmse,
        "psnr": close.psnr,
        "nearest": close.nearest,
        "random": close.random,
        "pool": close.pool,
        "best": found.best,
        "restarts": found.curves.shape[1],
        "verdict": close.verdict(),
        "figures": close.figures(),
        "whereabouts": found.whereabouts(),
    }
    return Reply(header, [rgba(found.picture[None]).tobytes(), found.curves.astype("<f4").tobytes()])


def data_of(model: Explorable) -> ImageSet:
    """What a model learned from. Raises ValueError, one sentence, where that is not on this machine."""
    try:
        return training_images(model, data_dir())
    except DataChanged:
        raise
    except DataUnavailable as problem:
        raise ValueError(f"The data that this model learned from is not on this machine: {problem}") from None


def _options(model: Explorable, asked: Mapping[str, Any]) -> InversionOptions:
    label = None if asked.get("class") is None else whole(asked, "class", 0, 0, max(0, len(model.classes) - 1))
    options = InversionOptions(
        space=words(asked, "space", 4, "w" if model.has_w else "z"),
        label=label,
        restarts=whole(asked, "restarts", InversionOptions.restarts, 1, MOST_RESTARTS),
        iterations=whole(asked, "iterations", InversionOptions.iterations, 1, MOST_ITERATIONS),
        feature_weight=number(asked, "features", InversionOptions.feature_weight, 0.0, 10.0),
        seed=whole(asked, "seed", 0, 0, 2**31 - 1),
    )
    options.check(model)
    return options


def _target(
    context: OperationContext, model: Explorable, asked: Mapping[str, Any], blobs: list[bytes]
) -> tuple[Target, dict[str, Any]]:
    """The target, and what is to be said of it."""
    source = words(asked, "source", 10)
    if source == "real":
        index = whole(asked, "index", 0, 0, 2**31 - 1)
        found, label = real_target(model, data := data_of(model), index)
        held = len(data.held_out)
        return found, {
            "inverted": False,
            "held_out": held > 0,
            "index": index % (held or len(data.images)),
            "of": held or len(data.images),
            "name": data.classes[label] if label is not None and label < len(data.classes) else "",
        }
    if source != "upload":
        raise ValueError(f'"source" is "{source}"; it must be upload or real.')
    if len(blobs) != 1:
        raise ValueError("An upload is one picture.")
    if len(blobs[0]) > _BYTES_MOST:
        raise ValueError(f"The picture is larger than {_BYTES_MOST // 1_000_000} MB.")
    drawn = [check_look(model, {"where": {"seed": seed}}) for seed in range(_SAMPLES)]
    found = uploaded_target(
        blobs[0], model.shape, np.asarray(render(model, drawn)), words(asked, "invert", 4, INVERT[0]),
        words(asked, "fit", 10, "crop"),
    )  # fmt: skip
    return found, {"inverted": found.inverted}

"""Where an edit begins: a seed, a latent, pixels, or somebody's picture, which is looked for in the latent space."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gan_core.apply.editing.edits import Start
from gan_core.apply.editing.place import Place, drawn, images, style_of
from gan_core.apply.editing.regions import Picture
from gan_core.apply.editing.tuning import tuned
from gan_core.latent.inversion import InversionOptions, Moment, invert
from gan_core.latent.looks.checking import MOST_SEED
from gan_core.latent.looks.look import Space
from gan_core.latent.looks.vectors import decode_vector, encode_vector
from gan_core.latent.looks.where import draw_z
from gan_core.latent.model import Explorable
from gan_core.training.batches import to_unit

PICTURE = "picture"
Told = Callable[[float, str], None]
"""Is told the share that is done and words; may raise, to cancel."""


def quiet(share: float, words: str) -> None:
    """For who need not be told."""


@dataclass(frozen=True, eq=False)
class Beginning:
    """place: what the generator draws; None for mere pixels. picture: what is edited, uint8 [size, size, C].

    error: how far the generator's own picture is from the one brought in, root mean square in grey levels of 255;
    None where none was. words: what is to be said of that, a sentence each.
    """

    place: Place | None
    picture: Picture
    error: float | None = None
    words: tuple[str, ...] = ()


def begin(model: Explorable, start: Start, brought: Picture | None = None, told: Told = quiet) -> Beginning:
    """brought: uint8 [size, size, C], what "picture" stands for. Raises ValueError, one sentence."""
    if start.source == PICTURE:
        if brought is None:
            raise ValueError("This edit begins with a picture, and none was given; give one, or a seed.")
        return _found(model, start, brought, told)
    kind, _, rest = start.source.partition(":")
    if kind == "pixels":
        return Beginning(None, decode_pixels(rest, model))
    weights = _weights(model, start.label)
    if kind == "seed":
        if not re.fullmatch(r"[0-9]{1,16}", rest) or int(rest) > MOST_SEED:
            raise ValueError(f'"{rest[:30]}" is no seed; it must be a whole number from 0 to {MOST_SEED}.')
        z = draw_z(int(rest), model.dim, model.config.latent.distribution)
        place = _of_z(model, torch.from_numpy(z.astype(np.float32)), weights)
    elif kind in ("z", "w", "ws"):
        place = place_of(model, kind, rest, weights)
    else:
        raise ValueError(f'"{start.source[:30]}" is no source; it must begin with seed:, z:, w:, ws: or pixels:.')
    return Beginning(place, drawn(place))


def place_of(model: Explorable, space: str, text: str, weights: Tensor | None) -> Place:
    """A latent that was given as base64. Raises ValueError."""
    if not model.length(space):
        raise ValueError("This generator has no styles; give a seed or a z.")
    vector = torch.from_numpy(decode_vector(text, model.length(space), space))
    if space == "z":
        return _of_z(model, vector, weights)
    layers = model.style_layers
    styles = vector.expand(layers, -1) if space == "w" else vector.view(layers, -1)
    return Place(model, None, styles.clone(), weights)


def source_of(place: Place) -> str:
    """The place as a source: the same styles, or z, to the last bit."""
    space: Space = "z" if place.styles is None else "ws"
    return f"{space}:{encode_vector(place.point.reshape(-1).numpy())}"


def encode_pixels(picture: Picture) -> str:
    """As a source."""
    return "pixels:" + base64.b64encode(np.ascontiguousarray(picture).tobytes()).decode("ascii")


def decode_pixels(text: str, model: Explorable) -> Picture:
    """Raises ValueError where it is no picture of this model's size."""
    shape = (model.shape.size, model.shape.size, model.shape.channels)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("The pixels are not base64.") from None
    if len(data) != shape[0] * shape[1] * shape[2]:
        raise ValueError(f"The pixels are {len(data):,} bytes; a picture of {shape[0]} x {shape[1]} x {shape[2]} has "
                         f"{shape[0] * shape[1] * shape[2]:,}.")  # fmt: skip
    return np.frombuffer(data, np.uint8).reshape(shape).copy()


def _weights(model: Explorable, label: int) -> Tensor | None:
    if not model.classes:
        if label >= 0:
            raise ValueError("This generator knows no classes; leave the class out.")
        return None
    if label >= len(model.classes):
        raise ValueError(f"The class is {label}; this generator has the classes 0 to {len(model.classes) - 1}.")
    return torch.nn.functional.one_hot(torch.tensor(max(0, label)), len(model.classes)).float()


def class_weights(model: Explorable, label: int) -> Tensor:
    """float [class count]. Raises ValueError where there is no such class."""
    found = _weights(model, label)
    assert found is not None  # a label of 0 or more: the model has classes, or it was refused
    return found


def _of_z(model: Explorable, z: Tensor, weights: Tensor | None) -> Place:
    if not model.has_w:
        return Place(model, z, None, weights)
    return Place(model, z, style_of(model, z, weights).expand(model.style_layers, -1).clone(), weights)


def _found(model: Explorable, start: Start, brought: Picture, told: Told) -> Beginning:
    space = ("ws" if model.has_w else "z") if start.space == "auto" else start.space
    share = 0.6 if start.tuning else 1.0
    options = InversionOptions(
        space=space, label=None if start.label < 0 else start.label, restarts=start.restarts,
        iterations=start.iterations, seed=start.seed,
    )  # fmt: skip

    def follow(moment: Moment) -> None:
        told(share * moment.iteration / moment.iterations, "Looking for the picture")

    found = invert(model, brought, options, follow, lambda part: told(0.0, "Drawing random samples to start from"))
    weights = None if found.label is None else class_weights(model, found.label)
    place = place_of(model, space, encode_vector(found.vector), weights)
    words = []
    if start.tuning:
        place = _tuned(place, brought, start, lambda part: told(share + (1 - share) * part, "Tuning a copy"))
        words.append(f"A copy of the generator was tuned to the picture for {start.tuning} steps.")
    error = _error(drawn(place), brought)
    words.append(_said(error, bool(start.tuning)))
    return Beginning(place, brought.copy(), error, tuple(words))


def _tuned(place: Place, brought: Picture, start: Start, told: Callable[[float], None]) -> Place:
    target = to_unit(torch.from_numpy(np.ascontiguousarray(brought.transpose(2, 0, 1))))
    other = tuned(
        place.model, lambda model, points: images(replace(place, model=model), points), place.point, target,
        steps=start.tuning, seed=start.seed, told=told,
    )  # fmt: skip
    return replace(place, model=other)


def _error(made: Picture, wanted: Picture) -> float:
    return float(np.sqrt(np.mean((made.astype(np.float64) - wanted) ** 2)))


def _said(error: float, tuning: bool) -> str:
    """The bounds are those of `Closeness.verdict`: PSNRs of 25 and 18 dB."""
    off = f"The generator's picture is off by {error:.1f} of 255 grey levels (root mean square)"
    if error <= 14.3:
        return f"{off}: very close."
    more = "" if tuning else "; tuning a copy of the generator to it comes nearer"
    if error <= 32.1:
        return f"{off}: alike, with differences that show{more}."
    return f"{off}: far from what this generator can make, or nothing nearer was found{more}."

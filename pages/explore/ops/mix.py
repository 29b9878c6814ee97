"""Style mixing: every source's style in the chosen layers of every destination."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gan_core.latent import check_look, encode_vector, render, resolve, resolve_all
from gan_core.latent.looks.look import Look, Mix
from pages.explore.ops.picture import atlas
from pages.server.live.operations import OperationContext, Reply, operation

MOST_EACH_WAY = 8


@operation("mix-matrix")
def mix_matrix(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """An atlas with a row for each of "sources" and a column for each of "destinations" (looks, at most 8 of each).

    The first row shows the destinations, the first column the sources, the corner nothing. Every other cell is its
    destination with the style of its source in "layers" (Karras et al. 2019, section 3.1 and figure 3); truncation,
    class and changed units are the destination's. Raises ValueError where the generator takes no styles.
    """
    model = context.model(asked.get("model"), asked.get("step"))
    if not model.style_layers:
        raise ValueError("Style mixing needs a style-based generator, and this one takes no styles.")
    sources = [check_look(model, look) for look in _listed(asked, "sources")]
    destinations = [check_look(model, look) for look in _listed(asked, "destinations")]
    layers = check_look(model, {"where": {"seed": 0}, "mix": [{"where": {"seed": 0}, "layers": asked.get("layers")}]})
    cells: list[Look] = [*destinations[:1], *destinations]  # the corner's own is taken out below
    for source in sources:
        mixed = Mix(source.where, layers.mix[0].layers)
        cells += [source, *(replace(look, mix=(*look.mix, mixed)) for look in destinations)]
    images = render(model, cells)
    header, blob = atlas(images, len(destinations) + 1)
    return Reply(header, [_without_corner(blob, header)])


@operation("mixed-point")
def mixed_point(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The place of a "look" with its mixing made part of it: what looks like it without any "mix".

    "truncated": with its truncation too, so that it looks like that without any "psi".
    """
    model = context.model(asked.get("model"), asked.get("step"))
    look = check_look(model, asked.get("look"))
    point = resolve(model, look if asked.get("truncated") is True else replace(look, psi=1.0))
    if point.styles is None:
        vector = point.vector if point.latent is None else point.latent
        return Reply({"where": {point.space: encode_vector(vector)}})
    return Reply({"where": {"ws": encode_vector(point.styles.reshape(-1))}})


@operation("gram")
def gram(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The products of the latents of "looks" (at most 8) with each other: what the length of any sum follows from.

    Styles are taken from the mean style, which comes along as "mean"; latents in z from zero, and "mean" is null.
    """
    model = context.model(asked.get("model"), asked.get("step"))
    looks = [check_look(model, look) for look in _listed(asked, "looks")]
    points = resolve_all(model, looks)
    space = points[0].space
    if any(point.space != space for point in points):
        raise ValueError("These points do not lie in one space.")
    vectors = np.stack([point.vector for point in points]).astype(np.float64)
    mean = None
    if space != "z":
        vectors -= np.tile(model.mean_style, model.style_layers if space == "ws" else 1)
        mean = {"w": encode_vector(model.mean_style)}
    return Reply({"gram": (vectors @ vectors.T).tolist(), "mean": mean})


def _without_corner(blob: bytes, header: dict[str, int]) -> bytes:
    """The atlas with its first cell transparent."""
    size, across = header["size"], 4 * header["size"] * header["columns"]
    out = bytearray(blob)
    for row in range(size):
        out[row * across : row * across + 4 * size] = bytes(4 * size)
    return bytes(out)


def _listed(asked: dict[str, Any], name: str) -> list[object]:
    found = asked.get(name)
    if not isinstance(found, list) or not 1 <= len(found) <= MOST_EACH_WAY:
        raise ValueError(f'"{name}" must be a list of 1 to {MOST_EACH_WAY} looks.')
    return found

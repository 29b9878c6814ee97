"""An operation of the Explore page in one file."""

from __future__ import annotations

from typing import Any

from gan_core.latent import check_look, render
from pages.server.operations import OperationContext, Reply, operation


@operation("brightness")
def brightness(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The mean of a "look"'s pixels, from 0 for black to 1 for white."""
    model = context.model(asked.get("model"))
    (picture,) = render(model, [check_look(model, asked.get("look"))])
    return Reply({"brightness": float(picture.mean()) / 255})

"""The route of a sweep's small multiples: how every member stands, what it measures and what it makes."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pages.server.security.public import public

if TYPE_CHECKING:
    from gan_core.runs import RunManager
    from pages.server.app_state import AppState

SHOWN_POINTS = 400
_REACH = 65535  # positions as 16-bit numbers over the extent


def sweep(app_state: AppState, request: Request) -> Response:
    """{"members": [...]} in the sweep's order; `shown`: the steps of the pictures that the page has already."""
    from gan_core.runs.groups.sweeps import Sweeps
    from gan_core.runs.states import LIVE  # not before the engine is up: it brings torch

    sweeps = Sweeps(app_state.manager())
    found = sweeps.sweep(request.path_params["sweep"])
    shown, values = request.query_params.get("shown", "").split(","), sweeps.measured(found)
    members = []
    for place, (member, view) in enumerate(zip(found.members, sweeps.views(found), strict=True)):
        if view is None:
            members.append({"run": member.run, "state": "gone", "words": "deleted", "live": False})
            continue
        known = shown[place] if place < len(shown) else ""
        members.append({
            "run": view.id, "state": view.state, "words": view.words, "cut_short": view.cut_short,
            "stopped_early": view.stopped_early, "live": view.state in LIVE,
            "step": view.step, "images": view.images, "total": view.end_images,
            "error": public(view.error) if view.error else "",
            "values": values[view.id], **_picture(app_state.manager(), view.id, known),
        })  # fmt: skip
    return JSONResponse({"members": members}, headers={"Cache-Control": "no-store"})


def _picture(manager: RunManager, run: str, known: str) -> dict[str, Any]:
    """The step of the newest kept picture, and of points their places where the page does not have them yet."""
    grid, _ = manager.newest_grid(run)
    if grid is None:
        return {"grid": None}
    step = grid.step
    config = manager.config(run)
    if str(step) == known or not hasattr(config.data, "extent"):  # else pictures, which have a route of their own
        return {"grid": step}
    return {"grid": step, "points": _points(manager, run, step, tuple(config.data.extent))}


@lru_cache(maxsize=256)
def _points(manager: RunManager, run: str, step: int, extent: tuple[float, ...]) -> str:
    from gan_core.training.observe.scene import decode_scene

    return packed(decode_scene(manager.grid(run, step).png).fakes[:SHOWN_POINTS], extent)


def packed(points: NDArray[np.floating[Any]], extent: tuple[float, ...]) -> str:
    """Points [n, 2] as little-endian uint16 pairs over the extent, in base64; those outside lie at its edge."""
    x0, x1, y0, y1 = extent
    low, size = np.array([x0, y0]), np.array([x1 - x0, y1 - y0])
    share = np.clip((np.nan_to_num(points) - low) / size, 0.0, 1.0)
    return base64.b64encode(np.rint(share * _REACH).astype("<u2").tobytes()).decode()

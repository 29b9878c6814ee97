"""Routes of the table of runs: rows of those that train, small pictures, and a run as one file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from pages.server.security.people import person_of

if TYPE_CHECKING:
    from pages.server.app_state import AppState

MOST_ASKED = 60
_MOST_DIGITS = 15  # far below what a database or a script counts to


def step_asked(request: Request) -> int:
    """The step in a route's path. Raises ValueError."""
    text = request.path_params["step"]
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise ValueError(f"A step is a whole number from 0 on, of at most {_MOST_DIGITS} digits.")
    return int(text)


def rows(app_state: AppState, request: Request) -> Response:
    """{"rows": of the runs that are named and there, "count": of all runs}."""
    from gan_core.runs.storage.run_folder import run_ids  # not before the engine is up: it brings torch
    from pages.server.http.run_rows import rows as made

    asked = set(request.query_params.get("runs", "").split(",")[:MOST_ASKED]) - {""}
    manager = app_state.manager()
    found = made(manager, asked, person_of(request)) if asked else []
    return JSONResponse({"rows": found, "count": len(run_ids(manager.runs_dir))})


def thumbnail(app_state: AppState, request: Request) -> Response:
    from gan_core.runs.catalog.thumbnails import thumbnail as draw

    png = draw(app_state.manager(), request.path_params["run"], step_asked(request))
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=86400"})


def archive(app_state: AppState, request: Request) -> Response:
    """The run as one file; ?checkpoints= says which come along."""
    from gan_core.runs.storage.archives.archive import CHECKPOINTS, exported

    wanted = request.query_params.get("checkpoints", "all")
    if wanted not in CHECKPOINTS:
        raise ValueError(f"checkpoints must be one of {', '.join(CHECKPOINTS)}.")
    run = request.path_params["run"]
    stack = contextlib.ExitStack()
    path = stack.enter_context(exported(app_state.manager().runs_dir, run, wanted))
    return FileResponse(
        path, media_type="application/zip", filename=f"{run}.zip", background=BackgroundTask(stack.close),
        headers={"Cache-Control": "no-store"},
    )  # fmt: skip

"""Our own HTTP and socket routes: the live channel, a run's pictures, and the files that the pages load."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plotly
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from pages.server.http import run_routes, sweep_routes
from pages.server.http.machine_load import load
from pages.server.http.modules import module
from pages.server.http.packed import FOREVER, packed, packed_answer, takes_packed
from pages.server.http.packed import TYPES as PACKED
from pages.server.http.recordings import recording
from pages.server.http.run_routes import step_asked
from pages.server.http.scene_routes import Scenes
from pages.server.security.guard import refusal
from pages.server.security.people import Person, person_of
from pages.server.security.public import public
from pages.server.security.rights import Refused
from pages.ui.addresses import base_path

if TYPE_CHECKING:
    from gan_core.runs.snapshot import Grid
    from pages.server.app_state import AppState

ASSETS = Path(__file__).resolve().parents[3] / "assets"
PLOTLY_PATH = f"asset/plotly-{plotly.__version__}.js"
KATEX = "katex-0.19.1"  # its files lie in assets/katex, so that formulas need no package and no network
TYPES = {**PACKED, ".woff2": "font/woff2"}
MOST_COMMAND_BYTES = 1000
_FOREVER = {"Cache-Control": FOREVER}


@cache
def _files() -> dict[str, tuple[Path, str]]:
    """The few files that may be asked for by name; nothing else on disk can be reached."""
    package, katex = Path(plotly.__file__).parent / "package_data", ASSETS / "katex"
    return {
        f"plotly-{plotly.__version__}.js": (package / "plotly.min.js", "text/javascript"),
        "inter-latin.woff2": (ASSETS / "font" / "inter-latin.woff2", "font/woff2"),
        "inter-latin-ext.woff2": (ASSETS / "font" / "inter-latin-ext.woff2", "font/woff2"),
        **{f"{KATEX}/{p.relative_to(katex).as_posix()}": (p, TYPES[p.suffix]) for p in katex.rglob("*.*")},
        **{f"glossary/{p.name}": (p, TYPES[p.suffix]) for p in (ASSETS / "glossary" / "figures").glob("*.svg")},
    }


async def asset(request: Request) -> Response:
    known = _files().get(request.path_params["name"])
    if known is None:
        return Response("There is no such file here.", 404, media_type="text/plain")
    path, kind = known
    cache = "no-cache" if path.suffix == ".svg" else FOREVER  # a glossary's figure has no version in its name
    if path.suffix in PACKED and takes_packed(request.headers):
        return packed_answer(await asyncio.to_thread(packed, path), path.suffix, cache)
    return FileResponse(path, media_type=kind, headers={"Cache-Control": cache})


async def first_page(request: Request) -> Response:
    """The Lab is the first page, at the base; links to it by name hold as well."""
    query = request.url.query
    return RedirectResponse(f"./?{query}" if query else "./", 307)


def routes(app_state: AppState) -> list[BaseRoute]:
    """All routes of one server's `AppState`; its manager is asked from worker threads and may still be starting."""

    def answer(read: Callable[[AppState, Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if reason := refusal(request, app_state.token):
                return Response(reason, 403, media_type="text/plain")
            try:
                return await asyncio.to_thread(_once_ready, app_state, read, request)
            except ValueError as problem:
                return Response(public(problem), 404, media_type="text/plain")

        return endpoint

    async def command(request: Request) -> Response:
        if reason := refusal(request, app_state.token):
            return Response(reason, 403, media_type="text/plain")
        try:
            asked = await _asked(request)
        except ValueError as problem:
            return Response(public(problem), 400, media_type="text/plain")
        except ClientDisconnect:  # half-way through: nobody reads the answer
            return Response(status_code=400)
        try:
            await asyncio.to_thread(_command, app_state, person_of(request), request.path_params["run"], **asked)
        except Refused as problem:
            return Response(public(problem), 403, media_type="text/plain")
        except ValueError as problem:
            return Response(public(problem), 409, media_type="text/plain")
        return Response(status_code=204)

    base = base_path()
    return [
        WebSocketRoute(f"{base}/live/{{run}}", app_state.hub.endpoint),
        WebSocketRoute(f"{base}/explore", app_state.explore.endpoint),
        WebSocketRoute(f"{base}/classroom", app_state.classroom.endpoint),
        Route(f"{base}/live", answer(lambda _home, _request: Response(status_code=204))),  # is this token still good?
        Route(f"{base}/load", answer(load)),
        Route(f"{base}/live/{{run}}/grid/{{step}}", answer(_grid)),
        Route(f"{base}/live/{{run}}/drawn/{{step}}", answer(_drawn)),
        Route(f"{base}/live/{{run}}/real.png", answer(_real)),
        Route(f"{base}/live/{{run}}/command", command, methods=["POST"]),
        Route(f"{base}/preview/{{key}}.png", answer(_preview)),
        Route(f"{base}/runs/rows", answer(run_routes.rows)),
        Route(f"{base}/runs/{{run}}/thumb/{{step}}.png", answer(run_routes.thumbnail)),
        Route(f"{base}/runs/{{run}}/archive.zip", answer(run_routes.archive)),
        Route(f"{base}/sweeps/{{sweep}}", answer(sweep_routes.sweep)),
        *Scenes(app_state).routes(base),
        Route(f"{base}/recording/{{digest}}/{{name}}", recording),
        Route(f"{base}/asset/{{name:path}}", asset),
        Route(f"{base}/module/{{version}}/{{name:path}}", module),
        Route(f"{base}/lab", first_page),
    ]


def _once_ready(app_state: AppState, read: Callable[[AppState, Request], Response], request: Request) -> Response:
    app_state.wait()  # `read` may import what the engine's start is importing
    return read(app_state, request)


def _grid(app_state: AppState, request: Request) -> Response:
    """One kept sample grid: geometry, scores and the PNG in base64, so that they cannot come apart."""
    run = request.path_params["run"]
    grid = app_state.manager().grid(run, step_asked(request))
    narrator = app_state.narrator(run)
    caption = narrator.caption_kept(grid) if narrator else ""
    return _with_picture(grid, _FOREVER, caption, narrator.counted(grid.step) if narrator else {})


def _drawn(app_state: AppState, request: Request) -> Response:
    """The samples of a checkpoint for the latents of `seed`, as a sample grid."""
    from gan_core.runs.catalog.redraw import redraw  # not before the engine is up: it brings torch

    seed = request.query_params.get("seed", "")
    if not (seed.isascii() and seed.isdecimal() and len(seed) < 12):
        raise ValueError("The seed must be a whole number from 0 on.")
    return _with_picture(redraw(app_state.manager(), request.path_params["run"], step_asked(request), int(seed)))


def _with_picture(
    grid: Grid, headers: dict[str, str] | None = None, caption: str = "", counted: dict[str, float] | None = None
) -> Response:  # fmt: skip
    return JSONResponse(
        {
            "step": grid.step,
            "images": grid.images,
            "columns": grid.columns,
            "rows": grid.rows,
            "size": grid.size,
            "caption": caption,
            "counted": counted or {},
            "scores": [None if s != s else float(s) for s in grid.scores],
            "png": base64.b64encode(grid.png).decode(),
        },
        headers=headers,
    )


def _real(app_state: AppState, request: Request) -> Response:
    run = request.path_params["run"]
    png = app_state.manager().real_grid(run)
    fixed = app_state.manager().manifest(run).trained_on  # an earlier version's run shows what lies there now
    return Response(png, media_type="image/png", headers=_FOREVER if fixed else {"Cache-Control": "no-cache"})


async def _asked(request: Request) -> dict[str, str]:
    """What a page asks of its run: {"do": "step" or "dissect", "players": who moves}. Raises ValueError.

    Only as JSON, which no form of another site can send.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_COMMAND_BYTES:
            raise ValueError(f"A command has at most {MOST_COMMAND_BYTES} bytes.")
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise ValueError("A command comes as application/json.")
    try:
        asked = json.loads(body)
        found = {"do": asked["do"], "players": asked.get("players", "both")}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError('A command is an object such as {"do": "dissect", "players": "both"}.') from None
    if found["do"] not in ("step", "dissect"):
        raise ValueError('A command\'s "do" must be "step" or "dissect".')
    if found["players"] not in ("both", "discriminator", "generator"):
        raise ValueError('A command\'s "players" must be "both", "discriminator" or "generator".')
    return found


def _command(app_state: AppState, person: Person, run: str, do: str, players: Any) -> None:
    manager = app_state.manager()
    from gan_core.runs.commands import Dissect, StepOnce  # not before the engine is up: it brings torch
    from pages.server.security.guarded import guarded

    manager = guarded(manager, person)
    manager.send(run, Dissect(players) if do == "dissect" else StepOnce(players))


def _preview(app_state: AppState, request: Request) -> Response:
    png = app_state.previews.get(request.path_params["key"])
    return Response(png, media_type="image/png", headers=_FOREVER)

"""Routes of scenes: a link made and checked, kept behind a short code and opened by it, read from a file, as QR code.

Opening a short link needs no token, as following any link needs none; everything else is asked by a page of this
server alone.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import segno
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pages.server.security.guard import refusal
from pages.server.security.people import Person, person_of
from pages.server.security.public import public

if TYPE_CHECKING:
    from gan_core.training import RunConfig
    from gan_core.training.scenes.scene import Scene
    from pages.server.app_state import AppState

MOST_BYTES = 64_000
MOST_KEPT_BY_ONE = 300
"""Scenes that one person may have the server keep, until its next start; a teacher may have any number kept."""

TOO_LONG = "This link is too long for a QR code; its short form fits."
_MOST_QR_BYTES = 2_000  # more than that no camera reads from the last row


class Scenes:
    """The routes, and how many scenes each person had kept since the server's start."""

    def __init__(self, app_state: AppState) -> None:
        self._state = app_state
        self._kept: dict[str, int] = {}

    def routes(self, base: str) -> list[BaseRoute]:
        return [
            Route(f"{base}/scenes", self._guarded(self._make), methods=["POST"]),
            Route(f"{base}/scenes/open", self._guarded(self._read), methods=["POST"]),
            Route(f"{base}/scenes/qr.svg", self._guarded(self._code)),
            Route(f"{base}/s/{{code}}", self._open),
        ]

    def _guarded(self, read: Callable[[Request, bytes], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if reason := refusal(request, self._state.token):
                return PlainTextResponse(reason, 403)
            try:
                body = await _body(request)
                return await asyncio.to_thread(self._once_ready, read, request, body)
            except ClientDisconnect:  # half-way through: nobody reads the answer
                return Response(status_code=400)
            except (ValueError, OSError) as problem:
                return PlainTextResponse(public(problem), 409)

        return endpoint

    def _once_ready(self, read: Callable[[Request, bytes], Response], request: Request, body: bytes) -> Response:
        self._state.wait()  # `read` may import what the engine's start is importing
        return read(request, body)

    def _make(self, request: Request, body: bytes) -> Response:
        """{"page", "query", "keep"} -> {"link", "scene", "short"}: its long link and file; kept, its short one."""
        from gan_core.training.scenes.scene_file import to_dict
        from gan_core.training.scenes.scene_link import from_query, link

        asked = _asked(body)
        scene = self._settled(from_query(asked["page"], asked["query"]))
        short = f"s/{self._keep(scene, person_of(request))}" if asked["keep"] else ""
        return JSONResponse({"link": link(scene), "scene": to_dict(scene), "short": short})

    def _settled(self, scene: Scene) -> Scene:
        """With nothing in it that another machine would choose for itself."""
        from gan_core.training.scenes.scene import pinned

        manager = self._state.manager()

        def resolved(config: RunConfig) -> RunConfig:
            return manager.resolved(config, soon=True)

        possible = scene.page == "lab" and not manager.problems(scene.config)
        return pinned(scene, resolved) if possible else scene

    def _keep(self, scene: Scene, person: Person) -> str:
        from gan_core.runs.storage.scene_store import SceneStore

        kept = self._kept.get(person.id, 0)
        if not person.teacher and kept >= MOST_KEPT_BY_ONE:
            raise ValueError(f"You had {MOST_KEPT_BY_ONE} scenes kept here; use the long link or the file.")
        code = SceneStore(self._state.manager().runs_dir).keep(scene)
        self._kept[person.id] = kept + 1
        return code

    def _read(self, request: Request, body: bytes) -> Response:
        """A scene file -> {"link", "title"}: where to go to open it."""
        from gan_core.training.scenes.scene_file import from_text
        from gan_core.training.scenes.scene_link import link

        scene = from_text(body)
        return JSONResponse({"link": link(scene), "title": scene.title})

    def _code(self, request: Request, body: bytes) -> Response:
        """?text= as a QR code: black on white on either theme, as cameras want it."""
        text = request.query_params.get("text", "")
        if not text or len(text.encode("utf-8", "replace")) > _MOST_QR_BYTES:
            raise ValueError(TOO_LONG if text else "A QR code needs a text.")
        return Response(qr_svg(text), media_type="image/svg+xml", headers={"cache-control": "private, max-age=3600"})

    async def _open(self, request: Request) -> Response:
        try:
            target = await asyncio.to_thread(self._target, request.path_params["code"])
        except (ValueError, OSError) as problem:
            return PlainTextResponse(public(problem), 404)
        return RedirectResponse(f"../{target}", 303, headers={"cache-control": "no-store"})

    def _target(self, code: str) -> str:
        self._state.wait()
        from gan_core.runs.storage.scene_store import SceneStore
        from gan_core.training.scenes.scene_link import link

        return link(SceneStore(self._state.manager().runs_dir).scene(code))


def qr_svg(text: str) -> bytes:
    """A QR code that is read from afar: with the quiet zone, and as much correction as its size has room for."""
    out = io.BytesIO()
    segno.make(text, micro=False).save(out, kind="svg", border=4, light="#ffffff", dark="#000000", omitsize=True)
    return out.getvalue()


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise ValueError(f"A scene has at most {MOST_BYTES // 1000} kB.")
    return body


def _asked(body: bytes) -> dict[str, Any]:
    """What a page asks for. Raises ValueError."""
    try:
        asked = json.loads(body)
        page, query, keep = asked["page"], asked["query"], asked.get("keep", False)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError('A scene is asked for as {"page": "lab", "query": {}, "keep": false}.') from None
    texts = isinstance(query, dict) and all(isinstance(text, str) for text in query.values())
    if not isinstance(page, str) or not texts or not isinstance(keep, bool):
        raise ValueError('A scene is asked for as {"page": "lab", "query": {}, "keep": false}.')
    return {"page": page, "query": query, "keep": keep}

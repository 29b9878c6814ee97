"""Files that every browser fetches, kept in memory and compressed once.

Streamlit reads each of its scripts from the disk in parts, with hops between threads, and sends it as it is. A class
that opens its first page asks for some three thousand of them, 60 MB: that was most of what it waited for.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import threading
from pathlib import Path

import streamlit
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.ui.addresses import base_path

TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"
_STREAMLITS = Path(streamlit.__file__).parent / "static"
_NAMED = re.compile(r'(?:src|href)="\./([^"]+\.(?:js|css))"')
_kept: dict[Path, bytes] = {}
_packing = threading.Lock()


def takes_packed(headers: Headers) -> bool:
    """Whether who asks reads gzip, and wants all of the file."""
    return "gzip" in headers.get("accept-encoding", "") and "range" not in headers


def packed(path: Path) -> bytes:
    """A file's content as gzip; who asks for one that is just being compressed waits for that."""
    found = _kept.get(path)
    if found is None:
        with _packing:
            found = _kept.get(path) or gzip.compress(path.read_bytes(), mtime=0)
            _kept[path] = found
    return found


def packed_answer(body: bytes, suffix: str, cache: str = FOREVER) -> Response:
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding", "Cache-Control": cache}
    return Response(body, media_type=TYPES[suffix], headers=headers)


def pack_first_page() -> None:
    """Compress what Streamlit's page names, before anybody asks for it."""
    for name in _NAMED.findall((_STREAMLITS / "index.html").read_text("utf-8")):
        packed(_STREAMLITS / name)


class PackedScripts:
    """ASGI middleware: Streamlit's own scripts and style sheets come from here, everything else from the server."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        files = (path for path in (_STREAMLITS / "static").rglob("*.*") if path.suffix in TYPES)
        self._files = {f"{base_path()}/{path.relative_to(_STREAMLITS).as_posix()}": path for path in files}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._files.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if path is None or not takes_packed(Headers(scope=scope)):
            return await self.app(scope, receive, send)
        if path not in _kept:
            await asyncio.to_thread(packed, path)
        return await packed_answer(_kept[path], path.suffix)(scope, receive, send)

"""What every answer of this server says to a browser, whoever makes it: what a page may load, and who may frame it.

The content policy is the second wall behind `pages.ui.literal`: even if words from outside became a picture or a
script on a page, the browser would ask nobody but this server, and run nothing that did not come from it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.server.security.access import health_path
from pages.server.security.guard import answers_to, is_readable
from pages.ui.addresses import relative

MISDIRECTED = (
    "This server does not answer to this name. Whoever runs it can allow the name when starting it, as in "
    "--server.allowedHosts lab.example.org\n"
)
NO_ORIGIN = "The Origin of a request is an address, such as http://localhost:8501\n"
TWO_LENGTHS = "A request says its length once: as Content-Length or as Transfer-Encoding.\n"


class SafeAnswers:
    """ASGI middleware: refuses names that are not this server's, and adds the policy to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        host = headers.get("host")
        known = scope["path"] == health_path() or answers_to(host)  # a machine's health is asked by its address
        readable = is_readable(headers.get("origin"))
        if scope["type"] == "websocket":
            if known and readable:
                return await self.app(scope, receive, send)
            await receive()
            return await send({"type": "websocket.close", "code": 1008, "reason": "This Host or Origin is not ours."})

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                _make_safe(MutableHeaders(scope=message), scope["path"], host or "")
            await send(message)

        answer = self.app if known else PlainTextResponse(MISDIRECTED, 421)
        if not readable:
            answer = PlainTextResponse(NO_ORIGIN, 400)
        if "transfer-encoding" in headers and "content-length" in headers:  # a proxy may see another request's end
            answer = PlainTextResponse(TWO_LENGTHS, 400, {"connection": "close"})
        return await answer(scope, receive, send_safely)


def _make_safe(headers: MutableHeaders, asked: str, host: str) -> None:
    headers["content-security-policy"] = policy(host)
    headers["x-content-type-options"] = "nosniff"
    headers["x-frame-options"] = "SAMEORIGIN"
    headers["referrer-policy"] = "same-origin"
    if (target := headers.get("location")) is not None:
        headers["location"] = relative(target, asked)


@cache
def _inline_scripts() -> str:
    """The hashes of the scripts that stand in Streamlit's own page: those, and no others, may run."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_bytes()
    found = re.findall(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page, re.DOTALL)
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one).digest()).decode()}'" for one in found)


def policy(host: str) -> str:
    """The Content-Security-Policy for a page that was asked for under `host`, a Host header.

    blob: is how components are loaded, and Plotly's and our own workers. Styles are set by scripts everywhere.
    """
    # Older browsers do not count a socket to the same host as 'self'. A policy can name no IPv6 address at all.
    sockets = f" ws://{host} wss://{host}" if re.fullmatch(r"[\w.-]+(:\d+)?", host, re.ASCII) else ""
    return "; ".join((
        "default-src 'self'",
        f"script-src 'self' blob: 'wasm-unsafe-eval' {_inline_scripts()}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        f"connect-src 'self' data: blob:{sockets}",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ))  # fmt: skip

"""Who may come in at all: everybody on this machine, and over the network whoever has the token.

The server binds to this machine only. With GANSCOPE_TOKEN set it may be bound to a network address as well; every
request, sockets included, then needs the token: once as `?access=TOKEN` or typed into the form, later as a cookie.
"""

from __future__ import annotations

import hashlib
import html
import ipaddress
import os
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

SHORTEST_TOKEN = 12
COOKIE = "ganscope_access"
QUERY = "access"
HEALTH = "/_stcore/health"  # answered to everybody: it says only that the server is up


class NotSafe(ValueError):
    """The server must not be started like this; one sentence."""


def access_token(address: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """The token that visitors need, "" where none is asked for.

    address: what the server is bound to. Raises NotSafe for a network address without a token, or a short token.
    """
    token = environment.get("GANSCOPE_TOKEN", "")
    if token and len(token) < SHORTEST_TOKEN:
        raise NotSafe(f"GANSCOPE_TOKEN has {len(token)} characters; it must have at least {SHORTEST_TOKEN}.")
    if not token and not is_loopback(address):
        raise NotSafe(
            f"The server is to listen on {address or 'every address'}, where others reach it: set GANSCOPE_TOKEN to "
            f"a secret of at least {SHORTEST_TOKEN} characters, or serve 127.0.0.1 only."
        )
    return token


def is_loopback(address: str | None) -> bool:
    """Whether only this machine can reach the address; no address means all of them."""
    if not address:
        return False
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


class Gate:
    """ASGI middleware that lets nobody past without the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app = app
        self.token = token
        # The cookie proves that its bearer knew the token, without holding it.
        self.proof = hashlib.sha256(f"ganscope/{token}".encode()).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.token or scope["type"] not in ("http", "websocket") or scope["path"] == HEALTH:
            return await self.app(scope, receive, send)
        connection = HTTPConnection(scope)
        if secrets.compare_digest(connection.cookies.get(COOKIE, "").encode(), self.proof.encode()):
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 1008, "reason": "The token is missing."})
        return await self._answer(connection)(scope, receive, send)

    def _answer(self, connection: HTTPConnection) -> Response:
        """Back to the same page with a cookie for who gave the token; the form for everybody else."""
        given = connection.query_params.get(QUERY)
        if given is None or not secrets.compare_digest(given.encode(), self.token.encode()):
            wrong = "That is not the token. " if given is not None else ""
            return HTMLResponse(_form(wrong, connection), status_code=401, headers={"cache-control": "no-store"})
        kept = [(k, v) for k, v in parse_qsl(connection.url.query, keep_blank_values=True) if k != QUERY]
        target = "/" + connection.url.path.lstrip("/") + ("?" + urlencode(kept) if kept else "")
        response = RedirectResponse(target, status_code=303, headers={"cache-control": "no-store"})
        secure = Headers(scope=connection.scope).get("x-forwarded-proto", connection.url.scheme) == "https"
        response.set_cookie(COOKIE, self.proof, httponly=True, samesite="lax", secure=secure, max_age=30 * 86_400)
        return response


def _form(wrong: str, connection: HTTPConnection) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(k, quote=True)}" value="{html.escape(v, quote=True)}">'
        for k, v in connection.query_params.multi_items()
        if k != QUERY
    )
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>GANscope</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 24rem; margin: 20vh auto; padding: 0 1rem }}
input, button {{ font: inherit; padding: .5rem .75rem }}
</style>
<h1>GANscope</h1>
<form><p><label for="access">{wrong}Type the token of this server:</label></p>{hidden}
<p><input id="access" name="{QUERY}" type="password" autofocus autocomplete="current-password">
<button>Enter</button></p></form></html>"""

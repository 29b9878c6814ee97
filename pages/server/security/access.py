"""Who may come in at all: everybody on this machine, and over the network whoever has the token.

The server binds to this machine only. With GANSCOPE_TOKEN set it may be bound to a network address as well; every
request, sockets included, then needs the token: once as `?access=TOKEN` or typed into the form, later as a cookie.
After some wrong ones an address has to wait: see `pages.server.security.guesses`.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import html
import ipaddress
import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.server.security.guesses import Guesses
from pages.ui.addresses import base_path, relative

SHORTEST_TOKEN = 12
COOKIE = "ganscope_access"
QUERY = "access"
KEY_FILE = ".cookie-key"
_KEY_BYTES = 32


def health_path() -> str:
    """Answered to everybody: it says only that the server is up."""
    return f"{base_path()}/_stcore/health"


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


def cookie_key(folder: Path) -> bytes:
    """32 secret bytes, kept in `folder` so that cookies outlive the server; new ones where it cannot be written."""
    path = folder / KEY_FILE
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if (kept := _kept_key(path)) is not None:
            return kept
        temporary = path.with_name(f"{KEY_FILE}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        if (kept := _kept_key(path)) is not None:  # another server's, where two started at once
            return kept
    return secrets.token_bytes(_KEY_BYTES)


def _kept_key(path: Path) -> bytes | None:
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as file:
        found = file.read(_KEY_BYTES + 1)
    return found if len(found) == _KEY_BYTES else None


class Gate:
    """ASGI middleware that lets nobody past without the token."""

    def __init__(self, app: ASGIApp, token: str, key: bytes = b"", guesses: Guesses | None = None) -> None:
        """key: a secret of this server's own, 32 bytes; without one, cookies hold until it ends."""
        self.app = app
        self.token = token
        # The cookie proves that its bearer knew the token. Without the key nobody can make one from a guessed token,
        # so that guessing goes through the form alone, where it can be slowed down without locking others out.
        self.proof = hmac.digest(
            key or secrets.token_bytes(32), token.encode("utf-8", "surrogatepass"), "sha256"
        ).hex()
        self.guesses = guesses or Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.token or scope["type"] not in ("http", "websocket") or scope["path"] == health_path():
            return await self.app(scope, receive, send)
        connection = HTTPConnection(scope)
        if _same(connection.cookies.get(COOKIE, ""), self.proof):
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 1008, "reason": "The token is missing."})
        return await self._answer(connection)(scope, receive, send)

    def _answer(self, connection: HTTPConnection) -> Response:
        """Back to the same page with a cookie for who gave the token; the form for everybody else."""
        given, address = connection.query_params.get(QUERY), _address(connection)
        if given is not None and (seconds := math.ceil(self.guesses.wait(address))):
            headers = {"cache-control": "no-store", "retry-after": str(seconds)}
            return HTMLResponse(_form(_too_many(seconds), connection), status_code=429, headers=headers)
        if given is None or not _same(given, self.token):
            if given is not None:
                self.guesses.wrong(address, given)
            wrong = "That is not the token. " if given is not None else ""
            return HTMLResponse(_form(wrong, connection), status_code=401, headers={"cache-control": "no-store"})
        self.guesses.right(address)
        kept = [(k, v) for k, v in parse_qsl(connection.url.query, keep_blank_values=True) if k != QUERY]
        asked = connection.scope["path"]
        target = relative(quote(asked) + ("?" + urlencode(kept) if kept else ""), quote(asked))
        response = RedirectResponse(target, status_code=303, headers={"cache-control": "no-store"})
        secure = Headers(scope=connection.scope).get("x-forwarded-proto", connection.url.scheme) == "https"
        response.set_cookie(COOKIE, self.proof, httponly=True, samesite="lax", secure=secure, max_age=30 * 86_400)
        return response


def _address(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""


def _same(given: str, right: str) -> bool:
    """Compared in a time that tells neither how much of it is right nor how long it is."""
    digests = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (given, right)]
    return secrets.compare_digest(*digests)


def _too_many(seconds: int) -> str:
    wait = f"{seconds} second{'s' if seconds > 1 else ''}" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
    return f"Too many wrong tokens came from here: wait {wait}, then try again. "


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

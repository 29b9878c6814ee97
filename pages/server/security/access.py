"""Who may come in at all: everybody on this machine, and over the network whoever has a token.

The server binds to this machine only. With GANSCOPE_TOKEN set it may be bound to a network address as well; every
request, sockets included, then needs a token: once as `?access=TOKEN` or typed into the form, later as a cookie.
GANSCOPE_TEACHER_TOKEN is a second one, of who may do everything: given in the same way, by somebody who is in already
as well. After some wrong ones an address has to wait: see `pages.server.security.guesses`.
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
KEPT_SECONDS = 30 * 86_400  # cookies


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


def teacher_token(token: str, environment: Mapping[str, str] = os.environ) -> str:
    """The teacher's, "" where there is none. token: the class's. Raises NotSafe where it is no secret of its own."""
    found = environment.get("GANSCOPE_TEACHER_TOKEN", "")
    if not found:
        return ""
    if not token:
        raise NotSafe(
            "GANSCOPE_TEACHER_TOKEN is set, but GANSCOPE_TOKEN is not: without a token for the class everybody who "
            "reaches the server may do everything; set both, or none."
        )
    if len(found) < SHORTEST_TOKEN:
        raise NotSafe(f"GANSCOPE_TEACHER_TOKEN has {len(found)} characters; it must have at least {SHORTEST_TOKEN}.")
    if same_secret(found, token):
        raise NotSafe(
            "GANSCOPE_TEACHER_TOKEN is the same as GANSCOPE_TOKEN; the class would know it: choose another."
        )
    return found


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


def proof_of(key: bytes, token: str) -> str:
    """The cookie that proves that its bearer knew the token.

    Without the key nobody can make one from a guessed token, so that guessing goes through the form alone, where it
    can be slowed down without locking others out.
    """
    return hmac.digest(key, token.encode("utf-8", "surrogatepass"), "sha256").hex()


class Gate:
    """ASGI middleware that lets nobody past without a token."""

    def __init__(
        self, app: ASGIApp, token: str, key: bytes = b"", guesses: Guesses | None = None, teacher: str = ""
    ) -> None:  # fmt: skip
        """key: a secret of this server's own, 32 bytes; without one, cookies hold until it ends. teacher: the
        teacher's token, "" for none."""
        self.app = app
        key = key or secrets.token_bytes(32)
        self.token, self.proof = token, proof_of(key, token)
        self.teacher, self.teacher_proof = teacher, proof_of(key, teacher)
        self.guesses = guesses or Guesses()
        # Of the teacher's token alone: the class's, which every student knows, does not end the waiting for it.
        self.teacher_guesses = Guesses(self.guesses.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.token or scope["type"] not in ("http", "websocket") or scope["path"] == health_path():
            return await self.app(scope, receive, send)
        connection = HTTPConnection(scope)
        cookie = connection.cookies.get(COOKIE, "")
        as_teacher = bool(self.teacher) and same_secret(cookie, self.teacher_proof)
        is_in = as_teacher or same_secret(cookie, self.proof)
        if is_in and (as_teacher or not self.teacher or QUERY not in connection.query_params):
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 1008, "reason": "The token is missing."})
        return await self._answer(connection)(scope, receive, send)

    def _answer(self, connection: HTTPConnection) -> Response:
        """Back to the same page with a cookie for who gave a token; the form for everybody else."""
        given, address = connection.query_params.get(QUERY), _address(connection)
        if not given:
            return _form("", connection)
        if wait := self.guesses.wait(address):
            return _form(_too_many(math.ceil(wait)), connection, math.ceil(wait))
        if same_secret(given, self.token):
            self.guesses.right(address)
            return _let_in(connection, self.proof)
        if self.teacher and (wait := self.teacher_guesses.wait(address)):
            return _form(_too_many(math.ceil(wait)), connection, math.ceil(wait))
        if self.teacher and same_secret(given, self.teacher):
            self.guesses.right(address)
            self.teacher_guesses.right(address)
            return _let_in(connection, self.teacher_proof)
        self.guesses.wrong(address, given)
        self.teacher_guesses.wrong(address, given)
        return _form("That is not the token. ", connection)


def _let_in(connection: HTTPConnection, proof: str) -> Response:
    kept = [(k, v) for k, v in parse_qsl(connection.url.query, keep_blank_values=True) if k != QUERY]
    asked = connection.scope["path"]
    target = relative(quote(asked) + ("?" + urlencode(kept) if kept else ""), quote(asked))
    response = RedirectResponse(target, status_code=303, headers={"cache-control": "no-store"})
    response.set_cookie(
        COOKIE, proof, httponly=True, samesite="lax", secure=is_secure(connection), max_age=KEPT_SECONDS
    )
    return response


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser asked over TLS, which may end at a proxy."""
    return Headers(scope=connection.scope).get("x-forwarded-proto", connection.url.scheme) == "https"


def _address(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""


def same_secret(given: str, right: str) -> bool:
    """Compared in a time that tells neither how much of it is right nor how long it is."""
    digests = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (given, right)]
    return secrets.compare_digest(*digests)


def _too_many(seconds: int) -> str:
    wait = f"{seconds} second{'s' if seconds > 1 else ''}" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
    return f"Too many wrong tokens came from here: wait {wait}, then try again. "


def _form(wrong: str, connection: HTTPConnection, wait_seconds: int = 0) -> Response:
    headers = {"cache-control": "no-store"} | ({"retry-after": str(wait_seconds)} if wait_seconds else {})
    return HTMLResponse(_page(wrong, connection), status_code=429 if wait_seconds else 401, headers=headers)


def _page(wrong: str, connection: HTTPConnection) -> str:
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

"""Who a browser belongs to: a person with an identity of their own, and whether that is a teacher.

On a server of one's own (no token is asked for) there is one person: whoever sits at the machine, who is a teacher.
Where a token is asked for, every browser has an identity of its own, a random id in a signed cookie, and who gave the
teacher's token is a teacher.
"""

from __future__ import annotations

import hmac
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.server.security import roll
from pages.server.security.access import COOKIE, is_secure, proof_of, same_secret

_SLOT = "_ganscope_class"
_ID = re.compile(r"[0-9a-f]{24}")
KEPT_SECONDS = 400 * 86_400  # the longest that browsers keep a cookie
_SCOPE = "ganscope.person"
_TAB = "ganscope.person"


@dataclass(frozen=True)
class Person:
    """id: what runs, jobs and scenes say of who made them; "" is whoever sits at the machine. name: for others to
    read, may be "". teacher: may do everything on this server."""

    id: str = ""
    name: str = ""
    teacher: bool = True


OWNER_OF_THE_MACHINE = Person()


@dataclass(frozen=True)
class ClassServer:
    """What this server asks for. token: the class's, "" where none is asked for; teacher: the teacher's, "" where
    there is none; key: 32 bytes that never leave the server, by which cookies are signed; folder: the runs'."""

    token: str = ""
    teacher: str = ""
    key: bytes = b""
    folder: Path = Path("runs")

    @property
    def cookie(self) -> str:
        """What the identity is kept as: of each server another name, as cookies know hosts but no ports."""
        return f"ganscope_person_{hmac.digest(self.key, b'name of the cookie', 'sha256').hex()[:8]}"

    def signed(self, person_id: str) -> str:
        return f"{person_id}.{hmac.digest(self.key, f'person {person_id}'.encode(), 'sha256').hex()}"

    def person_id(self, cookies: Mapping[str, str]) -> str:
        """Whose cookie this is; "" where there is none that this server has signed."""
        given = cookies.get(self.cookie, "")
        found = given.partition(".")[0]
        return found if _ID.fullmatch(found) and same_secret(given, self.signed(found)) else ""

    def is_teacher(self, cookies: Mapping[str, str]) -> bool:
        return bool(self.teacher) and same_secret(cookies.get(COOKIE, ""), proof_of(self.key, self.teacher))


def install_class_server(found: ClassServer) -> ClassServer:
    """Held where no reload of our modules reaches them."""
    setattr(sys, _SLOT, found)
    return found


def class_server() -> ClassServer:
    found: ClassServer = getattr(sys, _SLOT, ClassServer())
    return found


def person_of(connection: HTTPConnection) -> Person:
    """Who asks: by the cookies that come along. Who has none, or a forged one, is somebody new."""
    known = class_server()
    if not known.token:
        return OWNER_OF_THE_MACHINE
    cookies = connection.cookies
    return _person(known, known.person_id(cookies) or connection.scope.get(_SCOPE) or new_id(), cookies)


def here() -> Person:
    """Whose browser the page is being drawn for; in a script of Streamlit's only."""
    known = class_server()
    if not known.token:
        return OWNER_OF_THE_MACHINE
    cookies = browser_cookies()
    found = known.person_id(cookies)
    if not found:  # no cookie is kept there: one person as long as the tab is open
        found = st.session_state.setdefault(_TAB, new_id())
    return _person(known, found, cookies)


def browser_cookies() -> Mapping[str, str]:
    """Those that came with the socket of the page that is being drawn."""
    return st.context.cookies.to_dict()


def whose(owner: str, person: Person) -> str:
    """A thing's owner in a word or two, as this person is told: "yours", a name, "somebody else's"; "" on a server of
    one's own."""
    known = class_server()
    if not known.token:
        return ""
    if owner == person.id:
        return "yours"
    if not owner:
        return "the server's"
    name = roll.name_of(known.folder, owner)
    return f"{name}'s" if name else "somebody else's"


def new_id() -> str:
    return secrets.token_hex(12)


def _person(known: ClassServer, person_id: str, cookies: Mapping[str, str]) -> Person:
    return Person(person_id, roll.name_of(known.folder, person_id), known.is_teacher(cookies))


class Identities:
    """ASGI middleware: whoever gets a page and has no identity yet gets one with it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = class_server()
        if scope["type"] not in ("http", "websocket") or not known.token:
            return await self.app(scope, receive, send)
        if known.person_id(cookie_parser(Headers(scope=scope).get("cookie", ""))):
            return await self.app(scope, receive, send)
        scope[_SCOPE] = new_id()

        async def send_with_identity(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", _set_cookie(known, HTTPConnection(scope)))
                    headers["cache-control"] = "no-store"  # nobody else's answer
            await send(message)

        return await self.app(scope, receive, send_with_identity)


def _set_cookie(known: ClassServer, connection: HTTPConnection) -> str:
    made = Response()
    made.set_cookie(
        known.cookie, known.signed(connection.scope[_SCOPE]), httponly=True, samesite="lax",
        secure=is_secure(connection), max_age=KEPT_SECONDS,
    )  # fmt: skip
    return made.headers["set-cookie"]

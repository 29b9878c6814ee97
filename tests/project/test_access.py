"""Beyond this machine only with a token: at the start, on every request and on every socket."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from pages.ui.access import COOKIE, HEALTH, Gate, NotSafe, access_token, is_loopback

TOKEN = "correct-horse-battery"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"inside"})


def ask(path: str, query: str = "", *, cookie: str = "", kind: str = "http", token: str = TOKEN) -> list[Message]:
    sent: list[Message] = []
    headers = [(b"host", b"lab.example")] + ([(b"cookie", cookie.encode())] if cookie else [])
    scope: dict[str, Any] = {
        "type": kind, "path": path, "query_string": query.encode(), "headers": headers, "method": "GET",
        "scheme": "http", "server": ("lab.example", 80), "root_path": "", "http_version": "1.1",
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "websocket.connect" if kind == "websocket" else "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Gate(inside, token)(scope, receive, send))
    return sent


def header(sent: list[Message], name: str) -> str:
    return next(v.decode() for k, v in sent[0]["headers"] if k == name.encode())


def cookie_of(sent: list[Message]) -> str:
    return header(sent, "set-cookie").partition(";")[0]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "lab.example", "", None])
def test_a_network_address_needs_a_token(address: str | None) -> None:
    with pytest.raises(NotSafe, match="set GANSCOPE_TOKEN to a secret"):
        access_token(address, {})
    assert access_token(address, {"GANSCOPE_TOKEN": TOKEN}) == TOKEN


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_this_machine_needs_none(address: str) -> None:
    assert is_loopback(address)
    assert access_token(address, {}) == ""


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(NotSafe, match="GANSCOPE_TOKEN has 4 characters; it must have at least 12"):
        access_token("127.0.0.1", {"GANSCOPE_TOKEN": "abcd"})


@pytest.mark.parametrize("query", ["", "access=", "access=wrong", "x=%22%3E%3Cscript%3E"])
@pytest.mark.parametrize("path", ["/", "/lab", "/_stcore/stream", "/_stcore/healthy", "/media/x.png"])
def test_without_the_token_there_is_only_the_form(path: str, query: str) -> None:
    sent = ask(path, query)
    assert sent[0]["status"] == 401
    assert b"inside" not in sent[1]["body"]
    assert b'name="access"' in sent[1]["body"]
    assert b"<script>" not in sent[1]["body"]
    with pytest.raises(StopIteration):
        cookie_of(sent)


def test_the_token_opens_the_same_page_and_its_cookie_everything() -> None:
    sent = ask("/lab", f"preset=shapes&access={TOKEN}")
    assert (sent[0]["status"], header(sent, "location")) == (303, "/lab?preset=shapes")
    assert "httponly" in header(sent, "set-cookie").lower()
    assert TOKEN not in header(sent, "set-cookie")
    cookie = cookie_of(sent)
    assert ask("/lab", cookie=cookie)[1]["body"] == b"inside"
    assert ask("/_stcore/stream", kind="websocket", cookie=cookie)[0]["type"] == "websocket.accept"


def test_a_cookie_from_another_token_opens_nothing() -> None:
    cookie = cookie_of(ask("/", f"access={TOKEN}"))
    assert ask("/", cookie=cookie, token="another-long-token")[0]["status"] == 401
    assert ask("/", cookie=f"{COOKIE}={TOKEN}")[0]["status"] == 401


def test_a_socket_without_the_cookie_is_closed_before_it_opens() -> None:
    assert [m["type"] for m in ask("/_stcore/stream", kind="websocket")] == ["websocket.close"]


def test_the_way_back_stays_on_this_server() -> None:
    for path in ("//evil.example", "/\\evil.example", "//evil.example/%2e%2e"):
        where = header(ask(path, f"access={TOKEN}"), "location")
        assert where.startswith("/")
        assert not where.startswith(("//", "/\\"))


def test_health_is_told_to_everybody() -> None:
    assert ask(HEALTH)[1]["body"] == b"inside"


def test_without_a_token_nothing_is_in_the_way() -> None:
    assert ask("/lab", token="")[1]["body"] == b"inside"

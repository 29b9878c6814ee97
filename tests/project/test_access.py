"""Beyond this machine only with a token: at the start, on every request and on every socket."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.types import Message, Receive, Scope, Send

from pages.server.security.access import (
    COOKIE,
    Gate,
    NotSafe,
    access_token,
    cookie_key,
    health_path,
    is_loopback,
    teacher_token,
)
from pages.server.security.guesses import (
    FORGOTTEN_AFTER_SECONDS,
    FREE_GUESSES,
    LONGEST_WAIT_SECONDS,
    MOST_ADDRESSES,
    Guesses,
)

TOKEN = "correct-horse-battery"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"inside"})


KEY = b"k" * 32


def ask(
    path: str, query: str = "", *, cookie: str = "", kind: str = "http", token: str = TOKEN, gate: Gate | None = None,
    client: str = "192.0.2.7",
) -> list[Message]:  # fmt: skip
    sent: list[Message] = []
    headers = [(b"host", b"lab.example")] + ([(b"cookie", cookie.encode())] if cookie else [])
    scope: dict[str, Any] = {
        "type": kind, "path": path, "query_string": query.encode(), "headers": headers, "method": "GET",
        "scheme": "http", "server": ("lab.example", 80), "root_path": "", "http_version": "1.1",
        "client": (client, 40_000),
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "websocket.connect" if kind == "websocket" else "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run((gate or Gate(inside, token, KEY))(scope, receive, send))
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
    assert (sent[0]["status"], header(sent, "location")) == (303, "./lab?preset=shapes")
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


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "//evil.example/%2e%2e", "/javascript:alert(1)", "/a/b/", "/"]
)
def test_the_way_back_stays_on_this_server(path: str) -> None:
    where = header(ask(path, f"access={TOKEN}"), "location")
    assert where.startswith(("./", "../"))
    assert urlsplit(urljoin("https://lab.example/tools/", where)).netloc == "lab.example"


def test_behind_a_proxy_that_takes_a_path_away_the_way_back_keeps_it() -> None:
    for asked, seen in (("/explore", "/tools/explore"), ("/", "/tools/"), ("/explore/", "/tools/explore/")):
        where = header(ask(asked, f"access={TOKEN}"), "location")
        assert urljoin(f"https://lab.example/tools{asked}?access=x", where) == f"https://lab.example{seen}"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_wrong_tokens_make_an_address_wait_longer_and_longer() -> None:
    clock = Clock()
    gate = Gate(inside, TOKEN, KEY, Guesses(clock))
    for number in range(FREE_GUESSES):
        assert ask("/", f"access=wrong-{number}", gate=gate)[0]["status"] == 401
    waited, waits = 0.0, []
    for number in range(12):
        sent = ask("/", f"access={TOKEN}", gate=gate)  # not even the right one is looked at
        assert sent[0]["status"] == 429
        assert b"Too many wrong tokens came from here: wait " in sent[1]["body"]
        waits.append(int(header(sent, "retry-after")))
        clock.now += waits[-1]
        waited += waits[-1]
        assert ask("/", f"access=more-{number}", gate=gate)[0]["status"] == 401
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == LONGEST_WAIT_SECONDS
    assert ask("/", f"access={TOKEN}", gate=gate, client="192.0.2.8")[0]["status"] == 303  # others are not held up
    clock.now += LONGEST_WAIT_SECONDS
    assert ask("/", f"access={TOKEN}", gate=gate)[0]["status"] == 303
    assert ask("/", "access=wrong-again", gate=gate)[0]["status"] == 401  # and begins anew


def test_a_cookie_is_never_made_to_wait_and_cannot_be_made_from_a_guessed_token() -> None:
    gate = Gate(inside, TOKEN, KEY, Guesses(Clock()))
    cookie = cookie_of(ask("/", f"access={TOKEN}", gate=gate))
    for number in range(FREE_GUESSES + 1):
        ask("/", f"access=wrong-{number}", gate=gate)
    assert ask("/", gate=gate, cookie=cookie)[0]["status"] == 200
    made = hashlib.sha256(f"ganscope/{TOKEN}".encode()).hexdigest()
    assert ask("/", gate=gate, cookie=f"{COOKIE}={made}")[0]["status"] == 401
    assert cookie_of(ask("/", f"access={TOKEN}", gate=Gate(inside, TOKEN, b"other" * 8))) != cookie


def test_one_wrong_guess_sent_again_is_one_guess_and_a_network_of_ipv6_one_address() -> None:
    guesses = Guesses(Clock())
    for _ in range(100):
        guesses.wrong("192.0.2.7", "an old bookmark")
    assert guesses.wait("192.0.2.7") == 0
    for number in range(FREE_GUESSES):
        guesses.wrong(f"2001:db8::{number:x}", str(number))
    assert guesses.wait("2001:db8::ffff") > 0
    assert guesses.wait("2001:db8:1::1") == 0


def test_what_is_known_of_addresses_is_bounded_and_forgotten() -> None:
    clock = Clock()
    guesses = Guesses(clock)
    for number in range(MOST_ADDRESSES + 50):
        guesses.wrong(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "x")
    assert len(guesses._callers) == MOST_ADDRESSES
    for number in range(FREE_GUESSES - 1):
        guesses.wrong("192.0.2.7", str(number))
    clock.now += FORGOTTEN_AFTER_SECONDS + 1
    guesses.wrong("192.0.2.7", "the first of a new day")
    assert guesses.wait("192.0.2.7") == 0


def test_the_cookies_key_outlives_the_server_and_is_nobody_elses(tmp_path: Path) -> None:
    key = cookie_key(tmp_path / "data")
    assert len(key) == 32
    assert cookie_key(tmp_path / "data") == key
    (path,) = (tmp_path / "data").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"cut")
    assert len(cookie_key(tmp_path / "data")) == 32  # and is made anew
    assert cookie_key(tmp_path / "other") != key


def test_a_folder_that_cannot_be_written_does_not_stop_the_server(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert len(cookie_key(tmp_path / "file")) == 32


def test_health_is_told_to_everybody() -> None:
    assert ask(health_path())[1]["body"] == b"inside"


def test_without_a_token_nothing_is_in_the_way() -> None:
    assert ask("/lab", token="")[1]["body"] == b"inside"


TEACHER = "the-teacher-alone-knows"


def test_the_teachers_token_is_a_secret_of_its_own() -> None:
    assert teacher_token(TOKEN, {}) == ""
    assert teacher_token(TOKEN, {"GANSCOPE_TEACHER_TOKEN": TEACHER}) == TEACHER
    for token, given, words in (
        ("", TEACHER, "GANSCOPE_TOKEN is not"),
        (TOKEN, "short", "at least 12"),
        (TOKEN, TOKEN, "the same as GANSCOPE_TOKEN"),
    ):
        with pytest.raises(NotSafe, match=words):
            teacher_token(token, {"GANSCOPE_TEACHER_TOKEN": given})


def test_who_is_in_becomes_a_teacher_by_the_teachers_token_and_by_no_guess() -> None:
    gate = Gate(inside, TOKEN, KEY, Guesses(Clock()), TEACHER)
    student, teacher = (cookie_of(ask("/", f"access={one}", gate=gate)) for one in (TOKEN, TEACHER))
    assert student != teacher
    for cookie in (student, teacher):
        assert ask("/", gate=gate, cookie=cookie)[0]["status"] == 200
    assert cookie_of(ask("/", f"access={TEACHER}", gate=gate, cookie=student)) == teacher
    assert ask("/", "access=", gate=gate, cookie=student)[0]["status"] == 401  # the form
    assert ask("/", "access=a-guess", gate=gate, cookie=student)[0]["status"] == 401
    assert ask("/", "access=anything", gate=gate, cookie=teacher)[0]["status"] == 200
    assert (
        ask("/", gate=Gate(inside, TOKEN, KEY), cookie=teacher)[0]["status"] == 401
    )  # of a server without a teacher


def test_the_classs_token_does_not_end_the_waiting_for_the_teachers() -> None:
    clock = Clock()
    gate = Gate(inside, TOKEN, KEY, Guesses(clock), TEACHER)
    for number in range(FREE_GUESSES):
        if number % 5 == 4:
            assert ask("/", f"access={TOKEN}", gate=gate)[0]["status"] == 303  # which every student knows
        ask("/", f"access=guess-{number}", gate=gate)
    assert ask("/", f"access={TEACHER}", gate=gate)[0]["status"] == 429
    assert ask("/", f"access={TOKEN}", gate=gate)[0]["status"] == 303  # the class comes in meanwhile
    clock.now += 1
    assert ask("/", f"access={TEACHER}", gate=gate)[0]["status"] == 303

"""Whatever is sent to our own routes and sockets, the answer is a sentence: never a 500, never a traceback."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from gan_core.data import Ring
from gan_core.runs import RunManager
from gan_core.runs.groups.sweeps import Sweeps
from pages.compare.sweep.sweep_form import plan_of
from pages.server.app_state import AppState
from pages.server.http.modules import modules, version
from pages.server.http.recordings import recording_path
from pages.server.http.routes import routes
from pages.server.live.wire import pack, unpack
from pages.server.security.access import Gate
from pages.server.security.safe_answers import SafeAnswers
from tests.pages.server.serving import Client, served
from tests.runs.helpers import at_rest, open_manager, quick

PATIENCE_SECONDS = 180
ODD_WORDS = (
    "", ".", "..", "%00", "%2e%2e%2f%2e%2e", "..%2f..%2fconfig.json", "%ff%fe", "%ed%a0%80", "a%0d%0aSet-Cookie:x=1",
    "con", "~", "$HOME", "*", "{run}", "%7Brun%7D", "a" * 300, "%F0%9F%98%80", "'%20OR%201=1", "-1", "0x10", "1e3",
    "NaN", "Infinity", "1.5", "%D9%A1%D9%A2", str(2**31), str(2**53), str(2**63), str(2**64), "9" * 4301, "%E2%80%AE",
)  # fmt: skip
ODD_ORIGINS = (
    None, "http://[", "http://]", "http://[::1", "null", "", "//", "http://127.0.0.1:99999999", "http://a@b:c",
    "file://", "http://\xff", "chrome-extension://x", "http://evil.example", "HTTP://127.0.0.1", " ", "x" * 5000,
)  # fmt: skip
ODD_HOSTS = (
    None, "", "[", "[::1", "127.0.0.1:99999999", "127.0.0.1:x", "evil.example", "127.0.0.1.", "LOCALHOST",
    "localhost.:1", "a@127.0.0.1", "127.0.0.1/x", "127.0.0.1#", "\xff", "127.0.0.1, evil.example", "[::1]:80",
    "x" * 5000,
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "get", "CONNECT")
ODD_BODIES = (
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"do": NaN}', b'{"do": 1e999, "players": []}', b"[" * 900,
    b'{"do": {}}', b'{"do": "dissect", "players": {"a": 1}}', b'{"do": "step", "players": "\\ud800"}', b"9" * 990,
    b"x" * 1001, b'{"do": "step"}',
)  # fmt: skip
KEYS = ["id", "slot", "do", "model", "step", "look", "where", "seed", "blobs", "count", "x"]
ODD_MESSAGES: tuple[str | bytes, ...] = (
    "", "{", "[]", "null", "NaN", '{"id": NaN}', '{"id": 1e999}', '{"id": ' + "9" * 5000 + "}", "[" * 100_000,
    "\x00", "\ud7ff", '{"a":' * 20_000, '{"id": 1, "slot": "a"}', '{"id": 1, "slot": {"a": 1}, "do": "open"}',
    '{"do": "cancel"}', '{"do": "cancel", "slot": {"a": [1]}}', '{"id": true, "slot": "a", "do": "open"}',
    '{"id": -1, "slot": "", "do": "open"}',
    b"", b"\x00", b"\xff" * 4, b"\xff" * 1000, struct.pack("<I", 2) + b"{}", struct.pack("<I", 2**31) + b"{}",
    struct.pack("<I", 14) + b'{"blobs": [-1]}', pack({"id": 1, "slot": "a", "do": "bring"}, [b"x" * 100_000]),
    struct.pack("<I", 30) + b'{"blobs": [99999999999999999]}',
)  # fmt: skip


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunManager]:
    opened = open_manager(tmp_path_factory.mktemp("fuzz"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def runs(manager: RunManager) -> dict[str, str]:
    """A run of pictures, one of points, and a sweep."""
    pictures = manager.start(quick(steps=6))
    points = manager.start(quick(steps=6, data=Ring()))
    at_rest(manager, pictures)
    at_rest(manager, points)
    sweep = Sweeps(manager).start(plan_of(quick(steps=2), ["batch_size=8,16"], 1, 0))
    for member in Sweeps(manager).sweep(sweep).members:
        at_rest(manager, member.run)
    return {"pictures": pictures, "points": points, "sweep": sweep}


@pytest.fixture(scope="module")
def home(manager: RunManager) -> AppState:
    return AppState(manager)


@pytest.fixture(scope="module")
def client(home: AppState) -> Iterator[Client]:
    walls = [Middleware(SafeAnswers), Middleware(Gate, token="")]
    with served(Starlette(routes=routes(home), middleware=walls)) as made:
        yield made


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing went wrong inside, whatever the answer said."""
    caplog.set_level(logging.WARNING)
    yield
    assert not [record for record in caplog.records if record.exc_info or "Traceback" in record.getMessage()]


def paths_of(home: AppState) -> list[str]:
    """Every route of ours, so that a new one is tried as well."""
    return [route.path for route in routes(home) if isinstance(route, Route)]


def ask(
    client: Client, method: str, target: str, headers: dict[str, str | None], body: bytes = b""
) -> tuple[int, bytes]:
    """Status and body of a request written by hand, for what no HTTP library would send."""
    host, _, port = client.host.partition(":")
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in {"Host": client.host, **headers}.items() if value is not None]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as opened:
        opened.sendall("\r\n".join(lines).encode("latin-1") + body)
        answer = b""
        while part := opened.recv(65536):
            answer += part
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 "), answer[:200]
    return int(head.split(b" ", 2)[1]), rest


def check(status: int, body: bytes) -> None:
    assert status < 500, body[:300]
    for raw in (
        b"Traceback",
        b"embedded null",
        b"codec can't",
        b"invalid literal",
        b"too large to convert",
        b"not a valid",
    ):
        assert raw not in body


def filled(path: str, fill: Callable[[str], str]) -> str:
    """A route's path with something for each {part} of it."""
    whole = ""
    while path:
        before, brace, path = path.partition("{")
        part, _, path = path.partition("}") if brace else ("", "", "")
        whole += before + (fill(part) if brace else "")
    return whole


def test_every_route_with_every_odd_word_and_origin(
    client: Client, home: AppState, runs: dict[str, str], quiet: None
) -> None:
    _, digest, recording = recording_path("ring").split("/")
    known = {
        "run": runs["pictures"], "sweep": runs["sweep"], "step": "0", "key": "x", "digest": digest, "name": recording,
        "version": version(), "name:path": next(iter(modules())), "code": "4z9eyv",
    }  # fmt: skip
    for path in paths_of(home):
        for word in ODD_WORDS:
            for odd in known:
                if f"{{{odd}}}" not in path:
                    continue
                target = filled(path, {**known, odd: word}.__getitem__)
                check(*ask(client, "GET", f"{target}?token={home.token}&seed={word}&runs={word}&shown={word}", {}))
        whole = filled(path, known.__getitem__)
        for origin in ODD_ORIGINS:
            check(*ask(client, "GET", f"{whole}?token={home.token}", {"Origin": origin}))
        for host in ODD_HOSTS:
            check(*ask(client, "GET", f"{whole}?token={home.token}", {"Host": host}))
        for method in METHODS:
            check(*ask(client, method, f"{whole}?token={home.token}", {"Content-Type": "application/json"}, b"{}"))


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_at_all(client: Client, home: AppState, runs: dict[str, str], data: st.DataObject) -> None:
    words = st.sampled_from([*ODD_WORDS, *runs.values()]) | st.text(max_size=30).map(
        lambda text: quote(text, safe="")
    )
    target = filled(data.draw(st.sampled_from(paths_of(home))), lambda _part: data.draw(words))
    names = st.sampled_from(["seed", "runs", "shown", "checkpoints", "token", "access", "x"])
    query = "&".join(f"{data.draw(names)}={data.draw(words)}" for _ in range(data.draw(st.integers(0, 3))))
    header = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30)
    headers = {
        "Origin": data.draw(st.sampled_from(ODD_ORIGINS) | header),
        "Cookie": data.draw(st.none() | header),
        "Content-Type": data.draw(
            st.sampled_from(["application/json", "application/json; charset=\xff", "", "text/plain"])
        ),
    }
    body = data.draw(st.sampled_from(ODD_BODIES) | st.binary(max_size=60))
    method = data.draw(st.sampled_from(METHODS))
    status, answer = ask(client, method, f"{target}?token={home.token}&{query}", headers, body)
    check(status, answer)


@pytest.mark.parametrize("step", ["99999", str(2**53), str(2**63), "9" * 4301, "-1", "NaN", "%D9%A1"])
def test_a_step_that_there_is_not_is_said_in_a_sentence(
    client: Client, home: AppState, runs: dict[str, str], step: str
) -> None:
    for target in ("live/{}/grid/{}", "live/{}/drawn/{}", "runs/{}/thumb/{}.png"):
        status, said = ask(client, "GET", f"/{target.format(runs['pictures'], step)}?token={home.token}&seed=1", {})
        assert status == 404
        assert said.endswith(b".")


def test_real_pictures_of_a_run_of_points_are_refused_in_a_sentence(
    client: Client, home: AppState, runs: dict[str, str], quiet: None
) -> None:
    status, said = ask(client, "GET", f"/live/{runs['points']}/real.png?token={home.token}", {})
    assert (status, said) == (404, b"This run learns points in the plane; it has no pictures.")


def test_what_is_cut_off_half_way_leaves_no_traceback(
    client: Client, home: AppState, runs: dict[str, str], quiet: None
) -> None:
    host, _, port = client.host.partition(":")
    whole = (
        f"POST /live/{runs['pictures']}/command?token={home.token} HTTP/1.1\r\nHost: {client.host}\r\n"
        'Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"do": "st'
    ).encode()
    for cut in (10, 60, len(whole) - 30, len(whole)):
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as opened:
            opened.sendall(whole[:cut])
    for _ in range(3):  # a picture that nobody waits for
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as opened:
            opened.sendall(
                f"GET /live/{runs['pictures']}/real.png?token={home.token} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            )
    check(*ask(client, "GET", f"/live?token={home.token}", {}))


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: -1\r\n", "Content-Length: 9e9\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding:\x0bchunked\r\n", "Host: evil.example\r\n", "X: \x00\r\n", "X : y\r\n", " folded: y\r\n",
    ],
)  # fmt: skip
def test_no_second_request_can_be_hidden_in_one(client: Client, home: AppState, headers: str, quiet: None) -> None:
    """What a proxy in front and this server could read differently is refused, or read once and the line closed."""
    host, _, port = client.host.partition(":")
    hidden = f"GET /live?token={home.token} HTTP/1.1\r\nHost: {client.host}\r\n\r\n"
    request = f"POST /live?token={home.token} HTTP/1.1\r\nHost: {client.host}\r\n{headers}\r\n0\r\n\r\n{hidden}"
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as opened:
        opened.sendall(request.encode("latin-1"))
        opened.shutdown(socket.SHUT_WR)
        answer = b""
        while part := opened.recv(65536):
            answer += part
    assert b"204 No Content" not in answer
    check(int(answer.split(b" ", 2)[1]), answer)


def test_odd_messages_on_the_explore_channel_are_answered_and_the_next_one_is_heard(
    client: Client, home: AppState, quiet: None
) -> None:
    with connect(f"ws://{client.host}/explore?token={home.token}", max_size=None, proxy=None) as opened:
        assert "hello" in unpack(opened.recv(timeout=PATIENCE_SECONDS))[0]
        for message in ODD_MESSAGES:
            opened.send(message)
        opened.send(json.dumps({"id": 77, "slot": "last", "do": "nothing like it"}))
        answers = []
        while not answers or answers[-1].get("id") != 77:
            answers.append(unpack(opened.recv(timeout=PATIENCE_SECONDS))[0])
    for answer in answers:
        if "problem" in answer:
            assert answer["problem"].endswith(".")


@given(message=st.one_of(
    st.binary(max_size=200), st.text(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
        max_leaves=20,
    ).map(json.dumps),
))  # fmt: skip
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_message_at_all_is_read_or_refused(message: str | bytes) -> None:
    from pages.server.live.explore_messages import read

    with contextlib.suppress(ValueError):
        asked, _blobs, _size = read({"bytes": message} if isinstance(message, bytes) else {"text": message})
        assert isinstance(asked, dict)


def test_what_is_said_on_the_live_channel_changes_nothing(
    client: Client, home: AppState, runs: dict[str, str], quiet: None
) -> None:
    with connect(f"ws://{client.host}/live/{runs['points']}?token={home.token}", max_size=None, proxy=None) as opened:
        assert unpack(opened.recv(timeout=PATIENCE_SECONDS))[0]["type"] == "hello"
        for message in ODD_MESSAGES:
            opened.send(message)
        while unpack(opened.recv(timeout=PATIENCE_SECONDS))[0]["type"] != "timeline":
            pass


@pytest.mark.parametrize("origin", ["http://[", "http://evil.example", "null", "x" * 5000])
def test_sockets_refuse_odd_origins_and_names_before_they_open(
    client: Client, home: AppState, runs: dict[str, str], quiet: None, origin: str
) -> None:
    for route in routes(home):
        if isinstance(route, WebSocketRoute):
            target = filled(route.path, lambda _part: runs["pictures"])
            with pytest.raises(InvalidStatus):
                connect(f"ws://{client.host}{target}?token={home.token}", origin=origin, proxy=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("word", ODD_WORDS)
def test_a_live_socket_of_a_run_that_there_is_not(client: Client, home: AppState, word: str, quiet: None) -> None:
    with (
        contextlib.suppress(InvalidStatus),
        connect(f"ws://{client.host}/live/{word}?token={home.token}", proxy=None) as opened,
    ):
        header, _ = unpack(opened.recv(timeout=PATIENCE_SECONDS))
        assert header["type"] == "refused"
        assert header["why"].endswith(".")
        with pytest.raises(ConnectionClosed):
            opened.recv(timeout=PATIENCE_SECONDS)


ODD_VALUES = (
    None, "\ud800", "", "x" * 300, -1, 0, 1.5, 1e308, 2**63, 10**400, True, [], {}, [[[[]]]], [None], ["x"],
    [10**400], {"seed": 10**30}, {"seed": 1.5}, {"seed": "1"}, {"z": ["a"]}, {"z": [1e308] * 64},
    {"where": {"seed": -1}}, {"where": {"path": {}, "at": 1e308}},
    {"where": {"plane": [], "x": 1e308, "y": -1e308}}, {"class": 10**9},
)  # fmt: skip


def test_every_operation_of_explore_refuses_odd_values_in_a_sentence(
    client: Client, home: AppState, runs: dict[str, str]
) -> None:
    """Nonsense where a model, a step, a look or a number is meant: each by itself beside what is right."""
    right = {"model": f"run:{runs['pictures']}", "look": {"where": {"seed": 1}}}
    fields = (
        "step", "look", "looks", "path", "count", "frames", "seeds", "space", "layer", "unit", "kind", "name",
        "samples", "points", "directions", "options", "to", "from", "at", "size", "rate", "seconds",
    )  # fmt: skip
    with connect(f"ws://{client.host}/explore?token={home.token}", max_size=None, proxy=None) as opened:
        names = unpack(opened.recv(timeout=PATIENCE_SECONDS))[0]["hello"]
        number = 0
        for name in names:
            for value in ODD_VALUES:
                for asked in ({**right, **dict.fromkeys(fields, value)}, {**right, "look": value}, {"model": value}):
                    number += 1
                    said = said_to(opened, {**asked, "id": number, "slot": "s", "do": name})
                    assert said.endswith((".", "!", "?")), (name, asked, said)
                    assert "log says more" not in said, (name, asked, said)


def said_to(opened: ClientConnection, asked: dict[str, Any]) -> str:
    """What is wrong with a request, "." where nothing is; one that begins to work for long was understood."""
    opened.send(json.dumps(asked))
    answer: dict[str, Any] = {}
    while answer.get("id") != asked["id"] or "progress" in answer:
        answer = unpack(opened.recv(timeout=PATIENCE_SECONDS))[0]
        if "progress" in answer:
            opened.send(json.dumps({"do": "cancel", "slot": asked["slot"]}))
    return str(answer.get("problem", "."))

"""What a page may ask of its run over HTTP: who may, what they may, and that all who watch are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gan_core.runs.commands import Dissect, Pause, StepOnce, Stop
from gan_core.training import RunConfig
from pages.server.app_state import AppState
from pages.server.http.routes import MOST_COMMAND_BYTES
from pages.server.live.wire import unpack
from tests.pages.fake_manager import FakeManager
from tests.pages.server.serving import Answer, Client, Socket

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def run(manager: FakeManager) -> str:
    run = manager.start(RunConfig(), preset="fashion-fast")
    manager.send(run, Pause())
    manager.sent.clear()
    return run


def ask(client: Client, run: str, token: str, what: Any, headers: dict[str, str] = JSON) -> Answer:
    body = what if isinstance(what, bytes) else json.dumps(what).encode()
    return client.post(f"/live/{run}/command", body, params={"token": token}, headers=headers)


@pytest.mark.parametrize("players", ["both", "discriminator", "generator"])
def test_a_page_asks_for_a_step(
    client: Client, home: AppState, manager: FakeManager, run: str, players: Any
) -> None:  # fmt: skip
    for what, command in (("step", StepOnce(players)), ("dissect", Dissect(players))):
        assert ask(client, run, home.token, {"do": what, "players": players}).status_code == 204
        assert manager.sent[-1] == (run, command)


def test_both_players_unless_it_says_otherwise(
    client: Client, home: AppState, manager: FakeManager, run: str
) -> None:
    assert ask(client, run, home.token, {"do": "dissect"}).status_code == 204
    assert manager.sent == [(run, Dissect())]


def test_only_with_the_token_and_from_our_own_pages(
    client: Client, home: AppState, manager: FakeManager, run: str
) -> None:
    for token in ("", "wrong"):
        assert ask(client, run, token, {"do": "dissect"}).status_code == 403
    for origin in ("https://elsewhere.example", "null", f"http://{client.host}.example"):
        assert ask(client, run, home.token, {"do": "dissect"}, {**JSON, "Origin": origin}).status_code == 403
    own = {**JSON, "Origin": f"http://{client.host}"}
    assert manager.sent == []
    assert ask(client, run, home.token, {"do": "dissect"}, own).status_code == 204
    assert client.get(f"/live/{run}/command", params={"token": home.token}).status_code == 405


@pytest.mark.parametrize(
    "what",
    [
        *(b"", b"no", b"[]", b"3", b"\xff", b"{}", b"[" * 900),
        *({"do": "stop"}, {"do": ["step"]}, {"do": "step", "more": "x" * MOST_COMMAND_BYTES}),
        *({"do": "step", "players": players} for players in ("d", None, {}, "Both")),
    ],
)
def test_anything_else_is_refused_in_words(
    client: Client, home: AppState, manager: FakeManager, run: str, what: Any
) -> None:
    answer = ask(client, run, home.token, what)
    assert answer.status_code == 400
    assert answer.text.startswith("A command")
    assert manager.sent == []


def test_what_a_form_could_send_is_refused(client: Client, home: AppState, manager: FakeManager, run: str) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert ask(client, run, home.token, {"do": "step"}, {"Content-Type": kind}).status_code == 400
    assert manager.sent == []


def test_a_run_that_takes_no_commands_says_why(client: Client, home: AppState, manager: FakeManager) -> None:
    answer = ask(client, "run-9999", home.token, {"do": "step"})
    assert answer.status_code == 409
    assert "run-9999" in answer.text


def _next(socket: Socket, kind: str) -> tuple[dict[str, Any], list[bytes]]:
    while True:
        header, blobs = unpack(socket.receive_bytes())
        if header["type"] == kind:
            return header, blobs


def test_who_watches_is_told_and_who_comes_later_too(
    client: Client, home: AppState, manager: FakeManager, run: str
) -> None:  # fmt: skip
    path = f"/live/{run}?token={home.token}"
    with client.websocket_connect(path) as early:
        _next(early, "hello")
        ask(client, run, home.token, {"do": "dissect"})
        told = _next(early, "dissected")
        assert told[0]["step"] == manager.view(run).step
        assert told[1] == [b"taken apart"]
        with client.websocket_connect(path) as late:
            assert _next(late, "hello")
            assert _next(late, "dissected") == told
        manager.send(run, StepOnce())
        with client.websocket_connect(path) as latest:
            manager.send(run, Stop())
            kinds = []
            while "state" not in kinds:
                kinds.append(unpack(latest.receive_bytes())[0]["type"])
            assert "dissected" not in kinds

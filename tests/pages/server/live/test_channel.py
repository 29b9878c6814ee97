"""The live channel: who may listen, what they hear first, and that a slow viewer loses pictures, never records."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import InvalidStatus

from gan_core.runs.commands import Change, Pause, Resume
from gan_core.runs.snapshot import GridMade, Recorded
from gan_core.training import RunConfig
from pages.server.app_state import AppState
from pages.server.http.routes import PLOTLY_PATH
from pages.server.live.channel import Channel
from pages.server.live.viewer import Viewer
from pages.server.live.wire import COLUMNS, unpack
from tests.pages.fake_manager import FakeManager, make_grid
from tests.pages.server.serving import Client, Socket
from tests.runs.helpers import until


@pytest.fixture
def run(manager: FakeManager) -> str:
    """A paused run with some history."""
    run = manager.start(RunConfig(), preset="fashion-fast")
    until(lambda: manager.view(run).step >= 60)
    manager.send(run, Pause())
    return run


def _live(run: str, token: str) -> str:
    return f"/live/{run}?token={token}"


def _next(socket: Socket, kind: str) -> tuple[dict[str, Any], list[bytes]]:
    while True:
        header, blobs = unpack(socket.receive_bytes())
        if header["type"] == kind:
            return header, blobs


@pytest.mark.parametrize("token", ["", "wrong", "t%C3%B6ken"])
def test_without_the_token_nobody_listens(client: Client, run: str, token: str) -> None:
    with pytest.raises(InvalidStatus, match="403"), client.websocket_connect(_live(run, token)):
        pass
    assert client.get(f"/live/{run}/real.png", params={"token": token}).status_code == 403
    assert client.get("/live", params={"token": token}).status_code == 403


def test_a_foreign_page_is_refused_even_with_the_token(client: Client, home: AppState, run: str) -> None:
    foreign = "https://evil.example"
    with pytest.raises(InvalidStatus, match="403"), client.websocket_connect(_live(run, home.token), origin=foreign):
        pass
    for path in (f"/live/{run}/real.png", f"/live/{run}/grid/25", "/preview/x.png"):
        answer = client.get(path, params={"token": home.token}, headers={"Origin": foreign})
        assert answer.status_code == 403
        assert answer.text.count(".") == 1


def test_our_own_page_is_let_in(client: Client, home: AppState, run: str) -> None:
    with client.websocket_connect(_live(run, home.token), origin=f"http://{client.host}") as socket:
        assert unpack(socket.receive_bytes())[0]["type"] == "hello"
    assert client.get("/live", params={"token": home.token}).status_code == 204


def test_an_unknown_run_is_said_in_a_sentence(client: Client, home: AppState) -> None:
    with client.websocket_connect(_live("run-9999", home.token)) as socket:
        header, _ = unpack(socket.receive_bytes())
    assert header["type"] == "refused"
    assert "run-9999" in header["why"]
    assert home.hub.channels == {}


def test_hello_tells_the_whole_story(client: Client, home: AppState, manager: FakeManager, run: str) -> None:
    manager.send(run, Change("g_optimizer.lr", 0.001))
    with client.websocket_connect(_live(run, home.token)) as socket:
        header, blobs = unpack(socket.receive_bytes())
    assert header["view"]["state"] == "paused"
    assert header["view"]["step"] == manager.view(run).step
    assert header["kept"] == [list(k) for k in manager.grids(run)]
    assert header["changes"][0]["path"] == "g_optimizer.lr"
    rows = np.frombuffer(blobs[0], "<f4").reshape(-1, len(header["columns"]))
    np.testing.assert_array_equal(rows[:, 0], manager.records(run)["step"])
    newest = manager.grids(run)[-1][0]
    assert header["grid"]["step"] == newest
    assert blobs[1] == manager.grid(run, newest).png
    np.testing.assert_array_equal(np.frombuffer(blobs[2], "<f4"), manager.grid(run, newest).scores)


def test_what_happens_arrives_in_order(client: Client, home: AppState, manager: FakeManager, run: str) -> None:
    with client.websocket_connect(_live(run, home.token)) as socket:
        _next(socket, "hello")
        for step in range(1001, 1201):
            manager._tell(run, Recorded(run, {"step": float(step), "d_loss": step / 10}))
        manager.send(run, Change("k_d", 2))
        steps: list[float] = []
        while len(steps) < 200:
            header, blobs = _next(socket, "records")
            rows = np.frombuffer(blobs[0], "<f4").reshape(header["count"], len(COLUMNS))
            steps += rows[:, 0].tolist()
        assert steps == list(range(1001, 1201))
        assert _next(socket, "change")[0]["change"]["after"] == 2


def test_evaluations_come_with_hello_and_as_they_are_made(
    client: Client, home: AppState, manager: FakeManager, run: str
) -> None:
    manager.evaluate(run, 10, samples=500)
    with client.websocket_connect(_live(run, home.token)) as socket:
        header, _ = _next(socket, "hello")
        (known,) = header["evaluations"]
        assert (known["step"], known["samples"], known["values"]["fid"], known["floor"]["fid"]) == (10, 500, 100, 2.5)
        assert header["measures"][0]["name"] == "fid"
        manager.evaluate(run, 20, samples=500)
        one = _next(socket, "evaluated")[0]["evaluation"]
        assert (one["step"], one["features"], one["values"]["fid"]) == (20, "pixel features", 50)


def test_many_viewers_get_one_encoded_message(client: Client, home: AppState, manager: FakeManager, run: str) -> None:
    with ExitStack() as stack:
        sockets = [stack.enter_context(client.websocket_connect(_live(run, home.token))) for _ in range(8)]
        for socket in sockets:
            _next(socket, "hello")
        channel = home.hub.channels[run]
        assert len(manager._subscribers[run]) == 1
        before = channel.encoded
        manager._tell(run, Recorded(run, {"step": 5000.0}))
        frames = [socket.receive_bytes() for socket in sockets]
        assert len({*frames}) == 1
        assert channel.encoded - before < len(sockets)  # one for all; others may be told meanwhile


def test_the_last_viewer_to_leave_ends_the_subscription(
    client: Client, home: AppState, manager: FakeManager, run: str
) -> None:
    with client.websocket_connect(_live(run, home.token)) as first:
        _next(first, "hello")
        with client.websocket_connect(_live(run, home.token)) as second:
            _next(second, "hello")
        until(lambda: len(home.hub.channels[run].viewers) == 1)
        assert len(manager._subscribers[run]) == 1
    until(lambda: run not in home.hub.channels)
    assert manager._subscribers[run] == []


async def _drain(viewer: Viewer) -> list[bytes]:
    frames = []
    while True:
        try:
            frame = await asyncio.wait_for(viewer.next(), 0.05)
        except TimeoutError:
            return frames
        if frame is None:
            return [*frames, b"BEHIND"]
        frames.append(frame)


def test_a_slow_viewer_loses_stale_grids_and_no_record() -> None:
    async def story() -> list[bytes]:
        viewer = Viewer()
        for i in range(50):
            viewer.offer(b"record %d" % i)
            viewer.offer(b"grid %d" % i, replaceable=True)
        return await _drain(viewer)

    assert asyncio.run(story()) == [*(b"record %d" % i for i in range(50)), b"grid 49"]


def test_one_that_falls_too_far_behind_is_sent_away_to_come_back() -> None:
    async def story() -> list[bytes]:
        viewer = Viewer(limit=10)
        for i in range(11):
            viewer.offer(b"record %d" % i)
        return await _drain(viewer)

    assert asyncio.run(story()) == [b"BEHIND"]


def test_of_grids_that_come_together_only_the_newest_is_encoded_but_every_kept_one_is_named() -> None:
    async def story() -> list[dict[str, Any]]:
        channel = Channel(asyncio.get_running_loop())
        viewer = Viewer()
        channel.viewers.add(viewer)
        for step in (1, 2, 3):
            channel.on_event(GridMade("run", make_grid(step), kept=step != 2))
        found: list[bytes] = []
        while not any(unpack(frame)[0]["type"] == "grid" for frame in found):
            found += await _drain(viewer)
        return [unpack(frame)[0] for frame in found]

    frames = asyncio.run(story())
    assert [(f["type"], f.get("step", f.get("grid", {}).get("step"))) for f in frames] == [
        ("kept", 1),
        ("kept", 3),
        ("grid", 3),
    ]


def test_the_runs_thread_is_not_held_up_after_the_server_has_gone() -> None:
    loop = asyncio.new_event_loop()
    channel = Channel(loop)
    loop.close()
    channel.on_event(Recorded("run", {"step": 1.0}))


def test_a_kept_grid_and_the_real_images_can_be_had(
    client: Client, home: AppState, manager: FakeManager, run: str
) -> None:
    key = {"token": home.token}
    grid = client.get(f"/live/{run}/grid/25", params=key).json()
    assert (grid["step"], grid["columns"], len(grid["scores"])) == (25, 8, 64)
    real = client.get(f"/live/{run}/real.png", params=key)
    assert real.content == manager.real_grid(run)
    assert real.headers["content-type"] == "image/png"
    missing = client.get(f"/live/{run}/grid/26", params=key)
    assert missing.status_code == 404
    assert "26" in missing.text
    assert client.get(f"/live/{run}/grid/x", params=key).status_code == 404
    assert client.get("/live/run-9999/real.png", params=key).status_code == 404


def test_plotly_comes_from_here_and_may_be_kept_and_nothing_else_is_served(client: Client) -> None:
    answer = client.get(f"/{PLOTLY_PATH}")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert len(answer.content) > 1_000_000
    for name in ("app.py", "..%2fapp.py", "%2e%2e/app.py", "LICENSE", ""):
        assert client.get(f"/asset/{name}").status_code == 404


def test_what_another_process_trains_is_read_from_the_disk(
    client: Client, home: AppState, manager: FakeManager, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.server.live.channel.LOOK_SECONDS", 0.05)
    manager.here = False  # nothing is told from here on
    before = manager.view(run).step
    with client.websocket_connect(_live(run, home.token)) as socket:
        hello, _ = unpack(socket.receive_bytes())
        time.sleep(0.3)  # the first look only learns what hello has said already
        manager.send(run, Resume())
        header, blobs = _next(socket, "records")
        steps = np.frombuffer(blobs[0], "<f4").reshape(header["count"], len(COLUMNS))[:, 0]
        assert steps[0] > before
        assert _next(socket, "kept")[0]["step"] > hello["kept"][-1][0]
        manager.send(run, Pause())
        while _next(socket, "state")[0]["view"]["state"] != "paused":
            pass


def test_a_grid_listed_after_hello_but_told_before_it_is_not_missed(
    client: Client, home: AppState, manager: FakeManager, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.server.live.channel.KEPT_AGAIN_SECONDS", 2.0)
    with client.websocket_connect(_live(run, home.token)) as socket:
        hello, _ = unpack(socket.receive_bytes())
        manager._kept[run].insert(0, (0, 0))
        again, _ = _next(socket, "timeline")
        assert again["kept"] == [[0, 0], *hello["kept"]]

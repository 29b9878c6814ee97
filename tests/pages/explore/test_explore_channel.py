"""The Explore page's channel: the newest request of a slot wins, old ones are dropped, nothing piles up."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pages.server.live import explore_channel, explore_messages, explore_visitor
from pages.server.live.explore_channel import ExploreHub
from pages.server.live.operations import Cancelled, Operation, OperationContext, Reply, number, whole, words
from pages.server.live.wire import pack, unpack
from tests.pages.server.serving import Client, served
from tests.runs.helpers import until

TOKEN = "a-token"


class Bench:
    """Operations that wait to be let through, so that a test decides what happens first."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.gates: dict[Any, threading.Event] = {}
        self.stopped: list[Any] = []
        self.threads: set[int] = set()

    def gate(self, what: Any) -> threading.Event:
        return self.gates.setdefault(what, threading.Event())

    def until_begun(self, what: Any) -> None:
        until(lambda: what in self.begun)

    def echo(self, context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
        self.threads.add(threading.get_ident())
        return Reply({"told": asked.get("say")}, blobs)

    def wait(self, context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
        self.begun.append(asked["say"])
        assert self.gate(asked["say"]).wait(180)
        return Reply({"told": asked["say"]})

    def walk(self, context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
        self.begun.append(asked["say"])
        try:
            for i in range(5000):
                context.progress(i / 5000, f"part {i}", {"part": i}, [b"x" * 10] if asked.get("heavy") else ())
                if self.gate(asked["say"]).wait(0.002):
                    return Reply({"told": asked["say"]})
        except Cancelled:
            self.stopped.append(asked["say"])
            raise
        raise AssertionError("nobody stopped it")

    def refuse(self, context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
        raise ValueError(f'"{asked["say"]}" is not there.')

    def fail(self, context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
        raise KeyError("a secret")

    def nan(self, context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
        return Reply({"told": float("nan")})

    def operations(self) -> Mapping[str, Operation]:
        lanes = {"walk": "long", "slow": "long"}
        runs = {name: getattr(self, name) for name in ("echo", "wait", "walk", "refuse", "fail", "nan")}
        return {n: Operation(n, lanes.get(n, "quick"), run) for n, run in {**runs, "slow": self.wait}.items()}  # type: ignore[arg-type]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def hub(bench: Bench) -> ExploreHub:
    return ExploreHub(lambda: SimpleNamespace(name="shelf"), TOKEN, bench.operations)


@pytest.fixture
def client(hub: ExploreHub) -> Iterator[Client]:
    with served(Starlette(routes=[WebSocketRoute("/explore", hub.endpoint)])) as made:
        yield made


class Page:
    """One page's end of the channel."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.last = 0
        self.answered: dict[int, tuple[dict[str, Any], list[bytes]]] = {}

    def ask(self, do: str, slot: str = "a", blobs: list[bytes] | None = None, **rest: Any) -> int:
        self.last += 1
        header = {"id": self.last, "slot": slot, "do": do, **rest}
        self.connection.send(json.dumps(header) if blobs is None else pack(header, blobs))
        return self.last

    def hear(self) -> tuple[dict[str, Any], list[bytes]]:
        frame = self.connection.recv(timeout=180)
        assert isinstance(frame, bytes)
        return unpack(frame)

    def answer(self, request: int) -> tuple[dict[str, Any], list[bytes]]:
        """What comes back for a request at last, whatever is told before."""
        while request not in self.answered:
            header, blobs = self.hear()
            if "progress" not in header:
                self.answered[header["id"]] = header, blobs
        return self.answered.pop(request)


@contextlib.contextmanager
def opened(client: Client, token: str = TOKEN, origin: str | None = None) -> Iterator[Page]:
    url = f"ws://{client.host}/explore?token={token}"
    with connect(url, origin=origin, max_size=None, proxy=None) as connection:  # type: ignore[arg-type]
        made = Page(connection)
        assert "echo" in made.hear()[0]["hello"]
        yield made


@pytest.fixture
def page(client: Client) -> Iterator[Page]:
    with opened(client) as made:
        yield made


def test_only_our_own_page_with_the_token_is_let_in(client: Client) -> None:
    for token, origin in (("wrong", None), ("", None), (TOKEN, "https://evil.example")):
        with pytest.raises(InvalidStatus, match="403"), opened(client, token, origin):
            pass
    with opened(client, TOKEN, f"http://{client.host}") as page:
        assert page.answer(page.ask("echo", say=1))[0]["told"] == 1


def test_what_was_asked_comes_back_with_its_number_and_its_bytes(page: Page) -> None:
    header, blobs = page.answer(page.ask("echo", "left", [b"abc", b"", b"\x00\xff"], say="hi"))
    assert header["ok"] is True
    assert (header["id"], header["slot"], header["told"]) == (1, "left", "hi")
    assert blobs == [b"abc", b"", b"\x00\xff"]


def test_of_those_that_wait_only_the_newest_is_answered(page: Page, bench: Bench) -> None:
    first = page.ask("wait", say=0)
    bench.until_begun(0)
    others = [page.ask("wait", say=i) for i in range(1, 21)]
    for i in others[:-1]:
        assert page.answer(i)[0]["dropped"] is True
    bench.gate(0).set()
    bench.gate(20).set()
    assert page.answer(first)[0]["told"] == 0
    assert page.answer(others[-1])[0]["told"] == 20
    assert bench.begun == [0, 20]  # nobody worked on what was dropped


def test_slots_do_not_push_each_other_out(page: Page, bench: Bench) -> None:
    page.ask("wait", "a", say="a")
    bench.until_begun("a")
    page.ask("wait", "b", say="b")
    page.ask("wait", "c", say="c")
    for what in "abc":
        bench.gate(what).set()
    heard = {page.hear()[0]["told"] for _ in range(3)}
    assert heard == {"a", "b", "c"}


def test_quick_ones_of_all_pages_are_the_work_of_one_thread(client: Client, bench: Bench) -> None:
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(opened(client)) for _ in range(6)]
        asked = [(page, page.ask("echo", f"slot {i}")) for page in pages for i in range(4)]
        for page, request in asked:
            assert page.answer(request)[0]["ok"]
    assert len(bench.threads) == 1


def test_a_long_one_does_not_hold_up_quick_ones(page: Page, bench: Bench) -> None:
    long = page.ask("slow", "film", say="film")
    bench.until_begun("film")
    assert page.answer(page.ask("echo", say=2))[0]["told"] == 2
    bench.gate("film").set()
    assert page.answer(long)[0]["told"] == "film"


def test_progress_goes_up_and_ends_before_the_answer(page: Page, bench: Bench) -> None:
    request = page.ask("walk", "film", say="film")
    parts = []
    while len(parts) < 5:
        header, _ = page.hear()
        assert header["id"] == request
        assert header["words"] == f"part {header['part']}"
        parts.append(header["progress"])
    bench.gate("film").set()
    assert page.answer(request)[0]["ok"]
    assert parts == sorted(parts)
    page.ask("echo", say=1)
    assert page.hear()[0]["told"] == 1  # no progress of what has ended


def test_every_progress_with_bytes_arrives(page: Page, bench: Bench) -> None:
    page.ask("walk", "film", say="film", heavy=True)
    assert [page.hear()[0]["part"] for _ in range(150)] == list(range(150))
    bench.gate("film").set()


def test_cancel_ends_a_long_one(page: Page, bench: Bench) -> None:
    request = page.ask("walk", "film", say="film")
    bench.until_begun("film")
    page.connection.send(json.dumps({"do": "cancel", "slot": "film"}))
    assert page.answer(request)[0]["dropped"] is True
    assert bench.stopped == ["film"]


def test_a_newer_long_one_ends_the_older_of_its_slot(page: Page, bench: Bench) -> None:
    older = page.ask("walk", "film", say="older")
    bench.until_begun("older")
    newer = page.ask("walk", "film", say="newer")
    assert page.answer(older)[0]["dropped"] is True
    bench.gate("newer").set()
    assert page.answer(newer)[0]["told"] == "newer"


def test_who_leaves_is_not_worked_for_any_more(client: Client, hub: ExploreHub, bench: Bench) -> None:
    with opened(client) as page:
        page.ask("walk", "film", say="film")
        bench.until_begun("film")
    until(lambda: bool(bench.stopped) and not hub.visitors)


def test_training_gives_way_sooner_only_while_somebody_explores(client: Client, hub: ExploreHub) -> None:
    before = sys.getswitchinterval()
    with opened(client), opened(client):
        assert sys.getswitchinterval() == pytest.approx(explore_channel.SWITCH_SECONDS, rel=0.01)
    until(lambda: not hub.visitors)
    assert sys.getswitchinterval() == before


def test_a_problem_is_one_sentence_and_a_fault_says_nothing_of_itself(page: Page) -> None:
    header, _ = page.answer(page.ask("refuse", say="that"))
    assert header["problem"] == '"that" is not there.'
    for do in ("fail", "nan"):
        header, _ = page.answer(page.ask(do))
        assert "secret" not in header["problem"]
        assert header["problem"].count(".") == 1
    assert page.answer(page.ask("echo", say=1))[0]["ok"]  # the thread lives on


@pytest.mark.parametrize(
    "message",
    [
        "nothing", "[]", "3", "[" * 5000, '{"id": 1, "slot": "a", "do": "echo", "x": NaN}', "{}",
        '{"id": "1", "slot": "a", "do": "echo"}', '{"id": true, "slot": "a", "do": "echo"}',
        '{"id": -1, "slot": "a", "do": "echo"}', '{"id": 1, "slot": "", "do": "echo"}',
        '{"id": 1, "slot": 5, "do": "echo"}', '{"id": 1, "slot": "%s", "do": "echo"}' % ("x" * 41),
        '{"id": 1, "slot": "a", "do": "__import__"}', '{"id": 1, "slot": "a", "do": ["echo"]}',
        b"", b"\x01", b"\xff\xff\xff\xff{}", b"\x02\x00\x00\x00{}x", b"\x02\x00\x00\x00\xff\xfe",
        pack({"id": 1, "slot": "a", "do": "echo"}, [b"ab"]) + b"more",
        pack({"id": 1, "slot": "a", "do": "echo"}, [b"ab"])[:-1],
        pack({"id": 1, "slot": "a", "do": "echo"}, [b""] * 65),
        b"\x14\x00\x00\x00" + b'{"blobs": [-1, true]}'[:20], b"\x10\x00\x00\x00" + b'{"blobs": "abc"}',
    ],
)  # fmt: skip
def test_what_is_no_request_is_said_and_harms_nobody(page: Page, message: str | bytes) -> None:
    page.connection.send(message)
    header, _ = page.hear()
    assert header["problem"].rstrip().endswith(".")
    assert "Traceback" not in header["problem"]
    assert page.answer(page.ask("echo", say=1))[0]["ok"]


def test_sizes_have_limits(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore_messages, "MOST_TEXT_BYTES", 1000)
    monkeypatch.setattr(explore_messages, "MOST_FRAME_BYTES", 5000)
    page.ask("echo", say="x" * 1000)
    assert "1000 letters" in page.hear()[0]["problem"]
    page.ask("echo", blobs=[b"x" * 5000])
    assert "at most" in page.hear()[0]["problem"]
    assert page.answer(page.ask("echo", blobs=[b"x" * 4000]))[0]["ok"]


def test_one_page_may_not_fill_the_server(page: Page, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore_visitor, "MOST_SLOTS", 4)
    page.ask("wait", "slot 0", say=0)
    bench.until_begun(0)
    asked = [page.ask("wait", f"slot {i}", say=i) for i in range(1, 4)]
    assert "Too much" in page.answer(page.ask("wait", "slot 4", say=4))[0]["problem"]
    newer = page.ask("echo", "slot 3", say="newer")  # a slot that is there already has room for a newer one
    assert page.answer(asked[-1])[0]["dropped"]
    for i in range(4):
        bench.gate(i).set()
    assert page.answer(newer)[0]["told"] == "newer"


def test_one_page_has_few_long_ones_at_a_time(page: Page, bench: Bench) -> None:
    most = explore_visitor.MOST_LONG_EACH
    asked = [page.ask("slow", f"film {i}", say=i) for i in range(most)]
    for i in range(most):
        bench.until_begun(i)
    assert "Too much" in page.answer(page.ask("slow", "film more", say="more"))[0]["problem"]
    for i in range(most):
        bench.gate(i).set()
    for request in asked:
        assert page.answer(request)[0]["ok"]
    bench.gate("more").set()
    assert page.answer(page.ask("slow", "film more", say="more"))[0]["told"] == "more"


def test_long_ones_of_all_pages_take_turns(client: Client, bench: Bench) -> None:
    most = explore_channel.MOST_LONG
    with opened(client) as first, opened(client) as second:
        asked = [
            (p, p.ask("slow", f"film {i}", say=f"{n}{i}")) for n, p in enumerate((first, second)) for i in range(3)
        ]
        until(lambda: len(bench.begun) >= most)
        time.sleep(0.2)  # one more would begin at once
        assert len(bench.begun) == most
        for n in range(2):
            for i in range(3):
                bench.gate(f"{n}{i}").set()
        for one, request in asked:
            assert one.answer(request)[0]["ok"]


def test_an_engine_that_does_not_start_is_said(bench: Bench) -> None:
    def no_shelf() -> Any:
        raise ValueError("The engine is still starting; reload this page in a moment.")

    hub = ExploreHub(no_shelf, TOKEN, bench.operations)
    with served(Starlette(routes=[WebSocketRoute("/explore", hub.endpoint)])) as client:
        url = f"ws://{client.host}/explore?token={TOKEN}"
        with connect(url, proxy=None) as connection:
            frame = connection.recv(timeout=180)
            assert isinstance(frame, bytes)
            assert "still starting" in unpack(frame)[0]["refused"]


def test_values_of_a_request_are_checked_in_words() -> None:
    assert number({"x": 2}, "x", 0.0, 0.0, 3.0) == 2.0
    assert whole({}, "x", 5, 0, 9) == 5
    assert words({"name": " a b "}, "name", 10) == "a b"
    for wrong in ("2", None, True, float("nan"), 4, 10**400):
        with pytest.raises(ValueError, match='^"x" '):
            number({"x": wrong}, "x", 0.0, 0.0, 3.0)
    with pytest.raises(ValueError, match="whole number"):
        whole({"x": 1.5}, "x", 0, 0, 3)
    for wrong_name in ("", "  ", "a\nb", 5, "x" * 11):
        with pytest.raises(ValueError, match='^"name" '):
            words({"name": wrong_name}, "name", 10)


def test_a_model_that_was_just_asked_for_is_not_looked_up_again() -> None:
    seen: list[Any] = []

    def open_model(model_id: str, step: int | None) -> str:
        seen.append((model_id, step))
        return f"{model_id} at {step}"

    shelf, kept = SimpleNamespace(open=open_model), {}
    for _ in range(3):
        context = OperationContext(shelf, asked={"model": "run:a", "step": 7}, opened=kept)  # type: ignore[var-annotated]
        assert context.model("run:a") == "run:a at 7"  # the request's own step
        assert context.model("run:b") == "run:b at None"
    assert seen == [("run:a", 7), ("run:b", None)]
    for wrong in (None, 5, "", "x" * 201):
        with pytest.raises(ValueError, match="names its model"):
            OperationContext(shelf).model(wrong)

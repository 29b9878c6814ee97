"""A class server with a run in it, its pages, routes and sockets as each person has them."""

from __future__ import annotations

import http.client
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit.testing.v1 import AppTest
from websockets.sync.client import connect

from benchmarks.serving import local_opener
from gan_core.apply import Task, Workplace, tasks
from gan_core.runs import RunManager
from gan_core.runs.commands import Pause
from pages.server.app_state import AppState, install_app_state
from pages.server.http.routes import routes
from pages.server.live.wire import unpack
from pages.server.security.access import QUERY, Gate
from pages.server.security.people import Identities, Person, person_of
from tests.pages.opening import opened
from tests.pages.server.live.classroom import ANN, CLASS_TOKEN, KEY, TEACHER_TOKEN, Classroom, a_class
from tests.pages.server.serving import Client, served
from tests.runs.helpers import open_manager, quick, until_state

NOBODY_ELSES = "only they and a teacher may"


@dataclass(frozen=True)
class Waiting(Task):
    """Waits until it is stopped."""

    def title(self) -> str:
        return "Waiting"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        return []

    def work(self, place: Workplace) -> dict[str, Any]:
        while True:
            place.progress(0.5, "waiting")
            time.sleep(0.01)


@dataclass
class Room:
    """The class with its server's state and its manager; run: Ann's, which is paused."""

    people: Classroom
    home: AppState
    manager: RunManager
    run: str
    notices: list[str] = field(default_factory=list)

    def page(self, name: str, person: Person, **query: str) -> AppTest:
        self.people.enter(person)
        return opened(name, **query)

    def state(self) -> str:
        return self.manager.view(self.run).state


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(tasks, "_entries", dict(tasks._entries))
    tasks.register("waiting", label="Waiting")(Waiting)
    manager, before = open_manager(tmp_path), getattr(sys, "_ganscope_app_state", None)
    with a_class(manager.runs_dir, monkeypatch) as people:
        run = manager.start(quick(steps=100_000), owner=ANN.id)
        home = install_app_state(AppState(manager))
        until_state(manager, run, "running")
        manager.send(run, Pause())
        until_state(manager, run, "paused")
        yield Room(people, home, manager, run)
        home.close()
    sys._ganscope_app_state = before  # type: ignore[attr-defined]


@dataclass
class Browser:
    """Cookies, as the server gives them."""

    host: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, body: Any = None, **query: str) -> tuple[int, str]:
        request = urllib.request.Request(
            f"http://{self.host}{path}?{urlencode(query)}", None if body is None else json.dumps(body).encode(),
            {"Cookie": self.header, **({"Content-Type": "application/json"} if body is not None else {})},
        )  # fmt: skip
        try:
            with local_opener.open(request, timeout=180) as answer:
                return self._took(answer, answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return self._took(error, error.code)

    @property
    def header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def _took(self, answer: Any, status: int) -> tuple[int, str]:
        for given in answer.headers.get_all("set-cookie") or []:
            name, _, value = given.partition(";")[0].partition("=")
            self.cookies[name] = value
        return status, answer.read().decode()


@pytest.fixture
def client(room: Room) -> Iterator[Client]:
    """The routes behind the gate, with a page that says who asks."""

    async def page(request: Request) -> HTMLResponse:
        person = person_of(request)
        return HTMLResponse(f"{person.id} {person.teacher}")

    walls = [Middleware(Gate, token=CLASS_TOKEN, key=KEY, teacher=TEACHER_TOKEN), Middleware(Identities)]
    with served(Starlette(routes=[Route("/", page), *routes(room.home)], middleware=walls)) as made:
        yield made


def enter(client: Client, token: str) -> tuple[Browser, Person]:
    browser = Browser(client.host)
    assert browser.ask("/", **{QUERY: "wrong"})[0] == 401
    plain = http.client.HTTPConnection(client.host, timeout=180)
    plain.request("GET", f"/?{QUERY}={token}")
    browser._took(answer := plain.getresponse(), answer.status)
    plain.close()
    status, told = browser.ask("/")
    assert status == 200
    person_id, teacher = told.split()
    return browser, Person(person_id, "", teacher == "True")


def explore(room: Room, client: Client, person: Person, *wishes: dict[str, Any]) -> list[dict[str, Any]]:
    """What Explore's socket answers this person to each."""
    cookie = Browser(client.host, room.people.cookies(person)).header
    address = f"ws://{client.host}/explore?token={room.home.token}"
    found = []

    def heard(socket: Any) -> dict[str, Any]:
        while (frame := unpack(socket.recv(timeout=180))[0]).get("type") == "beat":
            pass
        return frame

    with connect(address, additional_headers={"Cookie": cookie}, max_size=None, proxy=None) as socket:
        assert "hello" in heard(socket)
        for number, one in enumerate(wishes):
            socket.send(json.dumps({"id": number, "slot": "test", "model": "asset:ring", **one}))
            while "progress" in (answer := heard(socket)):
                pass
            found.append(answer)
    return found

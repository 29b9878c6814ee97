"""A real server on a free port, and a small client, with what the application needs anyway."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import uvicorn
from starlette.types import ASGIApp
from websockets.sync.client import ClientConnection, connect

from benchmarks.serving import local_opener


@dataclass(frozen=True)
class Answer:
    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


class Socket:
    """One viewer's socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def receive_bytes(self) -> bytes:
        frame = self._connection.recv(timeout=180)
        assert isinstance(frame, bytes)
        return frame


@dataclass(frozen=True)
class Client:
    host: str

    def post(
        self, path: str, body: bytes, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str]
    ) -> Answer:
        query = "?" + urlencode(params) if params else ""
        return _answer(urllib.request.Request(f"http://{self.host}{path}{query}", body, dict(headers)))

    def get(
        self, path: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        query = "?" + urlencode(params) if params else ""
        return _answer(urllib.request.Request(f"http://{self.host}{path}{query}", headers=dict(headers or {})))

    @contextlib.contextmanager
    def websocket_connect(self, path: str, *, origin: str | None = None) -> Iterator[Socket]:
        """Raises websockets' InvalidStatus where the server refuses the handshake."""
        with connect(f"ws://{self.host}{path}", origin=origin, max_size=None, proxy=None) as connection:  # type: ignore[arg-type]
            yield Socket(connection)


def _answer(request: urllib.request.Request) -> Answer:
    try:
        with local_opener.open(request, timeout=60) as answer:
            return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[Client]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 180
    while not server.started:
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Client(f"127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(10)

"""A network that stops carrying anything without saying so, as when a laptop sleeps or a phone changes networks."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit


class Cable:
    """Carries bytes between a browser and a server; url: its own. Cut, it takes bytes in and passes none on."""

    def __init__(self, server_url: str) -> None:
        there = urlsplit(server_url)
        self._there = there.hostname or "", there.port or 80
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._dead: set[int] = set()  # connections of before the cut: they stay dead when the network is back
        self._gone = False
        self._made = 0
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, *, gone: bool = False) -> None:
        """What is connected now never carries anything again, and is never closed either. gone: nor does what comes
        after, until `mend`."""
        self._gone = gone
        self._dead = set(range(self._made))

    def mend(self) -> None:
        """The network is back, for connections made from now on."""
        self._dead, self._gone = set(range(self._made)), False

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(self._there)
                self._ends += [near, far]
                number, self._made = self._made, self._made + 1
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(number, source, target), daemon=True).start()

    def _carry(self, number: int, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                if self._carries(number):
                    target.sendall(part)
        if self._carries(number):
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_WR)

    def _carries(self, number: int) -> bool:
        return not self._gone and number not in self._dead

    def close(self) -> None:
        for end in (self._listening, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextlib.contextmanager
def cable(server_url: str) -> Iterator[Cable]:
    made = Cable(server_url)
    try:
        yield made
    finally:
        made.close()

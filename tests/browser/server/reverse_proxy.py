"""A reverse proxy as an institution puts one in front: what is below a path goes to the server."""

from __future__ import annotations

import contextlib
import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PATIENCE_SECONDS = 60


@dataclass
class Proxy:
    """url: of the path in front. strays: what was asked outside of it, which on a real host is somebody else's."""

    url: str
    strays: list[str] = field(default_factory=list)


@contextlib.contextmanager
def reverse_proxy(server_url: str, prefix: str, *, strip: bool) -> Iterator[Proxy]:
    """Serve `server_url` under `prefix`; strip: the server is asked without the prefix, and knows nothing of it.

    Headers go through as they are, and nothing in an answer is changed: no Location, no cookie, no page.
    """
    there = urlsplit(server_url)
    assert there.hostname
    assert there.port
    where = there.hostname, there.port

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(PATIENCE_SECONDS)
            head, rest = _head(self.request)
            found = re.match(rb"(\S+) (\S+) ", head)
            if found is None:
                return
            target = found[2].decode("latin-1")
            path = target.partition("?")[0]
            if path == prefix:
                self.request.sendall(
                    b"HTTP/1.1 301 x\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n" % prefix.encode()
                )
            elif path.startswith(f"{prefix}/"):
                self.pass_on(found[1], target.removeprefix(prefix) if strip else target, head[found.end(2) :], rest)
            else:
                made.strays.append(target)
                self.request.sendall(b"HTTP/1.1 404 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        def pass_on(self, method: bytes, target: str, headers: bytes, rest: bytes) -> None:
            if b"\r\nupgrade: websocket" not in headers.lower():  # one request a connection: each has its path read
                headers = re.sub(rb"\r\nconnection:[^\r]*", b"", headers, flags=re.IGNORECASE)
                headers += b"\r\nConnection: close"
            with socket.create_connection(where, timeout=PATIENCE_SECONDS) as onward:
                onward.sendall(method + b" " + target.encode("latin-1") + headers + b"\r\n\r\n" + rest)
                back = threading.Thread(target=_pipe, args=(onward, self.request), daemon=True)
                back.start()
                _pipe(self.request, onward)
                back.join()

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        allow_reuse_address = True

    with Listener(("127.0.0.1", 0), Handler) as listening:
        made = Proxy(f"http://127.0.0.1:{listening.server_address[1]}{prefix}")
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        try:
            yield made
        finally:
            listening.shutdown()


def _head(connection: socket.socket) -> tuple[bytes, bytes]:
    """The head of a request, and what of its body came with it."""
    read = b""
    while b"\r\n\r\n" not in read and (part := connection.recv(65536)):
        read += part
    head, _, rest = read.partition(b"\r\n\r\n")
    return head, rest


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_WR if end is target else socket.SHUT_RD)

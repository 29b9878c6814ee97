"""One of the connections that a browser keeps to a server: as little of HTTP/1.1 as fetching files takes."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

MOST_HEAD_BYTES = 65_536


@dataclass(frozen=True)
class Answer:
    """headers: names in lower case. body: as it was sent, compressed where the headers say so."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name), "")


class Lane:
    """Asks one thing after another, over a connection that is opened anew where the server has closed it.

    Raises OSError, EOFError, ValueError.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._tls else 80)
        self._name = parts.netloc.rpartition("@")[2]
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, target: str, cookies: str = "") -> Answer:
        """target: path and query."""
        if self._ends is None:
            self._ends = await asyncio.open_connection(self._host, self._port, ssl=self._tls, limit=MOST_HEAD_BYTES)
        reader, writer = self._ends
        lines = [f"GET {target} HTTP/1.1", f"Host: {self._name}", "Accept-Encoding: gzip", "Accept: */*"]
        lines += [f"Cookie: {cookies}"] if cookies else []
        writer.write("\r\n".join((*lines, "", "")).encode("latin-1"))
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = [line.partition(":") for line in rest if line]
        answer = Answer(int(first.split()[1]), [(name.lower(), value.strip()) for name, _, value in pairs], b"")
        found = Answer(answer.status, answer.headers, await _body(reader, answer))
        if answer.header("connection").lower() == "close" or not _says_its_length(answer):
            self.close()
        return found

    def close(self) -> None:
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None


def _says_its_length(answer: Answer) -> bool:
    chunked = answer.header("transfer-encoding").lower() == "chunked"
    return answer.status in (204, 304) or chunked or bool(answer.header("content-length"))


async def _body(reader: asyncio.StreamReader, answer: Answer) -> bytes:
    if answer.status in (204, 304):
        return b""
    if answer.header("transfer-encoding").lower() != "chunked":
        length = answer.header("content-length")
        return await reader.readexactly(int(length)) if length else await reader.read()
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    while (await reader.readline()).strip():  # trailers
        pass
    return b"".join(parts)

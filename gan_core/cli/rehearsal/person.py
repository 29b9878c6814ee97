"""One person of the class: a browser without a screen, with cookies of its own."""

from __future__ import annotations

import asyncio
import json
import re
import time
from urllib.parse import quote, urlencode, urljoin, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from gan_core.cli.rehearsal.lane import Lane
from gan_core.cli.rehearsal.protocol import button_in, is_finished, rerun, run_in, scripts_in, token_in
from gan_core.cli.terminal.errors import CommandError

PATIENCE_SECONDS = 60.0
CONNECTIONS = 6  # that a browser keeps to one server
_FILES = re.compile(rb'(?:src|href)="(\./[^"]+\.(?:js|css))"')


class Person:
    """`url`: the server's base, with a slash at its end. tokens: those that this person gives, the class's first."""

    def __init__(self, url: str, *tokens: str) -> None:
        self.url, self.tokens = url, [token for token in tokens if token]
        self.cookies: dict[str, str] = {}
        self.page_token = ""  # of this server's start, without which its own routes answer nothing
        self.session: ClientConnection | None = None
        self.query = ""
        self.drawn = b""  # what the last drawing of the page said

    # --- the page

    async def open(self, query: str = "") -> float:
        """Open the page as a browser with an empty cache does; the seconds until all of it is there."""
        start = time.perf_counter()
        for token in self.tokens:
            await self._get_all([f"?{urlencode({'access': token})}"])
        first = (await self._get_all([""]))[0]
        files = [quote(name.decode(), safe="/?=&-_.~") for name in _FILES.findall(first)]
        await asyncio.gather(self._fetch(files), self._begin_session(query))
        await self._fetch(scripts_in(self.drawn))
        return time.perf_counter() - start

    async def _fetch(self, paths: list[str]) -> None:
        lanes = [paths[i::CONNECTIONS] for i in range(CONNECTIONS)]
        await asyncio.gather(*(self._get_all(lane) for lane in lanes if lane))

    async def _begin_session(self, query: str) -> None:
        self.query = query
        self.session = await self.socket("_stcore/stream", subprotocols=[Subprotocol("streamlit")])
        await self.draw()
        self.page_token = token_in(self.drawn)
        if not self.page_token:
            raise CommandError(f"What answers at {self.url} is not a GANscope of this version.")

    async def draw(self, pressed: str = "") -> float:
        """Have the page drawn, after a press of a button with this key; the seconds until it is."""
        assert self.session is not None
        button = button_in(self.drawn, pressed) if pressed else ""
        if pressed and not button:
            raise CommandError(f'The page at {self.url} has no button "{pressed}" for this person.')
        start, said = time.perf_counter(), []
        await self.session.send(rerun(self.query, button))
        while True:
            message = await asyncio.wait_for(self.session.recv(), PATIENCE_SECONDS)
            assert isinstance(message, bytes)
            said.append(message)
            if is_finished(message):
                break
        fresh = b"".join(said)
        self.drawn = fresh if token_in(fresh) or not self.drawn else self.drawn + fresh
        return time.perf_counter() - start

    def run(self) -> str:
        """The run that the page turned to when it was drawn last; "" where it is none."""
        return run_in(self.drawn)

    # --- the network

    async def load(self) -> dict[str, float | None] | None:
        """What the server takes of its machine; None where it does not tell this person."""
        lane = Lane(self.url)
        try:
            where = urlsplit(urljoin(self.url, f"load?{urlencode({'token': self.page_token})}"))
            answer = await lane.get(f"{where.path}?{where.query}", self._said_cookies())
            found = json.loads(answer.body) if answer.status == 200 else None
        except (OSError, EOFError, ValueError):
            return None
        finally:
            lane.close()
        return found if isinstance(found, dict) else None

    async def socket(self, path: str, subprotocols: list[Subprotocol] | None = None) -> ClientConnection:
        """One of the server's sockets, with this person's cookies."""
        where = urljoin(self.url, path).replace("http", "ws", 1)
        parts = urlsplit(self.url)
        cookies = {"Cookie": self._said_cookies()} if self.cookies else {}
        return await connect(
            where, origin=Origin(f"{parts.scheme}://{parts.netloc}"), max_size=None, proxy=None,
            additional_headers=cookies, open_timeout=PATIENCE_SECONDS, compression=None, subprotocols=subprotocols,
        )  # fmt: skip

    async def guarded(self, path: str) -> ClientConnection:
        return await self.socket(f"{path}?{urlencode({'token': self.page_token})}")

    async def _get_all(self, paths: list[str]) -> list[bytes]:
        """Over a connection that is kept, as one of a browser's."""
        lane = Lane(self.url)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return [await self._get(lane, path) for path in paths]
        except CommandError:
            raise
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as problem:
            raise CommandError(
                f"The server at {self.url} does not answer ({problem or 'too slow'}): start it, or check --url."
            ) from None
        finally:
            lane.close()

    async def _get(self, lane: Lane, path: str) -> bytes:
        where = urlsplit(urljoin(self.url, path))
        answer = await lane.get(where.path + (f"?{where.query}" if where.query else ""), self._said_cookies())
        for given in (value for name, value in answer.headers if name == "set-cookie"):
            name, _, value = given.partition(";")[0].partition("=")
            self.cookies[name.strip()] = value.strip()
        if answer.status in (401, 429):
            raise CommandError("This server asks for a token: give the class's with --token.")
        if answer.status >= 400:
            raise CommandError(f"The server at {self.url} answers {answer.status} for {where.path}.")
        return answer.body

    def _said_cookies(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    async def close(self) -> None:
        if self.session is not None:
            await self.session.close()

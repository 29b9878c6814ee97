"""Connections of a server whose socket was made as Streamlit makes it hold nothing back."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

from pages.server.http.sending import send_at_once


@dataclass
class Listening:
    """As a `uvicorn.Server` tells."""

    servers: list[Any]
    started: bool = False


def test_a_connection_waits_for_no_acknowledgement() -> None:
    async def option() -> int:
        found: asyncio.Queue[int] = asyncio.Queue()

        async def met(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            mine = writer.get_extra_info("socket")
            await found.put(mine.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        made = socket.socket(socket.AF_INET)
        made.bind(("127.0.0.1", 0))
        known = Listening([await asyncio.start_server(met, sock=made)])
        waiting = asyncio.create_task(send_at_once(known))
        await asyncio.sleep(0)
        known.started = True
        await waiting
        _, writer = await asyncio.open_connection(*made.getsockname())
        writer.close()
        option = await found.get()
        known.servers[0].close()
        return option

    assert asyncio.run(option())


def test_where_no_server_is_known_nothing_is_done() -> None:
    asyncio.run(asyncio.wait_for(send_at_once(None), 1))

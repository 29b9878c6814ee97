"""Answers leave at once: without this each waits up to 40 ms (200 on some systems) until its head was acknowledged.

Streamlit makes its listening socket without naming TCP, so that asyncio does not switch off Nagle's algorithm for the
connections that come in: of a head and a body sent one after the other, the body is held back until the head was
acknowledged, which systems put off. A first page is a hundred such answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

LOOK_SECONDS = 0.02


async def send_at_once(server: Any) -> None:
    """Switch it off for all connections from now on, as soon as `server`, a `uvicorn.Server`, listens."""
    while not getattr(server, "started", True):
        await asyncio.sleep(LOOK_SECONDS)
    for listening in (one for each in getattr(server, "servers", ()) for one in each.sockets):
        with contextlib.suppress(OSError):  # a socket in the file system, say, which waits for nothing anyway
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it

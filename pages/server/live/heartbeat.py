"""A sign of life on every socket: whoever hears nothing for longer than it takes has lost the connection.

A half-open socket (a laptop that slept, a phone that changed networks) never says that it is one. The server speaks
at least each `BEAT_SECONDS`; a page that has heard nothing for three times as long opens its socket anew
(`openChannel` in `pages/ui/web/channel/wire.js`).
"""

from __future__ import annotations

import asyncio
import contextlib

from pages.server.live import wire

BEAT_SECONDS = 2.5
BEAT = wire.pack({"type": "beat"})


async def wait_or_beat(wake: asyncio.Event) -> bool:
    """Wait until there is something to send; False where it is time for a sign of life first."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(wake.wait(), BEAT_SECONDS)
    return wake.is_set()

"""What the server takes of its machine, for a teacher who rehearses a class on it."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pages.server.security.people import person_of
from pages.server.security.rights import may

if TYPE_CHECKING:
    from pages.server.app_state import AppState


def load(_app_state: AppState, request: Request) -> Response:
    """{"processor_seconds": since its start, "memory_mb": resident, null where the system does not tell,
    "processors"}."""
    if sentence := may(person_of(request), "see load"):
        return Response(sentence, 403, media_type="text/plain")
    return JSONResponse(
        {"processor_seconds": time.process_time(), "memory_mb": resident_mb(), "processors": os.cpu_count()},
        headers={"Cache-Control": "no-store"},
    )


def resident_mb() -> float | None:
    """MB of memory that this process has; None where there is no /proc."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return None

"""Leaving with exit status 0 when the system, Ctrl-C or a closed terminal asks the server to stop."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Mapping
from types import FrameType, GeneratorType
from typing import Any

STOPPING = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]


def running_server() -> Any:
    """The `uvicorn.Server`, by its signal handlers: in the lifespan, until these are replaced; else None."""
    servers = (getattr(signal.getsignal(number), "__self__", None) for number in STOPPING)
    return next((one for one in servers if hasattr(one, "should_exit")), None)


def end_with_status_zero() -> None:
    """Stop the server on SIGTERM, SIGINT and SIGHUP without the signal being raised again afterwards.

    uvicorn shuts down in good order on the first two, and then raises the signal once more, so that the process
    counts as killed; of SIGHUP it knows nothing, so that the process would die unsaved. Here the order to stop is
    given to it directly. A second Ctrl-C does not wait for open connections. What was ignored when the process began
    (`nohup`, `trap ''`, a script's background job) stays ignored.
    To be called from the lifespan, when uvicorn's own handlers stand; elsewhere it does nothing.
    """
    server = running_server()
    if server is None:
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and server.should_exit:
            server.force_exit = True
        server.should_exit = True

    began = _before(server)
    for number in STOPPING:
        ignored = began.get(number, signal.getsignal(number)) is signal.SIG_IGN
        with contextlib.suppress(ValueError):  # not in the main thread: nobody to listen to
            signal.signal(number, signal.SIG_IGN if ignored else stop)


def _before(server: object) -> Mapping[int, object]:
    """The handlers that stood before uvicorn set its own, which only its `capture_signals` remembers."""
    code = getattr(getattr(getattr(type(server), "capture_signals", None), "__wrapped__", None), "__code__", None)
    for one in gc.get_objects() if code is not None else ():
        if isinstance(one, GeneratorType) and one.gi_code is code and one.gi_frame is not None:
            held = one.gi_frame.f_locals
            if held.get("self") is server:
                found: Mapping[int, object] = held.get("original_handlers", {})
                return found
    return {}


def leave_at_once() -> None:
    """End the process as soon as the interpreter begins to take itself down; call it when all is saved.

    A thread of the server that is still inside torch then would abort the process ("terminate called").
    """
    atexit.register(_leave)


def _leave() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)

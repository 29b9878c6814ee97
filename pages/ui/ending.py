"""Leaving with exit status 0 when the system or Ctrl-C asks the server to stop."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from types import FrameType


def end_with_status_zero() -> None:
    """Stop the server on SIGTERM and SIGINT without the signal being raised again afterwards.

    uvicorn shuts down in good order on both, and then raises the signal once more, so that the process counts as
    killed. Here the order to stop is given to it directly. A second Ctrl-C does not wait for open connections.
    To be called from the lifespan, when uvicorn's own handlers stand; elsewhere it does nothing.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        server = getattr(signal.getsignal(number), "__self__", None)
        if not hasattr(server, "should_exit"):
            continue

        def stop(number: int, _frame: FrameType | None, server: object = server) -> None:
            if number == signal.SIGINT and server.should_exit:  # type: ignore[attr-defined]
                server.force_exit = True  # type: ignore[attr-defined]
            server.should_exit = True  # type: ignore[attr-defined]

        with contextlib.suppress(ValueError):  # not in the main thread: nobody to listen to
            signal.signal(number, stop)


def leave_at_once() -> None:
    """End the process as soon as the interpreter begins to take itself down; call it when all is saved.

    A thread of the server that is still inside torch then would abort the process ("terminate called").
    """
    atexit.register(_leave)


def _leave() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)

"""Subscriptions to the events of a run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from gan_core.runs.snapshot import Event

log = logging.getLogger(__name__)

Listener = Callable[[Event], None]


class Listeners:
    """May be asked by several threads; a list of listeners is never changed, but replaced."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._of: dict[str, list[Listener]] = {}

    def subscribe(self, run_id: str, callback: Listener) -> Callable[[], None]:
        """Have every event of a run told to `callback`; the result ends that."""

        def listener(event: Event) -> None:  # one object for each subscription, whoever the callback is
            callback(event)

        with self._guard:
            self._of[run_id] = [*self._of.get(run_id, []), listener]

        def end() -> None:
            with self._guard:
                left = [one for one in self._of.get(run_id, []) if one is not listener]
                if left:
                    self._of[run_id] = left
                else:
                    self._of.pop(run_id, None)

        return end

    def any_of(self, run_id: str) -> bool:
        return bool(self._of.get(run_id))

    def tell(self, run_id: str, event: Event) -> None:
        """Call everybody who listens; what goes wrong there is logged and nothing else."""
        for callback in self._of.get(run_id, ()):
            try:
                callback(event)
            except Exception:
                log.exception("a listener of run %s failed", run_id)

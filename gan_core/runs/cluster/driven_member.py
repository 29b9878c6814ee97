"""One member of a sweep in its driver's hands: it waits, trains on a node, or is over."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from gan_core.runs.cluster.carrying import packed, put_in_place
from gan_core.runs.commands import Command, Stop
from gan_core.runs.states import State
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.inbox import Inbox
from gan_core.runs.storage.shared.lock import HeldElsewhere, RunLock
from gan_core.runs.storage.writer import RunWriter

log = logging.getLogger(__name__)

LOCK_SECONDS = 60.0  # a node that has died may hold a lock so long, by its file server
MOST_LOSSES = 5  # of its node, without a new checkpoint between them


class DrivenMember:
    """While it waits the driver holds its lock, so that it shows as waiting and nobody else begins it.

    actor: None until it lines up on the cluster. promise: what it answers next: about its node, then how it ended.
    """

    def __init__(self, runs_dir: Path, run: str) -> None:
        self.run, self._runs_dir = run, runs_dir
        self.folder = RunFolder(runs_dir / run)
        self.actor: Any = None
        self.promise: Any = None
        self.news: Any = None
        self.trains = self.over = False
        self.sends_copies = False  # its node has no part in the runs folder
        self.heard_step = self.copied_step = -1
        self.next_news = 0.0
        self._lock: RunLock | None = None
        self._door = contextlib.ExitStack()
        self._inbox = Inbox(self.folder)
        self._until = time.monotonic() + LOCK_SECONDS
        self._losses, self._kept_step = 0, -1

    # --- waiting

    def take(self) -> bool:
        """Take it into hand where it is not; False: its lock is not free yet. Raises HeldElsewhere or OSError."""
        if self._lock is not None:
            return True
        lock = RunLock(self.folder.lock, self.run)
        try:
            lock.acquire()
        except HeldElsewhere:
            if time.monotonic() > self._until:
                raise
            return False
        self._lock = lock
        self._door.enter_context(self._inbox.opened())
        self._write("queued")
        return True

    def is_told_to_stop(self) -> bool:
        return any(isinstance(command, Stop) for command in self._inbox.take())

    def begin(self, *, shares: bool) -> None:
        """Its node is ready: let it train. shares: whether that has part in the runs folder."""
        self._kept_step = self._newest_checkpoint()
        archive = None if shares else packed(self._runs_dir, self.run)
        self.sends_copies = not shares
        if shares:
            self._let_go_of_folder()
        self.trains = True
        self.promise = self.actor.train.remote(archive)

    def pass_on(self) -> None:
        """To its node, what others ask of it through its folder."""
        for command in self._inbox.take() if self.trains else ():
            self.ask(command)

    def ask(self, command: Command) -> None:
        """Of its node, while it trains there."""
        self.actor.ask.remote(type(command).__name__, asdict(command))

    def recall(self, ray: Any) -> None:
        """Take it out of the cluster's line."""
        self._drop_actor(ray)

    # --- what becomes of it

    def keep_copy(self, archive: bytes | None, step: int) -> None:
        """The run as its node has it now; one that cannot be kept is passed over until the next."""
        if archive is None or self._lock is None:
            return
        try:
            self._lock = put_in_place(self._runs_dir, self.run, archive, self._lock)
            self.copied_step = step
        except (ValueError, OSError) as error:
            log.warning("a copy of the run %s cannot be kept: %s", self.run, error)

    def ended(self, ray: Any, told: dict[str, Any]) -> None:
        """told: as `NodeMember.train` returns it. A run that cannot be kept here raises ValueError or OSError."""
        if told["archive"] is not None:
            assert self._lock is not None
            self._lock = put_in_place(self._runs_dir, self.run, told["archive"], self._lock)
        self._drop_actor(ray)
        self._finish()

    def failed(self, ray: Any, words: str) -> None:
        """It could not begin there: a run that goes wrong later says so itself."""
        self._drop_actor(ray)
        self._until = time.monotonic()
        with contextlib.suppress(HeldElsewhere):
            if self.take():
                self._write("failed", " ".join(words.split())[:500])
        self._finish()

    def lost(self, ray: Any) -> None:
        """Its process or node is gone: it waits for another, where it goes on from its last checkpoint."""
        self._drop_actor(ray)
        now = self._newest_checkpoint()
        self._losses = 1 if now > self._kept_step else self._losses + 1
        self._until = time.monotonic() + LOCK_SECONDS
        if self._losses >= MOST_LOSSES:
            with contextlib.suppress(HeldElsewhere):
                if self.take():
                    self._write(
                        "interrupted", f"{MOST_LOSSES} nodes were lost under it, without a checkpoint between."
                    )
            self._finish()

    def rest(self, state: State) -> None:
        """It does not go on."""
        self._write(state)
        self._finish()

    def let_go(self, ray: Any) -> None:
        """The driver ends."""
        if not self.over and self._lock is not None:
            with contextlib.suppress(OSError):
                self._write("interrupted")
        with contextlib.suppress(Exception):  # the cluster may be gone
            self._drop_actor(ray)
        self._let_go_of_folder()

    def _finish(self) -> None:
        self.over = True
        self._let_go_of_folder()

    # --- inside

    def _drop_actor(self, ray: Any) -> None:
        actor, self.actor, self.promise, self.news = self.actor, None, None, None
        self.trains = False
        if actor is not None:
            ray.kill(actor)

    def _let_go_of_folder(self) -> None:
        self._door.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _newest_checkpoint(self) -> int:
        rows = self.folder.checkpoints()
        return rows[-1].step if rows else -1

    def _write(self, state: State, error: str = "") -> None:
        """How it stands; its lock is held."""
        status = self.folder.status()
        if (status.state, status.error) != (state, error):
            with contextlib.closing(RunWriter(self.folder)) as writer:
                writer.write_status(replace(status, state=state, error=error))

"""A run in line for the device: before its first turn, between two turns, and after a pause."""

from __future__ import annotations

import logging
import queue

from gan_core.runs.commands import Command, Lengthen, Stop
from gan_core.runs.engine.context import RunContext, StopCondition
from gan_core.runs.engine.lockstep import LockstepPair
from gan_core.runs.engine.run_life import RunLife
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import RunLock
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig, Trainer

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5  # between two looks at the place in line, and at whether what waits has to make room


class WaitingRun(RunLife):
    """What a run with a thread of its own does while it has not the device. pair: what it shares with its twin."""

    def __init__(
        self, folder: RunFolder, lock: RunLock, writer: RunWriter, manifest: RunManifest, config: RunConfig,
        before: RunStatus, stop: StopCondition, context: RunContext, pair: LockstepPair | None,
    ) -> None:  # fmt: skip
        super().__init__(folder, lock, writer, manifest, config, before, stop, context)
        self._pair = pair
        self._commands: queue.SimpleQueue[Command | Lengthen] = queue.SimpleQueue()
        self._going = False  # the device is ours, and stays so until the next pause or the end of the turn

    def _wait_in_line(self) -> tuple[list[Command | Lengthen], bool]:
        """Waits for the device; returns the commands that came meanwhile, and whether one of them was a stop."""
        put_off: list[Command | Lengthen] = []
        while not self._holds_device():
            if not self._commands.empty():
                command = self._commands.get()
                if isinstance(command, Stop):
                    return put_off, True
                put_off.append(command)
        return put_off, False

    def _holds_device(self) -> bool:
        """Wait in the queue until the run holds the device, a command comes or some time has passed."""
        if self._run_context.queue.wait(self.folder.id, LOOK_SECONDS, lambda: not self._commands.empty()):
            return True
        self._recorder.tell_place()
        return False

    def _can_step_now(self) -> bool:
        """Join the queue again after a pause; returns whether the run holds the device at once."""
        self._run_context.queue.join(
            self.folder.id, owner=self.manifest.owner, front=True, beside=self.manifest.twin_of if self._pair else ""
        )
        return self._run_context.queue.holds(self.folder.id)

    def _line_up_again(self) -> None:
        """Wait for the device after a pause, or for the next turn, as long as no command comes."""
        if self._can_step_now():
            return
        if self._recorder.status.state != "queued":
            self._recorder.set_state("queued", self._trainer)
        if not self._holds_device():
            self._make_room_if_crowded()

    def _next_command(self) -> Command | Lengthen | None:
        """While it is paused: what is asked for next; None after a moment without anything."""
        try:
            return self._commands.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            self._make_room_if_crowded()
            return None

    # --- turns

    @property
    def stays_in_memory(self) -> bool:
        """Twins do: they go on in step."""
        return self._pair is not None

    def _step_aside(self, trainer: Trainer) -> None:
        """Its turn is over and others wait: it goes on from this very step when it has the device again."""
        self._going = False
        self._recorder.meter.hold()
        if self._recorder.wants_grid:
            self._recorder.show_grid(trainer)  # for as long as it waits
        if self._pair is not None:
            self._pair.rest(self.folder.id, trainer.step_count)
        self._run_context.queue.step_aside(self.folder.id)
        self._recorder.set_state("queued", trainer)

    def _make_room_if_crowded(self) -> None:
        """Where others need the memory, keep everything on disk until its turn."""
        if self._trainer is not None and self._run_context.room.crowded(self.folder.id):
            self._put_away(self._trainer)
            log.info("run %s has made room: it goes on from its checkpoint", self.folder.id)

    def _put_away(self, trainer: Trainer) -> None:
        """All that there is of it is on disk."""
        self._recorder.list_written(wait=True)
        self._checkpoint(trainer, by_hand=False)
        self._trainer = None
        self._run_context.room.drop(self.folder.id)

    def _on_its_slot(self) -> Trainer:
        """The trainer on the device that it has now; where that is another than before it goes on from the disk."""
        if self._trainer is not None and self._trainer.device != self._run_context.device_of(self.folder.id):
            self._put_away(self._trainer)
        return self._at_hand()

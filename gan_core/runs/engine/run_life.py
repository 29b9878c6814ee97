"""What a run does between two steps, whichever thread trains it.

It is restored, changed, kept, paused and ended.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence

from gan_core.config.codec import get_at, replace_at
from gan_core.runs.commands import (
    Change,
    CheckpointNow,
    Command,
    KeepBrought,
    Lengthen,
    Pace,
    Pause,
    Stop,
    check_command,
)
from gan_core.runs.engine.advice import after_divergence, failure_words
from gan_core.runs.engine.context import RunContext, StopCondition
from gan_core.runs.engine.replaying import Diverged, ReplayingRun, set_live
from gan_core.runs.evaluation_record import Evaluation
from gan_core.runs.snapshot import Dissected, RunView
from gan_core.runs.states import State
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.inbox import Inbox
from gan_core.runs.storage.shared.lock import HeldElsewhere, RunLock
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig, Trainer
from gan_core.training.guard import Trouble
from gan_core.training.together.ranks import RanksLost

log = logging.getLogger(__name__)


class RunLife(ReplayingRun):
    """A run that trains in this process. lock and writer are its own, held and open; it lets go of both at its end.

    config: the one in force. All but the methods for other threads are for the thread that trains it.
    """

    def __init__(
        self, folder: RunFolder, lock: RunLock, writer: RunWriter, manifest: RunManifest, config: RunConfig,
        before: RunStatus, stop: StopCondition, context: RunContext,
    ) -> None:  # fmt: skip
        super().__init__(folder, writer, manifest, config, before, stop, context)
        self.ended = False  # and everything let go of
        self.end_written = False
        self.dissected: Dissected | None = None  # the newest step, where it was taken apart
        self._lock, self._inbox = lock, Inbox(folder)
        self._stopping = self._paused = False
        self._stop_reason = ""  # where nobody has asked for it
        self._door = threading.Lock()  # of the two below, and of the inbox
        self._brought: list[Evaluation] = []  # made by others, and not written down yet
        self._closed = False  # nothing can be written down any more

    # --- from other threads

    @property
    def view(self) -> RunView:
        return self._recorder.view

    def send(self, command: Command) -> None:
        """Hand over a command; it takes effect between two steps. Raises ValueError for what it cannot do."""
        self.put(command)

    def put(self, command: Command) -> None:
        """As `send`, for this run alone."""
        raise NotImplementedError

    def put_first(self) -> None:
        """Put it first in the queue for the device."""
        self._run_context.queue.first(self.folder.id)

    def join(self, timeout: float | None = None) -> None:
        """Wait, at most this long, until the run has released its lock, writer and place in the queue."""
        raise NotImplementedError

    def is_alive(self) -> bool:
        """Whether the thread that trains it still runs."""
        raise NotImplementedError

    def open_inbox(self) -> None:
        """From now on other programs may ask something of it through its folder."""
        try:
            self._inbox.open()
        except OSError as error:
            log.warning("run %s: other programs cannot ask anything of it: %s", self.folder.id, error)

    def taken_commands(self, *, beats: bool) -> list[Command]:
        """What other programs asked since the last time. beats: give a sign of life too."""
        with self._door:
            if self._closed:
                return []
            if beats:
                self._lock.beat()
            if self._inbox.is_empty:
                return []
            brought, found = self._inbox.take_brought(), self._inbox.take()
        if brought:
            self.bring(brought)
        return found

    def accepts(self, command: Command) -> bool:
        """Whether the run can carry it out."""
        try:
            check_command(self.config, command)
        except ValueError:
            return False
        return True

    def bring(self, evaluations: Sequence[Evaluation]) -> bool:
        """Record evaluations that another thread made; False where the run has already ended."""
        with self._door:
            if self._closed:
                return False
            self._brought += evaluations
        self.put(KeepBrought())
        return True

    # --- its device

    def _stay_where_it_is(self) -> None:
        """What cannot be put away for a while, since others train in step with it, keeps the device that it has."""
        if self.stays_in_memory and self._run_context.device.type != "cpu":
            self._run_context.queue.stay(self.folder.id)

    def _tell_slot(self) -> None:
        """Note which device it has, where there are several, for whoever looks into the folder."""
        slot, ranks = self._run_context.slot_of(self.folder.id), self._run_context.ranks
        words = "" if slot is None else slot.name
        if ranks is not None:
            words = (
                f"{ranks.count} GPUs" if ranks.device.type == "cuda" else f"the processor, in {ranks.count} processes"
            )
        if words != self._recorder.slot:
            self._recorder.slot = words
            self._lock.note(words)
            self._recorder.tell()

    # --- what is kept

    def _point(self, trainer: Trainer) -> None:
        """Raises Diverged where a number in the networks is not finite any more, as the next two do."""
        self._recorder.add_point(trainer)
        if trainer.last_examined is not None:
            raise Diverged(trainer.last_examined)
        if trainer.due.grid:
            self._recorder.keep_grid(trainer)
        else:
            self._keep_beginning(trainer)

    def _keep_beginning(self, trainer: Trainer) -> None:
        """The beginning, and what a live change does, can be watched; the usual grids are spaced as without these."""
        if trainer.due.beginning or trainer.due.aftermath:
            self._recorder.keep_grid(trainer, counts=False)

    def _keep_brought(self) -> None:
        with self._door:
            brought, self._brought = self._brought, []
        for one in brought:
            self._recorder.keep_evaluation(one)

    # --- commands

    def _carry_out(self, command: Command | Lengthen, trainer: Trainer) -> None:
        """Carry out a command that every run knows."""
        if isinstance(command, Stop):
            self._stopping, self._stop_reason = True, command.reason
            self._recorder.set_state("stopping", trainer)
        elif isinstance(command, Pause) and not self._paused:
            self._pause(trainer)
        elif isinstance(command, Pace):
            self._recorder.pace(command.seconds_per_step)
        elif isinstance(command, CheckpointNow):
            self._checkpoint(trainer, by_hand=True)
        elif isinstance(command, KeepBrought):
            self._keep_brought()
        elif isinstance(command, Change):
            self._change(trainer, command.path, command.value)
        elif isinstance(command, Lengthen):
            self._change(trainer, "total_images", command.total_images)

    def _pause(self, trainer: Trainer) -> None:
        """Pause: stop the clock and release the device; the networks stay in memory."""
        waited = self._recorder.status.state == "queued"
        self._recorder.meter.halt()
        self._paused = True
        self._recorder.set_state("paused", trainer)
        self._keep_last_grid(trainer)
        if not waited:  # else what is seen is of this step already
            self._recorder.show_grid(trainer)
        self._run_context.queue.leave(self.folder.id)

    def _change(self, trainer: Trainer, path: str, value: object) -> None:
        if self.replaying:
            self._change_later(path, value)
            return
        try:
            before, after = set_live(trainer, path, value)
        except ValueError as error:  # it was checked when it was sent, so only a race gets here
            log.warning("run %s: change refused: %s", self.folder.id, error)
            return
        self.config = trainer.config
        self._pending = [change for change in self._pending if change.path != path]
        self._recorder.note_change(trainer.step_count, path, before, after, self.config)

    def _change_later(self, path: str, value: object) -> None:
        """Schedule a change for the branch's own first step: the replay of the parent's steps stays as it was."""
        before, step = get_at(self.config, path), max(self.manifest.parent_step, self._recorder.status.step)
        self.config = replace_at(self.config, path, value)
        self._recorder.note_change(step, path, before, get_at(self.config, path), self.config)

    def _keep_for_later(self, commands: Sequence[Command | Lengthen]) -> None:
        """Apply the changes sent to a run that never held the device: they are in force when it is resumed."""
        for command in commands:
            if isinstance(command, Change):
                self._change_later(command.path, command.value)
            elif isinstance(command, Lengthen):
                self._change_later("total_images", command.total_images)

    # --- ends

    @contextlib.contextmanager
    def _to_its_end(self) -> Iterator[None]:
        """What happens inside ends the run: it stands written, a failure too, and everything is let go of."""
        try:
            yield
            self.end_written = True
        except BaseException as error:
            log.exception("run %s failed", self.folder.id)
            self._fail(error)
        finally:
            self._trainer = None
            self._let_go()

    def _end(self, trainer: Trainer, state: State) -> None:
        """Write a checkpoint and the last grid, then set the final state."""
        self._recorder.meter.halt()
        self._checkpoint(trainer, by_hand=False)
        if state == "finished":
            self._recorder.evaluate_last(trainer)
        self._keep_last_grid(trainer)
        self._recorder.set_state(state, trainer, error=self._stop_reason if state == "stopped" else "")

    def _keep_last_grid(self, trainer: Trainer) -> None:
        """Keep the samples of the last step, for who opens the run later."""
        self._recorder.list_written(wait=True)
        kept = self.folder.grids()
        if trainer.step_count and (not kept or kept[-1][0] < trainer.step_count):
            self._recorder.keep_grid(trainer, counts=False)
            self._recorder.list_written(wait=True)

    def _diverge(self, trainer: Trainer, trouble: Trouble) -> None:
        """Record a divergence: checkpoint the last finite weights and give the reason."""
        self._recorder.meter.halt()
        if len(trainer.window):
            self._recorder.add_point(trainer)  # where the curves went is what one wants to see
        self._recorder.checkpoint(trainer, by_hand=False)
        self._recorder.keep_grid(trainer, counts=False)
        self._recorder.list_written(wait=True)
        error = f"{trouble.sentence()}; the last good weights are kept."
        self._recorder.set_state("diverged", trainer, error=error, advice=after_divergence(self.config, trouble))

    def _fail(self, error: BaseException) -> None:
        self._recorder.meter.halt()
        trainer = self._trainer
        if isinstance(error, HeldElsewhere):  # how it stands, the program tells that has taken it over
            self.end_written = True
            return
        words, advice = failure_words(error, trainer.step_count if trainer else 0, self._recorder.saved_step)
        state: State = "failed"
        if isinstance(error, RanksLost):
            words, advice, state = str(error), (), "interrupted"
        try:
            self._recorder.set_state(state, trainer, error=words, advice=advice)
            self.end_written = True
        except Exception:
            log.exception("run %s: its end could not be written", self.folder.id)
            self._recorder.stand_unwritten(state, error=words, advice=advice)

    def _let_go(self) -> None:
        with self._door:
            self._closed = True
        try:
            self._keep_brought()
        except Exception:
            log.exception("run %s: its last evaluations could not be kept", self.folder.id)
        try:
            self._run_context.queue.leave(self.folder.id)
            self._run_context.queue.forget(self.folder.id)
            self._run_context.room.drop(self.folder.id)
            self._writer.close()
        except Exception:
            log.exception("run %s: its database was not closed well", self.folder.id)
        finally:
            if self._lock.is_ours:
                self._inbox.close()
            self._lock.release()
            self.ended = True
            self._recorder.tell()

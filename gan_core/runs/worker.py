"""One run's thread: it waits for the device, trains, and obeys commands between steps."""

from __future__ import annotations

import dataclasses
import logging
import queue
import threading
import time
from dataclasses import dataclass

import torch

from gan_core.config.codec import ConfigError, get_at, replace_at, spec_at
from gan_core.data.points import PointDataset
from gan_core.runs.advice import after_divergence, failure_words
from gan_core.runs.commands import (
    Change,
    CheckpointNow,
    Command,
    Dissect,
    KeepEvaluation,
    Pace,
    Pause,
    Resume,
    StepOnce,
    Stop,
)
from gan_core.runs.duet import Duet
from gan_core.runs.ledger import Ledger
from gan_core.runs.lock import RunLock
from gan_core.runs.past import Stage
from gan_core.runs.restore import Restored, restore, take_over
from gan_core.runs.snapshot import Dissected, LiveChange, RunView
from gan_core.runs.states import State
from gan_core.runs.store import About, RunFolder, Standing
from gan_core.runs.surroundings import Limits, Surroundings
from gan_core.runs.swap import Swap
from gan_core.runs.views import config_in_force, known_config
from gan_core.runs.writer import RunWriter
from gan_core.training import RunConfig, Trainer
from gan_core.training.guard import Trouble
from gan_core.training.microscope import dissect
from gan_core.training.trainer import Players

log = logging.getLogger(__name__)

PACE_LOOK_SECONDS = 0.01  # between two looks at commands while a slow run waits for its next step
TURN_LOOK_SECONDS = 0.1  # between two looks at what goes by the clock while the other twin has its turn
LOOK_SECONDS = 0.5  # between two looks at the place in line


@dataclass(frozen=True)
class _Lengthen:
    total_images: int


class _Diverged(Exception):
    """A number in the networks is not finite any more; the trainer has its last good weights back."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.sentence())
        self.trouble = trouble


class RunThread(threading.Thread):
    """The life of one run in this process, from the queue to its end.

    lock and writer are the run's, held and open; the thread lets go of both at its end. config: the one in force.
    """

    def __init__(
        self, folder: RunFolder, lock: RunLock, writer: RunWriter, about: About, config: RunConfig, before: Standing,
        limits: Limits, around: Surroundings, *, total_images: int | None = None, duet: Duet | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name=f"run-{folder.id}", daemon=True)
        self._duet = duet
        if duet is not None:
            duet.join(folder.id, self)
        self.folder, self.about, self.config = folder, about, config
        self.ended = False  # and everything let go of
        self.end_written = False
        self._lock, self._writer, self._limits, self._around = lock, writer, limits, around
        self._ledger = Ledger(folder, about, writer, config, before, around)
        self._swap = Swap(around.libraries, self._ledger.warn)
        self._commands: queue.SimpleQueue[Command | _Lengthen] = queue.SimpleQueue()
        if total_images is not None:
            self._commands.put(_Lengthen(total_images))
        self._trainer: Trainer | None = None
        self._pending: list[LiveChange] = []  # made before a kill, to be made again at their steps
        self._life: list[Stage] = []  # the stage that it is in, and those to come; the last is its own
        self._stopping = self._paused = self._single_step = False
        self._players: Players = "both"
        self._dissecting = False  # the next step is to be taken apart
        self.dissected: Dissected | None = None  # the newest step, where it was taken apart
        self._pace_seconds, self._next_step = 0.0, 0.0  # least time from one step to the next; when that is
        self._going = False  # the device is ours, and stays so until the next pause

    # --- from other threads

    @property
    def view(self) -> RunView:
        return self._ledger.view

    def send(self, command: Command) -> None:
        """Hand over a command; it takes effect between two steps, and in a twin at the same one."""
        if self._duet is None:
            self.put(command)
        else:
            self._duet.send(self.folder.id, command)

    def put(self, command: Command) -> None:
        """As `send`, for this run alone."""
        self._commands.put(command)
        self._around.line.nudge()

    def accepts(self, command: Command) -> bool:
        """Whether the run can carry it out."""
        try:
            check_command(self.config, command)
        except ValueError:
            return False
        return True

    # --- the life

    def run(self) -> None:
        try:
            self._live()
            self.end_written = True
        except BaseException as error:
            log.exception("run %s failed", self.folder.id)
            self._fail(error)
        finally:
            self._trainer = None
            self._let_go()

    def _let_go(self) -> None:
        try:
            if self._duet is not None:
                self._duet.leave(self.folder.id)
            self._around.line.leave(self.folder.id)
            self._writer.close()
        except Exception:
            log.exception("run %s: its database was not closed well", self.folder.id)
        finally:
            self._lock.release()
            self.ended = True
            self._ledger.tell()

    def _live(self) -> None:
        self._ledger.stand("queued")
        put_off = self._wait_in_line()
        if put_off is None:
            self._ledger.stand("stopped")
            return
        if self.about.threads:
            torch.set_num_threads(self.about.threads)
        restored = self._restore()
        trainer = self._trainer = restored.trainer
        self._ledger.stand("running", trainer)
        if not self.folder.grids():
            self._ledger.keep_grid(trainer)
        try:
            self._replay(trainer)
            for command in put_off:
                self._carry_out(command, trainer)
            self._train(trainer)
        except _Diverged as diverged:
            self._diverge(self._trainer, diverged.trouble)

    def _wait_in_line(self) -> list[Command | _Lengthen] | None:
        """Until the device is ours: what was asked for meanwhile; None if told to stop first."""
        put_off: list[Command | _Lengthen] = []
        while not self._holds_device():
            if not self._commands.empty():
                command = self._commands.get()
                if isinstance(command, Stop):
                    return None
                put_off.append(command)
        return put_off

    def _holds_device(self) -> bool:
        """Stand in line until the device is ours, a command comes or some time has passed."""
        if self._around.line.wait(self.folder.id, LOOK_SECONDS, lambda: not self._commands.empty()):
            return True
        if self._around.line.place(self.folder.id) != self.view.queue_place:
            self._ledger.tell()
        return False

    def _restore(self) -> Restored:
        restored = restore(self.folder, self._writer, self.about, self._build)
        self._life, self._pending = restored.life, restored.pending
        own = config_in_force(self.about, self.folder.changes()) if self.replaying else restored.trainer.config
        self.config = own
        self._ledger.begin(restored.trainer, restored.elapsed_seconds, restored.checkpoint_step, own)
        self._ledger.warn(restored.warnings)
        self._swap.seek(restored.trainer)
        return restored

    def _build(self, config: RunConfig) -> Trainer:
        data = self._around.load_data(config)
        with self._around.build_lock:
            return Trainer(config, data, self._around.device)

    @property
    def replaying(self) -> bool:
        """Whether it goes through its parent's steps again, to the one at which it becomes itself."""
        return len(self._life) > 1

    def _next_stage(self, trainer: Trainer) -> Trainer:
        """At the end of a stage: keep that moment, from which the next one goes on with its own settings."""
        self._checkpoint(trainer, by_hand=True)
        stage = self._life[1]
        new = self._build(known_config(self.about, stage.config))
        take_over(new, trainer.state(), self.about, self._life[0])
        self._swap.seek(new)
        self._life, self._trainer = self._life[1:], new
        if not self.replaying:
            stage = dataclasses.replace(stage, changes=self.folder.changes())  # some may have come meanwhile
            self.config = new.config
            self._ledger.show_config(new.config)
        self._pending = list(stage.changes)
        return new

    def _swap_steps(self, trainer: Trainer) -> bool:
        """Take the compiled step once it is there; whether a step may be taken now.

        A checkpoint of that very moment tells that it was taken, so that every resume goes on as this run did.
        """
        if (found := self._swap.found(trainer)) is None:
            if trainer.wants_library:  # any other step would be another run's
                time.sleep(PACE_LOOK_SECONDS)
            return not trainer.wants_library
        if trainer.wants_library:
            trainer.use_library(*found)
        elif self._ledger.saved_step != trainer.step_count:  # else that checkpoint knows nothing of it: a step later
            trainer.use_library(*found)
            self._ledger.warn([f"Compiled from step {trainer.step_count:,} on."])
            self._checkpoint(trainer, by_hand=True)
        else:
            return True
        self._swap.done()
        return True

    def _train(self, trainer: Trainer) -> None:
        while True:
            if self._pending:
                self._replay(trainer)
            if trainer.step_count >= self._life[0].until:
                trainer = self._next_stage(trainer)
                continue
            if not self._going or not self._commands.empty():
                self._obey(trainer)
            if self._stopping:
                self._end(trainer, "stopped")
                return
            if trainer.finished or self._limits.reached(trainer.step_count, self._ledger.meter.elapsed()):
                self._end(trainer, "finished")
                return
            if self._swap.seeking and not self._swap_steps(trainer):
                continue
            if self._duet is not None and not self._take_turn(trainer, self._duet):
                continue
            if self._pace_seconds and not self._wait_for_pace(trainer):
                continue
            if self._dissecting:
                self._dissect(trainer)
            else:
                trainer.step(self._players)
                self.dissected = None
            if trainer.trouble is not None:
                self._examine(trainer)
            if trainer.point_due():
                self._point(trainer)
            self._look_after(trainer)
            if self._ledger.checkpoint_due(trainer):
                self._checkpoint(trainer, by_hand=False)
            if self._single_step:
                looked_into = self.dissected is not None and trainer.library_key != ""
                if self._players != "both" or looked_into:  # no resume, and no branch, could make it again
                    self._checkpoint(trainer, by_hand=True)
                self._pause(trainer)

    def _dissect(self, trainer: Trainer) -> None:
        dissection = dissect(trainer, self._players)
        self._dissecting = False
        self.dissected = self._ledger.dissected(trainer, dissection)

    def _look_after(self, trainer: Trainer) -> None:
        """What goes by the clock; of twins the one that follows shows the steps that the other has shown."""
        duet, step = self._duet, trainer.step_count
        if duet is not None:
            self._ledger.quiet = duet.follows(self.folder.id, step)
        self._ledger.look_after(trainer)
        if duet is not None and duet.owes_grid(self.folder.id, step, shown=self._ledger.shown_step == step):
            self._ledger.show_grid(trainer)

    def _take_turn(self, trainer: Trainer, duet: Duet) -> bool:
        """Whether the next step may be taken; False as soon as a command has come, or after a while without a turn.

        What the other does meanwhile is not on this run's clock.
        """

        def called() -> bool:
            return not self._commands.empty()

        if duet.wait(self.folder.id, trainer.step_count, trainer.every_steps, 0.0, called):
            return True
        self._ledger.meter.hold()
        free = duet.wait(self.folder.id, trainer.step_count, trainer.every_steps, TURN_LOOK_SECONDS, called)
        self._ledger.meter.run()
        if not free:
            self._look_after(trainer)
        return free

    def _wait_for_pace(self, trainer: Trainer) -> bool:
        """Whether it is time for the next step; False as soon as a command has come."""
        if self._duet is not None and self._duet.is_behind(self.folder.id):
            return True
        while (left := self._next_step - time.monotonic()) > 0:
            if self._duet is not None:
                self._duet.look(self.folder.id)
            if not self._commands.empty():
                return False
            self._look_after(trainer)
            time.sleep(min(left, PACE_LOOK_SECONDS))
        self._next_step = time.monotonic() + self._pace_seconds
        return True

    def _point(self, trainer: Trainer) -> None:
        self._ledger.add_point(trainer)
        if trainer.last_examined is not None:
            raise _Diverged(trainer.last_examined)
        if trainer.grid_due():
            self._ledger.keep_grid(trainer)
        if not self.replaying:
            self._ledger.evaluate_if_due(trainer, lambda: not self._commands.empty())

    def _checkpoint(self, trainer: Trainer, *, by_hand: bool) -> None:
        self._examine(trainer)  # so that what is kept is sound
        self._ledger.checkpoint(trainer, by_hand=by_hand)

    def _examine(self, trainer: Trainer) -> None:
        if (trouble := trainer.examine()) is not None:
            raise _Diverged(trouble)

    # --- commands

    def _obey(self, trainer: Trainer) -> None:
        """Carry out what was asked for. Returns when a step may be taken, or at once when told to stop."""
        while not self._stopping:
            if self._paused or not self._commands.empty():
                self._carry_out(self._commands.get(), trainer)
            elif not self._around.line.holds(self.folder.id):
                self._line_up_again(trainer)
            else:
                break
        else:
            return
        self._ledger.meter.run()
        if self._ledger.standing.state != "running":
            self._ledger.stand("running", trainer)
        self._going = True

    def _line_up_again(self, trainer: Trainer) -> None:
        """After a pause, for as long as no command comes."""
        self._around.line.join(self.folder.id, front=True, beside=self.about.twin_of)
        if not self._around.line.holds(self.folder.id):
            if self._ledger.standing.state != "queued":
                self._ledger.stand("queued", trainer)
            self._holds_device()

    def _carry_out(self, command: Command | _Lengthen, trainer: Trainer) -> None:
        if isinstance(command, Stop):
            self._stopping = True
            self._ledger.stand("stopping", trainer)
        elif isinstance(command, Pause) and not self._paused:
            self._pause(trainer)
        elif isinstance(command, Resume):
            self._paused = self._single_step = self._dissecting = False
            self._players = "both"
        elif isinstance(command, StepOnce | Dissect):
            self._paused, self._single_step = False, True
            self._players = "both" if self.replaying else command.players
            self._dissecting = isinstance(command, Dissect) and not self.replaying
            self._next_step = 0.0
        elif isinstance(command, Pace):
            self._pace_seconds, self._next_step = command.seconds_per_step, 0.0
            self._ledger.pace(command.seconds_per_step)
        elif isinstance(command, CheckpointNow):
            self._checkpoint(trainer, by_hand=True)
        elif isinstance(command, KeepEvaluation):
            self._ledger.keep_evaluation(command.evaluation)
        elif isinstance(command, Change):
            self._change(trainer, command.path, command.value)
        elif isinstance(command, _Lengthen):
            self._change(trainer, "total_images", command.total_images)

    def _pause(self, trainer: Trainer) -> None:
        """Stop the clock and let others have the device; the networks stay in memory."""
        waited = self._ledger.standing.state == "queued"
        self._ledger.meter.halt()
        self._paused, self._single_step, self._going = True, False, False
        self._players = "both"
        self._ledger.stand("paused", trainer)
        if not waited:  # else it has not moved since the last pause, and the device is another's
            self._ledger.list_grids(wait=True)
            self._ledger.show_grid(trainer)
        self._around.line.leave(self.folder.id)
        if self._duet is not None:
            self._duet.rest(self.folder.id, trainer.step_count)

    def _change(self, trainer: Trainer, path: str, value: object) -> None:
        if self.replaying:
            self._change_later(path, value)
            return
        try:
            before, after = _set(trainer, path, value)
        except ValueError as error:  # it was checked when it was sent, so only a race gets here
            log.warning("run %s: change refused: %s", self.folder.id, error)
            return
        self.config = trainer.config
        self._swap.seek(trainer, changed=True)
        self._pending = [change for change in self._pending if change.path != path]
        self._ledger.note_change(trainer.step_count, path, before, after, self.config)

    def _change_later(self, path: str, value: object) -> None:
        """What its parent did stays as it was: the change is made at the branch's own first step."""
        before = get_at(self.config, path)
        self.config = replace_at(self.config, path, value)
        self._ledger.note_change(self.about.parent_step, path, before, get_at(self.config, path), self.config)

    def _replay(self, trainer: Trainer) -> None:
        """Make again what was changed before a kill, at the very same step."""
        while self._pending and self._pending[0].step <= trainer.step_count:
            change = self._pending.pop(0)
            _set(trainer, change.path, change.after)
            self._swap.seek(trainer, changed=True)
            if not self.replaying:
                self.config = trainer.config
                self._ledger.show_config(trainer.config)

    # --- ends

    def _end(self, trainer: Trainer, state: State) -> None:
        """A checkpoint and the last grid, then rest."""
        self._ledger.meter.halt()
        self._checkpoint(trainer, by_hand=False)
        if state == "finished":
            self._ledger.evaluate_last(trainer)
        self._ledger.list_grids(wait=True)
        kept = self.folder.grids()
        if trainer.step_count and (not kept or kept[-1][0] < trainer.step_count):
            self._ledger.keep_grid(trainer, counts=False)
            self._ledger.list_grids(wait=True)
        self._ledger.stand(state, trainer)

    def _diverge(self, trainer: Trainer, trouble: Trouble) -> None:
        """The last good weights are in place again: keep them, and say what happened."""
        self._ledger.meter.halt()
        if len(trainer.window):
            self._ledger.add_point(trainer)  # where the curves went is what one wants to see
        self._ledger.checkpoint(trainer, by_hand=False)
        self._ledger.keep_grid(trainer, counts=False)
        self._ledger.list_grids(wait=True)
        error = f"{trouble.sentence()}; the last good weights are kept."
        self._ledger.stand("diverged", trainer, error=error, advice=after_divergence(self.config, trouble))

    def _fail(self, error: BaseException) -> None:
        self._ledger.meter.halt()
        trainer = self._trainer
        words, advice = failure_words(error, trainer.step_count if trainer else 0)
        try:
            self._ledger.stand("failed", trainer, error=words, advice=advice)
            self.end_written = True
        except Exception:
            log.exception("run %s: its end could not be written", self.folder.id)
            self._ledger.stand_unwritten("failed", error=words, advice=advice)


def _set(trainer: Trainer, path: str, value: object) -> tuple[object, object]:
    """The value before and after. Raises ValueError."""
    if path != "total_images":  # the run's length, which is not live: it changes only with a resume
        return trainer.change(path, value)
    before = trainer.config.total_images
    trainer.config = replace_at(trainer.config, path, value)
    return before, trainer.config.total_images


def check_command(config: RunConfig, command: Command) -> None:
    """Raises ValueError or ConfigError where the run cannot carry out the command, in one sentence."""
    if isinstance(command, Change):
        check_change(config, command.path, command.value)
    if isinstance(command, Dissect) and not isinstance(config.data, PointDataset):
        raise ValueError("Slow motion is for runs of points in the plane; this one learns pictures.")


def check_change(config: RunConfig, path: str, value: object) -> None:
    """Raises ConfigError where the change could not be made in a running run, in one sentence."""
    if not spec_at(config, path).live:
        raise ConfigError(f"{path} cannot change while a run trains; branch the run or start a new one.")
    replace_at(config, path, value)

"""One run's thread: it waits for the device, trains, and obeys commands between steps."""

from __future__ import annotations

import logging
import queue
import threading
import time

import torch

from gan_core.runs.commands import Command, Dissect, Lengthen, Pace, Pause, Resume, StepOnce, Stop
from gan_core.runs.engine.context import RunContext, StopCondition
from gan_core.runs.engine.lockstep import LockstepPair
from gan_core.runs.engine.run_life import Diverged, RunLife
from gan_core.runs.storage.lock import RunLock
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig, Trainer
from gan_core.training.microscope import dissect
from gan_core.training.trainer import Players

log = logging.getLogger(__name__)

LOOKS_A_POINT = 8  # at the least so often between two points of the curves it is seen whether anything is to be done
PACE_LOOK_SECONDS = 0.01  # between two looks at commands while a slow run waits for its next step
TURN_LOOK_SECONDS = 0.1  # between two looks at what goes by the clock while the other twin has its turn
LOOK_SECONDS = 0.5  # between two looks at the place in line


class RunWorker(threading.Thread, RunLife):
    """The life of one run in a thread of its own, from the queue to its end. Arguments as of `RunLife`."""

    def __init__(
        self, folder: RunFolder, lock: RunLock, writer: RunWriter, about: RunManifest, config: RunConfig,
        before: RunStatus, limits: StopCondition, around: RunContext,
        *, total_images: int | None = None, duet: LockstepPair | None = None,
    ) -> None:  # fmt: skip
        threading.Thread.__init__(self, name=f"run-{folder.id}", daemon=True)
        RunLife.__init__(self, folder, lock, writer, about, config, before, limits, around)
        self._duet = duet
        if duet is not None:
            duet.join(folder.id, self)
        self._commands: queue.SimpleQueue[Command | Lengthen] = queue.SimpleQueue()
        if total_images is not None:
            self._commands.put(Lengthen(total_images))
        self._single_step = False
        self._players: Players = "both"
        self._dissecting = False  # the next step is to be taken apart
        self._pace_seconds, self._next_step = 0.0, 0.0  # least time from one step to the next; when that is
        self._going = False  # the device is ours, and stays so until the next pause

    # --- from other threads

    def send(self, command: Command) -> None:
        """Hand over a command; it takes effect between two steps, and in a twin at the same one.

        Raises ValueError, in a sentence, for slow motion before the run's own steps.
        """
        if isinstance(command, Dissect) and self.replaying:
            own = f"{self.about.parent_step:,}"
            raise ValueError(f"Its parent's steps are trained again first; slow motion begins from step {own} on.")
        if self._duet is None:
            self.put(command)
        else:
            self._duet.send(self.folder.id, command)

    def put(self, command: Command) -> None:
        """As `send`, for this run alone."""
        self._commands.put(command)
        self._around.line.nudge()

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

    def _live(self) -> None:
        self._ledger.stand("queued")
        put_off, stopped = self._wait_in_line()
        if stopped:
            self._keep_for_later(put_off)
            self._ledger.stand("stopped")
            return
        if self.about.threads:
            torch.set_num_threads(self.about.threads)
        restored = self._restore()
        trainer = self._trainer = restored.trainer
        self._ledger.stand("running", trainer)
        if not self.folder.grids():
            self._ledger.keep_grid(trainer)
        self._ledger.keep_generator_if_due(trainer)
        try:
            self._replay(trainer)
            for command in put_off:
                self._carry_out(command, trainer)
            self._train(trainer)
        except Diverged as diverged:
            self._diverge(self._trainer, diverged.trouble)

    def _wait_in_line(self) -> tuple[list[Command | Lengthen], bool]:
        """Until the device is ours: what was asked for meanwhile, and whether it was told to stop first."""
        put_off: list[Command | Lengthen] = []
        while not self._holds_device():
            if not self._commands.empty():
                command = self._commands.get()
                if isinstance(command, Stop):
                    return put_off, True
                put_off.append(command)
        return put_off, False

    def _holds_device(self) -> bool:
        """Stand in line until the device is ours, a command comes or some time has passed."""
        if self._around.line.wait(self.folder.id, LOOK_SECONDS, lambda: not self._commands.empty()):
            return True
        if self._around.line.place(self.folder.id) != self.view.queue_place:
            self._ledger.tell()
        return False

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
            if trainer.finished or self.at_limit(trainer):
                self._end(trainer, "finished")
                return
            if self._duet is not None and not self._take_turn(trainer, self._duet):
                continue
            if self._pace_seconds and not self._wait_for_pace(trainer):
                continue
            if self._dissecting:
                self._dissect(trainer)
            else:
                trainer.advance(self._steps_ahead(trainer), self._players)
                self.dissected = None
            if trainer.trouble is not None:
                self._examine(trainer)
            if trainer.point_due():
                self._point(trainer)
            self._look_after(trainer)
            self._ledger.keep_generator_if_due(trainer)
            if self._ledger.checkpoint_due(trainer):
                self._checkpoint(trainer, by_hand=False)
            if self._single_step:
                looked_into = self.dissected is not None and trainer.backend.name == "compiled"
                if self._players != "both" or looked_into:  # no resume, and no branch, could make it again
                    self._checkpoint(trainer, by_hand=True)
                self._pause(trainer)

    def _steps_ahead(self, trainer: Trainer) -> int:
        """How many steps may be taken at once: none beyond a point of the curves or what else has its own step."""
        if self._single_step or self._pace_seconds or self._duet is not None:
            return 1
        step, every = trainer.step_count, trainer.every_steps
        ends = [step + max(1, every // LOOKS_A_POINT), step - step % every + every, self._life[0].until]
        ends += [
            end for end in (self._limits.steps, self._pending[0].step if self._pending else None) if end is not None
        ]
        return max(1, int(min(ends)) - step)

    def _dissect(self, trainer: Trainer) -> None:
        dissection = dissect(trainer, self._players)
        self._dissecting = False
        self.dissected = self._ledger.dissected(trainer, dissection)

    def _look_after(self, trainer: Trainer) -> None:
        """What goes by the clock; of twins the one that follows shows the steps that the other has shown."""
        duet, step = self._duet, trainer.step_count
        if duet is not None:
            self._ledger.quiet = duet.follows(self.folder.id, step)
            self._ledger.device_share = duet.device_share(self.folder.id)
        self._ledger.look_after(trainer)
        if duet is not None and duet.owes_grid(self.folder.id, step, shown=self._ledger.shown_step == step):
            self._ledger.show_grid(trainer)

    def _take_turn(self, trainer: Trainer, duet: LockstepPair) -> bool:
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
        super()._point(trainer)
        if not self.replaying:
            self._ledger.evaluate_if_due(trainer, lambda: not self._commands.empty())

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

    def _can_step_now(self) -> bool:
        """Stand in line again after a pause; whether the device is there at once."""
        self._around.line.join(self.folder.id, front=True, beside=self.about.twin_of if self._duet else "")
        return self._around.line.holds(self.folder.id)

    def _line_up_again(self, trainer: Trainer) -> None:
        """After a pause, for as long as no command comes."""
        if not self._can_step_now():
            if self._ledger.standing.state != "queued":
                self._ledger.stand("queued", trainer)
            self._holds_device()

    def _carry_out(self, command: Command | Lengthen, trainer: Trainer) -> None:
        if isinstance(command, Resume):
            self._paused = self._single_step = self._dissecting = False
            self._players = "both"
        elif isinstance(command, StepOnce | Dissect):
            self._paused, self._single_step = False, True
            self._players = "both" if self.replaying else command.players
            self._dissecting = isinstance(command, Dissect) and not self.replaying
            self._next_step = 0.0
        elif isinstance(command, Pause) and self._single_step and self._can_step_now():
            pass  # the step that was asked for before is taken first: a pause of its own follows it
        else:
            if isinstance(command, Pace):
                self._pace_seconds, self._next_step = command.seconds_per_step, 0.0
            super()._carry_out(command, trainer)

    def _pause(self, trainer: Trainer) -> None:
        self._single_step = self._going = False
        self._players = "both"
        super()._pause(trainer)
        if self._duet is not None:
            self._duet.rest(self.folder.id, trainer.step_count)

    # --- ends

    def _let_go(self) -> None:
        try:
            if self._duet is not None:
                self._duet.leave(self.folder.id)
        finally:
            super()._let_go()

"""The thread of one run: waits for the device, trains, and carries out commands between steps."""

from __future__ import annotations

import threading
import time

from gan_core.runs.commands import Command, Dissect, Lengthen, Pace, Pause, Resume, StepOnce, Stop
from gan_core.runs.engine.context import RunContext, StopCondition
from gan_core.runs.engine.lockstep import LockstepPair
from gan_core.runs.engine.replaying import Diverged
from gan_core.runs.engine.waiting import WaitingRun
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import RunLock
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig, Trainer
from gan_core.training.observe.microscope import dissect
from gan_core.training.thread_count import use_threads
from gan_core.training.trainer import Players

LOOKS_A_POINT = 8  # at the least so often between two points of the curves it is seen whether anything is to be done
PACE_LOOK_SECONDS = 0.01  # between two looks at commands while a slow run waits for its next step
TURN_LOOK_SECONDS = 0.1  # between two looks at what goes by the clock while the other twin has its turn


class RunWorker(threading.Thread, WaitingRun):
    """The thread of one run, from the queue to its end. Arguments as of `RunLife`."""

    def __init__(
        self, folder: RunFolder, lock: RunLock, writer: RunWriter, manifest: RunManifest, config: RunConfig,
        before: RunStatus, stop: StopCondition, context: RunContext,
        *, total_images: int | None = None, pair: LockstepPair | None = None, seconds_per_step: float = 0.0,
    ) -> None:  # fmt: skip
        threading.Thread.__init__(self, name=f"run-{folder.id}", daemon=True)
        WaitingRun.__init__(self, folder, lock, writer, manifest, config, before, stop, context, pair)
        if pair is not None:
            pair.join(folder.id, self)
        if total_images is not None:
            self._commands.put(Lengthen(total_images))
        if seconds_per_step:
            self._commands.put(Pace(seconds_per_step))
        self._single_step = False
        self._players: Players = "both"
        self._dissecting = False  # the next step is to be taken apart
        self._pace_seconds, self._next_step = 0.0, 0.0  # least time from one step to the next; when that is

    # --- from other threads

    def send(self, command: Command) -> None:
        """Hand over a command; it takes effect between two steps, and in a twin at the same one.

        Raises ValueError, in a sentence, for slow motion before the run's own steps.
        """
        if isinstance(command, Dissect) and self.replaying:
            own = f"{self.manifest.parent_step:,}"
            raise ValueError(f"Its parent's steps are trained again first; slow motion begins from step {own} on.")
        if isinstance(command, Dissect) and self._run_context.ranks is not None:
            raise ValueError("Slow motion is for a run in one process; this one is trained by several together.")
        if self._pair is None:
            self.put(command)
        else:
            self._pair.send(self.folder.id, command)

    def put(self, command: Command) -> None:
        """As `send`, for this run alone."""
        self._commands.put(command)
        self._run_context.queue.nudge()

    # --- the life

    def run(self) -> None:
        with self._to_its_end():
            self._live()

    def _live(self) -> None:
        self._recorder.set_state("queued")
        put_off, stopped = self._wait_in_line()
        if stopped:
            self._keep_for_later(put_off)
            self._recorder.set_state("stopped")
            return
        if threads := self._threads():
            use_threads(threads)
        self._stay_where_it_is()
        restored = self._restore()
        trainer = self._trainer = restored.trainer
        self._recorder.set_state("running", trainer)
        if not self.folder.grids():
            self._recorder.keep_grid(trainer)
        self._recorder.keep_generator_if_due(trainer)
        try:
            self._replay(trainer)
            for command in put_off:
                self._carry_out(command, trainer)
            del trainer, restored  # while it waits for its next turn, nothing may hold on to the networks
            self._train()
        except Diverged as diverged:
            self._diverge(self._at_hand(), diverged.trouble)

    def _threads(self) -> int:
        """As many as when it was made; where other processes train it too, no more than their share of the cores."""
        ranks, threads = self._run_context.ranks, self.manifest.threads
        return threads if ranks is None else min(threads, ranks.threads)

    def _train(self) -> None:
        """No name here stays bound to the trainer: whoever waits for the next turn may have to let go of it."""
        while True:
            if not self._is_in_its_stage(self._at_hand()):
                continue
            if self._going and self._run_context.queue.over(self.folder.id):
                self._step_aside(self._at_hand())
            if not self._going or not self._commands.empty():
                self._obey()
            if self._stopping and self._trainer is None:  # all that there is of it is on disk
                self._recorder.set_state("stopped")
                return
            if self._stopping:
                self._end(self._at_hand(), "stopped")
                return
            if not self._advance(self._at_hand()):
                return

    def _is_in_its_stage(self, trainer: Trainer) -> bool:
        """Whether the next step is one of the stage of its life that it is in; else it has just begun the next."""
        if self._pending:
            self._replay(trainer)
        if trainer.step_count < self._life[0].until:
            return True
        self._next_stage(trainer)
        return False

    def _advance(self, trainer: Trainer) -> bool:
        """Takes the next step or steps, unless it is not their time yet; False where the run has come to its end."""
        if trainer.finished or self.at_limit(trainer):
            self._end(trainer, "finished")
            return False
        if self._pair is not None and not self._take_turn(trainer, self._pair):
            return True
        if self._pace_seconds and not self._wait_for_pace(trainer):
            return True
        if self._dissecting:
            self._dissect(trainer)
        else:
            trainer.advance(self._steps_ahead(trainer), self._players)
            self.dissected = None
        self._after_step(trainer)
        return True

    def _after_step(self, trainer: Trainer) -> None:
        if trainer.trouble is not None:
            self._examine(trainer)
        if trainer.due.point:
            self._point(trainer)
        else:
            self._keep_beginning(trainer)
        self._look_after(trainer)
        self._recorder.keep_generator_if_due(trainer)
        if self._recorder.checkpoint_due(trainer):
            self._checkpoint(trainer, by_hand=False)
        if self._single_step:
            looked_into = self.dissected is not None and trainer.backend.name == "compiled"
            if self._players != "both" or looked_into:  # no resume, and no branch, could make it again
                self._checkpoint(trainer, by_hand=True)
            self._pause(trainer)

    def _steps_ahead(self, trainer: Trainer) -> int:
        """How many steps may be taken in one call: none beyond the next recorded point, live change or end."""
        if self._single_step or self._pace_seconds or self._pair is not None or trainer.due.beginning:
            return 1
        step, every = trainer.step_count, trainer.due.every_steps
        ends = [step + max(1, every // LOOKS_A_POINT), trainer.due.next_point, self._life[0].until]
        ends += [
            end
            for end in (self._stop_condition.steps, self._pending[0].step if self._pending else None)
            if end is not None
        ]
        return max(1, int(min(ends)) - step)

    def _dissect(self, trainer: Trainer) -> None:
        dissection = dissect(trainer, self._players)
        self._dissecting = False
        self.dissected = self._recorder.dissected(trainer, dissection)

    def _look_after(self, trainer: Trainer) -> None:
        """What is done by time rather than by step; of twins the follower shows the same steps as the leader."""
        pair, step = self._pair, trainer.step_count
        if pair is not None:
            self._recorder.quiet = pair.follows(self.folder.id, step)
            self._recorder.device_share = pair.device_share(self.folder.id)
        self._recorder.look_after(trainer)
        if pair is not None and pair.owes_grid(self.folder.id, step, shown=self._recorder.shown_step == step):
            self._recorder.show_grid(trainer)

    def _take_turn(self, trainer: Trainer, pair: LockstepPair) -> bool:
        """Whether the next step may be taken; False as soon as a command has come, or after a while without a turn.

        What the other does meanwhile is not on this run's clock.
        """

        def called() -> bool:
            return not self._commands.empty()

        if pair.wait(self.folder.id, trainer.step_count, trainer.due.every_steps, 0.0, called):
            return True
        self._recorder.meter.hold()
        free = pair.wait(self.folder.id, trainer.step_count, trainer.due.every_steps, TURN_LOOK_SECONDS, called)
        self._recorder.meter.run()
        if not free:
            self._look_after(trainer)
        return free

    def _wait_for_pace(self, trainer: Trainer) -> bool:
        """Whether it is time for the next step; False as soon as a command has come."""
        if self._pair is not None and self._pair.is_behind(self.folder.id):
            return True
        while (left := self._next_step - time.monotonic()) > 0:
            if self._pair is not None:
                self._pair.look(self.folder.id)
            if self._is_called():
                return False
            self._look_after(trainer)
            time.sleep(min(left, PACE_LOOK_SECONDS))
        self._next_step = time.monotonic() + self._pace_seconds
        return True

    def _point(self, trainer: Trainer) -> None:
        super()._point(trainer)
        if not self.replaying:
            self._recorder.evaluate_if_due(trainer, self._is_called)

    def _is_called(self) -> bool:
        """Whether something is asked of it, or its turn is over and others wait."""
        return not self._commands.empty() or self._run_context.queue.over(self.folder.id)

    # --- commands

    def _obey(self) -> None:
        """Carry out waiting commands; returns when a step may be taken, or at once after a stop."""
        while not self._stopping:
            if not self._commands.empty():
                self._hear(self._commands.get())
            elif self._paused:
                self._wait_for_command()
            elif not self._run_context.queue.holds(self.folder.id):
                self._line_up_again()
            else:
                break
        else:
            return
        self._go_on(self._on_its_slot())

    def _hear(self, command: Command | Lengthen) -> None:
        """Carry out a command, with the networks in memory where there is more to it than ending."""
        if self._trainer is None and isinstance(command, Stop):
            self._stopping = True
            self._recorder.set_state("stopping")
        else:
            self._carry_out(command, self._at_hand())

    def _wait_for_command(self) -> None:
        """While it is paused: for a command, or a moment."""
        if (command := self._next_command()) is not None:
            self._hear(command)

    def _go_on(self, trainer: Trainer) -> None:
        """The device is ours, and its turn begins."""
        if threads := self._threads():
            use_threads(threads)
        self._run_context.queue.begin(self.folder.id)
        self._tell_slot()
        self._recorder.meter.run()
        if self._recorder.status.state != "running":
            self._recorder.set_state("running", trainer)
        self._going = True

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
        if self._pair is not None:
            self._pair.rest(self.folder.id, trainer.step_count)

    # --- ends

    def _let_go(self) -> None:
        try:
            if self._pair is not None:
                self._pair.leave(self.folder.id)
        finally:
            super()._let_go()

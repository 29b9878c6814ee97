"""A run's way back to where it was left: restored, its parent's steps repeated, its changes made again."""

from __future__ import annotations

import dataclasses

from gan_core.config.codec import get_at, replace_at
from gan_core.runs.engine.compiled_cache import give_library
from gan_core.runs.engine.context import RunContext, StopCondition
from gan_core.runs.engine.device.budget import held_bytes
from gan_core.runs.engine.following import told_of
from gan_core.runs.engine.recorder import RunRecorder
from gan_core.runs.engine.restore import Restored, restore, take_over
from gan_core.runs.snapshot import LiveChange
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.replay import ReplaySegment
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.views import config_in_force, known_config
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig, Trainer
from gan_core.training.guard import Trouble
from gan_core.training.together.leading import LeadingTrainer

LEFT_OUT = "The backend {}, with which this run was trained, cannot be had here; it goes on with {}."
OTHER_PROCESSES = "From step {:,} on it trained in {} processes, before in {}: the same but for rounding."


class Diverged(Exception):
    """A weight is no longer finite; the trainer holds its last finite weights again."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.sentence())
        self.trouble = trouble


class ReplayingRun:
    """What of a run has to do with where it comes from. config: the one in force; writer: its own, held open."""

    def __init__(
        self, folder: RunFolder, writer: RunWriter, manifest: RunManifest, config: RunConfig,
        before: RunStatus, stop: StopCondition, context: RunContext,
    ) -> None:  # fmt: skip
        self.folder, self.manifest, self.config = folder, manifest, config
        self._writer, self._stop_condition, self._run_context = writer, stop, context
        self._recorder = RunRecorder(folder, manifest, writer, config, before, context)
        self._trainer: Trainer | None = None
        self._pending: list[LiveChange] = []  # made before a kill, to be made again at their steps
        self._life: list[ReplaySegment] = []  # the stage that it is in, and those to come; the last is its own

    @property
    def stays_in_memory(self) -> bool:
        """Whether it keeps its networks while it waits, whoever needs the memory: those that train with others do."""
        return True

    def _at_hand(self) -> Trainer:
        """The trainer; restored, where it was let go of to make room."""
        if self._trainer is None:
            self._trainer = self._restore().trainer
        return self._trainer

    def _restore(self) -> Restored:
        restored = restore(self.folder, self._writer, self.manifest, self._build)
        self._life, self._pending = restored.life, restored.pending
        own = config_in_force(self.manifest, self.folder.changes()) if self.replaying else restored.trainer.config
        self.config = own
        self._recorder.begin(restored.trainer, restored.elapsed_seconds, restored.checkpoint_step, own)
        self._recorder.warn([*restored.warnings, *self._other_processes(restored)])
        self._give_backend(restored.trainer, restored.backend)
        size, device = held_bytes(restored.trainer), restored.trainer.device
        self._run_context.room.hold(self.folder.id, self.manifest.owner, size, device, stays=self.stays_in_memory)
        return restored

    def _other_processes(self, restored: Restored) -> list[str]:
        """What to say where it goes on with another count of processes than its checkpoint is of."""
        now = self._run_context.ranks.count if self._run_context.ranks else 1
        before, step = restored.processes, restored.checkpoint_step
        return [] if step is None or before == now else [OTHER_PROCESSES.format(step, now, before)]

    def _give_backend(self, trainer: Trainer, recorded: str) -> None:
        """The backend that the trainer's configuration names, made first where it is not there.

        Where it cannot be had, which only a run comes to that was left on another machine, it is the one that can:
        that is recorded, as is what a run of an earlier version was left with. recorded: what stands there now.
        """
        if trainer.config.backend == "compiled":
            give_library(trainer, self._run_context.compiled_steps)
        has = trainer.backend.name
        if self._recorder.status.compiled_from_step:  # from now on its changes tell
            self._recorder.set_state(self._recorder.status.state, trainer, compiled_from_step=0)
        if self._run_context.compiled_steps.closed or trainer.config.backend == has == recorded:
            return
        if trainer.config.backend != has:
            self._recorder.warn([LEFT_OUT.format(trainer.config.backend, has)])
            trainer.config = replace_at(trainer.config, "backend", has)
        if not self.replaying and has != recorded:
            self.config = replace_at(self.config, "backend", has)
            self._recorder.note_change(trainer.step_count, "backend", recorded, has, self.config)

    def _build(self, config: RunConfig) -> Trainer:
        context = self._run_context
        device, data = context.device_of(self.folder.id), context.load_data(config, self.manifest)
        with context.build_lock:
            if context.ranks is not None:
                return LeadingTrainer(config, data, device, context.ranks, told_of(self.manifest))
            return Trainer(config, data, device)

    @property
    def replaying(self) -> bool:
        """Whether it still repeats its parent's steps, before its own first one."""
        return len(self._life) > 1

    def _next_stage(self, trainer: Trainer) -> Trainer:
        """At the end of a replay segment: record that step, then go on with the next segment's settings."""
        self._checkpoint(trainer, by_hand=True)
        stage = self._life[1]
        new = self._build(known_config(self.manifest, stage.config))
        take_over(new, trainer.state(), self.manifest, self._life[0])
        self._life, self._trainer = self._life[1:], new
        if not self.replaying:
            stage = dataclasses.replace(stage, changes=self.folder.changes())  # some may have come meanwhile
            self.config = new.config
            self._recorder.show_config(new.config)
        self._give_backend(new, new.config.backend)
        self._pending = list(stage.changes)
        if not self.replaying:
            self._begin_own_clock(new)
        return new

    def _begin_own_clock(self, trainer: Trainer) -> None:
        """Moves the time limit on by the time that the replay took: it does not count against the branch's limit."""
        if (seconds := self._stop_condition.seconds) is None:
            return
        first = self.manifest.past[0].since
        began = next((row.elapsed_seconds for row in self.folder.checkpoints() if row.step == first), 0.0)
        seconds += self._recorder.meter.elapsed() - began
        self._stop_condition = dataclasses.replace(self._stop_condition, seconds=seconds)
        self._recorder.set_state(self._recorder.status.state, trainer, until_seconds=seconds)

    def at_limit(self, trainer: Trainer) -> bool:
        """Whether a stop condition is reached; never before a branch's own steps."""
        return not self.replaying and self._stop_condition.reached(trainer.step_count, self._recorder.meter.elapsed())

    def _replay(self, trainer: Trainer) -> None:
        """Repeat live changes made before the process was killed, at the same steps."""
        while self._pending and self._pending[0].step <= trainer.step_count:
            change = self._pending.pop(0)
            set_live(trainer, change.path, change.after)
            if change.path == "backend":
                self._give_backend(trainer, trainer.config.backend)
            if not self.replaying:
                self.config = trainer.config
                self._recorder.show_config(trainer.config)

    def _checkpoint(self, trainer: Trainer, *, by_hand: bool) -> None:
        self._examine(trainer)  # so that what is kept is sound
        self._recorder.checkpoint(trainer, by_hand=by_hand)

    def _examine(self, trainer: Trainer) -> None:
        if (trouble := trainer.examine()) is not None:
            raise Diverged(trouble)


def set_live(trainer: Trainer, path: str, value: object) -> tuple[object, object]:
    """The value before and after. Raises ValueError."""
    if path not in ("total_images", "backend"):  # these are not live: they change only with a resume
        return trainer.change(path, value)
    before = get_at(trainer.config, path)
    trainer.config = replace_at(trainer.config, path, value)
    if path == "backend":
        trainer.renew_backend()
    return before, value

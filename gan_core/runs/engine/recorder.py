"""Records a run while it trains: writes its database and files, and publishes events to listeners."""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from typing import Any

from torch import nn

from gan_core.config.codec import to_dict
from gan_core.data.sets.points import PointDataset
from gan_core.measure.plane import measure_plane
from gan_core.runs.engine.context import RunContext
from gan_core.runs.engine.meter import Meter
from gan_core.runs.evaluation.plane_constants import plane_reference
from gan_core.runs.evaluation.reference import untrained_generator
from gan_core.runs.evaluation.scheduler import EvaluationScheduler, Interrupted
from gan_core.runs.evaluation_record import Evaluation, best_step
from gan_core.runs.snapshot import Dissected, Evaluated, Grid, GridMade, LiveChange, Recorded, RunView, StateChanged
from gan_core.runs.states import State, move
from gan_core.runs.storage.data_identity import content_of_run
from gan_core.runs.storage.grids import GridWriter
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.tables import RunStatus
from gan_core.runs.storage.views import make_view
from gan_core.runs.storage.weights.checkpoints import write_checkpoint
from gan_core.runs.storage.weights.small_generators import GeneratorHistory
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig, Trainer
from gan_core.training.observe.microscope import StepTrace, encode_dissection

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.02  # between two looks at what goes by the clock
FLUSH_SECONDS = 1.0  # at most so much of the curves is lost by a kill
LIVE_GRID_SECONDS = 0.25
LIVE_SCENE_SECONDS = 0.12  # points glide from one to the next
LIVE_GRID_SHARE = 0.025  # of the time, at most, goes into grids that are only looked at
MEASURE_EVERY_POINTS = 5
CHECKPOINT_SHARE = 0.02  # of the time, at most, goes into automatic checkpoints
CHECKPOINT_PAUSE_SECONDS = 15.0  # but they are never further apart than this, once enough images were seen


class RunRecorder:
    """Points, grids, checkpoints, changes and the state of one run, in its database and as events.

    Used by the run's thread alone; `view` may be read by all. config: the one in force, for the view.
    """

    def __init__(
        self, folder: RunFolder, manifest: RunManifest, writer: RunWriter, config: RunConfig, before: RunStatus,
        context: RunContext,
    ) -> None:  # fmt: skip
        self.folder, self.manifest, self.writer = folder, manifest, writer
        self.meter = Meter()
        self._run_context = context
        self._grids = GridWriter(folder, context.grid_writer, self._show)
        self._history = GeneratorHistory(folder, context.grid_writer)
        self._config = to_dict(config)
        if before.state != "queued":
            move(before.state, "queued")
        self.status = dataclasses.replace(before, state="queued", error="", advice=())
        self._checkpoints = tuple(row.step for row in folder.checkpoints())
        self._best = best_step(folder.evaluations())
        self._scheduler = EvaluationScheduler(
            lambda config: context.load_data(config, manifest), self._untrained, self._content
        )
        self._saved: tuple[int, int] | None = None  # step and images of what is in the newest checkpoint
        self._last_flush = self._last_live = time.monotonic()
        self._seconds_per_step = 0.0
        self._next_look = self._live_cost_seconds = 0.0
        self._last_checkpoint = 0.0
        self._checkpoint_cost_seconds = 0.0
        self.quiet = False  # grids are shown when another says so
        self.device_share = 1.0  # of its time: see `RunView`
        self.slot = ""  # the device that it has, or had last, where there are several
        self.shown_step = -1  # of the newest grid that was only looked at
        self.view: RunView
        self.renew()

    def _content(self, config: RunConfig) -> str:
        known = content_of_run(self.manifest, config)
        return known.digest if known else ""

    # --- how it stands

    def set_state(self, state: State, trainer: Trainer | None = None, **words: Any) -> None:
        """Write and tell how the run stands now, with the points that wait.

        Raises OSError, and IllegalMove for a move that the table does not know.
        """
        before = self.status.state
        if state != before:
            move(before, state)
        new = dataclasses.replace(self.status, state=state, **words)
        if trainer is not None:
            new = dataclasses.replace(
                new, step=trainer.step_count, images=trainer.images, elapsed_seconds=self.meter.elapsed()
            )
        self.writer.write_status(new)
        self.status = new
        if state != before:
            log.info("run %s is %s at step %d", self.folder.id, state, new.step)
        self.tell()

    def tell_place(self) -> None:
        """While it waits: publish its place in the queue, and for how long about, where they have changed."""
        queue, run = self._run_context.queue, self.folder.id
        outlook = queue.outlook(run)
        if (queue.place(run), outlook.words if outlook else "") != (self.view.queue_place, self.view.queue_words):
            self.tell()

    def stand_unwritten(self, state: State, **words: Any) -> None:
        """Set the state in memory only, where it could not be written."""
        self.status = dataclasses.replace(self.status, state=state, **words)
        self.tell()

    def warn(self, warnings: list[str]) -> None:
        merged = dict.fromkeys((*self.status.warnings, *warnings))
        self.status = dataclasses.replace(self.status, warnings=tuple(merged))

    def tell(self) -> None:
        """Make a new view and publish it."""
        self.renew()
        self._run_context.emit(self.folder.id, StateChanged(self.view))

    def renew(self) -> None:
        outlook = self._run_context.queue.outlook(self.folder.id)
        self.view = make_view(
            self.manifest, self.status, self._config, self._checkpoints,
            speed=self.meter.recent_speed(), pace=self._seconds_per_step,
            place=self._run_context.queue.place(self.folder.id), best=self._best, share=self.device_share,
            waits="" if outlook is None else outlook.words, slot=self.slot,
        )  # fmt: skip

    def pace(self, seconds_per_step: float) -> None:
        """Publish the pace to which the run is limited."""
        self._seconds_per_step = seconds_per_step
        self.tell()

    def begin(
        self, trainer: Trainer, elapsed_seconds: float, checkpoint_step: int | None, config: RunConfig
    ) -> None:  # fmt: skip
        """Take over from where the run was left, or from nothing; config: the one to show."""
        self.meter.begin(elapsed_seconds, trainer.images)
        self._checkpoints = tuple(row.step for row in self.folder.checkpoints())
        evaluations = self.folder.evaluations()
        self._best = best_step(evaluations)
        self._scheduler.begin(evaluations)
        self._history.begin()
        self._saved = None if checkpoint_step is None else (checkpoint_step, trainer.images)
        self._config = to_dict(config)

    # --- changes

    def note_change(self, step: int, path: str, before: Any, after: Any, config: RunConfig) -> None:
        """Write a change into the run's history, at the step after which it holds; config: with it."""
        change = LiveChange(self.folder.id, step, path, before, after)
        self.writer.add_change(change)
        self.show_config(config)
        if before != after:
            self._run_context.emit(self.folder.id, change)

    def show_config(self, config: RunConfig) -> None:
        self._config = to_dict(config)
        self.renew()

    # --- curves

    def add_point(self, trainer: Trainer) -> None:
        """One more point of the curves; what is infinite is written as unknown, like what is undefined."""
        seconds = self.meter.elapsed()
        speed = self.meter.speed_since_point(seconds, trainer.images)
        values = {
            "step": float(trainer.step_count), "images": float(trainer.images), "elapsed_seconds": seconds,
            "images_per_second": speed, **trainer.point(), **self._measured(trainer),
        }  # fmt: skip
        values = {name: value if math.isfinite(value) else math.nan for name, value in values.items()}
        self.writer.add_point(values)
        self._run_context.emit(self.folder.id, Recorded(self.folder.id, values))

    def _measured(self, trainer: Trainer) -> dict[str, float]:
        """How good a generator of points is, at every so many points of the curves."""
        data, every = trainer.config.data, trainer.due.every_steps * MEASURE_EVERY_POINTS
        if not isinstance(data, PointDataset) or trainer.step_count % every:
            return {}
        return measure_plane(trainer.plane_points(), plane_reference(data))

    def look_after(self, trainer: Trainer) -> None:
        """What is done by time, not by step: list and show grids, write the state to disk."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self.list_written()
            self._flush_if_due(trainer, now)
            self._show_grid_if_due(trainer, now)

    def _flush_if_due(self, trainer: Trainer, now: float) -> None:
        """About once a second, write the status and the points that wait."""
        if now - self._last_flush >= FLUSH_SECONDS:
            self._last_flush = now
            self.meter.note(trainer.images)
            self.set_state(self.status.state, trainer)
            self._run_context.queue.expect(self.folder.id, self.view.eta_seconds)

    def dissected(self, trainer: Trainer, dissection: StepTrace) -> Dissected:
        """Publish a dissected step."""
        event = Dissected(self.folder.id, trainer.step_count, encode_dissection(dissection))
        self._run_context.emit(self.folder.id, event)
        return event

    # --- evaluations

    def evaluate_if_due(self, trainer: Trainer, interrupted: Interrupted) -> None:
        """Evaluate if it is due; called at a recorded point, where the weights are known to be finite."""
        speed = self.meter.recent_speed()
        if (one := self._scheduler.next(trainer, self.meter.elapsed(), speed, interrupted)) is not None:
            self._keep_made(trainer, one)

    def evaluate_last(self, trainer: Trainer) -> None:
        """The last evaluations, at the run's end."""
        for evaluation in self._scheduler.last(trainer, self.meter.elapsed()):
            self._keep_made(trainer, evaluation)

    def _keep_made(self, trainer: Trainer, evaluation: Evaluation) -> None:
        """Record an evaluation; a checkpoint is kept of the best one so far."""
        self.keep_evaluation(evaluation)
        if self._best == trainer.step_count == evaluation.step:
            with self._scheduler.booked():
                self.checkpoint(trainer, by_hand=False)

    def keep_evaluation(self, evaluation: Evaluation) -> None:
        """Write an evaluation down, whoever made it."""
        self.writer.add_evaluation(evaluation)
        evaluations = self.folder.evaluations()
        self._best = best_step(evaluations)
        self.renew()
        kept = next(e for e in evaluations if (e.step, *e.kind) == (evaluation.step, *evaluation.kind))
        self._run_context.emit(self.folder.id, Evaluated(self.folder.id, kept))

    def _untrained(self, trainer: Trainer) -> nn.Module:
        return untrained_generator(
            trainer.config, trainer.shape, trainer.class_count, trainer.device, self._run_context.build_lock
        )

    # --- sample grids

    def keep_grid(self, trainer: Trainer, *, counts: bool = True) -> None:
        """Keep a sample grid: encoded, shown and written beside the training, listed once it is durable.

        counts: the trainer measures the distance to the next one from here.
        """
        sample = trainer.keep_grid() if counts else trainer.grid()
        self._grids.put(sample, trainer.step_count, trainer.images, trainer.shape.size)
        self._last_live = time.monotonic()

    def keep_generator_if_due(self, trainer: Trainer) -> None:
        """A small generator to look back at, written beside the training, listed once it is durable."""
        self._history.keep_if_due(trainer, self.meter.elapsed())

    def list_written(self, *, wait: bool = False) -> None:
        """List files that are durable by now, and publish their grids. Raises errors of the writing thread."""
        self._history.list_durable(self.writer, wait=wait)
        for row, grid in self._grids.durable(wait=wait):
            self.writer.add_grid(row)
            self._run_context.emit(self.folder.id, GridMade(self.folder.id, grid, kept=True))

    def show_grid(self, trainer: Trainer) -> None:
        """Show a grid without keeping it."""
        self.shown_step = trainer.step_count
        self._grids.pass_by(trainer.grid(), trainer.step_count, trainer.images, trainer.shape.size)

    def _show(self, grid: Grid) -> None:
        self._run_context.emit(self.folder.id, GridMade(self.folder.id, grid, kept=False))

    def _show_grid_if_due(self, trainer: Trainer, now: float) -> None:
        """While somebody watches, a few times a second, as long as it costs but a small share of the time."""
        seconds = LIVE_SCENE_SECONDS if trainer.shape.is_points else LIVE_GRID_SECONDS
        pause = max(seconds, self._live_cost_seconds / LIVE_GRID_SHARE)
        if self.quiet or now - self._last_live < pause:
            return
        if self.wants_grid:
            self.show_grid(trainer)
            self._last_live = time.monotonic()
            self._live_cost_seconds = self._last_live - now

    @property
    def wants_grid(self) -> bool:
        """Whether somebody watches, and the grid before has been made."""
        return not self._grids.busy and self._run_context.is_watched(self.folder.id)

    # --- checkpoints

    @property
    def saved_step(self) -> int | None:
        """The step of the newest checkpoint."""
        return None if self._saved is None else self._saved[0]

    def checkpoint_due(self, trainer: Trainer) -> bool:
        """After so many images, and never so often that writing takes more than CHECKPOINT_SHARE of the time."""
        saved_images = self._saved[1] if self._saved else 0
        if trainer.images - saved_images < trainer.config.record.checkpoint_images:
            return False
        pause = min(CHECKPOINT_PAUSE_SECONDS, self._checkpoint_cost_seconds / CHECKPOINT_SHARE)
        return time.monotonic() - self._last_checkpoint >= pause

    def checkpoint(self, trainer: Trainer, *, by_hand: bool) -> None:
        """Write a checkpoint; the weights must be finite. A step that has one is not written again."""
        if self._saved is not None and self._saved[0] == trainer.step_count:
            if by_hand:
                self.writer.keep_checkpoint(trainer.step_count)
            return
        start = time.monotonic()
        row = write_checkpoint(
            self.folder, self.writer, trainer.state(), self.meter.elapsed(), by_hand=by_hand
        )  # fmt: skip
        self._last_checkpoint = time.monotonic()
        self._checkpoint_cost_seconds = self._last_checkpoint - start
        self._saved = row.step, row.images
        self._checkpoints = tuple(r.step for r in self.folder.checkpoints())
        self.tell()

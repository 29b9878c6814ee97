"""One run's thread: it obeys commands between steps, trains, and writes down what happens."""

from __future__ import annotations

import dataclasses
import logging
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

from gan_core.config.codec import ConfigError, replace_at, spec_at, to_dict
from gan_core.data.base import ImageSet
from gan_core.runs.advice import after_divergence, failure_words
from gan_core.runs.checkpoints import newest_sound, write_checkpoint
from gan_core.runs.commands import Change, CheckpointNow, Command, Pause, Resume, StepOnce, Stop
from gan_core.runs.grids import encode_grid, save_grid
from gan_core.runs.lock import RunLock
from gan_core.runs.queue import DeviceQueue
from gan_core.runs.snapshot import Event, Grid, GridMade, LiveChange, Recorded, RunView, StateChanged
from gan_core.runs.states import State, move
from gan_core.runs.store import About, GridRow, RunFolder, RunWriter, Standing
from gan_core.training import RunConfig, Trainer
from gan_core.training.guard import Trouble

log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0  # at most so much of the curves is lost by a kill
LIVE_GRID_SECONDS = 0.25
LIVE_GRID_SHARE = 0.04  # of the time, at most, goes into grids that are only looked at
SPEED_WINDOW_SECONDS = 10.0


@dataclass(frozen=True)
class _Lengthen:
    total_images: int


@dataclass(frozen=True)
class Limits:
    """Ends that the configuration does not know of; None is none. Steps count from the run's beginning."""

    steps: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a run's thread needs of the process it lives in."""

    device: torch.device
    line: DeviceQueue
    load_data: Callable[[RunConfig], ImageSet]
    build_lock: threading.RLock
    grid_writer: ThreadPoolExecutor
    emit: Callable[[str, Event], None]
    is_watched: Callable[[str], bool]


class RunThread(threading.Thread):
    """The life of one run in this process, from the queue to its end."""

    def __init__(
        self, folder: RunFolder, about: About, config: RunConfig, before: Standing, limits: Limits,
        surroundings: Surroundings,
    ) -> None:  # fmt: skip
        super().__init__(name=f"run-{folder.id}", daemon=True)
        self.folder, self.about, self.config, self.limits = folder, about, config, limits
        self._around = surroundings
        self._commands: queue.SimpleQueue[Command | _Lengthen] = queue.SimpleQueue()
        self._standing = before
        self._lock = RunLock(folder.lock)
        self._lock.acquire()
        self._writer = RunWriter(folder)
        self._trainer: Trainer | None = None
        self._pending: list[LiveChange] = []  # changes made before a kill, to be made again at their steps
        self._stopping = False
        self._paused = False
        self._single_step = False
        self._seconds = 0.0  # of training, all sessions together
        self._since: float | None = None  # when training last went on; None while it does not
        self._last_flush = self._last_live = time.monotonic()
        self._live_cost = 0.0
        self._speed: deque[tuple[float, int]] = deque()
        self._last_point = (0.0, 0)  # seconds and images at the last point of the curves
        self._saving: list[Future[GridRow]] = []
        self._checkpoints: tuple[int, ...] = ()
        self._checkpoint_images = 0
        self.view = self._make_view()

    # --- from other threads

    def send(self, command: Command) -> None:
        """Hand over a command; it takes effect between two steps."""
        self._commands.put(command)
        self._around.line.nudge()

    def lengthen(self, total_images: int) -> None:
        """Give the run another length; it is kept with the run."""
        self._commands.put(_Lengthen(total_images))

    # --- the life

    def run(self) -> None:
        try:
            self._live()
        except BaseException as error:
            log.exception("run %s failed", self.folder.id)
            self._fail(error)
        finally:
            self._around.line.leave(self.folder.id)
            self._trainer = None
            self._writer.close()
            self._lock.release()
            self._around.emit(self.folder.id, StateChanged(self.view))

    def _live(self) -> None:
        self._stand("queued", error="", advice=())
        self._around.line.join(self.folder.id)
        if not self._wait_in_line():
            self._stand("stopped")
            return
        if self.about.threads:
            torch.set_num_threads(self.about.threads)
        trainer = self._trainer = self._prepare()
        self._stand("running")
        if not self.folder.grids():
            self._keep_grid(trainer)
        self._clock(True)
        self._train(trainer)

    def _wait_in_line(self) -> bool:
        """Until the device is ours; False if told to stop first."""
        place = None
        while not self._around.line.wait(self.folder.id, 0.5):
            while not self._commands.empty():
                if isinstance(self._commands.get(), Stop):
                    return False
            if (now := self._around.line.place(self.folder.id)) != place:
                place = now
                self._renew_view()
        return True

    def _prepare(self) -> Trainer:
        """A trainer at the newest sound checkpoint, or at the very beginning."""
        data = self._around.load_data(self.config)
        with self._around.build_lock:
            trainer = Trainer(self.config, data, self._around.device)
        found = newest_sound(self.folder)
        step = 0
        if found is not None:
            row, state, warnings = found
            step, self._seconds = row.step, row.elapsed_seconds
            trainer.load_state(state, branched=row.step == self.about.parent_step and bool(self.about.parent))
            self._warn(warnings)
        changes = sorted(self.folder.changes(), key=lambda change: change.step)  # stable: in order within a step
        for change in changes:
            if change.step < step:
                trainer.config = replace_at(trainer.config, change.path, change.after)
        self._pending = [change for change in changes if change.step >= step]
        for lost in self._writer.rewind(step if found is not None else -1):
            self.folder.grid_png(lost).unlink(missing_ok=True)
        self._checkpoints = tuple(row.step for row in self.folder.checkpoints())
        self._checkpoint_images = trainer.images
        self._last_point = (self._seconds, trainer.images)
        self.config = trainer.config
        return trainer

    def _train(self, trainer: Trainer) -> None:
        while True:
            if not self._obey(trainer):
                continue
            if self._stopping:
                self._end(trainer, "stopped")
                return
            if trainer.finished or self._at_limit(trainer):
                self._end(trainer, "finished")
                return
            self._replay(trainer)
            trainer.step()
            if trainer.trouble is not None:
                self._diverge(trainer, trainer.examine())
                return
            if trainer.point_due() and (trouble := self._point(trainer)):
                self._diverge(trainer, trouble)
                return
            self._housekeeping(trainer)
            if self._single_step:
                self._single_step = False
                self._pause(trainer)

    def _at_limit(self, trainer: Trainer) -> bool:
        limits = self.limits
        if limits.steps is not None and trainer.step_count >= limits.steps:
            return True
        return limits.seconds is not None and self._elapsed() >= limits.seconds

    # --- commands

    def _obey(self, trainer: Trainer) -> bool:
        """Carry out what was asked for; True where the run may take a step now."""
        while self._paused or not self._commands.empty():
            self._carry_out(self._commands.get(), trainer)
            if self._stopping:
                break
            if not self._paused and not self._around.line.holds(self.folder.id):
                self._around.line.join(self.folder.id, front=True)
                if not self._around.line.wait(self.folder.id, 0.2):
                    self._paused = True  # somebody else has the device; look at commands and try again
                    self._commands.put(StepOnce() if self._single_step else Resume())
                    self._single_step = False
        if self._stopping:
            return True
        self._clock(True)
        if self._standing.state == "paused":
            self._stand("running")
        return True

    def _carry_out(self, command: Command | _Lengthen, trainer: Trainer) -> None:
        if isinstance(command, Stop):
            self._stopping = True
            self._stand("stopping")
        elif isinstance(command, Pause) and not self._paused:
            self._pause(trainer)
        elif isinstance(command, Resume):
            self._paused = False
        elif isinstance(command, StepOnce):
            self._paused, self._single_step = False, True
        elif isinstance(command, CheckpointNow):
            self._checkpoint(trainer, by_hand=True)
        elif isinstance(command, Change):
            self._change(trainer, command)
        elif isinstance(command, _Lengthen):
            self._note(trainer, "total_images", self.config.total_images, command.total_images)
            trainer.config = replace_at(trainer.config, "total_images", command.total_images)
            self.config = trainer.config

    def _pause(self, trainer: Trainer) -> None:
        """Stop the clock and let others have the device; everything is on disk meanwhile."""
        self._clock(False)
        self._paused = True
        self._stand("paused")
        self._around.emit(self.folder.id, GridMade(self.folder.id, self._grid(trainer), kept=False))
        self._around.line.leave(self.folder.id)

    def _change(self, trainer: Trainer, command: Change) -> None:
        try:
            before, after = trainer.change(command.path, command.value)
        except ValueError as error:  # a ConfigError too: it was checked when it was sent, so only a race gets here
            log.warning("run %s: change refused: %s", self.folder.id, error)
            return
        self.config = trainer.config
        self._note(trainer, command.path, before, after)

    def _note(self, trainer: Trainer, path: str, before: Any, after: Any) -> None:
        """Write a change into the run's history, at the step from which it holds."""
        if before == after:
            return
        change = LiveChange(self.folder.id, trainer.step_count, path, before, after)
        self._writer.add_change(change)
        self._renew_view()
        self._around.emit(self.folder.id, change)

    def _replay(self, trainer: Trainer) -> None:
        """Make again what was changed before a kill, at the very same step."""
        while self._pending and self._pending[0].step <= trainer.step_count:
            change = self._pending.pop(0)
            trainer.config = replace_at(trainer.config, change.path, change.after)
            self.config = trainer.config

    # --- what is written down

    def _point(self, trainer: Trainer) -> Trouble | None:
        """One more point of the curves; the trouble, where the weights are not sound."""
        seconds = self._elapsed()
        then, images = self._last_point
        speed = (trainer.images - images) / (seconds - then) if seconds > then else math.nan
        self._last_point = (seconds, trainer.images)
        values = {
            "step": float(trainer.step_count), "images": float(trainer.images),
            "elapsed_seconds": seconds, "images_per_second": speed, **trainer.point(),
        }  # fmt: skip
        self._writer.add_point(values)
        self._around.emit(self.folder.id, Recorded(self.folder.id, values))
        self._collect_grids()
        if (trouble := trainer.last_examined) is not None:
            return trouble
        if trainer.grid_due():
            self._keep_grid(trainer)
        return None

    def _housekeeping(self, trainer: Trainer) -> None:
        """What is due by the clock or by images seen."""
        now = time.monotonic()
        if now - self._last_flush >= FLUSH_SECONDS:
            self._last_flush = now
            self._measure_speed(now, trainer.images)
            self._stand(self._standing.state)
        if trainer.images - self._checkpoint_images >= self.config.record.checkpoint_images:
            self._checkpoint(trainer, by_hand=False)
        pause = max(LIVE_GRID_SECONDS, self._live_cost / LIVE_GRID_SHARE)
        if now - self._last_live >= pause and self._around.is_watched(self.folder.id):
            grid = self._grid(trainer)
            self._around.emit(self.folder.id, GridMade(self.folder.id, grid, kept=False))
            self._last_live = time.monotonic()
            self._live_cost = self._last_live - now

    def _grid(self, trainer: Trainer) -> Grid:
        return encode_grid(trainer.grid(), trainer.step_count, trainer.images, trainer.shape.size)

    def _keep_grid(self, trainer: Trainer, *, counts: bool = True) -> None:
        """Keep a sample grid: encoded here, written to disk beside the training, listed once it is durable."""
        sample = trainer.keep_grid() if counts else trainer.grid()
        grid = encode_grid(sample, trainer.step_count, trainer.images, trainer.shape.size)
        self._saving.append(self._around.grid_writer.submit(save_grid, self.folder, grid))
        self._around.emit(self.folder.id, GridMade(self.folder.id, grid, kept=True))
        self._last_live = time.monotonic()

    def _collect_grids(self, *, wait: bool = False) -> None:
        """List the grids whose files are durable by now. Raises what went wrong in writing them."""
        while self._saving and (wait or self._saving[0].done()):
            self._writer.add_grid(self._saving.pop(0).result())

    def _checkpoint(self, trainer: Trainer, *, by_hand: bool) -> None:
        row = write_checkpoint(self.folder, self._writer, trainer.state(), self._elapsed(), by_hand=by_hand)
        self._checkpoint_images = row.images
        self._checkpoints = tuple(r.step for r in self.folder.checkpoints())
        self._renew_view()
        self._around.emit(self.folder.id, StateChanged(self.view))

    # --- ends

    def _end(self, trainer: Trainer, state: State) -> None:
        """A checkpoint and the last grid, then rest."""
        self._clock(False)
        self._checkpoint(trainer, by_hand=False)
        if trainer.step_count and (not (kept := self.folder.grids()) or kept[-1][0] < trainer.step_count):
            self._keep_grid(trainer, counts=False)
        self._collect_grids(wait=True)
        self._stand(state)

    def _diverge(self, trainer: Trainer, trouble: Trouble | None) -> None:
        """The last good weights are in place again: keep them, and say what happened."""
        assert trouble is not None
        self._clock(False)
        trainer.window.clear()
        self._checkpoint(trainer, by_hand=False)
        self._keep_grid(trainer, counts=False)
        self._collect_grids(wait=True)
        error = f"{trouble.sentence()}; the last good weights are kept."
        self._stand("diverged", error=error, advice=after_divergence(self.config, trouble))

    def _fail(self, error: BaseException) -> None:
        self._clock(False)
        trainer = self._trainer
        words, advice = failure_words(error, trainer.step_count if trainer else 0)
        try:
            self._stand("failed", error=words, advice=advice)
        except Exception:
            log.exception("run %s: its end could not be written", self.folder.id)
            self._standing = dataclasses.replace(self._standing, state="failed", error=words, advice=advice)
            self._renew_view()

    # --- how it stands

    def _clock(self, on: bool) -> None:
        if on and self._since is None:
            self._since = time.perf_counter()
        elif not on and self._since is not None:
            self._seconds += time.perf_counter() - self._since
            self._since = None
            self._speed.clear()

    def _elapsed(self) -> float:
        return self._seconds + (time.perf_counter() - self._since if self._since is not None else 0.0)

    def _measure_speed(self, now: float, images: int) -> None:
        self._speed.append((now, images))
        while len(self._speed) > 2 and now - self._speed[0][0] > SPEED_WINDOW_SECONDS:
            self._speed.popleft()

    def _recent_speed(self) -> float:
        if len(self._speed) < 2:
            return 0.0
        (t0, n0), (t1, n1) = self._speed[0], self._speed[-1]
        return (n1 - n0) / (t1 - t0) if t1 > t0 else 0.0

    def _warn(self, warnings: list[str]) -> None:
        merged = (*self._standing.warnings, *(w for w in warnings if w not in self._standing.warnings))
        self._standing = dataclasses.replace(self._standing, warnings=merged)

    def _stand(self, state: State, **words: Any) -> None:
        """Write and tell how the run stands now; a move that the table does not know is an error."""
        moved = state != self._standing.state
        if moved:
            move(self._standing.state, state)
        trainer = self._trainer
        new = dataclasses.replace(self._standing, state=state, **words)
        if trainer is not None:
            new = dataclasses.replace(
                new, step=trainer.step_count, images=trainer.images, elapsed_seconds=self._elapsed()
            )
        self._writer.stand(new)
        self._standing = new
        self._renew_view()
        if moved:
            log.info("run %s is %s at step %d", self.folder.id, state, new.step)
        self._around.emit(self.folder.id, StateChanged(self.view))

    def _renew_view(self) -> None:
        self.view = self._make_view()

    def _make_view(self) -> RunView:
        standing = self._standing
        return make_view(
            self.about, standing, to_dict(self.config), self._checkpoints,
            speed=self._recent_speed(), place=self._around.line.place(self.folder.id),
        )  # fmt: skip


def make_view(
    about: About, standing: Standing, config: dict[str, Any], checkpoints: tuple[int, ...], *,
    speed: float = 0.0, place: int = 0,
) -> RunView:  # fmt: skip
    """A run as the outside sees it, from what is known of it in memory or on disk."""
    return RunView(
        id=about.id, title=about.title, preset=about.preset, state=standing.state, step=standing.step,
        images=standing.images, total_images=int(config["total_images"]), elapsed_seconds=standing.elapsed_seconds,
        recent_images_per_second=speed, device=about.device, threads=about.threads, config=config,
        created=about.created, parent=about.parent, parent_step=about.parent_step,
        queue_place=max(0, place) if standing.state == "queued" else 0, error=standing.error, advice=standing.advice,
        checkpoints=checkpoints, warnings=standing.warnings,
    )  # fmt: skip


def check_change(config: RunConfig, path: str, value: object) -> None:
    """Raises ConfigError where the change could not be made in a running run, in one sentence."""
    if not spec_at(config, path).live:
        raise ConfigError(f"{path} cannot change while a run trains; branch the run or start a new one.")
    replace_at(config, path, value)

"""The manager: one per process. It starts threads, keeps the line for the device and tells who listens."""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gan_core.config.codec import ConfigError, from_dict, replace_at, to_dict
from gan_core.runs.branches import copy_history, incompatible
from gan_core.runs.commands import Change, CheckpointNow, Command, Stop
from gan_core.runs.estimate import Estimate, estimate, resolve_precision
from gan_core.runs.grids import atlas_png, load_grid
from gan_core.runs.library import DataLibrary
from gan_core.runs.lock import is_held
from gan_core.runs.queue import DeviceQueue
from gan_core.runs.snapshot import Event, Grid, LiveChange, RunView
from gan_core.runs.states import LIVE
from gan_core.runs.store import (
    About,
    RunFolder,
    Standing,
    UnknownRun,
    UnreadableRun,
    create_run,
    now_text,
    open_run,
    run_ids,
)
from gan_core.runs.worker import Limits, RunThread, Surroundings, check_change, make_view
from gan_core.training import RunConfig, cautions, problems, resolve_device
from gan_core.training.trainer import GridLatents, tile

log = logging.getLogger(__name__)

Listener = Callable[[Event], None]


class RunManager:
    """Every run of one folder, and the threads of those that train in this process.

    runs_dir and data_dir are made where they are missing. threads None: one fewer than there are cores (at least
    one), which leaves a core for the page; give the number of cores where there is no page.
    Raises ConfigError in one sentence where a folder cannot be written or the device is not there.
    """

    def __init__(
        self, runs_dir: Path, data_dir: Path, *, device: str = "auto", threads: int | None = None
    ) -> None:  # fmt: skip
        self.runs_dir, self.data_dir = Path(runs_dir), Path(data_dir)
        self._torch_device = resolve_device(device)
        self.device = self._torch_device.type
        self.threads = threads or max(1, torch.get_num_threads() - 1)
        _make_writable(self.runs_dir, "runs")
        _make_writable(self.data_dir, "data")
        self._library = DataLibrary(self.data_dir)
        self._guard = threading.RLock()  # of the dictionaries below; never held while anything is computed
        self._threads: dict[str, RunThread] = {}
        self._listeners: dict[str, list[Listener]] = {}
        self._closing = False
        self._around = Surroundings(
            device=self._torch_device, line=DeviceQueue(), load_data=lambda c: self._library.load(c.data, c.size),
            build_lock=threading.RLock(), grid_writer=ThreadPoolExecutor(1, "grid-writer"), emit=self._emit,
            is_watched=lambda run_id: bool(self._listeners.get(run_id)),
        )  # fmt: skip

    # --- beginning

    def problems(self, config: RunConfig) -> list[str]:
        """Why this configuration cannot start, a sentence each; empty where it can."""
        return problems(config, config.data.info(self.data_dir))

    def cautions(self, config: RunConfig) -> list[str]:
        """What is likely to go wrong with it, a sentence each; it may start all the same."""
        return cautions(config)

    def estimate(self, config: RunConfig) -> Estimate:
        """What the run will cost on this machine."""
        info = config.data.info(self.data_dir)
        with self._around.build_lock:
            return estimate(config, info, self._torch_device, self.threads, self._finished_like)

    def resolved(self, config: RunConfig) -> RunConfig:
        """The configuration as a run of it records it: "auto" replaced by what suits this machine."""
        return resolve_precision(config, self.device)

    def start(
        self, config: RunConfig, *, preset: str = "", title: str = "", stop_at_step: int | None = None,
        stop_after_seconds: float | None = None,
    ) -> str:  # fmt: skip
        """Make a run and let it train as soon as the device is free; returns its id.

        Raises ConfigError where the configuration cannot start, OSError where the folder cannot be written.
        """
        found = self.problems(config)
        if found:
            raise ConfigError(" ".join(found))
        config = self.resolved(config)
        info = config.data.info(self.data_dir)
        about = self._about(config, preset, title, info.channels, info.classes)
        folder = create_run(self.runs_dir, about)
        self._launch(folder, about, config, Standing(), Limits(stop_at_step, stop_after_seconds))
        return folder.id

    def _about(
        self, config: RunConfig, preset: str, title: str, channels: int, classes: tuple[str, ...]
    ) -> About:  # fmt: skip
        name = re.sub(r"[^a-z0-9]+", "-", preset.lower()).strip("-")[:40] or "run"
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        return About(
            id=f"{stamp}-{name}-{secrets.token_hex(2)}", title=title[:200], preset=preset, created=now_text(),
            config=to_dict(config), device=self.device, threads=self.threads if self.device == "cpu" else 0,
            channels=channels, classes=classes, torch_version=str(torch.__version__),
        )  # fmt: skip

    def _launch(
        self, folder: RunFolder, about: About, config: RunConfig, before: Standing, limits: Limits
    ) -> None:  # fmt: skip
        with self._guard:
            if self._closing:
                raise ConfigError("The program is closing; start the run again when it is back.")
            thread = RunThread(folder, about, config, before, limits, self._around)
            self._threads[folder.id] = thread
        self._around.line.join(folder.id)
        thread.start()

    def resume(
        self, run_id: str, *, total_images: int | None = None, stop_at_step: int | None = None,
        stop_after_seconds: float | None = None,
    ) -> None:  # fmt: skip
        """Let a run at rest go on from its newest sound checkpoint.

        Raises UnknownRun; ValueError in one sentence where it cannot go on (diverged, or at its full length).
        """
        folder = self._at_rest(run_id)
        view = self.view(run_id)
        if view.state == "diverged":
            raise ValueError("A diverged run cannot go on; branch from an earlier checkpoint with a gentler setting.")
        config = self._config(folder)
        if total_images is not None:
            config = replace_at(config, "total_images", total_images)
        if view.images >= config.total_images:
            raise ValueError(
                f"The run has seen its {config.total_images:,} images; give it a greater length to go on."
            )
        about = folder.about()
        # From this call on the run is seen as waiting, also before its thread has come to life.
        standing = replace(self._standing(folder), state="queued", error="", advice=())
        thread_config = from_dict(RunConfig, about.config)
        self._launch(folder, about, thread_config, standing, Limits(stop_at_step, stop_after_seconds))
        if total_images is not None:
            self._threads[run_id].lengthen(total_images)

    def branch(
        self, run_id: str, step: int | None = None, changes: Mapping[str, Any] | None = None, *, title: str = ""
    ) -> str:
        """A new run that goes on from a checkpoint of another, with other settings; returns its id.

        step: the newest checkpoint not after it is taken; None takes the newest. changes: dotted path -> value, of
        any field that leaves the networks' shapes alone. Raises ConfigError or ValueError in one sentence.
        """
        parent = open_run(self.runs_dir, run_id)
        rows = [row for row in parent.checkpoints() if step is None or row.step <= step]
        if not rows:
            raise ValueError(f"The run {run_id} has no checkpoint{'' if step is None else f' up to step {step}'}.")
        row = rows[-1]
        old = self._config(parent, at_step=row.step)
        config = old
        for path, value in (changes or {}).items():
            config = replace_at(config, path, value)
        found = [*incompatible(old, config), *self.problems(config)]
        if found:
            raise ConfigError(" ".join(found))
        origin = parent.about()
        about = replace(
            self._about(config, origin.preset, title or origin.title, origin.channels, origin.classes),
            parent=parent.id, parent_step=row.step,
        )  # fmt: skip
        folder = create_run(self.runs_dir, about)
        copy_history(parent, folder, row)
        standing = Standing("queued", row.step, row.images, row.elapsed_seconds)
        self._launch(folder, about, config, standing, Limits())
        return folder.id

    # --- while it goes on

    def send(self, run_id: str, command: Command) -> None:
        """Ask a run's thread for something. Raises UnknownRun, or ValueError where it does not train here."""
        thread = self._thread(run_id)
        if thread is None:
            view = self.view(run_id)
            where = "in another process" if view.state in LIVE else "now"
            raise ValueError(f"The run {run_id} is {view.state} and takes no commands {where}.")
        if isinstance(command, Change):
            check_change(thread.config, command.path, command.value)
        thread.send(command)

    def cancel(self, run_id: str) -> None:
        """Take a waiting run out of the line."""
        view = self.view(run_id)
        if view.state != "queued":
            raise ValueError(f"The run {run_id} is {view.state}, not waiting.")
        self.send(run_id, Stop())

    def checkpoint_now(self, run_id: str) -> None:
        self.send(run_id, CheckpointNow())

    def subscribe(self, run_id: str, callback: Listener) -> Callable[[], None]:
        """Be told of every event of a run, from its thread: return at once. The result ends the subscription.

        While anybody listens, fresh sample grids come about four times a second.
        """
        with self._guard:
            self._listeners[run_id] = [*self._listeners.get(run_id, []), callback]

        def end() -> None:
            with self._guard:
                left = [c for c in self._listeners.get(run_id, []) if c is not callback]
                if left:
                    self._listeners[run_id] = left
                else:
                    self._listeners.pop(run_id, None)

        return end

    def _emit(self, run_id: str, event: Event) -> None:
        for callback in self._listeners.get(run_id, ()):
            try:
                callback(event)
            except Exception:
                log.exception("a listener of run %s failed", run_id)

    # --- reading

    def view(self, run_id: str) -> RunView:
        """How a run stands now. Raises UnknownRun or UnreadableRun."""
        thread = self._thread(run_id)
        if thread is not None:
            return thread.view
        folder = open_run(self.runs_dir, run_id)
        checkpoints = tuple(row.step for row in folder.checkpoints())
        config = to_dict(self._config(folder))
        return make_view(folder.about(), self._standing(folder), config, checkpoints)

    def views(self) -> list[RunView]:
        """All runs, newest first; unreadable ones are left out (the log names them)."""
        found = []
        for run_id in run_ids(self.runs_dir):
            try:
                found.append(self.view(run_id))
            except (UnreadableRun, UnknownRun, ConfigError) as error:
                log.warning("%s", error)
        return found

    def records(self, run_id: str, after_step: int = -1) -> dict[str, NDArray[np.float64]]:
        """Column -> float64 [points] of everything written so far."""
        return open_run(self.runs_dir, run_id).points(after_step)

    def changes(self, run_id: str) -> list[LiveChange]:
        """What was changed while it trained, oldest first."""
        return open_run(self.runs_dir, run_id).changes()

    def grids(self, run_id: str) -> list[tuple[int, int]]:
        """(step, images) of every kept grid, oldest first."""
        return open_run(self.runs_dir, run_id).grids()

    def grid(self, run_id: str, step: int) -> Grid:
        """One kept grid. Raises UnknownRun, or ValueError where it is not there."""
        grid = load_grid(open_run(self.runs_dir, run_id), step)
        if grid is None:
            raise ValueError(f"The run {run_id} has no sample grid at step {step}.")
        return grid

    def real_grid(self, run_id: str) -> bytes:
        """PNG of real images laid out as the run's sample grid."""
        return self.real_grid_for(self._config(open_run(self.runs_dir, run_id)))

    def real_grid_for(self, config: RunConfig) -> bytes:
        """PNG of real images as a run of this configuration lays out its own: a class a column where it knows any."""
        data = self._library.load(config.data, config.size)
        classes = len(data.classes) if config.conditional else 0
        layout = GridLatents(config, classes, torch.device("cpu"))
        rng = np.random.default_rng(config.seed)
        count = layout.rows * layout.columns
        if layout.labels is not None and data.labels is not None:
            labels = data.labels.cpu().numpy()
            rows = [int(rng.choice(np.flatnonzero(labels == label))) for label in layout.labels.tolist()]
        else:
            rows = rng.choice(len(data.images), count, replace=count > len(data.images)).tolist()
        return atlas_png(tile(data.images[torch.tensor(rows, device=data.images.device)], layout.columns))

    def checkpoint_generator(self, run_id: str, step: int | None = None) -> Path:
        """The safetensors file of the averaged generator at the newest checkpoint (up to a step)."""
        folder = open_run(self.runs_dir, run_id)
        rows = [row for row in folder.checkpoints() if step is None or row.step <= step]
        if not rows:
            raise ValueError(f"The run {run_id} has no checkpoint yet.")
        return folder.generator(rows[-1].step)

    def about(self, run_id: str) -> About:
        """What was decided when the run was made."""
        return open_run(self.runs_dir, run_id).about()

    def config(self, run_id: str) -> RunConfig:
        """The configuration now in force."""
        thread = self._thread(run_id)
        return thread.config if thread is not None else self._config(open_run(self.runs_dir, run_id))

    # --- the end

    def close(self, timeout_seconds: float = 8.0) -> None:
        """Stop every run between two steps, with a checkpoint, and wait for them."""
        with self._guard:
            self._closing = True
            threads = [t for t in self._threads.values() if t.is_alive()]
        for thread in threads:
            thread.send(Stop())
        until = time.monotonic() + timeout_seconds
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._around.grid_writer.shutdown(wait=False)

    # --- inside

    def _thread(self, run_id: str) -> RunThread | None:
        thread = self._threads.get(run_id)
        return thread if thread is not None and thread.is_alive() else None

    def _at_rest(self, run_id: str) -> RunFolder:
        folder = open_run(self.runs_dir, run_id)
        if self._thread(run_id) is not None or is_held(folder.lock):
            raise ValueError(f"The run {run_id} is not at rest: it is {self.view(run_id).state}.")
        return folder

    def _standing(self, folder: RunFolder) -> Standing:
        """As last written; "interrupted" where that says it trains but no process holds it."""
        standing = folder.standing()
        if standing.state in LIVE and not is_held(folder.lock):
            return replace(standing, state="interrupted")
        return standing

    def _config(self, folder: RunFolder, at_step: int | None = None) -> RunConfig:
        """The configuration in force at a step, or now: the first one with every change up to then."""
        config = from_dict(RunConfig, folder.about().config)
        for change in sorted(folder.changes(), key=lambda change: change.step):
            if at_step is None or change.step <= at_step:
                config = replace_at(config, change.path, change.after)
        return config

    def _finished_like(self, config: RunConfig) -> list[tuple[dict[str, Any], float, int]]:
        """(configuration, seconds a step, threads) of earlier runs on this device, newest first, at most 20."""
        found = []
        for run_id in run_ids(self.runs_dir)[:20]:
            try:
                view = self.view(run_id)
            except ValueError:
                continue
            done = view.step - view.parent_step
            if view.device == self.device and done >= 20 and view.elapsed_seconds > 0 and not view.parent:
                found.append((view.config, view.elapsed_seconds / done, view.threads))
        return found


def _make_writable(folder: Path, what: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{secrets.token_hex(4)}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"The {what} folder {folder} cannot be written ({reason}); choose another.") from error


def describe(about: About) -> dict[str, Any]:
    """config.json's content, for downloads."""
    return asdict(about)

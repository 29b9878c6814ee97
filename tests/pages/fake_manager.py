"""A run manager that trains nothing: the same calls and events as the real one, in milliseconds."""

from __future__ import annotations

import io
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from gan_core.config.codec import ConfigError, from_dict, replace_at, spec_at, to_dict
from gan_core.measure import IMAGE_MEASURES
from gan_core.runs.commands import Change, CheckpointNow, Dissect, Pace, Pause, Resume, StepOnce, Stop
from gan_core.runs.engine.elsewhere.external_runs import ExternalRunWatcher
from gan_core.runs.evaluation_record import Evaluation
from gan_core.runs.snapshot import Dissected, Evaluated, Grid, GridMade, LiveChange, Recorded, RunView, StateChanged
from gan_core.runs.storage.manifest import RunManifest
from gan_core.training import RunConfig, problems

BATCH = 64
PIXELS, ACROSS = 28, 8


class UnknownRun(ValueError):
    pass


@dataclass(frozen=True)
class Estimate:
    g_parameters: int = 512_000
    d_parameters: int = 431_000
    step_flops: int = 2_000_000_000
    seconds_total: float = 75.0
    seconds_per_step: float = 0.08
    basis: str = "measured on this machine"


def atlas(step: int, real: bool = False) -> bytes:
    """A made-up picture: rings that come out of noise as steps go by."""
    rng = np.random.default_rng(7 if real else 3)
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    sharp = 1.0 if real else 1 - math.exp(-step / 300)
    cells = []
    for _ in range(ACROSS * ACROSS):
        a, b, r = rng.uniform(0.4, 1.2, 3)
        shape = np.clip(1.6 - 3 * np.abs(np.hypot(a * x, b * y) - 0.5 * r), 0, 1)
        noise = np.random.default_rng(step).uniform(0, 1, (PIXELS, PIXELS))
        cells.append(255 * (sharp * shape + (1 - sharp) * noise))
    grid = np.array(cells).reshape(ACROSS, ACROSS, PIXELS, PIXELS).transpose(0, 2, 1, 3).reshape(ACROSS * PIXELS, -1)
    out = io.BytesIO()
    Image.fromarray(grid.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def make_grid(step: int) -> Grid:
    scores = np.linspace(0.05, 0.95, ACROSS * ACROSS).astype(np.float32)
    return Grid(step, step * BATCH, ACROSS, ACROSS, PIXELS, atlas(step), scores)


class FakeElsewhere:
    """As if the server knew of no other machines."""

    command: Any = None

    def __init__(self, manager: FakeManager) -> None:
        self.manager = manager

    def waits(self, run_id: str) -> bool:
        return False

    def silent_holder(self, run_id: str) -> str:
        return ""


class FakeManager:
    device = "cpu"
    threads = 1
    here = True  # False: as if another process trained every run
    launcher = None  # a sweep would be started with it; here none is

    def __init__(self, runs_dir: Any = None, data_dir: Any = None, *, pace_seconds: float = 0.02) -> None:
        self.runs_dir, self.data_dir = runs_dir, data_dir
        self.pace_seconds = pace_seconds
        self.sent: list[tuple[str, Any]] = []
        self.put_first: list[str] = []
        self.devices: list[str] = []
        self.most_processes = 1
        self.asked_devices: list[tuple[int, str]] = []  # with which each run was started
        self.nearly_used_up: list[str] = []  # sentences on memory and disk
        self._views: dict[str, RunView] = {}
        self._rows: dict[str, list[dict[str, float]]] = defaultdict(list)
        self._kept: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._changes: dict[str, list[LiveChange]] = defaultdict(list)
        self._subscribers: dict[str, list[Callable[[Any], None]]] = defaultdict(list)
        self._dissected: dict[str, Dissected] = {}
        self._evaluations: dict[str, list[Evaluation]] = defaultdict(list)
        self.elsewhere = FakeElsewhere(self)
        self._closing = False

    # What can be asked

    def problems(self, config: RunConfig, processes: int = 1) -> list[str]:
        found = problems(config, config.data.info(self.data_dir), processes=processes)
        return found if processes <= self.most_processes else [f"There is no place for {processes}.", *found]

    def resolved(self, config: RunConfig, *, soon: bool = False) -> RunConfig:
        return replace(config, precision="float32") if config.precision == "auto" else config

    def budget_cautions(self, config: RunConfig, owner: str = "") -> list[str]:
        return self.nearly_used_up

    def estimate(self, config: RunConfig) -> Estimate:
        return Estimate()

    def view(self, run_id: str) -> RunView:
        if run_id not in self._views:
            raise UnknownRun(f'There is no run "{run_id[:40]}" here.')
        return self._views[run_id]

    def manifest(self, run_id: str) -> RunManifest:
        config = self.config(run_id)
        info = config.data.info(self.data_dir)
        return RunManifest(run_id, "", "", "", {}, "cpu", 1, info.channels, info.classes)

    def config(self, run_id: str) -> RunConfig:
        return from_dict(RunConfig, self.view(run_id).config)

    def views(self) -> list[RunView]:
        return list(reversed(self._views.values()))

    def rough_seconds(self, config: RunConfig) -> float:
        return 65.0

    def records(self, run_id: str, after_step: int = -1) -> dict[str, np.ndarray]:
        rows = [r for r in self._rows[run_id] if r["step"] > after_step]
        names = list(rows[0]) if rows else ["step"]
        return {n: np.array([r[n] for r in rows], np.float64) for n in names}

    def changes(self, run_id: str) -> list[LiveChange]:
        return list(self._changes[run_id])

    def evaluations(self, run_id: str) -> list[Evaluation]:
        return list(self._evaluations[run_id])

    def image_measures(self, run_id: str) -> tuple[Any, ...]:
        return IMAGE_MEASURES

    def evaluate(self, run_id: str, step: int | None = None, *, samples: int = 2000, **options: Any) -> Evaluation:
        """Better with every call."""
        made = self._evaluations[run_id]
        value = 100.0 / (len(made) + 1)
        now = self.view(run_id).step if step is None else step
        one = Evaluation(now, now * BATCH, 1.0, "pixel features", samples, {"fid": value}, {"fid": 2.5})
        made.append(one)
        self._tell(run_id, Evaluated(run_id, one))
        return one

    def grids(self, run_id: str) -> list[tuple[int, int]]:
        return list(self._kept[run_id])

    def grid(self, run_id: str, step: int) -> Grid:
        if step not in {s for s, _ in self._kept[run_id]}:
            raise ValueError(f"Run {run_id} kept no sample grid at step {step}.")
        return make_grid(step)

    def whole_grids(self, run_id: str) -> list[int]:
        return [step for step, _ in self._kept[run_id]]

    def newest_grid(self, run_id: str) -> tuple[Grid | None, list[int]]:
        kept = self._kept[run_id]
        return (make_grid(kept[-1][0]) if kept else None), []

    def dissected(self, run_id: str) -> Any:
        return self._dissected.get(run_id)

    def stage(self, run_id: str) -> None:
        self.view(run_id)

    def real_grid(self, run_id: str) -> bytes:
        self.view(run_id)
        return atlas(0, real=True)

    def subscribe(self, run_id: str, callback: Callable[[Any], None]) -> Callable[[], None]:
        self.view(run_id)
        self._subscribers[run_id].append(callback)
        return lambda: self._subscribers[run_id].remove(callback)

    def trains_here(self, run_id: str) -> bool:
        return self.here

    def takes_commands(self, run_id: str) -> bool:
        return self.here

    def follow(self, run_id: str) -> ExternalRunWatcher:
        return ExternalRunWatcher(self, run_id, self.view, self.trains_here)  # type: ignore[arg-type]

    # What can be done

    def start(
        self, config: RunConfig, *, preset: str = "", title: str = "", parent: str = "", step: int = 0,
        seconds_per_step: float = 0.0, processes: int = 1, device: str = "",
    ) -> str:  # fmt: skip
        run_id = f"run-{len(self._views) + 1:04d}"
        self.asked_devices.append((processes, device))
        busy = sum(v.state in ("running", "paused", "queued") for v in self._views.values())
        state = "queued" if busy else "running"
        self._views[run_id] = RunView(
            run_id,
            title or preset,
            preset,
            state,
            step,
            step * BATCH,
            config.total_images,
            0.0,
            0.0,
            "cpu",
            1,
            to_dict(config),
            "2026-01-01T12:00:00",
            parent,
            step if parent else 0,
            busy,
            seconds_per_step=seconds_per_step,
        )
        threading.Thread(target=self._train, args=(run_id,), daemon=True).start()
        return run_id

    def send(self, run_id: str, command: Any) -> None:
        view = self.view(run_id)
        self.sent.append((run_id, command))
        if isinstance(command, Change):
            config = from_dict(RunConfig, view.config)
            if not spec_at(config, command.path).live:
                raise ConfigError(f"{command.path} cannot change while a run trains.")
            before = dict(view.config)
            self._set(run_id, config=to_dict(replace_at(config, command.path, command.value)))
            change = LiveChange(run_id, view.step, command.path, _at(before, command.path), command.value)
            self._changes[run_id].append(change)
            self._tell(run_id, change)
        elif isinstance(command, CheckpointNow):
            self._set(run_id, checkpoints=(*view.checkpoints, view.step))
        elif isinstance(command, StepOnce | Dissect):
            self._advance(run_id)
            self._dissected.pop(run_id, None)
            if isinstance(command, Dissect):
                event = self._dissected[run_id] = Dissected(run_id, self.view(run_id).step, b"taken apart")
                self._tell(run_id, event)
        elif isinstance(command, Pace):
            self._set(run_id, seconds_per_step=command.seconds_per_step)
        else:
            state = {Pause: "paused", Resume: "running", Stop: "stopped"}[type(command)]
            steps = {*view.checkpoints, *((view.step,) if state == "stopped" else ())}
            self._set(run_id, state=state, checkpoints=tuple(sorted(steps)))

    def branch(self, run_id: str, step: int | None, changes: dict[str, Any]) -> str:
        view = self.view(run_id)
        config = from_dict(RunConfig, view.config)
        for path, value in changes.items():
            config = replace_at(config, path, value)
        return self.start(config, preset=view.preset, parent=run_id, step=step or view.checkpoints[-1])

    def resume(self, run_id: str, total_images: int | None = None, processes: int = 1) -> None:
        self._set(run_id, state="running", total_images=total_images or self.view(run_id).total_images)
        threading.Thread(target=self._train, args=(run_id,), daemon=True).start()

    def first(self, run_id: str) -> None:
        if why := self.why_not_first(run_id):
            raise ValueError(why)
        self.put_first.append(run_id)

    def why_not_first(self, run_id: str) -> str:
        view = self.view(run_id)
        waits = view.state == "queued" and view.queue_place
        return "" if waits else f"The run {run_id} is {view.state}, not waiting."

    def why_no_slow_motion(self, run_id: str) -> str:
        return ""

    def cancel(self, run_id: str) -> None:
        self._set(run_id, state="stopped", queue_place=0)

    def close(self, timeout_seconds: float = 8.0) -> None:
        self._closing = True

    # What happens by itself

    def put(self, run_id: str, **fields: Any) -> None:
        """Bring a run into any state, as a test wants it."""
        self._set(run_id, **fields)

    def _set(self, run_id: str, **fields: Any) -> None:
        self._views[run_id] = replace(self._views[run_id], **fields)
        self._tell(run_id, StateChanged(self._views[run_id]))

    def _tell(self, run_id: str, event: Any) -> None:
        for callback in list(self._subscribers[run_id]) if self.here else ():
            callback(event)

    def _train(self, run_id: str) -> None:
        while not self._closing:
            time.sleep(self.pace_seconds)
            view = self._views[run_id]
            if view.state == "queued":
                ahead = [
                    v for v in self._views.values() if v.id < run_id and v.state in ("running", "paused", "queued")
                ]
                if len(ahead) != view.queue_place:
                    self._set(run_id, queue_place=len(ahead), state="queued" if ahead else "running")
            elif view.state == "running":
                self._advance(run_id)
            elif view.state != "paused":
                return

    def _advance(self, run_id: str) -> None:
        view = self._views[run_id]
        step, images = view.step + 1, view.images + BATCH
        rate = BATCH / self.pace_seconds
        self._views[run_id] = replace(
            view,
            step=step,
            images=images,
            recent_images_per_second=rate,
            elapsed_seconds=view.elapsed_seconds + self.pace_seconds,
        )
        if step % 5 == 0:
            row = _record(step, images, view.elapsed_seconds, rate)
            self._rows[run_id].append(row)
            self._tell(run_id, Recorded(run_id, row))
        if step % 25 == 0:
            self._kept[run_id].append((step, images))
            self._tell(run_id, GridMade(run_id, make_grid(step), kept=True))
        if images >= view.total_images:
            self._set(run_id, state="finished", checkpoints=(*view.checkpoints, step))


def _record(step: int, images: int, elapsed: float, rate: float) -> dict[str, float]:
    rng = np.random.default_rng(step)
    wave, noise = math.sin(step / 90), rng.normal(0, 0.06, 8)
    return {
        "step": step,
        "images": images,
        "elapsed_seconds": elapsed,
        "images_per_second": rate * (1 + noise[7] / 4),
        "d_loss": 1.0 + 0.2 * wave + noise[0],
        "g_loss": 1.3 - 0.3 * wave + noise[1],
        "d_real": 0.68 + noise[2] / 2,
        "d_fake": 0.32 + noise[3] / 2,
        "d_accuracy_real": 0.8 + noise[4] / 2,
        "d_accuracy_fake": 0.82 + noise[5] / 2,
        "d_grad_norm": 0.6 + abs(noise[6]),
        "g_grad_norm": 0.4 + abs(noise[0]),
        "penalty": math.nan,
        "g_lr": 5e-4,
        "d_lr": 5e-4,
        "instance_noise": 0.0,
    }


def _at(config: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        config = config[name]
    return config

"""Runs that take milliseconds, and how to wait for them and to compare them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gan_core.config.codec import replace_at
from gan_core.data.sets.shapes import Shapes
from gan_core.nets.mlp import MlpDiscriminator, MlpGenerator
from gan_core.runs import LIVE, TIMING_COLUMNS, RunManager, RunView
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.weights.checkpoints import read_checkpoint
from gan_core.training import RunConfig
from gan_core.training.digest import state_digest

PATIENCE_SECONDS = 180.0


def quick(*, steps: int, every: int = 4, **changes: Any) -> RunConfig:
    """A dense GAN on 60 drawn shapes with a point every few steps, never evaluated by itself.

    changes: dotted path (with __) -> value.
    """
    config = replace(
        RunConfig(data=Shapes(count=60), generator=MlpGenerator(hidden="16"), discriminator=MlpDiscriminator("16")),
        batch_size=16, total_images=max(100, steps * 16), precision="float32",
    )  # fmt: skip
    config = replace_at(replace_at(config, "record.every_steps", every), "record.checkpoint_images", 1000)
    config = replace_at(replace_at(config, "record.grid_count", 16), "record.evaluate_images", 0)
    for path, value in changes.items():
        config = replace_at(config, path.replace("__", "."), value)
    return config


def open_manager(folder: Path) -> RunManager:
    return RunManager(folder / "runs", folder / "data", device="cpu", threads=1)


def until(what: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for something; fails where it does not come."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.005)


def until_state(manager: RunManager, run: str, *states: str) -> RunView:
    until(lambda: manager.view(run).state in states)
    return manager.view(run)


def at_rest(manager: RunManager, run: str) -> RunView:
    """Wait until the run has ended and its thread has let go of everything."""
    until(lambda: manager.view(run).state not in LIVE and manager.launcher.worker(run) is None)
    return manager.view(run)


def folder_of(manager: RunManager, run: str) -> RunFolder:
    return RunFolder(manager.runs_dir / run)


@dataclass(frozen=True)
class Print:
    """What must be the same of two runs that are the same: everything but their times."""

    step: int
    state: str
    metrics: str
    points: int


def fingerprint(manager: RunManager, run: str) -> Print:
    """Of the newest checkpoint (weights, moments, random states) and of the curves without their timing columns."""
    folder = folder_of(manager, run)
    row = folder.checkpoints()[-1]
    points = folder.points()
    kept = {name: column for name, column in points.items() if name not in TIMING_COLUMNS}
    sha = hashlib.sha256(b"".join(np.ascontiguousarray(kept[name]).tobytes() for name in sorted(kept)))
    return Print(row.step, state_digest(read_checkpoint(folder, row)), sha.hexdigest(), len(points["step"]))


def straight(folder: Path, config: RunConfig, **options: Any) -> Print:
    """The fingerprint of a run of this configuration that nobody disturbed."""
    manager = open_manager(folder)
    try:
        run = manager.start(config, **options)
        view = at_rest(manager, run)
        assert view.state == "finished", view.error
        return fingerprint(manager, run)
    finally:
        manager.close()


def edit_config_json(folder: RunFolder, **changes: Any) -> None:
    path = folder.root / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

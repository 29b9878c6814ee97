"""One member of a sweep on the node that trains it: a run like any other, in a process that Ray has started."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_core.config.own_version import own_version
from gan_core.data import DataUnavailable
from gan_core.runs import commands
from gan_core.runs.cluster.carrying import packed, unpacked
from gan_core.runs.groups.sweep_measures import measured_on_the_way
from gan_core.runs.launcher import Launcher
from gan_core.runs.manager import RunManager
from gan_core.runs.snapshot import RunView
from gan_core.runs.states import LIVE
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import RunLock
from gan_core.runs.storage.views import config_in_force, known_config
from gan_core.runs.storage.writer import write_manifest

POLL_SECONDS = 0.1


def versions() -> dict[str, str]:
    """What has to be the same everywhere for a run to be the same everywhere."""
    return {
        "GANscope": own_version(), "torch": str(torch.__version__), "numpy": np.__version__,
        "Python": platform.python_version(),
    }  # fmt: skip


@dataclass(frozen=True)
class Task:
    """runs_dir, data_dir: where they are on the driver's machine. mark: a digest of the sweep's file, by which a node
    sees whether its folder of that name is the same one. cuda: whether it trains on a GPU. measure: for `news`.
    """

    sweep: str
    run: str
    runs_dir: str
    data_dir: str
    mark: str
    threads: int
    cuda: bool
    measure: str


class NodeMember:
    """Trains one run, in the shared folder or, where that is not here, in its own, of which it sends copies."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._shares = mark_of(Path(task.runs_dir), task.sweep) == task.mark
        self._own = None if self._shares else Path(tempfile.mkdtemp(prefix="ganscope-member-"))
        self._runs_dir = Path(task.runs_dir) if self._own is None else self._own / "runs"
        data_dir = Path(task.data_dir)
        self._data_dir = data_dir if self._own is None or data_dir.is_dir() else self._own / "data"
        self._manager: RunManager | None = None

    def about(self) -> dict[str, Any]:
        """shares: whether the runs folder is the driver's."""
        return {"node": socket.gethostname(), "problem": "", "shares": self._shares, "versions": versions()}

    def train(self, archive: bytes | None) -> dict[str, Any]:
        """Train the run to its end, from its last checkpoint. archive: the run, where the folder is not shared.

        Returns how it ended, and the run as an archive where the folder is not shared. problem: why it did not begin.
        """
        try:
            return self._train(archive)
        except (ValueError, OSError, DataUnavailable) as problem:
            return {"problem": " ".join(str(problem).split()), "archive": None}

    def _train(self, archive: bytes | None) -> dict[str, Any]:
        run, device = self._task.run, "cuda" if self._task.cuda else "cpu"
        if archive is not None:
            self._runs_dir.mkdir(parents=True)
            unpacked(self._runs_dir, run, archive)
        manager = self._manager = RunManager(
            self._runs_dir, self._data_dir, device=device, threads=self._task.threads
        )  # fmt: skip
        try:
            fetch_missing(manager, run)
            decide_here(manager.launcher, run)
            manager.resume(run)
            view = self._follow(manager)
            data = None if archive is None else packed(self._runs_dir, run)
            return {"problem": "", "state": view.state, "step": view.step, "archive": data}
        finally:
            manager.close(timeout_seconds=None)
            if self._own is not None:
                shutil.rmtree(self._own, ignore_errors=True)

    def _follow(self, manager: RunManager) -> RunView:
        """Until it is at rest; what others ask of it through its folder it is told."""
        run, inbox = self._task.run, manager.inbox(self._task.run)
        with inbox.opened():
            while manager.view(run).state in LIVE:
                for command in inbox.take():
                    self._send(command)
                time.sleep(POLL_SECONDS)
        return manager.wait(run)

    def ask(self, name: str, fields: dict[str, Any]) -> None:
        """Of the run, a command by its class and fields."""
        self._send(getattr(commands, name)(**fields))

    def _send(self, command: commands.Command) -> None:
        """What cannot be done, because it has just ended say, is not."""
        if self._manager is not None:
            with contextlib.suppress(ValueError, TypeError):
                self._manager.send(self._task.run, command)

    def news(self, known_step: int) -> dict[str, Any]:
        """measured: (step, value) of its measure so far. archive: where the folder is not shared, the run as it is
        now, once it is beyond `known_step`."""
        if self._manager is None:
            return {"measured": [], "step": -1, "archive": None}
        view = self._manager.view(self._task.run)
        folder = RunFolder(self._runs_dir / self._task.run)
        measured = measured_on_the_way(folder, self._task.measure) if self._task.measure else []
        send = self._own is not None and view.step > known_step and view.state in LIVE
        archive = packed(self._runs_dir, self._task.run) if send else None
        return {"measured": measured, "step": view.step, "archive": archive}


def mark_of(runs_dir: Path, sweep: str) -> str:
    """A digest of the sweep's file in this folder; "" where there is none."""
    try:
        return hashlib.sha256((runs_dir / ".sweeps" / f"{sweep}.json").read_bytes()).hexdigest()
    except OSError:
        return ""


def fetch_missing(manager: RunManager, run: str) -> None:
    """The dataset, where it is a published one that is not here yet. Raises DataUnavailable."""
    config = manager.config(run)
    if config.data.info(manager.data_dir).needs_download:
        config.data.fetch(manager.data_dir, lambda share, words: None)


def decide_here(launcher: Launcher, run: str) -> None:
    """What is decided where a run begins, and was not: its device, threads, precision and backend.

    A run that has taken a step keeps what it began with. Raises as `RunManager.resume`.
    """
    folder = launcher.at_rest(run)
    lock = RunLock(folder.lock, run)
    lock.acquire()
    try:
        manifest = folder.manifest()
        if folder.status().step or folder.checkpoints():
            return
        config_in_force(manifest, folder.changes())  # raises where this version knows no such configuration
        config = launcher.configs.resolved(known_config(manifest, manifest.config))
        made = launcher.manifest(config, manifest.preset, manifest.title)
        kept = {name: getattr(manifest, name) for name in ("id", "title", "created", "sweep", "order", "owner")}
        write_manifest(folder, replace(made, **kept))
    finally:
        lock.release()

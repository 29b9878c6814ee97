"""A process whose children train and are killed: a JSON line in for each child.

"folder": where its manager keeps its runs and data
{"config": {...}}   the child starts a run of it          {"resume": ID}   the child resumes a run
"stop_at_step": n   where the run is asked to stop before its length
"change": [step, path, value]    made by a listener at that very step
"kill_at": n       the child kills itself (SIGKILL) when it begins its n-th act on the disk
"kill_after": s    it is killed after so many seconds
"pause_at": step   it pauses there, as long as it lives
A line with the child's signal or exit status comes back. Forking spares the start of Python for each child.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import torch

from gan_core.config.codec import from_dict
from gan_core.runs import LIVE, Change, Event, Pause, Recorded, RunManager
from gan_core.runs.engine import recorder
from gan_core.runs.launcher import Launcher, ReadyRun
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import RunConfig


def die_at(act: int) -> None:
    """Kill this process before its n-th fsync, rename, removal, begin or end of a transaction."""
    left, lock = [act], threading.Lock()

    def count() -> None:
        with lock:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    for name in ("fsync", "replace", "unlink"):
        setattr(os, name, counted(getattr(os, name), count))
    transaction = RunWriter._transaction

    @contextlib.contextmanager
    def counted_transaction(writer: RunWriter, **options: Any) -> Any:
        count()
        with transaction(writer, **options) as db:
            yield db
            count()
        count()

    RunWriter._transaction = counted_transaction  # type: ignore[method-assign]


def counted(act: Any, count: Any) -> Any:
    def wrapped(*arguments: Any, **options: Any) -> Any:
        count()
        return act(*arguments, **options)

    return wrapped


def child(folder: Path, task: dict[str, Any]) -> None:
    torch.set_num_threads(1)
    manager = RunManager(folder / "runs", folder / "data", device="cpu", threads=1)
    if "kill_at" in task:
        die_at(task["kill_at"])
    start = Launcher.launch
    pause_at, change = task.get("pause_at"), task.get("change")

    def launch(self: Launcher, ready: ReadyRun, **options: Any) -> None:
        def listen(event: Event) -> None:
            if isinstance(event, Recorded) and change and event.values["step"] == change[0]:
                manager.send(ready.folder.id, Change(change[1], change[2]))
            if isinstance(event, Recorded) and pause_at and event.values["step"] == pause_at:
                manager.send(ready.folder.id, Pause())

        manager.subscribe(ready.folder.id, listen)
        start(self, ready, **options)

    Launcher.launch = launch  # type: ignore[method-assign]
    if "resume" in task:
        run = task["resume"]
        manager.resume(run)
    else:
        run = manager.start(from_dict(RunConfig, task["config"]), stop_at_step=task.get("stop_at_step"))
    while manager.view(run).state in LIVE - {"paused"}:
        time.sleep(0.002)
    if manager.view(run).state == "paused":
        os.kill(os.getpid(), signal.SIGKILL)
    manager.close()
    os._exit(0 if manager.view(run).state == "finished" else 1)


def main() -> None:
    recorder.CHECKPOINT_PAUSE_SECONDS = 0.0  # a checkpoint as often as the configuration says
    for line in sys.stdin:
        task = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                child(Path(task["folder"]), task)
            finally:
                os._exit(2)
        if "kill_after" in task:
            time.sleep(task["kill_after"])
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


if __name__ == "__main__":
    main()

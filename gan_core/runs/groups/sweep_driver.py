"""The process that drives a sweep whose members train elsewhere: where it is met, and how it is started.

`runs/.sweeps/driven/<id>/` holds its lock, the commands to it, what it has to say, and its log. It is a process of
its own, so that neither a page that is closed nor a server that restarts ends a sweep.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import gan_core
from gan_core.config.files import write_atomically
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.inbox import Inbox
from gan_core.runs.storage.shared.lock import RunLock, is_held

_MOST_SAID = 10_000


class DriverPlace:
    """Where a sweep's driver is met, by itself and by others."""

    def __init__(self, sweeps_folder: Path, sweep_id: str) -> None:
        self.root = sweeps_folder / "driven" / sweep_id
        self.plan = self.root / "plan.json"
        self.log = self.root / "log.txt"
        self.inbox = Inbox(RunFolder(self.root, sweep_id))
        self._lock_file, self._said = self.root / "run.lock", self.root / "problem.json"

    @property
    def is_driven(self) -> bool:
        """Whether a process drives the sweep now."""
        return is_held(self._lock_file)

    def lock(self) -> RunLock:
        """To be acquired and held by the driver. Raises OSError."""
        self.root.mkdir(parents=True, exist_ok=True)
        return RunLock(self._lock_file, self.root.name)

    @property
    def problem(self) -> str:
        """Why the last driver could not begin or go on, in one sentence; "" where nothing was wrong."""
        try:
            if self._said.stat().st_size > _MOST_SAID:
                return ""
            found = json.loads(self._said.read_text(encoding="utf-8"))
            return str(found["problem"]) if isinstance(found, dict) else ""
        except (OSError, ValueError, KeyError, RecursionError):
            return ""

    def say(self, problem: str) -> None:
        """Raises OSError."""
        self.root.mkdir(parents=True, exist_ok=True)
        write_atomically(self._said, json.dumps({"problem": problem[:2000]}).encode())

    def start(self, runs_dir: Path, data_dir: Path) -> subprocess.Popen[bytes]:
        """A driver in a process of its own, which outlives this one. Raises OSError."""
        self.say("")
        words = ["sweep", "--resume", self.root.name, "--device", "cpu"]
        folders = ["--runs-dir", str(runs_dir.resolve()), "--data-dir", str(data_dir.resolve())]
        with open(self.log, "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "gan_core", *words, *folders], cwd=Path(gan_core.__file__).parents[1],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True,
            )  # fmt: skip
        threading.Thread(target=process.wait, name=f"driver-{self.root.name}", daemon=True).start()  # no zombie stays
        return process

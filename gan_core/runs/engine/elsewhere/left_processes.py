"""Processes that train a run and whose server is gone: a file in the run's folder names them, so that the next server
steers them and counts the devices that they have."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_core.config.files import write_atomically

FILE = "processes.json"
LARGEST_BYTES = 10_000
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class LeftProcesses:
    """A torchrun of this machine, asked as a `subprocess.Popen` is, though it is not a child of this process.

    began: when, as the system counts: another process that has got its number began later. gpus: those it may use.
    processes: how many it has started.
    """

    pid: int
    began: int
    processes: int
    gpus: tuple[int, ...] = ()

    def poll(self) -> int | None:
        """None as long as it lives."""
        return None if _began(self.pid) == self.began else 0

    def terminate(self) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def wait(self) -> int:
        while self.poll() is None:
            time.sleep(LOOK_SECONDS)
        return 0


def note_processes(root: Path, pid: int, processes: int, gpus: Sequence[int]) -> None:
    """For the server after this one. A folder that cannot be written keeps no note."""
    told = {"host": socket.gethostname(), "pid": pid, "began": _began(pid), "processes": processes, "gpus": [*gpus]}
    with contextlib.suppress(OSError):
        write_atomically(root / FILE, json.dumps(told).encode())


def forget_processes(root: Path) -> None:
    with contextlib.suppress(OSError):
        (root / FILE).unlink(missing_ok=True)


def left_processes(root: Path) -> LeftProcesses | None:
    """Those of this machine that train the run in this folder and live; None where there are none."""
    try:
        if (root / FILE).stat().st_size > LARGEST_BYTES:
            return None
        told = json.loads((root / FILE).read_bytes())
        found = LeftProcesses(
            int(told["pid"]), int(told["began"]), int(told["processes"]), tuple(int(n) for n in told["gpus"])
        )
        here = told["host"] == socket.gethostname()
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if here and found.pid > 1 and found.processes > 1 and found.poll() is None else None


def _began(pid: int) -> int | None:
    """In the system's ticks since it started; None where there is no such process, or no way to know."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] == "Z" else int(fields[19])
    except (OSError, ValueError, IndexError):
        return None

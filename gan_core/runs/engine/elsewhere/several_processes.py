"""A run that several processes train, started from this one: it waits here for its devices, and is steered from here.

The processes are those of `torchrun -m gan_core resume`, on the same folder, so that the run shows as any that
another process trains, and its commands go through its inbox. This thread starts them once it has the devices, holds
them back while others have their turn, and writes down what ended them where they could not.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import gan_core
from gan_core.runs.commands import Command, Pause, Resume, StepOnce, Stop
from gan_core.runs.engine.context import RunContext
from gan_core.runs.engine.elsewhere.left_processes import LeftProcesses, forget_processes, note_processes
from gan_core.runs.snapshot import RunView
from gan_core.runs.states import LIVE, State
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.inbox import Inbox
from gan_core.runs.storage.shared.lock import RunLock, is_held
from gan_core.runs.storage.writer import RunWriter

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
SETTLE_SECONDS = 2.0  # within these a run that was told to go on is seen to
LAST_SECONDS = 25.0  # that the processes may take to stop, once told to
STARTING = "its processes are starting"
KILLED = (
    "One of the processes that trained it was ended from outside, for want of memory perhaps; "
    "it goes on from its last checkpoint."
)
_OF_TORCHRUN = re.compile(r"[EWI]\d{4} |Traceback |\s|=|-|\[|\*")
_MOST_SAID = 20_000


@dataclass(frozen=True)
class Together:
    """What starts the processes. slots: as many of the queue's as they take; threads: of each, on processors."""

    processes: int
    slots: int
    threads: int
    data_dir: Path
    words: tuple[str, ...] = ()

    def command(self, folder: RunFolder, device: str) -> list[str]:
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={self.processes}"]
        places = ["--runs-dir", str(folder.root.parent), "--data-dir", str(self.data_dir), "--device", device]
        threads = ["--threads", str(self.threads)] if self.threads else []
        return [sys.executable, *launcher, "-m", "gan_core", "resume", folder.id, *places, *threads, *self.words]

    def environment(self, gpus: Sequence[int]) -> dict[str, str]:
        """gpus: the numbers of those that it may use, as this process counts them; none: what this one may."""
        found = {**os.environ, "OMP_NUM_THREADS": str(max(1, self.threads))}
        root = str(Path(gan_core.__file__).parents[1])
        found["PYTHONPATH"] = os.pathsep.join(filter(None, (root, found.get("PYTHONPATH", ""))))
        if gpus:
            seen = found.get("CUDA_VISIBLE_DEVICES", "").split(",")
            names = [seen[n].strip() if n < len(seen) and seen[n].strip() else str(n) for n in gpus]
            found["CUDA_VISIBLE_DEVICES"] = ",".join(names)
        return found


class SeveralProcesses(threading.Thread):
    """From the queue to the end of its processes. lock: of the run, held until they take it themselves.

    view: how the run stands on the disk. bytes_held: by all processes, in memory. left: those that train it already;
    their server is gone, and the lock is theirs.
    """

    def __init__(
        self, folder: RunFolder, lock: RunLock, owner: str, together: Together, context: RunContext,
        view: Callable[[str], RunView], bytes_held: int, first: Sequence[Command] = (),
        left: LeftProcesses | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name=f"processes-{folder.id}", daemon=True)
        self.folder, self._lock, self._owner, self._together = folder, lock, owner, together
        self._run_context, self._queue, self._on_disk, self._bytes = context, context.queue, view, bytes_held
        self._inbox = Inbox(folder)
        self._asked: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._to_tell: list[Command] = list(first)  # as soon as they listen
        self._process: subprocess.Popen[bytes] | LeftProcesses | None = left
        self._steering = RunLock(folder.root / "steering.lock", folder.id)  # held by whoever steers its processes
        self._pausing = self._aside = False  # for others' turn: told to pause; and has given its devices back
        self._has_run = False  # its processes have taken it over
        self._told_to_go, self._ending = -SETTLE_SECONDS, 0.0
        self._closing = threading.Event()

    # --- from other threads

    def send(self, command: Command) -> None:
        """Raises ValueError for what cannot be asked of several."""
        self._inbox.name_of(command)
        self._asked.put(command)
        self._queue.nudge()

    def close(self) -> None:
        """Stop between two steps, with a checkpoint, as the program ends."""
        self._closing.set()
        self._queue.nudge()

    def shown(self, view: RunView) -> RunView:
        """How it stands, from what is on the disk."""
        if not self.is_alive():
            return view
        outlook, place = self._queue.outlook(self.folder.id), max(0, self._queue.place(self.folder.id))
        waits = "" if outlook is None else outlook.words
        if self._process is None or ((self._pausing or self._aside or place) and view.state in ("paused", "running")):
            return replace(view, state="queued", queue_place=place, queue_words=waits)
        if not self._has_run and not self._process_ended() and view.state not in ("running", "paused", "stopping"):
            return replace(view, state="queued", queue_place=0, queue_words=STARTING, error="")
        names = [self._run_context.slots[at].name for at in self._queue.held(self.folder.id)]
        known = view.slot and self._run_context.device.type == "cuda"
        return replace(view, slot=" and ".join(names)) if known and all(names) else view

    def _process_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    # --- its life

    def run(self) -> None:
        try:
            if isinstance(self._process, LeftProcesses):
                self._go_on_with(self._process)
            elif self._wait_in_line():
                self._train()
            else:
                self._write_end("stopped", "")
        except Exception as error:
            log.exception("run %s: its processes could not be started", self.folder.id)
            with contextlib.suppress(Exception):
                self._write_end("failed", f"Its processes could not be started: {error}.")
        finally:
            self._queue.leave(self.folder.id)
            self._run_context.room.drop(self.folder.id)
            forget_processes(self.folder.root)
            self._steering.release()
            self._lock.release()

    def begin_to_steer(self) -> None:
        """Raises HeldElsewhere where another program does, OSError."""
        self._steering.acquire()

    def join_line(self, *, front: bool = False, last: Sequence[int] = ()) -> None:
        """last: the slots that it has."""
        self._queue.join(
            self.folder.id, owner=self._owner, front=front, need=self._together.slots, last=last,
            left=isinstance(self._process, LeftProcesses),
        )  # fmt: skip

    def _wait_in_line(self) -> bool:
        """False where it was stopped before it had a device."""
        while not self._queue.wait(self.folder.id, 1.0, lambda: not self._asked.empty() or self._closing.is_set()):
            if self._closing.is_set():
                return False
            while not self._asked.empty():
                command = self._asked.get()
                if isinstance(command, Stop):
                    return False
                self._to_tell.append(command)
        return True

    def _train(self) -> None:
        device = self._run_context.device.type
        held = self._queue.held(self.folder.id) if device == "cuda" else ()
        gpus = [self._run_context.slots[at].device.index or 0 for at in held]
        self._hold_memory()
        self._lock.release()
        with tempfile.TemporaryFile() as said:
            self._process = subprocess.Popen(
                self._together.command(self.folder, device), env=self._together.environment(gpus),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
            )  # fmt: skip
            note_processes(self.folder.root, self._process.pid, self._together.processes, gpus)
            self._steer(self._process)
            self._tell_what_ended_them(said)

    def _go_on_with(self, left: LeftProcesses) -> None:
        """They have not waited for this server: where it has no device for them yet, they are held until it has."""
        self._hold_memory()
        self._has_run = self._state() != "queued"
        if self._queue.place(self.folder.id) > 0 and self._inbox.is_open:
            self._aside = True
            self._tell(Pause())
        self._steer(left)
        self._tell_what_ended_them(io.BytesIO())

    def _hold_memory(self) -> None:
        device = self._run_context.device_of(self.folder.id)
        self._run_context.room.hold(self.folder.id, self._owner, self._bytes, device, stays=True)

    def _steer(self, process: subprocess.Popen[bytes] | LeftProcesses) -> None:
        try:
            while not self._process_ended():
                self._look()
                time.sleep(LOOK_SECONDS)
        finally:
            self._kill_what_is_left(process)

    def _look(self) -> None:
        if self._closing.is_set() and not self._ending:
            self._end()
        elif self._ending and self._process is not None and time.monotonic() > self._ending:
            os.killpg(self._process.pid, signal.SIGKILL)
        while not self._asked.empty():
            self._obey(self._asked.get())
        state = self._state()
        holds = self._queue.holds(self.folder.id)
        if holds and self._inbox.is_open:
            while self._to_tell:
                self._tell(self._to_tell.pop(0))
        self._give_turns(state, holds=holds)

    def _give_turns(self, state: State, *, holds: bool) -> None:
        """Hold it between two steps while others have their turn, and let it go on when it has the devices again."""
        if holds and state == "running":
            self._has_run = True
            self._queue.begin(self.folder.id)
            self._expect()
            if not self._pausing and self._queue.over(self.folder.id) and self._inbox.is_open:
                self._pausing = True
                self._tell(Pause())
        elif holds and state == "paused" and self._aside:
            self._aside = False
            self._tell(Resume())
        elif holds and state == "paused" and self._pausing:
            self._pausing, self._aside = False, True
            self._queue.step_aside(self.folder.id)
        elif holds and state == "paused" and time.monotonic() - self._told_to_go > SETTLE_SECONDS:
            self._queue.leave(self.folder.id)  # somebody's pause: the devices are for others

    def _tell(self, command: Command) -> None:
        if isinstance(command, Resume | StepOnce):
            self._told_to_go = time.monotonic()
        with contextlib.suppress(OSError):  # it has just come to its end
            self._inbox.put(command)

    def _obey(self, command: Command) -> None:
        if isinstance(command, Stop) and not self._inbox.is_open:
            self._end()
        elif (
            isinstance(command, Pause) and self._has_run and (self._pausing or not self._queue.holds(self.folder.id))
        ):
            self._pausing = self._aside = False  # it is held back already: now by who asked
            self._to_tell = [one for one in self._to_tell if not isinstance(one, Resume | StepOnce)]
            self._queue.leave(self.folder.id)
        elif isinstance(command, Resume | StepOnce):
            self.join_line(front=True)
            self._told_to_go = time.monotonic()
            self._to_tell.append(command)
        elif self._inbox.is_open:
            self._tell(command)
        else:
            self._to_tell.append(command)

    def _end(self) -> None:
        if not self._process_ended() and self._process is not None:
            self._ending = time.monotonic() + LAST_SECONDS
            self._process.terminate()  # torchrun tells its processes, which keep a checkpoint

    def _kill_what_is_left(self, process: subprocess.Popen[bytes] | LeftProcesses) -> None:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _state(self) -> State:
        try:
            return self._on_disk(self.folder.id).state
        except ValueError:
            return "interrupted"

    def _expect(self) -> None:
        view = self._on_disk(self.folder.id)
        if view.images > 0 and view.elapsed_seconds > 0:
            left = view.elapsed_seconds * max(0, view.end_images - view.images) / view.images
            self._queue.expect(self.folder.id, left)

    # --- its end

    def _tell_what_ended_them(self, said: IO[bytes]) -> None:
        """Where the processes could not write it themselves."""
        status = self.folder.status()
        if status.state not in LIVE or is_held(self.folder.lock):
            return
        if self._ending:
            self._write_end("stopped" if status.step == 0 else "interrupted", "")
            return
        words = sentence_of(said)
        began = status.state != "queued"
        self._write_end("interrupted" if began or not words else "failed", words or KILLED)

    def _write_end(self, state: State, error: str) -> None:
        lock = RunLock(self.folder.lock, self.folder.id)
        if self._process is not None:  # they have let go of it
            lock.acquire()
        try:
            with contextlib.closing(RunWriter(self.folder)) as writer:
                writer.write_status(replace(self.folder.status(), state=state, error=error, advice=()))
        finally:
            lock.release()


def sentence_of(said: IO[bytes]) -> str:
    """What the processes said last before torchrun began to report them, where that is a sentence; else ""."""
    said.seek(0)
    lines = said.read(_MOST_SAID).decode("utf-8", errors="replace").splitlines()
    found = ""
    for line in lines:
        if re.match(r"E\d{4} |Traceback ", line):
            break
        if line.endswith(".") and not _OF_TORCHRUN.match(line) and "Warning" not in line:
            found = line
    return found[:500]

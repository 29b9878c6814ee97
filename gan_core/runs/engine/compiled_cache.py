"""The compiled steps of this machine: each is made once, by a process of its own, before the runs that use it."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from gan_core.config.files import atomic_path
from gan_core.training import Trainer
from gan_core.training.backends.compiled import CompiledStep, CompiledStepSpec, compile_command
from gan_core.training.backends.compiler import find_compiler

log = logging.getLogger(__name__)

MOST_SECONDS = 600.0  # for one library, on however slow a machine
NICER = 5  # how far the compiler stands back behind the training that goes on meanwhile
KEPT = 100  # libraries, of some fifty kilobytes each; the longest unused go first
ENDING = ".so"
NO_COMPILER = "There is no C++ compiler on this machine (g++ or clang++)."
BEING_MADE = "The compiled step of these networks is still being made; the next run with them has it."


class CompiledStepCache:
    """Kept in one folder of the user's, which nothing from outside is ever written to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        self._turn = threading.Lock()  # one at a time: others train or serve a page meanwhile
        self._making: dict[str, threading.Thread] = {}
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._failed: dict[str, str] = {}
        self._closed = False

    def ready(self, spec: CompiledStepSpec) -> Path | None:
        """Its file, if it is there."""
        path = self._folder / f"{spec.key}{ENDING}"
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def problem(self, spec: CompiledStepSpec) -> str:
        """Why there will be none, in one sentence; "" while there may."""
        if self.ready(spec) is None and find_compiler() is None:
            return NO_COMPILER
        return self._failed.get(spec.key, "")

    def why_not(self, spec: CompiledStepSpec, *, soon: bool = False) -> str:
        """Why it cannot be had at once (soon: or in a few seconds), in one sentence; then it is begun, if it can be.

        "" where it can.
        """
        if self.ready(spec) is not None:
            return ""
        if problem := self.problem(spec):
            return problem
        self.begin(spec)
        return "" if soon else BEING_MADE

    def begin(self, spec: CompiledStepSpec) -> None:
        """See to it that it will be there; returns at once."""
        with self._guard:
            if self._closed or spec.key in self._making or spec.key in self._failed:
                return
            thread = threading.Thread(
                target=self._make, args=(spec.key, spec.source()), name="make-library", daemon=True
            )  # fmt: skip
            self._making[spec.key] = thread
        thread.start()

    def obtain(self, spec: CompiledStepSpec) -> Path | None:
        """Its file, made now where it is not there; None where that cannot be. Waits some seconds."""
        if self.ready(spec) is None and not self.problem(spec):
            self.begin(spec)
            with self._guard:
                thread = self._making.get(spec.key)
            if thread is not None:
                thread.join()
        return self.ready(spec)

    def refuse(self, spec: CompiledStepSpec) -> None:
        """What was made is of no use on this machine: forget it, and make it no more."""
        (self._folder / f"{spec.key}{ENDING}").unlink(missing_ok=True)
        self._failed[spec.key] = "The compiled step could not be loaded on this machine."

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Make no more of them, and end what is being made."""
        with self._guard:
            self._closed = True
            for process in self._processes:
                _kill(process)

    def join(self, seconds: float | None = None) -> None:
        """Wait, at most so long, until nothing is being made."""
        until = None if seconds is None else time.monotonic() + seconds
        with self._guard:
            threads = list(self._making.values())
        for thread in threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))

    def _make(self, key: str, text: str) -> None:
        target = self._folder / f"{key}{ENDING}"
        try:
            with self._turn:
                if not target.exists() and not self._closed:
                    self._folder.mkdir(parents=True, exist_ok=True)
                    with atomic_path(target) as part:
                        _compile(part, text, self._track)
                    self._forget_oldest()
        except (OSError, subprocess.SubprocessError, RuntimeError) as error:
            if not self._closed:  # else it was cut short by `close`
                log.warning("the compiled step %s could not be made: %s", key, error)
            self._failed[key] = "The step could not be compiled on this machine; see the log."
        finally:
            with self._guard:
                self._making.pop(key, None)

    @contextlib.contextmanager
    def _track(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """So that `close` finds it."""
        with self._guard:
            self._processes.add(process)
            if self._closed:
                _kill(process)
        try:
            yield
        finally:
            with self._guard:
                self._processes.discard(process)

    def _forget_oldest(self) -> None:
        found = sorted(self._folder.glob(f"[0-9a-f]*{ENDING}"), key=lambda path: path.stat().st_mtime)
        for path in found[:-KEPT]:
            path.unlink(missing_ok=True)


def give_library(trainer: Trainer, cache: CompiledStepCache) -> None:
    """The compiled backend, made first where it is not there; where that cannot be, the trainer stays as it is."""
    spec = trainer.compiled_spec()
    path = None if spec is None else cache.obtain(spec)
    if spec is None or path is None:
        return
    try:
        trainer.use_library(CompiledStep(path, spec))
    except OSError as error:
        log.warning("the compiled step %s could not be loaded: %s", spec.key, error)
        cache.refuse(spec)


def _compile(part: Path, text: str, track: Callable[[subprocess.Popen[bytes]], AbstractContextManager[None]]) -> None:
    """Raises SubprocessError, RuntimeError or OSError."""
    compiler = find_compiler()
    if compiler is None:
        raise RuntimeError("there is no C++ compiler")
    nice = ["nice", "-n", str(NICER)] if shutil.which("nice") else []
    started = subprocess.Popen(
        [*nice, *compile_command(compiler, part.resolve())],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        process_group=0 if os.name == "posix" else None,
    )  # fmt: skip
    with started as process, track(process):
        try:
            _, said = process.communicate(text.encode(), timeout=MOST_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise
    if process.returncode:
        raise RuntimeError(said.decode(errors="replace")[-2000:])


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With all that it has started: a compiler is several processes, each of which holds our end of the pipe open."""
    if os.name == "posix" and process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()

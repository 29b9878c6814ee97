"""Servers forked from a process that has done what each does before its first page: four seconds of the processor's.

That process imports nothing of `pages`: a component belongs to the server in which its module was first imported.
How a server starts from its command is tested in tests/pages/server and tests/browser/server/test_killed.py.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import serving

ROOT = serving.ROOT


class Nursery:
    """The process that servers are forked from, and what it has told of them."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.forked"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._told = b""
        self._begun: list[int] = []
        self._ended: dict[int, int] = {}
        atexit.register(self._process.communicate)

    def fork(self, words: Sequence[str], environment: Mapping[str, str], log: str) -> int:
        """The process id of `python words`, which writes into the file `log`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([list(words), dict(environment), log]).encode() + b"\n")
        self._process.stdin.flush()
        while not self._begun:
            self._hear(None)
        return self._begun.pop()

    def status(self, pid: int, seconds: float) -> int | None:
        """How that process has ended, as Popen.returncode says it; None where it has not within so many seconds."""
        end = time.monotonic() + seconds
        while pid not in self._ended and (self._hear(max(0.0, end - time.monotonic())) or time.monotonic() < end):
            pass
        return self._ended.get(pid)

    def _hear(self, seconds: float | None) -> bool:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return False
        if not (told := os.read(self._process.stdout.fileno(), 65536)):
            raise RuntimeError("the process that servers are forked from has ended")
        *lines, self._told = (self._told + told).split(b"\n")
        for line in lines:
            pid, status = json.loads(line)
            if status is None:
                self._begun.append(pid)
            else:
                self._ended[pid] = status
        return True


class Forked:
    """One of its servers, with what is used of a `subprocess.Popen`."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid

    def poll(self) -> int | None:
        return self._nursery.status(self.pid, 0.0)

    def wait(self, timeout: float | None = None) -> int:
        status = self._nursery.status(self.pid, 1e6 if timeout is None else timeout)
        if status is None:
            raise subprocess.TimeoutExpired(f"the server {self.pid}", timeout or 0.0)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


nursery = functools.cache(Nursery)


def start(words: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
    """As `serving.started` does it, and sooner."""
    return Forked(nursery(), nursery().fork(words, environment, str(log)))


server = functools.partial(serving.server, start=start)


def _imports() -> Iterator[str]:
    """The modules outside `pages` that its modules name."""
    for path in sorted((ROOT / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module


def _become(words: list[str], environment: dict[str, str], log: str) -> None:
    """What `python words` with this environment would be."""
    with contextlib.suppress(OSError, AttributeError):  # Linux: it ends with the process that it was forked from
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    option, module, *sys.argv[1:] = words
    assert option == "-m"
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.exit()


def _tell(pid: int, status: int | None) -> None:
    os.write(1, json.dumps([pid, status]).encode() + b"\n")


def _prepare() -> None:
    """Import, measure, read and compress what every server does for itself before its first page."""
    for name in ("torch", "streamlit.web.cli", "streamlit.web.bootstrap", "gan_core.runs", *_imports()):
        if name.partition(".")[0] != "pages":
            with contextlib.suppress(ImportError):  # what only some machines have
                importlib.import_module(name)
    import streamlit
    import torch

    from gan_core.runs import RunManager
    from gan_core.training.configuration.presets import DEFAULT, PRESETS, preset
    from pages.server.http import packed  # which brings no component

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a process with threads of torch's cannot be forked
    with tempfile.TemporaryDirectory() as folder:
        manager = RunManager(Path(folder) / "runs", Path(folder) / "data", device="cpu")
        config = preset(DEFAULT).config
        manager.estimate(config)
        for one in PRESETS.values():
            manager.rough_seconds(one.config)
        config.data.load(config.size, manager.data_dir)
        manager.close()
    for path in (Path(streamlit.__file__ or "").parent / "static" / "static").rglob("*.*"):
        if path.suffix in packed.TYPES:
            packed.packed(path)
    torch.set_num_threads(threads)
    latest = time.monotonic() + 60
    while threading.active_count() > 1 and time.monotonic() < latest:
        time.sleep(0.02)
    gc.collect()
    gc.freeze()  # else each process looks through all that it got from this one as it ends


def main() -> None:
    _prepare()
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    asked = b""
    while True:
        ready, _, _ = select.select([0, awake], [], [])
        if awake in ready:
            os.read(awake, 65536)
            with contextlib.suppress(ChildProcessError):
                while (found := os.waitpid(-1, os.WNOHANG))[0]:
                    _tell(found[0], os.waitstatus_to_exitcode(found[1]))
        if 0 in ready:
            if not (more := os.read(0, 65536)):
                return
            *lines, asked = (asked + more).split(b"\n")
            for line in lines:
                if (pid := os.fork()) == 0:
                    os.close(awake)
                    os.close(wake)
                    _become(*json.loads(line))
                _tell(pid, None)


if __name__ == "__main__":
    main()

"""A real server and a real Chromium, for the benchmarks that need them."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Browser, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
BROWSER_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
PATIENCE_SECONDS = 180.0  # for a start on a busy machine
# Asks servers of this machine, by no proxy; urlopen keeps the proxies that it saw at its first call.
local_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Process(Protocol):
    """What is used of a `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int, /) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


@dataclass(frozen=True)
class Server:
    """A running server; seconds_to_ready from the command to the first healthy answer."""

    url: str
    runs_dir: Path
    data_dir: Path
    process: Process
    seconds_to_ready: float


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(words: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """`python words` in the root folder."""
    with open(log, "wb") as out:
        return subprocess.Popen([sys.executable, *words], cwd=ROOT, env=environment, stdout=out, stderr=out)


@contextlib.contextmanager
def server(
    folder: Path, *options: str, environment: Mapping[str, str] | None = None, name: str = "127.0.0.1",
    base: str = "", start: Callable[[Sequence[str], Mapping[str, str], Path], Process] = started,
) -> Iterator[Server]:  # fmt: skip
    """`streamlit run app.py` as `make app` starts it, with its runs and data under `folder`.

    name: the host in its URL, an address that `options` may let it listen to. base: the path below which they do so.
    start: of its words, environment and log.
    """
    port = free_port()
    places = {"GANSCOPE_RUNS": str(folder / "runs"), "GANSCOPE_DATA": str(folder / "data")}
    words = ["-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true", *options]
    began = time.perf_counter()
    process = start(words, {**os.environ, **places, **(environment or {})}, folder / "server.log")
    latest = time.perf_counter() + PATIENCE_SECONDS
    url = f"http://{name}:{port}{base}"
    try:
        while True:
            with contextlib.suppress(OSError), local_opener.open(f"{url}/_stcore/health", timeout=1):
                break
            if process.poll() is not None or time.perf_counter() > latest:
                raise RuntimeError(f"the server did not start; its log: {(folder / 'server.log').read_text()}")
            time.sleep(0.02)
        ready = time.perf_counter() - began
        yield Server(url, folder / "runs", folder / "data", process, ready)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def chromium_path() -> str:
    """Debian's Chromium, or what CHROMIUM names."""
    names = "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"
    for name in (os.environ.get("CHROMIUM"), *names):
        if name and (found := shutil.which(name)):
            return found
    raise RuntimeError("This benchmark needs Chromium: install it, or name it in CHROMIUM.")


@contextlib.contextmanager
def chromium_of(playwright: Playwright, *flags: str) -> Iterator[Browser]:
    """flags: beside those that every test has."""
    opened = playwright.chromium.launch(executable_path=chromium_path(), args=[*BROWSER_FLAGS, *flags])
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def browser(*flags: str) -> Iterator[Browser]:
    with sync_playwright() as playwright, chromium_of(playwright, *flags) as opened:
        yield opened


def newest_run(runs_dir: Path) -> Any:
    """The folder of the newest run, readable while the server writes it."""
    from gan_core.runs.storage.run_folder import RunFolder, run_ids

    ids = run_ids(runs_dir)
    return RunFolder(runs_dir / ids[0]) if ids else None

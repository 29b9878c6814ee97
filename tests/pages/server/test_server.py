"""The server as people start it: its settings, how soon it answers, and how it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from streamlit import config

from benchmarks.serving import local_opener
from tests.runs.helpers import open_manager, until

ROOT = Path(__file__).parents[3]


def settings() -> dict[str, Any]:
    return tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))


def flat(table: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in table.items():
        yield from flat(value, f"{before}{name}.") if isinstance(value, dict) else (before + name,)


def test_every_setting_is_one_that_streamlit_knows() -> None:
    known = set(config.get_config_options())
    assert set(flat(settings())) <= known


def test_the_settings_that_training_and_safety_stand_on() -> None:
    found = settings()
    assert found["runner"]["postScriptGC"] is False
    assert found["server"]["address"] == "127.0.0.1"
    assert found["server"]["enableStaticServing"] is False
    assert found["server"]["fileWatcherType"] == "none"
    assert found["browser"]["gatherUsageStats"] is False
    assert found["client"]["toolbarMode"] == "viewer"


def test_no_font_or_script_comes_from_elsewhere() -> None:
    for path in [
        *(ROOT / "assets" / "style").iterdir(),
        *(ROOT / "pages").rglob("*.[jc]s*"),
        ROOT / ".streamlit/config.toml",
    ]:
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in text, path
        assert "http://" not in text, path


@contextlib.contextmanager
def served(folder: Path, *ignored: signal.Signals) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The server as a caller starts it who ignores these signals, once it answers; and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    places = {"GANSCOPE_RUNS": str(folder / "runs"), "GANSCOPE_DATA": str(folder / "data")}
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}  # a child inherits that
    try:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **places})
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    try:
        end = time.monotonic() + 180
        while not _answers(port):
            assert process.poll() is None
            assert time.monotonic() < end, "the server did not answer"
            time.sleep(0.1)
        yield process, port
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, pytest.param(signal.SIGHUP, marks=pytest.mark.long)]
)
def test_asked_to_stop_it_exits_with_status_zero(tmp_path: Path, number: signal.Signals) -> None:
    with served(tmp_path) as (process, _):
        process.send_signal(number)
        assert process.wait(180) == 0


def test_what_its_caller_ignores_stays_ignored(tmp_path: Path) -> None:
    """As of `nohup`, and of a script's background jobs, whose Ctrl-C is not meant for them."""
    with served(tmp_path, signal.SIGHUP, signal.SIGINT) as (process, port):
        for number in (signal.SIGHUP, signal.SIGINT):
            process.send_signal(number)
        assert _ignored(process.pid) >= {signal.SIGHUP, signal.SIGINT}
        assert _answers(port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(180) == 0


def _ignored(pid: int) -> set[int]:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("this system does not tell what a process ignores")
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("SigIgn"))
    mask = int(line.split()[1], 16)
    return {number for number in range(1, 32) if mask >> (number - 1) & 1}


SAVING = """
import asyncio, sys, threading, uvicorn
sys.path.insert(0, {root!r})
from contextlib import asynccontextmanager
from pathlib import Path
from starlette.applications import Starlette
from pages.server.shutdown import end_with_status_zero, leave_at_once
from pages.server.app_state import AppState
from tests.runs.helpers import open_manager, quick

manager = open_manager(Path({folder!r}))
home = AppState(manager)

@asynccontextmanager
async def lifespan(app):
    end_with_status_zero()
    manager.start(quick(steps=10_000_000))
    yield
    await asyncio.to_thread(home.close)
    leave_at_once()

uvicorn.run(Starlette(lifespan=lifespan), host="127.0.0.1", port=0, log_level="error")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_its_runs_are_saved_when_it_is_asked_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SAVING.format(root=str(ROOT), folder=str(tmp_path))], cwd=ROOT
    )  # fmt: skip
    try:
        manager = open_manager(tmp_path)
        until(lambda: any(view.step > 100 for view in manager.views()))
        process.send_signal(number)
        assert process.wait(180) == 0
    finally:
        process.kill()
        process.wait()
    (view,) = manager.views()
    assert view.state == "stopped"
    assert view.checkpoints[-1] == view.step > 100
    manager.close()


def _answers(port: int) -> bool:
    try:
        with local_opener.open(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False

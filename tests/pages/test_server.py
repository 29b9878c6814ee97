"""The server as people start it: its settings, how soon it answers, and how it ends."""

from __future__ import annotations

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

ROOT = Path(__file__).parents[2]


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_exits_with_status_zero(tmp_path: Path, number: signal.Signals) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    places = {"GANSCOPE_RUNS": str(tmp_path / "runs"), "GANSCOPE_DATA": str(tmp_path / "data")}
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **places})
    try:
        end = time.monotonic() + 60
        while not _answers(port):
            assert process.poll() is None
            assert time.monotonic() < end, "the server did not answer"
            time.sleep(0.1)
        process.send_signal(number)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        with local_opener.open(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False

"""Runs on a medium that cannot be written: every page shows them, and what would train says why it does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_core.runs import RunManager
from pages.server.app_state import AppState, install_app_state
from tests.pages.opening import opened
from tests.runs.helpers import at_rest, open_manager, quick


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two runs, seen through a read-only mount by the server's home."""
    made, place = open_manager(tmp_path), tmp_path / "read-only"
    ids = [made.start(quick(steps=12, every=4), title=title, stop_at_step=8) for title in ("One", "Two")]
    assert [at_rest(made, run).state for run in ids] == ["finished"] * 2
    made.close()
    place.mkdir()
    mounts = [["mount", "--bind", str(made.runs_dir), str(place)], ["mount", "-o", "remount,ro,bind", str(place)]]
    if any(subprocess.run(command, capture_output=True).returncode for command in mounts):
        subprocess.run(["umount", str(place)], capture_output=True, check=False)
        pytest.skip("mounting is not allowed here")
    monkeypatch.setenv("GANSCOPE_RUNS", str(place))
    before = getattr(sys, "_ganscope_app_state", None)
    manager = RunManager(place, tmp_path / "data", device="cpu", threads=1)
    install_app_state(AppState(manager))
    yield ids
    manager.close()
    sys._ganscope_app_state = before  # type: ignore[attr-defined]
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_the_lab_shows_them_and_says_why_nothing_trains(runs: list[str]) -> None:
    app = opened("lab", run=runs[0])
    (planned, *_) = (button for button in app.button if button.key and button.key.startswith("longer:"))
    assert planned.label == "192 images in all, as planned"
    planned.click().run()
    assert not app.exception, app.exception
    (said,) = (block.value.replace("\\", "") for block in app.warning)  # without what keeps it from being Markdown
    assert said == "The runs folder read-only cannot be written (Read-only file system); choose another."


def test_they_can_be_compared(runs: list[str]) -> None:
    app = opened("compare", runs=",".join(runs))
    assert not app.error

"""kill -9 with the page open: nothing unreadable, and the run goes on where it was."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from playwright.sync_api import Page

from benchmarks.serving import server
from gan_core.runs.storage.run_folder import RunFolder
from tests.browser.lab import CALM, Lab, until

pytestmark = pytest.mark.long
"""Without a page: test_process.py in tests/cli, test_exact_resume.py in tests/runs, test_server.py in tests/pages."""


def test_killed_and_resumed_with_the_page_open(page: Page, tmp_path: Path) -> None:
    with server(tmp_path) as first:
        lab = Lab(page, first.url)
        lab.open(f"preset=fashion-fast&{CALM}&total_images=100000000")
        lab.press("Train")
        run = lab.run_id()
        until(lambda: lab.step() > 10)
        lab.press("Checkpoint")
        folder = RunFolder(tmp_path / "runs" / run)
        kept = until(lambda: folder.checkpoints())[-1]
        until(lambda: folder.status().step > kept.step + 5)
        seen = folder.status().step
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(180)
    points = folder.points()["step"]
    assert points[-1] <= folder.status().step
    assert folder.status().step >= seen  # what was written a second ago is still there
    with server(tmp_path) as second:
        lab = Lab(page, second.url)
        lab.open(f"run={run}")
        lab.expect_state("interrupted|cut off")
        lab.press("Resume")
        lab.expect_state("training")
        until(lambda: lab.step() > seen)
        lab.press("Stop")
        lab.expect_state("stopped")
    steps = folder.points()["step"]
    assert len(set(steps)) == len(steps)
    assert folder.status().state == "stopped"


def test_sigterm_saves_and_ends_well(page: Page, tmp_path: Path) -> None:
    with server(tmp_path) as at:
        lab = Lab(page, at.url)
        lab.open(f"preset=fashion-fast&{CALM}&total_images=100000000")
        lab.press("Train")
        run = lab.run_id()
        until(lambda: lab.step() > 5)
        at.process.send_signal(signal.SIGTERM)
        assert at.process.wait(180) == 0
    folder = RunFolder(tmp_path / "runs" / run)
    assert folder.status().state == "stopped"
    assert folder.checkpoints()[-1].step == folder.status().step

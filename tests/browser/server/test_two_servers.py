"""A run begun on one page, trained by a job elsewhere, steered from the page of another server on the same folder."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.shared.lock import holder
from tests.browser.forked import server
from tests.browser.lab import AT_REST, CALM, Lab, until

SBATCH = """#!/bin/bash
echo 4711
setsid bash -c "until [ -e {here}/go ]; do sleep 0.1; done; exec bash $2" > {here}/said 2>&1 < /dev/null &
"""
STARTING_SECONDS = 240.0  # two processes that import torch, on a busy machine


@pytest.mark.long  # without a browser: tests/runs/engine/elsewhere, tests/runs/cluster
def test_a_run_of_a_job_is_watched_and_steered_from_two_servers(page: Page, tmp_path: Path) -> None:
    sbatch = tmp_path / "sbatch"
    sbatch.write_text(SBATCH.format(here=tmp_path))
    sbatch.chmod(stat.S_IRWXU)
    told = {"COMMAND": f"{sbatch} --parsable {{script}}", "DEVICE": "cpu", "CORES": "1"}
    told = {f"GANSCOPE_JOB_{name}": value for name, value in told.items()}
    two_slots = {"GANSCOPE_DEVICES": "cpu:2"}
    with server(tmp_path, environment=told) as first, server(tmp_path, environment=two_slots) as second:
        lab, other = Lab(page, first.url), Lab(page.context.new_page(), second.url)
        lab.open(f"preset=fashion-fast&{CALM}&total_images=100000000&view=full")
        page.get_by_role("radio", name="Cluster").click()
        expect(page.locator(AT_REST)).to_be_attached()
        lab.press("Train")
        run = lab.run_id()
        expect(page.get_by_text("Waits as job 4711 on another machine")).to_be_visible()
        expect(lab.button("Cancel")).to_be_visible()
        (tmp_path / "go").touch()
        lab.expect_state("training")
        until(lambda: lab.step() > 10)
        folder = RunFolder(tmp_path / "runs" / run)
        trainer = holder(folder.lock)
        assert trainer is not None
        assert trainer.process not in (first.process.pid, second.process.pid)
        other.open(f"run={run}&view=full")
        expect(other.page.get_by_role("radio", name="Cluster")).to_have_count(0)
        until(lambda: other.step() > 10)
        other.press("Pause")
        lab.expect_state("paused")
        other.expect_state("paused")
        seen = folder.status().step
        other.page.locator("[class*=st-key-steer-g_optimizer-lr] input[type=range]").first.press("ArrowRight")
        until(lambda: [change.path for change in folder.changes()] == ["g_optimizer.lr"])
        lab.press("Resume")
        until(lambda: other.step() > seen)
        other.press("Stop")
        lab.expect_state("stopped")
        other.press("Resume")  # here, by the second server
        other.expect_state("training")
        until(lambda: (found := holder(folder.lock)) is not None and found.process == second.process.pid)
        until(lambda: lab.step() > folder.checkpoints()[0].step)
        lab.press("Stop")
        other.expect_state("stopped")
        _train_in_two_processes(lab, other)


def _train_in_two_processes(lab: Lab, other: Lab) -> None:
    """By the menu of the server that has two places to train; the other one watches."""
    other.open(f"preset=fashion-fast&{CALM}&total_images=100000000&view=full")
    other.press("Devices")
    other.press("2 processes together")
    expect(other.button("2 processes together").first).to_be_visible()  # what the menu is called now
    other.page.keyboard.press("Escape")
    other.press("Train")
    lab.open(f"run={other.run_id()}&view=full")
    for one in (other, lab):
        until(lambda one=one: "training" in one.state.inner_text().lower(), STARTING_SECONDS)  # type: ignore[misc]
        expect(one.page.get_by_test_id("now")).to_have_text("On the processor, in 2 processes")
    until(lambda: other.step() > 2 and lab.step() > 2)
    other.press("Pause")
    lab.expect_state("paused")
    other.expect_state("paused")
    other.press("Stop")
    lab.expect_state("stopped")
    other.expect_state("stopped")

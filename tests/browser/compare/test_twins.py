"""Twins side by side, a branch from the moment under the picture, and the family that comes of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import Server
from gan_core.runs.storage.run_folder import RunFolder, run_ids
from tests.browser.lab import Lab, until

SMALL = "preset=ring&generator.hidden=16&discriminator.hidden=16"
POINTS = f"{SMALL}&record.every_steps=10&total_images=100000000&speed=normal"


def steps(lab: Lab, *runs: str, served: Server) -> list[int]:
    return [RunFolder(served.runs_dir / run).status().step for run in runs]


@pytest.fixture
def served(served_alone: Server) -> Server:
    return served_alone


@pytest.mark.long  # tests/runs/lineage/test_twins.py, tests/pages/test_compared.py
def test_twins_are_started_paused_scrubbed_and_branched_and_stand_in_the_family(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    page.goto(f"{served.url}/?{POINTS}")
    lab.press("Twins")
    slider = page.get_by_test_id("stPopoverBody").get_by_role("slider").first
    expect(page.get_by_role("button", name="Start the twins")).to_be_disabled()
    slider.focus()
    page.keyboard.press("ArrowLeft")
    lab.press("Start the twins")
    first = lab.run_id()
    second = RunFolder(served.runs_dir / first).manifest().twin_of
    assert sorted(run_ids(served.runs_dir)) == sorted([first, second])
    expect(page.locator(".gs-live")).to_have_count(2)
    expect(page.get_by_test_id("state").nth(1)).to_have_text("Training")
    until(lambda: min(steps(lab, first, second, served=served)) > 100)
    lab.press("Pause")
    for place in (0, 1):
        expect(page.get_by_test_id("state").nth(place)).to_have_text("Paused")
    until(lambda: len(set(steps(lab, first, second, served=served))) == 1)
    captions = page.get_by_test_id("film-step")
    until(lambda: captions.nth(0).inner_text() == captions.nth(1).inner_text())

    timeline, branch_here = page.get_by_test_id("timeline").nth(0), page.get_by_test_id("branch-here").nth(0)
    timeline.focus()
    page.keyboard.press("ArrowLeft")  # moving one film moves the other
    expect(branch_here).to_be_visible()  # also where no checkpoint has been kept yet
    newest = steps(lab, first, served=served)[0]
    until(lambda: 0 < lab_step(page) < newest)
    until(lambda: captions.nth(0).inner_text() == captions.nth(1).inner_text())
    at = lab_step(page)

    branch_here.click()
    expect(page.get_by_role("dialog").get_by_role("spinbutton")).to_have_value(str(at))
    page.get_by_role("dialog").get_by_role("button", name="Start the branch").click()
    page.wait_for_url(lambda url: "run=" in url and first not in url and second not in url)
    branch = lab.run_id()
    about = RunFolder(served.runs_dir / branch).manifest()
    assert (about.parent, about.parent_step) == (first, at)
    until(lambda: RunFolder(served.runs_dir / branch).status().step > at)
    assert at in [row.step for row in RunFolder(served.runs_dir / branch).checkpoints()]
    lab.press("Stop")
    lab.expect_state("stopped")

    page.goto(f"{served.url}/compare?tab=family")
    rows = page.locator("[data-run]")
    expect(rows).to_have_count(3)
    assert rows.evaluate_all("rows => rows.map(row => row.dataset.run)") == [first, branch, second]
    expect(rows.nth(1)).to_contain_text("from step")
    expect(rows.nth(2)).to_contain_text("Learning rate")
    rows.nth(1).get_by_role("checkbox").click()
    expect(rows.nth(1).get_by_role("checkbox")).to_be_checked()
    page.wait_for_url(f"**runs={branch}*")
    rows.nth(2).get_by_role("button").click()
    page.wait_for_url(f"**run={second}*")
    expect(page.get_by_test_id("state").first).to_have_text("Paused")
    lab.press("Stop")  # one button for both
    until(lambda: {RunFolder(served.runs_dir / run).status().state for run in (first, second)} == {"stopped"})


def lab_step(page: Page) -> int:
    """Of the left film."""
    words = page.get_by_test_id("film-step").nth(0).inner_text().partition("·")[0]
    digits = "".join(c for c in words if c.isdigit())
    return int(digits) if digits else -1

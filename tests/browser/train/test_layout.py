"""Where things stand, in CSS pixels: the picture's share of the page, projector mode, a phone, what must not move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server
from tests.browser.lab import SMALL, Lab, at_rest, until

SCREENS = [(1366, 768), (390, 844), pytest.param((1920, 1080), marks=pytest.mark.long)]
SLOW = "total_images=100000000&record.every_steps=1&speed=normal"
BOXES = """names => Object.fromEntries(names.map(name => {
  const found = [...document.querySelectorAll(name)].map(e => e.getBoundingClientRect()).find(r => r.width);
  return [name, found ? [found.left, found.top, found.right, found.bottom].map(Math.round) : null]; }))"""
STRIP, STAGE, FORMULA = ".st-key-controls", "[data-testid=stage]", "[data-testid=scope-formula]"
KEPT_PLACES = (
    ".st-key-step", ".st-key-stop", ".st-key-speed", ".st-key-branch", ".st-key-share", ".st-key-findings-place",
    ".st-key-full", ".st-key-mode", ".st-key-changes", "[class*=st-key-steer-g_optimizer-lr]", STAGE, ".gs-nets",
    ".gs-status", ".gs-timeline",
)  # fmt: skip


def boxes(page: Page, *names: str) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(BOXES, list(names))
    return found


@contextmanager
def screen(chromium: Browser, served: Server, size: tuple[int, int]) -> Iterator[Lab]:
    phone = size[0] < 500
    viewport = {"width": size[0], "height": size[1]}
    context = chromium.new_context(viewport=viewport, has_touch=phone, is_mobile=phone)  # type: ignore[arg-type]
    yield Lab(context.new_page(), served.url)
    context.close()


def pictures(page: Page) -> tuple[float, float]:
    """From the left edge of the generated pictures to the right edge of the real ones, and their lower edge."""
    found = [box for box in boxes(page, "[data-testid=film]", "[data-testid=real]").values() if box]
    return max(b[2] for b in found) - min(b[0] for b in found), max(b[3] for b in found)


def cut_rows(page: Page) -> int:
    """How many of the small pictures of datasets are seen in part only."""
    found: int = page.evaluate("""() => {
      const box = document.querySelector(".st-key-thumbs"), { bottom } = box.getBoundingClientRect();
      const all = [...box.querySelectorAll("button")].map(e => e.getBoundingClientRect());
      return all.filter(r => r.bottom > bottom).length; }""")
    return found


@pytest.mark.parametrize("size", SCREENS)
def test_picture_or_stage_has_half_of_every_page_and_more_of_a_projector(
    chromium: Browser, served: Server, size: tuple[int, int]
) -> None:  # fmt: skip
    with screen(chromium, served, size) as lab:
        lab.open(f"preset=fashion-fast&{SMALL}&{SLOW}&view=simple")
        expect(lab.page.get_by_test_id("real")).to_be_visible()  # before the first Train
        expect(lab.page.locator(".st-key-thumbs button")).not_to_have_count(0)
        at_rest(lab.page)
        assert pictures(lab.page)[0] >= size[0] / 2
        assert cut_rows(lab.page) == 0
        lab.press("Train")
        until(lambda: lab.step() > 0)
        expect(lab.page.get_by_test_id("real")).to_be_visible()  # and beside the generated ones
        at_rest(lab.page)
        wide, low = pictures(lab.page)
        assert wide >= size[0] / 2
        assert low <= size[1] or size[0] < 500
        for name in ("twins", "checkpoint", "downloads", "runs", "branch"):
            expect(lab.page.locator(f".st-key-{name}")).to_have_count(0)
        lab.press("Stop")
        lab.expect_state("stopped")
        lab.page.goto(f"{served.url}/?preset=ring&view=simple")
        expect(lab.page.get_by_test_id("stage")).to_be_visible()
        for view in ("simple", "full"):
            lab.page.goto(f"{served.url}/?preset=ring&view={view}")
            until(lambda: boxes(lab.page, STAGE)[STAGE])
            at_rest(lab.page)
            left, _, right, bottom = boxes(lab.page, STAGE)[STAGE]
            assert right - left >= size[0] / 2
            assert bottom <= size[1]
            assert cut_rows(lab.page) == 0


def test_projector_mode_is_one_key_and_shows_stage_and_formula_at_once(chromium: Browser, served: Server) -> None:
    with screen(chromium, served, (1920, 1080)) as lab:
        page = lab.page
        page.goto(f"{served.url}/?preset=ring&{SLOW}&view=simple")
        expect(page.get_by_role("button", name="Projector")).to_be_visible()
        expect(lab.button("Train")).to_be_enabled()
        page.keyboard.press("p")
        page.wait_for_url("**projector=1**")
        expect(page.locator("[data-projector]")).to_be_visible()
        lab.press("Train")
        lab.expect_state("training")
        expect(page.get_by_test_id("networks")).to_be_visible()
        lab.press("Slow motion")
        page.get_by_test_id("part-d_loss").click()
        expect(page.get_by_test_id("scope-sum")).to_be_visible()
        at_rest(page)
        found = boxes(page, STAGE, FORMULA, ".gs-nets", ".gs-status", STRIP)
        for name in (STAGE, FORMULA, ".gs-nets"):
            left, top, right, bottom = found[name]
            assert left >= 0
            assert top >= found[".gs-status"][3]
            assert right <= 1920
            assert bottom <= found[STRIP][1], name  # nothing of it lies under the strip
        assert found[STAGE][2] - found[STAGE][0] >= 0.6 * 1920
        strip = page.locator(STRIP)
        for name in ("Resume", "Stop", "Share"):  # its QR code is for this very screen
            expect(strip.get_by_role("button", name=name)).to_be_visible()
        expect(strip.locator(".st-key-speed")).to_be_visible()
        assert strip.get_by_role("slider").count() == 2
        paces, share = strip.locator("[data-testid=stSlider]"), f"{STRIP} .st-key-share"
        ends = paces.evaluate_all("all => all.map(e => e.getBoundingClientRect().right)")
        assert max(ends) <= boxes(page, share)[share][0]  # the sliders do not lie under it
        left, top, right, bottom = found[STRIP]
        assert left >= 0
        assert right <= 1920
        assert bottom <= 1080
        assert page.evaluate("document.documentElement.scrollWidth") <= 1920
        page.keyboard.press("p")
        expect(page.locator("[data-projector]")).to_have_count(0)
        lab.press("Stop")
        lab.expect_state("stopped")
        page.goto(f"{served.url}/?preset=fashion-fast&projector=1")
        expect(page.get_by_test_id("real")).to_be_visible()
        at_rest(page)
        wide, low = pictures(page)
        assert wide >= 0.6 * 1920
        assert low <= boxes(page, STRIP)[STRIP][1]


def test_nothing_moves_away_from_the_pointer(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    page.goto(f"{served.url}/?preset=ring&{SLOW}&view=full")
    lab.press("Train")
    lab.expect_state("training")
    expect(page.get_by_test_id("networks")).to_be_visible()
    findings = page.locator(".st-key-findings")
    expect(page.locator(".st-key-branch")).to_be_visible()
    at_rest(page)
    before = boxes(page, *KEPT_PLACES)
    assert all(before.values()), before

    lab.press("Pause")
    lab.expect_state("paused")
    expect(lab.button("Resume")).to_be_visible()
    expect(findings).to_be_visible()
    at_rest(page)
    assert boxes(page, *KEPT_PLACES) == before
    slider = page.locator("[class*=st-key-steer-g_optimizer-lr] input[type=range]").first
    slider.focus()
    slider.press("ArrowRight")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    at_rest(page)
    assert boxes(page, *KEPT_PLACES) == before
    undo.click()
    expect(undo).to_have_count(2)  # the way back is a change too
    at_rest(page)
    assert boxes(page, *KEPT_PLACES) == before
    page.locator(".st-key-share button").first.click()
    expect(page.get_by_test_id("copy-link")).to_be_visible()
    at_rest(page)
    assert boxes(page, *KEPT_PLACES) == before
    page.keyboard.press("Escape")
    lab.press("Resume")
    lab.expect_state("training")
    at_rest(page)
    assert boxes(page, *KEPT_PLACES) == before
    lab.press("Stop")
    lab.expect_state("stopped")


def test_a_phone_offers_pictures_or_the_plane_at_once_and_a_failure_before_its_cure(
    chromium: Browser, served: Server
) -> None:
    with screen(chromium, served, (390, 844)) as lab:
        lab.open("")
        at_rest(lab.page)
        for name in ("Pictures", "In the plane"):
            box = lab.page.get_by_role("radio", name=name, exact=True).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 844
        row = boxes(lab.page, ".st-key-train", ".st-key-speed", ".st-key-share")
        assert len({top for _, top, _, _ in row.values()}) == 1, "Share takes no row of its own"
        lab.page.get_by_role("radio", name="In the plane", exact=True).tap()
        expect(lab.page.get_by_test_id("stage")).to_be_visible()
        lab.page.goto(f"{served.url}/gallery")
        lab.page.locator(".st-key-scene-collapse").get_by_role("button", name="Watch it fail").first.tap()
        failing, offer = lab.page.get_by_test_id("failing"), lab.page.get_by_test_id("offer")
        expect(offer).to_be_visible()
        at_rest(lab.page)
        above, below = failing.bounding_box(), offer.bounding_box()
        assert above is not None
        assert below is not None
        assert above["y"] + above["height"] <= below["y"]

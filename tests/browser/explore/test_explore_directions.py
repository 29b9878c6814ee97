"""Directions in the browser: found, gone along while the hand moves, named and kept; and made from marks."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.serving import Server
from tests.browser.explore.test_explore import _COUNT, NEXT_FRAMES, Explore

_WHOLE = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].join()"
_CELLS = """canvas => [0, 3, 6].map((i) =>
  [...canvas.getContext("2d").getImageData(i * canvas.height, 0, canvas.height, canvas.height).data].join())"""


def levels(told: str) -> np.ndarray:
    """The numbers of a picture, 0 to 255, as the browser told them."""
    return np.array(told.split(","), int)


def drag(explore: Explore, strip: Locator, start: float, end: float) -> list[str]:
    """Along a strip, in shares of its width; the different pictures that were drawn before it was let go."""
    box, mouse = strip.bounding_box(), explore.page.mouse
    assert box
    explore.page.evaluate(_COUNT)
    for i in range(21):
        mouse.move(box["x"] + (start + (end - start) * i / 20) * box["width"], box["y"] + box["height"] / 2)
        if i == 0:
            mouse.down()
        explore.page.evaluate(NEXT_FRAMES)
        explore.rest()
    drawn: list[str] = explore.page.evaluate("() => window.drawn")
    mouse.up()
    explore.rest()
    return list(dict.fromkeys(drawn))


@pytest.fixture
def explore(page: Page, served: Server) -> Explore:
    made = Explore(page, served.url)
    made.open()
    made.press("tab-directions")
    return made


def test_what_one_method_found_stays_beside_another_s(explore: Explore, page: Page) -> None:
    found, names = page.get_by_test_id("found-direction"), page.get_by_test_id("found-method")
    for method, count in (("sefa", 6), ("pca", 12), ("sefa", 12)):  # the last replaces its own alone
        page.get_by_test_id(f"method-{method}").click()
        expect(page.get_by_test_id("find")).to_have_text("Find directions")
        page.get_by_test_id("find").click()
        expect(found).to_have_count(count)
        expect(found.first).to_contain_text("usable")
    expect(names).to_have_count(2)
    assert set(names.all_inner_texts()) == {"SeFa", "PCA"}


def test_directions_are_found_dragged_named_and_there_after_a_reload(explore: Explore, page: Page) -> None:
    page.get_by_test_id("method-sefa").click()
    page.get_by_test_id("find").click()
    found, kept = page.get_by_test_id("found-direction"), page.get_by_test_id("kept-direction")
    expect(found).to_have_count(6)
    first, slider = found.first, found.first.get_by_test_id("direction-slider")
    expect(first).to_contain_text("usable")

    # A strip: the present picture in its middle, others at its ends.
    canvas = first.locator("canvas")
    expect(canvas).to_have_js_property("width", 7 * 28)
    left, middle, right = canvas.evaluate(_CELLS)
    alone = explore.picture.evaluate(_WHOLE)
    assert np.abs(levels(middle) - levels(alone)).max() <= 1  # of many at once a sum is rounded otherwise than of one
    assert min(np.abs(levels(end) - levels(alone)).max() for end in (left, right)) > 50
    assert len({left, middle, right}) == 3

    # The picture follows while the strip is held; undo takes picture and slider back.
    before = explore.pixels()
    drawn = drag(explore, first.get_by_test_id("strip"), 0.5, 0.9)
    assert len(drawn) > 5
    after = explore.pixels()
    assert after not in (before, drawn[0])
    assert [move["layers"] for move in explore.look()["where"]["along"]] == [None]
    explore.press("undo")
    assert explore.pixels() == before
    expect(slider).to_have_value("0")
    explore.press("redo")
    assert explore.pixels() == after
    assert 2.5 < float(slider.input_value()) <= 3.5

    # By the keyboard too, as any slider.
    slider.focus()
    page.keyboard.press("Home")
    explore.rest()
    expect(slider).to_have_value("-3.5")

    first.get_by_test_id("direction-keep").click()
    expect(kept).to_have_count(1)
    expect(found).to_have_count(5)
    expect(kept.get_by_test_id("direction-slider")).to_have_value("-3.5")  # it goes on from where it was
    kept.get_by_role("button", name="Factor 1").click()
    name = kept.get_by_test_id("direction-name")
    name.fill("Tops and shoes")
    name.press("Enter")
    expect(kept.get_by_role("button", name="Tops and shoes")).to_be_visible()

    page.reload()
    explore.ready()
    expect(kept.get_by_role("button", name="Tops and shoes")).to_be_visible()
    kept.get_by_role("button", name="Tops and shoes").click()
    kept.get_by_test_id("direction-delete").click()
    expect(kept).to_have_count(0)
    explore.said.get_by_role("button", name="Undo").click()
    expect(kept.get_by_role("button", name="Tops and shoes")).to_be_visible()


def test_marks_make_a_direction(explore: Explore, page: Page) -> None:
    page.get_by_test_id("method-marks").click()
    yes, no, find = (page.get_by_test_id(name) for name in ("mark-yes", "mark-no", "find"))
    expect(yes).to_have_count(12)
    expect(find).to_be_disabled()
    for i in range(3):
        yes.nth(i).click()
    no.nth(3).click()
    expect(page.get_by_test_id("marks-count")).to_contain_text("3 yes, 1 no · at least 2 of each")
    expect(find).to_be_disabled()
    page.locator(".gx-dir-sample .gx-thumb").nth(4).focus()
    page.keyboard.press("n")
    page.get_by_test_id("marks-others").click()
    expect(yes).to_have_count(12 + 5)  # marks stay
    find.click()
    expect(page.get_by_test_id("found-direction").first).to_contain_text("5 marks")


def test_on_a_phone_the_picture_stays_in_sight_while_a_strip_is_held(chromium: Browser, served: Server) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    phone = Explore(context.new_page(), served.url)
    phone.open()
    phone.press("tab-directions")
    phone.page.get_by_test_id("method-sefa").click()
    phone.page.get_by_test_id("find").click()
    strip = phone.page.get_by_test_id("found-direction").nth(3).get_by_test_id("strip")
    strip.scroll_into_view_if_needed()
    box, small = strip.bounding_box(), phone.page.get_by_test_id("small-picture")
    assert box
    expect(small).to_be_hidden()
    phone.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10)
    phone.page.mouse.down()
    phone.page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 10, steps=5)
    expect(small).to_be_visible()
    phone.rest()
    assert small.evaluate(_WHOLE) == phone.picture.evaluate(_WHOLE)
    where = small.bounding_box()
    assert where
    assert where["y"] > box["y"] + box["height"] or where["y"] + where["height"] < box["y"]  # it does not cover it
    phone.page.mouse.up()
    expect(small).to_be_hidden()
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 390
    context.close()

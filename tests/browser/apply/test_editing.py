"""Editing a picture in a real browser: dragged with mouse, finger and keys; painted, repainted, compared, undone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import Server

CAME = re.compile(
    r"Came to \([\d.]+, [\d.]+\), in pixels of the 32 px picture\. "
    r"(The handle is where it was to go|Stopped .* short)"
)


def open_workshop(page: Page, served: Server) -> None:
    page.goto(f"{served.url}/apply?workshop=editing")
    expect(page.get_by_test_id("edit-words")).to_contain_text("Seed 1")


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the picture is in the window."""
    box = page.get_by_test_id("edit-stage").bounding_box()
    assert box
    return box["x"] + x / 32 * box["width"], box["y"] + y / 32 * box["height"]


def stroke(page: Page, first: tuple[float, float], last: tuple[float, float]) -> None:
    page.mouse.move(*at(page, *first))
    page.mouse.down()
    page.mouse.move(*at(page, *last), steps=4)
    page.mouse.up()


def shown(page: Page, name: str = "edit-picture") -> np.ndarray:
    """uint8 [32, 32, 3], what stands on a canvas."""
    data: Any = page.get_by_test_id(name).evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    return np.array(data, np.uint8).reshape(32, 32, 4)[..., :3]


def test_dragged_with_mouse_finger_and_keys_until_it_says_where_it_came_to(
    page: Page, served: Server, shots: Path
) -> None:
    page.set_viewport_size({"width": 1366, "height": 768})
    open_workshop(page, served)
    words, hint = page.get_by_test_id("edit-words"), page.get_by_test_id("edit-hint")
    expect(hint).to_have_text("Press on the picture and pull: what is there follows.")
    for control in ("edit-picture", "edit-split", "edit-tab-region", "edit-stop", "edit-words"):
        box = page.get_by_test_id(control).bounding_box()
        assert box, control
        assert box["y"] + box["height"] <= 768, control
    before = shown(page)
    stroke(page, (14, 12), (14, 12))
    expect(words).to_have_text(re.compile("A press alone moves nothing: press on the picture, pull"))
    down, right = np.indices((32, 32)) + 0.5
    uneven = np.stack([right, down], -1)[(before.max(-1) >= 8)]
    corners = [(x, y) for x in (2.0, 30.0) for y in (2.0, 30.0)]
    far = max(corners, key=lambda at: np.linalg.norm(uneven - at, axis=1).min())
    stroke(page, far, (16, 16))
    expect(words).to_contain_text(f"There is nothing at ({far[0]:.1f}, {far[1]:.1f}) that could be held: for 7 of")
    expect(page.get_by_test_id("edit-steps").locator(".ge-step")).to_have_count(0)
    stroke(page, (14, 12), (18, 12))
    expect(words).to_have_text(CAME)
    expect(hint).to_be_hidden()
    dragged = shown(page)
    assert np.abs(dragged.astype(int) - before).mean() > 1
    np.testing.assert_array_equal(shown(page, "edit-before"), before)
    page.screenshot(path=shots / "apply-editing-dragged.png")

    client = page.context.new_cdp_session(page)
    finger = (("touchStart", (18, 12)), ("touchMove", (18, 14)), ("touchMove", (18, 16)), ("touchEnd", None))
    for kind, place in finger:
        points = [] if place is None else [dict(zip("xy", at(page, *place), strict=True))]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(page.get_by_test_id("edit-steps").locator(".ge-step")).to_have_count(2)
    expect(page.get_by_test_id("edit-steps")).to_contain_text("Drag 18,12 → 18,16")
    expect(words).to_have_text(CAME)
    expect(page.get_by_test_id("edit-stop")).to_be_disabled()

    page.get_by_test_id("edit-stage").focus()
    for key in ("ArrowUp", "Space", "ArrowLeft", "ArrowLeft", "Space"):
        page.keyboard.press(key)
    expect(page.get_by_test_id("edit-steps")).to_contain_text("Drag 16.5,15.5 → 14.5,15.5")
    expect(page.get_by_test_id("edit-stop")).to_be_disabled()
    expect(words).to_have_text(CAME)
    for _ in range(3):
        page.get_by_test_id("edit-undo").click()
    expect(words).to_contain_text("Seed 1")
    np.testing.assert_array_equal(shown(page), before)


@pytest.mark.long  # its page: tests/pages/apply/test_editing_page.py; a browser's hand: below
def test_painted_repainted_compared_undone_and_kept(page: Page, served: Server, shots: Path) -> None:
    open_workshop(page, served)
    before = shown(page)
    page.get_by_test_id("edit-tab-region").click()
    expect(page.get_by_test_id("edit-repaint")).to_be_disabled()
    stroke(page, (10, 14), (18, 14))
    expect(page.get_by_test_id("edit-region-words")).to_have_text("65 of 1024 pixels are painted.")
    page.get_by_test_id("edit-repaint").click()
    words = page.get_by_test_id("edit-words")
    expect(words).to_have_text("Done: repaint the painted, number 1.")
    changed = np.argwhere((shown(page) != before).any(-1))
    assert len(changed)
    assert changed.min(0).tolist() >= [12, 8]  # rows, columns of the stroke
    assert (changed.max(0) <= [16, 20]).all()

    page.get_by_test_id("edit-undo").click()
    expect(words).to_contain_text("Seed 1")
    page.get_by_test_id("edit-way").select_option("pixels")
    page.get_by_test_id("edit-soft").fill("0")
    page.get_by_test_id("edit-right").fill("-4")
    page.get_by_test_id("edit-blend").click()
    expect(words).to_have_text("Done: copy from seed 2, moved −4 px right, inside the painted.")
    other, copied = shown(page, "edit-other-look"), shown(page)
    painted = np.zeros((32, 32), bool)
    painted[12:17, 8:21] = True
    np.testing.assert_array_equal(copied[painted], np.roll(other, -4, 1)[painted])
    np.testing.assert_array_equal(copied[~painted], before[~painted])
    for press in ("edit-undo", "edit-repaint"):
        page.get_by_test_id(press).click()
    expect(words).to_have_text("Done: repaint the painted, number 1.")

    page.get_by_test_id("edit-split").fill("40")
    assert "60%" in page.get_by_test_id("edit-before").evaluate("c => c.style.clipPath")
    page.screenshot(path=shots / "apply-editing-repainted.png")

    page.get_by_role("link", name="Data").first.click()
    expect(page.get_by_test_id("edit")).to_have_count(0)
    page.get_by_role("link", name="Apply").first.click()
    expect(words).to_have_text("Done: repaint the painted, number 1.")
    with page.expect_download() as caught:
        page.get_by_test_id("edit-save").click()
    stack = json.loads(Path(caught.value.path()).read_text())
    assert [step["name"] for step in stack["edits"]] == ["repaint"]
    page.get_by_test_id("edit-undo").click()
    expect(words).to_contain_text("Seed 1")
    np.testing.assert_array_equal(shown(page), before)
    page.get_by_test_id("edit-redo").click()
    expect(page.get_by_test_id("edit-steps")).to_contain_text("Repaint the painted")

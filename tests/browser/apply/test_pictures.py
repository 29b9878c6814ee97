"""Completing a picture in a real browser: painted with the pointer and with keys, filled, read and taken away."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from benchmarks.serving import Server


def open_workshop(page: Page, served: Server) -> None:
    page.goto(f"{served.url}/apply?workshop=pictures")
    expect(page.get_by_test_id("paint-words")).to_contain_text("pixels are missing")


def hidden(page: Page) -> int:
    words = page.get_by_test_id("paint-words").inner_text()
    found = re.match(r"(\d+) of (\d+) pixels", words)
    assert found, words
    assert found[2] == "784"
    return int(found[1])


def paint(page: Page, *places: tuple[float, float]) -> None:
    """A stroke through these places, as shares of the canvas."""
    page.get_by_test_id("paint-canvas").scroll_into_view_if_needed()
    box = page.get_by_test_id("paint-canvas").bounding_box()
    assert box
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*at[0])
    page.mouse.down()
    for each in at[1:]:
        page.mouse.move(*each, steps=4)
    page.mouse.up()


def test_a_picture_is_painted_on_and_completed(page: Page, served: Server, shots: Path) -> None:
    open_workshop(page, served)
    page.get_by_test_id("paint-clear").click()
    assert hidden(page) == 0
    page.get_by_test_id("paint-width").select_option("5")
    paint(page, (0.3, 0.5), (0.7, 0.5))
    painted = hidden(page)
    assert 60 <= painted <= 100  # 12 pixels on the way, a brush of 5
    page.get_by_test_id("paint-box").click()
    paint(page, (0.02, 0.02), (0.16, 0.16))
    assert hidden(page) == painted + 25
    page.get_by_test_id("paint-undo").click()
    assert hidden(page) == painted
    page.screenshot(path=shots / "apply-pictures-painted.png")

    page.get_by_role("button", name="Fill it").click()
    completions = page.get_by_role("img", name=re.compile(r"^Completion \d: off by [\d.]+ on the known part, PSNR"))
    expect(completions).to_have_count(6)
    for words in ("What is known", "The truth", "The mean of 60,000", "Training image", "Biharmonic filling"):
        expect(page.get_by_role("img", name=re.compile(f"^{words}"))).to_have_count(1)
    expect(page.get_by_text(re.compile("On the known part the generator's nearest picture is off"))).to_be_visible()
    assert len({one.get_attribute("src") for one in completions.all()}) == 6
    page.screenshot(path=shots / "apply-pictures-done.png", full_page=True)

    files = {}
    for name in ("mask", "truth", "completion-1"):
        with page.expect_download() as caught:
            page.get_by_role("button", name=re.compile(rf"{name}\.png")).click()
        files[name] = np.asarray(Image.open(io.BytesIO(Path(caught.value.path()).read_bytes())))
    assert int((files["mask"] == 255).sum()) == painted
    known = files["mask"] == 0
    np.testing.assert_array_equal(files["completion-1"][known], files["truth"][known])


def test_with_keys_alone_in_the_dark(page: Page, served: Server, shots: Path) -> None:
    page.emulate_media(color_scheme="dark")
    open_workshop(page, served)
    page.get_by_test_id("paint-clear").click()
    page.get_by_test_id("paint-box").click()
    paper = page.get_by_test_id("paint")
    paper.focus()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Space"):
        page.keyboard.press(key)
    assert hidden(page) == 9 * 10  # a third of 28 is 9, one wider
    expect(page.get_by_test_id("paint-words")).to_contain_text("10 × 9")
    page.get_by_test_id("paint-show").click()
    paper.focus()
    page.keyboard.press("Space")
    assert 0 <= hidden(page) < 90
    page.keyboard.press("Backspace")
    assert hidden(page) == 90
    page.screenshot(path=shots / "apply-pictures-dark.png")
    found = Axe().run(page, ".ga-painting").response
    assert [each["id"] for each in found["violations"]] == []

"""A picture brought back, a map walked into and the nearest training images, as a person does it in Explore."""

from __future__ import annotations

import io
import re

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from benchmarks.serving import Server
from tests.browser.explore.test_explore import NEXT_FRAMES
from tests.browser.lab import until

PHONE = {"width": 390, "height": 844}
SLOW = 120_000  # ms: other work may share the processor


def shirt() -> bytes:
    """Dark on light, as people draw."""
    image = Image.new("RGB", (300, 300), "white")
    half = [(90, 40), (30, 100), (65, 130), (90, 110), (90, 260)]
    outline = half + [(300 - x, y) for x, y in reversed(half)]
    ImageDraw.Draw(image).polygon(outline, fill=(60, 60, 60))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def opened(page: Page, at: Server, tool: str) -> None:
    page.goto(f"{at.url}/explore")
    page.get_by_test_id(f"tab-{tool}").click(timeout=SLOW)


def shown(page: Page, name: str) -> np.ndarray:
    """The pixels of a canvas, [H, W, 4]."""
    data = page.get_by_test_id(name).evaluate(
        "c => [c.width, c.height, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    return np.array(data[2:], np.uint8).reshape(data[1], data[0], 4)


def upload(page: Page, name: str, content: bytes) -> None:
    page.get_by_test_id("invert-file").set_input_files({"name": name, "mimeType": "image/png", "buffer": content})


def test_a_picture_goes_in_and_a_point_comes_back(page: Page, served: Server) -> None:
    opened(page, served, "inversion")
    upload(page, "shirt.png", shirt())
    figures, verdict = page.get_by_test_id("invert-figures"), page.get_by_test_id("invert-verdict")
    expect(verdict).to_be_visible(timeout=SLOW)
    expect(page.get_by_test_id("panel-inversion")).to_contain_text("shirt.png · light and dark swapped")
    off, nearest, random = (float(x) for x in re.findall(r"(?:by|at) (\d+\.\d)", figures.inner_text())[:3])
    assert off < 0.6 * nearest < random
    wanted, best = shown(page, "invert-target").astype(float), shown(page, "invert-best").astype(float)
    assert np.sqrt(np.mean((wanted - best)[..., :3] ** 2)) < off + 1.0  # the numbers are those of the pictures
    before = shown(page, "picture")
    page.get_by_test_id("invert-here").click()
    expect(page.get_by_test_id("caption")).to_contain_text("a point in z")
    until(lambda: np.allclose(shown(page, "picture").astype(int), best.astype(int), rtol=0, atol=1))
    assert not np.array_equal(before, shown(page, "picture"))
    page.get_by_test_id("undo").click()
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=caption]').textContent.includes('point in z')"
    )
    until(lambda: np.array_equal(before, shown(page, "picture")))

    upload(page, "notes.png", b"no picture at all")  # a bad one: the reason, and nothing to search for
    expect(page.get_by_test_id("invert-problem")).to_contain_text("it is not a picture")
    expect(page.get_by_test_id("invert-go")).to_be_disabled()

    page.get_by_test_id("invert-real").click()  # a real one, and the search is stopped half-way
    expect(page.get_by_test_id("panel-inversion")).to_contain_text("Held-out image", timeout=SLOW)
    expect(page.get_by_test_id("invert-problem")).to_be_hidden()
    number = page.get_by_test_id("invert-number")
    number.fill("10007")  # counted round
    number.press("Enter")
    expect(page.get_by_test_id("panel-inversion")).to_contain_text("Held-out image 7 of 10", timeout=SLOW)
    expect(page.get_by_test_id("invert-best")).to_be_visible(timeout=SLOW)
    go = page.get_by_test_id("invert-go")
    if go.inner_text() == "Stop":
        go.click()
    expect(go).to_have_text(re.compile("Search"))


def test_a_map_is_made_and_walked_into(page: Page, served: Server) -> None:
    opened(page, served, "map")
    words = page.get_by_test_id("map-words")
    expect(words).to_contain_text("click one to go there", timeout=SLOW)
    box = page.get_by_test_id("map").bounding_box()
    assert box is not None
    x, y = box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]
    page.mouse.move(x, y)
    for _ in range(4):
        page.mouse.wheel(0, -100)
    page.get_by_test_id("map").focus()
    page.keyboard.press("ArrowRight")  # a sample beside the present one is chosen ...
    expect(words).to_have_text(re.compile(r"^Seed \d+"))
    seed = int(re.findall(r"\d+", words.inner_text())[0])
    page.keyboard.press("Enter")  # ... and gone to
    expect(page.get_by_test_id("caption")).to_contain_text(f"seed {seed} ")
    page.keyboard.press("0")
    for dx in range(0, 240, 6):  # a hand finds a sample somewhere along a line, and clicks it
        page.mouse.move(x - 120 + dx, y)
        page.evaluate(NEXT_FRAMES)
        if (told := re.match(r"Seed (\d+)", words.inner_text())) and int(told[1]) != seed:
            page.mouse.click(x - 120 + dx, y)
            clicked = int(re.findall(r"\d+", words.inner_text())[0])
            expect(page.get_by_test_id("caption")).to_contain_text(f"seed {clicked} ")
            assert clicked != seed
            break
    else:
        raise AssertionError("no sample lies in the middle of the map")


def test_the_nearest_training_images_follow_the_point(page: Page, served: Server) -> None:
    page.set_viewport_size(PHONE)
    opened(page, served, "map")
    page.get_by_test_id("show-nearest").click()
    verdict, cells = page.get_by_test_id("nearest-verdict"), page.get_by_test_id("nearest-row").locator("figure")
    expect(verdict).to_contain_text("grey levels of 255", timeout=SLOW)
    expect(cells).to_have_count(8)
    distances = [float(t) for t in cells.locator("figcaption span:first-child").all_inner_texts()[1:]]
    assert distances == sorted(distances)
    before = verdict.inner_text()
    page.get_by_test_id("random").click()
    expect(verdict).not_to_have_text(before, timeout=SLOW)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")

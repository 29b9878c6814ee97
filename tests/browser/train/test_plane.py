"""Points in the plane, as a person works with them: draw, train on it, slow down, one network at a time."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from benchmarks.serving import Server
from gan_core.data.sets.ink import decode_strokes
from gan_core.runs.storage.run_folder import RunFolder
from tests.browser.lab import Lab, until

SCRIBBLE = """(c, places) => { const box = c.getBoundingClientRect(); c.setPointerCapture = () => {};
  const send = (kind, [x, y]) => c.dispatchEvent(new PointerEvent(kind, {pointerId: 7, pointerType: "touch",
    isPrimary: true, clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true}));
  places.forEach((place, i) => send(i ? "pointermove" : "pointerdown", place)); send("pointerup", places.at(-1)); }"""


def open_pad(page: Page, served: Server, query: str = "preset=ring&data=drawn") -> tuple[Lab, Any]:
    """The stage, ready to be drawn on."""
    lab = Lab(page, served.url)
    page.goto(f"{served.url}/?{query}")
    pad = page.get_by_test_id("pad")
    expect(pad).to_be_visible()
    return lab, pad


def address(page: Page) -> str:
    """Asked of the page itself: Playwright's own copy is renewed only while it is asked something."""
    return str(page.evaluate("location.href"))


def strokes(page: Page) -> tuple[np.ndarray, ...]:
    """The drawing in the page's address; none where it is the one to start with, or cleared."""
    found = re.search(r"data\.strokes=([\w.-]+)", address(page))
    return decode_strokes(found[1]) if found else ()


def draw(page: Page, *places: tuple[float, float], lift: bool = True) -> None:
    """With the mouse, places as shares of the square that can be drawn on, from the left and from the top."""
    box = page.locator(".gs-paper-edge").bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    if lift:
        page.mouse.up()


BLUE = """c => { const {width: w, height: h} = c, d = c.getContext('2d').getImageData(0, 0, w, h).data; let n = 0;
  for (let i = 0; i < w * h; i++) if (d[4 * i + 2] > d[4 * i] + 60) n++;
  return n; }"""


def test_draw_your_own_is_one_press_away_and_points_appear_under_the_hand(page: Page, served: Server) -> None:
    page.goto(served.url)
    first = page.locator(".st-key-thumbs button").first
    expect(first).to_have_text(re.compile("Draw your own"))
    first.click()
    stage = page.get_by_test_id("stage")
    expect(page.get_by_text("Draw here, with mouse, pen or finger")).to_be_visible()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_disabled()
    draw(page, (0.5, 0.2), (0.5, 0.8), lift=False)
    until(lambda: stage.evaluate(BLUE) > 500)
    assert not strokes(page), "they are there before the page knows of the stroke"
    page.mouse.up()
    until(lambda: len(strokes(page)) == 1)
    (upright,) = strokes(page)
    assert upright.tolist() == [pytest.approx([31.5, 50.4], abs=2), pytest.approx([31.5, 12.6], abs=2)], (
        "two places do"
    )
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()
    draw(page, (0.2, 0.5), (0.8, 0.5))
    until(lambda: len(strokes(page)) == 2)
    page.get_by_test_id("draw-undo").click()
    until(lambda: len(strokes(page)) == 1)
    page.get_by_test_id("draw-clear").click()
    until(lambda: not strokes(page) and stage.evaluate(BLUE) == 0)
    page.get_by_test_id("draw-undo").click()
    until(lambda: len(strokes(page)) == 1)
    np.testing.assert_array_equal(strokes(page)[0], upright)
    page.reload()  # the link is all it takes
    until(lambda: stage.evaluate(BLUE) > 500)


def test_a_long_scribble_is_thinned_until_it_fits_and_keys_alone_can_draw(page: Page, served: Server) -> None:
    _, pad = open_pad(page, served, "preset=ring&data=drawn&data.strokes=&view=simple")
    rng = np.random.default_rng(0)
    for _ in range(6):
        pad.evaluate(SCRIBBLE, rng.uniform(0.1, 0.9, (200, 2)).tolist())
    until(lambda: len(strokes(page)) >= 6)
    text = re.search(r"data\.strokes=([\w.-]+)", address(page))
    assert text is not None
    assert 700 < len(text[1]) <= 1500
    expect(page.locator(".gs-paper-room")).to_have_text(re.compile(r"\d+% full"))
    page.get_by_test_id("draw-clear").press("Enter")
    until(lambda: not strokes(page))
    pad.focus()
    for key in ("Space", "Shift+ArrowRight", "Shift+ArrowRight", "ArrowUp", "Space"):
        page.keyboard.press(key)
    until(lambda: len(strokes(page)) == 1)
    np.testing.assert_array_equal(strokes(page)[0], [[32, 32], [42, 32], [42, 33]])
    page.keyboard.press("Backspace")
    until(lambda: not strokes(page))


@pytest.mark.long  # drawing: below, tests/pages/lab/test_plane.py; one network's step: test_microscope.py
def test_train_on_a_drawing_slowly_and_one_network_at_a_time(
    page: Page, served: Server, shots: Path, tmp_path: Path
) -> None:
    lab, _ = open_pad(page, served, "preset=ring&data=drawn&total_images=100000000&record.every_steps=1")
    page.get_by_test_id("draw-clear").click()
    draw(page, (0.2, 0.3), (0.8, 0.3))
    until(lambda: len(strokes(page)) == 1)
    lab.press("Train")
    lab.expect_state("training")
    folder = RunFolder(served.runs_dir / lab.run_id())
    assert len(decode_strokes(folder.manifest().config["data"]["strokes"])) == 1
    expect(page.get_by_role("region", name="Status of the run")).to_contain_text("Own drawing")  # not the preset
    expect(page.get_by_test_id("pad")).to_be_hidden()

    # Slow: five steps a second.
    page.locator(".st-key-speed").get_by_text("Slow", exact=True).click()
    expect(page.get_by_role("radio", name="Slow", exact=True)).to_be_checked()
    until(lambda: slow_steps(folder) >= 5)
    page.screenshot(path=shots / "slow.png")

    # Paused: one step of each kind.
    lab.press("Pause")
    lab.expect_state("paused")
    still = folder.status().step
    for i, name in enumerate(("D only", "G only", "Step")):
        lab.press(name)
        until(lambda i=i: folder.status().step == still + i + 1)
        lab.expect_state("paused")
    page.screenshot(path=shots / "paused.png")

    # What it gives away shows the drawing.
    lab.press("Download")
    with page.expect_download() as download:
        page.locator("[class*='st-key-download-grid-png'] button").click()
    download.value.save_as(tmp_path / "plane.png")
    with Image.open(tmp_path / "plane.png") as image:
        assert image.size == (1080, 1080)
        pixels = np.asarray(image.convert("RGB")).astype(int)
    blue = np.abs(pixels - (0, 114, 178)).sum(-1) < 60
    rows, columns = np.nonzero(blue)
    assert np.ptp(columns) > 4 * np.ptp(rows), "a line from left to right"
    assert rows.mean() < 480
    with page.expect_download() as download:
        page.locator("[class*='st-key-download-training-gif'] button").click()
    download.value.save_as(tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        assert film.size == (400, 400)
        assert getattr(film, "n_frames", 1) > 2
    page.keyboard.press("Escape")
    lab.press("Stop")
    lab.expect_state("stopped")


def slow_steps(folder: RunFolder) -> int:
    """How many of the newest steps took at least 0.15 s each, by the run's own clock: unpaced one takes milliseconds.

    Not by this test's: the points are written in lumps.
    """
    points = folder.points()
    assert (np.diff(points["step"]) == 1).all()
    quick = np.flatnonzero(np.diff(points["elapsed_seconds"]) < 0.15)
    return len(points["step"]) - 1 - (int(quick[-1]) + 1 if len(quick) else 0)


SLOW_PICTURES = """() => { const read = window.createImageBitmap.bind(window);
  window.beingRead = 0;
  window.createImageBitmap = async (...all) => {
    window.beingRead += 1;
    await new Promise((done) => setTimeout(done, 4000));
    return read(...all).finally(() => { window.beingRead -= 1; }); }; }"""


def test_from_pictures_to_points_and_back_without_an_error(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    lab.open()
    until(lambda: lab.step() > 0)  # of the recording that plays, of which nothing may be left
    expect(page.get_by_text("In the plane", exact=True).locator("visible=true")).to_be_visible()
    page.locator("[class*='st-key-next-group-Data'] summary").click()
    page.evaluate(SLOW_PICTURES)
    choose(page, "Fashion-MNIST", "Two moons")
    expect(page.get_by_text("Points need small dense networks")).to_be_visible()
    expect(lab.button("Train")).to_be_enabled()
    expect(page.locator(".gs-plane")).to_be_visible()
    assert "preset=ring" in address(page)
    assert "data=moons" in address(page)
    page.wait_for_function("() => window.beingRead === 0")  # no picture of before is on its way any more
    expect(lab.caption).to_have_text(re.compile("real points"))
    expect(page.get_by_test_id("caption")).to_have_text(re.compile("^Blue: real points"))
    choose(page, "Two moons", "Emoji")
    expect(page.get_by_text("Pictures need other networks")).to_be_visible()
    expect(lab.button("Train")).to_be_enabled()
    expect(lab.film).to_be_visible()


def choose(page: Page, before: str, after: str) -> None:
    box = page.locator(".st-key-next-data").get_by_role("combobox")
    expect(box).to_have_value(before)
    until(lambda: box.get_attribute("aria-expanded") == "true" or box.click())  # a click beside an open list shuts it
    page.get_by_role("option", name=after, exact=True).click()


def test_a_picture_becomes_a_density(page: Page, served: Server, tmp_path: Path) -> None:
    pixels = np.full((60, 60), 255, np.uint8)
    pixels[30:, :] = 0
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    page.goto(f"{served.url}/?preset=ring&data=picture")
    page.locator("[class*='st-key-next-group-Data'] summary").click()
    page.locator("[class*='st-key-next-data-ink'] input[type=file]").set_input_files(
        {"name": "half.png", "mimeType": "image/png", "buffer": content.getvalue()}
    )
    until(lambda: "data.ink=" in address(page))
    expect(page.get_by_text("The darker, the more points")).to_be_visible()
    plane = page.locator(".gs-plane canvas, canvas.gs-plane").first
    blue = """c => { const {width: w, height: h} = c, d = c.getContext('2d').getImageData(0, 0, w, h).data;
      let up = 0, down = 0;
      for (let i = 0; i < w * h; i++) if (d[4 * i + 2] > d[4 * i] + 60) i < w * h / 2 ? up++ : down++;
      return [up, down]; }"""
    until(lambda: (found := plane.evaluate(blue))[1] > 20 * max(1, found[0]))

"""Clips and the camera in a real browser: a clip edited with its box moved, and pictures that come back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from benchmarks.serving import Server, chromium_of
from pages.apply.edited import link_of
from tests.apply.clips.made_clips import film
from tests.browser.lab import AT_REST, until
from tests.pages.apply.test_editing_page import made

COUNT, WIDTH, HEIGHT = 8, 96, 64


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    flags = "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"
    with chromium_of(playwright, *flags) as opened:
        yield opened


REFUSED = """() => {
  navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "NotAllowedError"); };
}"""


def clip() -> bytes:
    """A green disc at the right of a grey frame goes down; with sound."""
    down, right = np.mgrid[0:HEIGHT, 0:WIDTH]
    frames = np.full((COUNT, HEIGHT, WIDTH, 3), 40, np.uint8)
    frames[:, :, 48:] = 0
    for i, frame in enumerate(frames):
        frame[(right - 72) ** 2 + (down - 26 - i) ** 2 < 100] = (30, 200, 60)
    return film(frames, sound="aac")


def keys_are_set_by_hand(page: Page, shots: Path) -> None:
    """Of a film of 4 s that grows: a key is made by a press on the curve and dragged, by the mouse and with keys."""
    keys, words, look = (page.get_by_test_id(f"strength-{part}") for part in ("key", "words", "look"))
    typed = page.get_by_role("textbox", name="Keyframes")
    expect(keys).to_have_count(2)
    until(lambda: look.evaluate("c => c.width > 1"))
    first = look.evaluate("c => c.toDataURL()")
    plot = page.locator(".gv-strength .gs-kt-pins").bounding_box()
    last = keys.nth(1).bounding_box()
    assert plot
    assert last
    second = (last["x"] + last["width"] / 2 - plot["x"]) / 4  # pixels of a second

    def at(seconds: float, strength: float) -> tuple[float, float]:
        return plot["x"] + seconds * second, plot["y"] + (1 - strength) * plot["height"]

    page.mouse.move(*at(2, 0.5))
    page.mouse.down()
    page.mouse.move(*at(1, 1.0), steps=4)
    page.mouse.up()
    expect(keys).to_have_count(3)
    expect(typed).to_have_value("0:0 1:1 4:1")  # the form's, and the curve's after it
    keys.nth(2).focus()
    page.keyboard.press("Shift+ArrowLeft")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(typed).to_have_value("0:0 1:1 3:0.45")
    page.get_by_test_id("strength-percent").fill("0")
    page.keyboard.press("Enter")
    expect(typed).to_have_value("0:0 1:1 3:0")
    page.get_by_test_id("strength-undo").click()
    expect(typed).to_have_value("0:0 1:1 3:0.45")
    page.screenshot(path=shots / "apply-video-strength.png")
    head = page.get_by_test_id("strength-head")
    head.focus()
    page.keyboard.press("Home")
    expect(words).to_have_text("0.0 s of 4.0 s: 0% of the edit")
    until(lambda: look.evaluate("c => c.toDataURL()") == first)
    page.keyboard.press("Shift+ArrowRight")
    expect(words).to_have_text("1.0 s of 4.0 s: 100% of the edit")
    until(lambda: look.evaluate("c => c.toDataURL()") != first)
    keys.nth(1).focus()
    page.keyboard.press("Delete")
    expect(typed).to_have_value("0:0 3:0.45")
    typed.fill("0:1 2:0")
    page.keyboard.press("Enter")
    expect(keys.nth(1)).to_have_attribute("aria-label", "Key 2 of 2 at 2.0 s, 0%")
    by_finger(page)


def by_finger(page: Page) -> None:
    """A key is made by a finger and pulled down, then to the side, and taken out; a touch that is taken away moves
    nothing."""
    keys, typed = page.get_by_test_id("strength-key"), page.get_by_role("textbox", name="Keyframes")
    client = page.context.new_cdp_session(page)
    client.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def touch(*places: tuple[float, float], end: str = "touchEnd") -> None:
        for i, (x, y) in enumerate(places):
            kind = "touchMove" if i else "touchStart"
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        client.send("Input.dispatchTouchEvent", {"type": end, "touchPoints": []})

    def middle(name: str, at: int = 0) -> tuple[float, float]:
        box = page.get_by_test_id(name).nth(at).bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    page.locator(".gv-strength").scroll_into_view_if_needed()
    (left, top), (right, bottom) = middle("strength-key", 0), middle("strength-key", 1)
    x, high = (left + right) / 2, bottom - top
    touch(*[(x, top + share * high) for share in (0.1, 0.2, 0.4, 0.6, 0.75)])
    expect(typed).to_have_value("0:1 1:0.25 2:0")
    here = middle("strength-key", 1)
    touch(*[(here[0] + share * (right - left), here[1]) for share in (0.0, 0.1, 0.2, 0.25)])
    expect(typed).to_have_value("0:1 1.5:0.25 2:0")
    track = middle("strength-head")[1]
    touch((x, track), (x + 2, track), end="touchCancel")
    expect(page.get_by_test_id("strength-words")).to_contain_text("1.0 s of 4.0 s:")
    touch(middle("strength-key", 1))
    expect(keys.nth(1)).to_have_attribute("aria-pressed", "true")
    touch(middle("strength-delete"))
    expect(typed).to_have_value("0:1 2:0")
    client.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    client.detach()


@pytest.mark.long  # its page: tests/pages/apply/test_video_page.py; its work: tests/apply/clips
def test_a_clip_is_edited_where_its_box_was_moved_to(page: Page, served: Server, shots: Path) -> None:
    link = link_of(made({"name": "move", "along": "pca-1", "amount": 3.0}))
    page.goto(f"{served.url}/apply?workshop=editing&model=asset:shapes&edit={link}")
    expect(page.get_by_test_id("edit-steps")).to_contain_text("Move along pca-1")
    page.locator(AT_REST).wait_for(state="attached")
    page.get_by_role("button", name="Use them on a clip or a film").click()
    expect(page.get_by_text("1 step: Move pca-1 3.0")).to_be_visible()
    page.get_by_text("Film of an edit").click()
    keys_are_set_by_hand(page, shots)
    page.locator(AT_REST).wait_for(state="attached")
    page.get_by_text("Edit a clip", exact=True).click()
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(
        {"name": "clip.bin", "mimeType": "application/octet-stream", "buffer": clip()}
    )
    words = page.get_by_test_id("clip-box-words")
    expect(words).to_have_text("Box: 64 × 64 pixels at 16, 0 of 96 × 64.")
    stage = page.get_by_test_id("clip-box").bounding_box()
    assert stage

    def at(x: float, y: float) -> tuple[float, float]:
        return stage["x"] + x / WIDTH * stage["width"], stage["y"] + y / HEIGHT * stage["height"]

    page.mouse.move(*at(48, 30))
    page.mouse.down()
    page.mouse.move(*at(80, 30), steps=4)
    page.mouse.up()
    expect(words).to_have_text("Box: 64 × 64 pixels at 32, 0 of 96 × 64.")
    corner = page.get_by_test_id("clip-box-nw").bounding_box()
    assert corner
    page.mouse.move(corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2)
    page.mouse.down()
    page.mouse.move(*at(48, 16), steps=4)
    page.mouse.up()
    expect(words).to_have_text("Box: 48 × 48 pixels at 48, 16 of 96 × 64.")
    page.get_by_test_id("clip-box").focus()
    page.keyboard.press("ArrowUp")
    expect(words).to_have_text("Box: 48 × 48 pixels at 48, 15 of 96 × 64.")
    page.locator(AT_REST).wait_for(state="attached")
    page.screenshot(path=shots / "apply-video-box.png")
    page.reload()  # nothing that was brought is lost
    expect(page.get_by_text("clip.bin is here from before", exact=False)).to_be_visible()
    expect(words).to_have_text("Box: 48 × 48 pixels at 48, 15 of 96 × 64.")
    expect(page.get_by_text("1 step: Move pca-1 3.0")).to_be_visible()
    page.locator(AT_REST).wait_for(state="attached")
    page.get_by_role("button", name="Edit the clip").click()
    done = page.get_by_text(f"{COUNT} frames, 96 × 64 pixels, 25 a second, with its sound")
    expect(done).to_be_visible(timeout=240_000)  # a search for every frame
    video = page.locator("video")
    until(lambda: video.evaluate("v => v.readyState >= 2 && v.videoWidth === 96"))
    page.screenshot(path=shots / "apply-video-done.png")
    with page.expect_download() as caught:
        page.get_by_role("button", name="clip.mp4").click()
    with av.open(str(caught.value.path())) as found:
        assert len(found.streams.audio) == 1
        frames = [frame.to_ndarray(format="rgb24") for frame in found.decode(video=0)]
    assert len(frames) == COUNT
    assert np.abs(frames[5][:, :40].astype(int) - 40).max() <= 6  # outside the box
    with av.open(io.BytesIO(clip())) as asked:
        before = [frame.to_ndarray(format="rgb24") for frame in asked.decode(video=0)]
    assert np.abs(frames[5][20:60, 52:92].astype(int) - before[5][20:60, 52:92]).mean() > 5

    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(
        [
            {"name": "clip.bin", "mimeType": "application/octet-stream", "buffer": clip()},
            {"name": "another.mp4", "mimeType": "video/mp4", "buffer": clip()},
        ]
    )
    expect(page.get_by_text("There are 2 files, and clip.bin is no frame; give one clip")).to_be_visible()


def test_the_cameras_pictures_come_back_as_the_generators(page: Page, served: Server, shots: Path) -> None:
    page.goto(f"{served.url}/apply?workshop=video&what=camera&model=asset:shapes")
    start, words = page.get_by_test_id("camera-start"), page.get_by_test_id("camera-words")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)  # the address is known
    start.click()
    expect(words).to_contain_text("pictures a second; off by")
    until(lambda: int(page.get_by_test_id("camera").get_attribute("data-pictures") or 0) >= 12)
    page.screenshot(path=shots / "apply-video-camera.png")
    seen = page.get_by_test_id("camera-made").evaluate(
        "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    )
    assert seen > 8
    start.click()
    expect(words).to_have_text("Stopped.")
    page.evaluate(REFUSED)
    start.click()
    expect(words).to_contain_text("was not allowed to use the camera")
    page.evaluate("() => Object.defineProperty(window, 'isSecureContext', { value: false })")
    start.click()
    expect(words).to_contain_text("only over https or as localhost")

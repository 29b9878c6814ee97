"""A scene from one screen to another: its short link, QR code and controls, and the same run on a new server."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server, newest_run
from gan_core.training.scenes.scene_file import from_text
from gan_core.training.scenes.scene_link import to_query
from tests.browser.conftest import PATIENCE_SECONDS
from tests.browser.forked import server
from tests.browser.lab import AT_REST, Lab, told_by, until

SMALL = "preset=ring&seed=7&batch_size=32&total_images=3200&record.evaluate_images=0&view=full"
ZOOM = """() => {
  const { zoom, cx, cy } = document.querySelector("[data-testid=live]").live.plane.plane;
  return [zoom, cx, cy];
}"""
SELECTED = """() => {
  const { value, selectionStart, selectionEnd } = document.querySelector("[data-testid=share-address]");
  return value.slice(selectionStart, selectionEnd);
}"""
INSECURE = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"  # as on http://192.168.0.7


def generator_digest(runs: Path) -> str:
    """SHA-256 of the weights of the newest run's last generator, without the file's head."""
    (path,) = sorted(newest_run(runs).root.glob("checkpoints/*.safetensors"))[-1:]
    raw = path.read_bytes()
    return hashlib.sha256(raw[8 + int.from_bytes(raw[:8], "little") :]).hexdigest()


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def train_to_its_end(lab: Lab, runs: Path) -> str:
    lab.press("Train")
    lab.expect_state("finished")
    return generator_digest(runs)


def share(page: Page) -> None:
    page.locator(AT_REST).wait_for()
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_test_id("share-view")).to_be_visible()


def test_without_a_secure_context_links_are_copied_all_the_same(served: Server, page: Page) -> None:
    page.add_init_script(INSECURE)
    page.goto(f"{served.url}/?preset=ring")
    share(page)
    page.get_by_test_id("only-controls").locator("summary").click()
    said = told_by(page.get_by_test_id("copy-link"))
    page.get_by_test_id("copy-link").click()
    until(lambda: "Copied" in " ".join(said()))
    page.get_by_test_id("find-control").press("Control+V")
    expect(page.get_by_test_id("find-control")).to_have_value(page.get_by_test_id("share-address").input_value())
    page.evaluate("document.execCommand = () => false")
    page.get_by_test_id("short-link").click()
    expect(page.get_by_test_id("share-note")).to_contain_text("press Ctrl+C")
    assert "/s/" in page.evaluate(SELECTED)


def test_explore_keeps_its_point_and_shows_only_the_tools_of_the_scene(served: Server, page: Page) -> None:
    page.goto(f"{served.url}/explore?model=asset:shapes&tool=walk&only=walk,mix")
    tabs = page.get_by_role("tab")
    expect(tabs.filter(visible=True)).to_have_count(2)
    page.wait_for_url("**look=**")
    share(page)
    page.get_by_test_id("only-controls").locator("summary").click()
    expect(page.get_by_test_id("only-walk")).to_be_checked()
    page.get_by_test_id("short-link").click()
    address = page.get_by_test_id("share-address")
    until(lambda: "/s/" in address.input_value())
    before, short = query_of(page.url), address.input_value()
    page.goto(short)
    page.wait_for_url("**look=**")
    assert query_of(page.url) == before
    expect(page.get_by_test_id("tab-walk")).to_have_attribute("aria-selected", "true")
    page.get_by_test_id("all-tools").click()
    until(lambda: tabs.filter(visible=True).count() > 2)


@pytest.mark.long  # its routes and what it keeps: tests/pages/server/http/test_scene_routes.py
def test_a_scene_opens_the_same_elsewhere_and_trains_to_the_same_weights(
    served: Server, page: Page, chromium: Browser, tmp_path: Path
) -> None:
    page.goto(f"{served.url}/?{SMALL}")
    page.get_by_test_id("stage").wait_for()
    page.locator(AT_REST).wait_for()
    page.get_by_test_id("zoom-in").click()
    page.get_by_test_id("stage").press("Shift+ArrowRight")
    page.get_by_test_id("layer-heat").click()
    page.wait_for_url(lambda url: {"zoom", "layers"} <= set(query_of(url)))
    zoom = page.evaluate(ZOOM)
    share(page)
    page.get_by_test_id("only-controls").locator("summary").click()
    for name in ("d_optimizer.lr", "k_d"):
        page.get_by_test_id(f"only-{name}").check()
    page.get_by_test_id("copy-link").click()
    address = page.get_by_test_id("share-address")
    until(lambda: "only=" in address.input_value())
    long = address.input_value()
    page.get_by_text("Title and scene file").click()
    with page.expect_download() as saved:
        page.get_by_test_id("save-scene").click()
    file = tmp_path / "scene.json"
    saved.value.save_as(file)
    assert to_query(from_text(file.read_bytes())) == query_of(long)
    page.get_by_test_id("show-qr").click()
    code = page.get_by_test_id("qr-code")
    until(lambda: code.evaluate("(image) => image.complete && image.naturalWidth > 0"))
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(code.screenshot())).convert("L"))
    short = page.get_by_test_id("qr-address").inner_text()
    assert (read.text, "/s/" in short) == (short, True)
    box = code.bounding_box()
    assert box is not None
    assert box["height"] > 0.7 * 768  # for the last row

    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    second = context.new_page()
    second.set_default_timeout(1000 * PATIENCE_SECONDS)
    lab = Lab(second, served.url)
    second.goto(short)
    second.get_by_test_id("stage").wait_for()
    second.locator(AT_REST).wait_for()
    assert query_of(second.url) == {name: text for name, text in query_of(long).items() if name != "same"}
    fields = second.locator(".st-key-panel [data-testid=stWidgetLabel]")
    expect(fields).to_have_count(2)
    assert second.evaluate(ZOOM) == [float(f"{number:.5g}") for number in zoom]
    expect(second.get_by_test_id("layer-heat")).to_have_attribute("aria-pressed", "false")
    expect(second.get_by_role("button", name="All settings")).to_be_visible()
    first = train_to_its_end(lab, served.runs_dir)
    assert second.evaluate(ZOOM) == [float(f"{number:.5g}") for number in zoom]

    (tmp_path / "fresh").mkdir()
    with server(tmp_path / "fresh") as fresh:
        second.goto(fresh.url)
        share(second)
        second.get_by_text("Title and scene file").click()
        second.get_by_test_id("scene-file").set_input_files(file)
        second.wait_for_url("**only=**")
        second.locator(AT_REST).wait_for()
        expect(fields).to_have_count(2)
        assert train_to_its_end(Lab(second, fresh.url), fresh.runs_dir) == first
    context.close()

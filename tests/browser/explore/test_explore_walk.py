"""Keys on a timeline, played, filmed and saved; styles mixed in the matrix; classes: in a real browser."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence
from playwright.sync_api import Download, Locator, Page, expect

from benchmarks.serving import Server
from gan_core.runs.catalog.model_catalog import ModelCatalog
from tests.browser.canvases import levels, same_picture
from tests.browser.lab import until
from tests.pages.explore.explore_shelf import CONDITIONAL, PLAIN, STYLED, model_of, write_asset

WATCH_PICTURES = """(canvas) => {
  window.shown = new Set();
  const look = () => { shown.add(canvas.toDataURL()); requestAnimationFrame(look); };
  look();
}"""  # `shown`: the different ones that a canvas shows from now on


@pytest.fixture(scope="module")
def brought(served: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Small generators that were brought to the server: their names there."""
    folder = tmp_path_factory.mktemp("files")
    shelf, names = ModelCatalog(SimpleNamespace(data_dir=served.data_dir)), {}  # type: ignore[arg-type]
    for model_id in (PLAIN, CONDITIONAL, STYLED):
        name = model_id.removeprefix("asset:")
        write_asset(folder, name, model_of(model_id))
        names[model_id] = shelf.bring((folder / f"{name}.safetensors").read_bytes(), name)
    return names


def explore(page: Page, served: Server, model_id: str) -> None:
    page.goto(f"{served.url}/explore?model={quote(model_id)}")
    expect(page.get_by_test_id("model")).to_have_value(model_id)
    expect(page.get_by_test_id("caption")).to_contain_text("seed")


def pixels(canvas: Locator) -> str:
    return str(canvas.evaluate("c => c.toDataURL()"))


def changed(canvas: Locator, before: str) -> str:
    """The canvas's new content, once it has one."""
    return str(until(lambda: now if (now := pixels(canvas)) != before else ""))


def three_keys(page: Page) -> None:
    page.get_by_test_id("tab-walk").click()
    picture, keys = page.get_by_test_id("picture"), page.get_by_test_id("walk-key")
    for count in (1, 2, 3):
        page.get_by_test_id("walk-add").click()
        expect(keys).to_have_count(count)
        before = pixels(picture)
        page.get_by_test_id("random").click()
        changed(picture, before)


def film(page: Page, kind: str) -> bytes:
    page.get_by_test_id(f"film-{kind}").click()
    with page.expect_download() as caught:
        page.get_by_test_id("film-make").click()
    saved: Download = caught.value
    assert saved.suggested_filename.endswith(f"-walk.{kind}")
    return Path(saved.path()).read_bytes()


def test_three_keys_play_and_become_films(page: Page, served: Server, brought: dict[str, str], shots: Path) -> None:
    explore(page, served, brought[PLAIN])
    three_keys(page)
    page.get_by_test_id("walk-key").first.click()
    time = page.get_by_test_id("walk-time")
    expect(time).to_have_text("0.0 / 3.0 s")
    first = pixels(page.get_by_test_id("picture"))
    page.get_by_test_id("picture").evaluate(WATCH_PICTURES)
    page.get_by_test_id("walk-play").click()
    page.screenshot(path=shots / "walk.png")
    expect(time).to_have_text("3.0 / 3.0 s")  # it plays to its end and stays there
    expect(page.get_by_test_id("walk-play")).to_contain_text("Play")
    assert page.evaluate("() => shown.size") > 4, "others than those of the keys while it plays"
    assert pixels(page.get_by_test_id("picture")) != first

    with Image.open(io.BytesIO(film(page, "gif"))) as gif:
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(gif)]
    assert (len(frames), frames[0].shape) == (60, (504, 504, 3))  # 3 s, 20 a second; 18 x 28 pixels
    shown = [page.get_by_test_id("walk-key").nth(i).locator("canvas") for i in (0, 2)]
    for frame, thumb in zip((frames[0], frames[-1]), shown, strict=True):
        seen = np.array(thumb.evaluate("c => [...c.getContext('2d').getImageData(0, 0, 28, 28).data]")).reshape(
            28, 28, 4
        )
        np.testing.assert_allclose(frame[::18, ::18].astype(int), seen[..., :3], atol=1)

    with av.open(io.BytesIO(film(page, "mp4"))) as video:
        stream = video.streams.video[0]
        assert (stream.width, stream.height, float(stream.average_rate)) == (504, 504, 30.0)
        assert sum(1 for _ in video.decode(stream)) == 90
    expect(page.get_by_test_id("film-done")).to_contain_text("90 frames")

    page.get_by_test_id("film-seconds").fill("60")
    page.keyboard.press("Enter")
    page.get_by_test_id("film-make").click()
    expect(page.get_by_test_id("film-words")).to_contain_text("of 1800 frames")
    page.get_by_test_id("film-cancel").click()
    expect(page.get_by_test_id("film-make")).to_be_visible()
    expect(page.get_by_test_id("film-done")).to_be_hidden()  # nothing came of it


def test_keys_are_moved_reordered_taken_out_and_kept(page: Page, served: Server, brought: dict[str, str]) -> None:
    explore(page, served, brought[PLAIN])
    three_keys(page)
    keys, time = page.get_by_test_id("walk-key"), page.get_by_test_id("walk-time")
    last = keys.nth(2).bounding_box()
    middle = keys.nth(1).bounding_box()
    assert last
    assert middle
    page.mouse.move(last["x"] + 20, last["y"] + 20)
    page.mouse.down()
    page.mouse.move((last["x"] + middle["x"]) / 2 + 20, last["y"] + 20, steps=5)
    page.mouse.up()
    expect(time).to_contain_text("/ 2.3 s")  # half-way between 1.5 and 3 s
    page.get_by_test_id("walk-undo").click()
    expect(time).to_contain_text("/ 3.0 s")

    thumbs = until(lambda: len(set(now := [pixels(keys.nth(i).locator("canvas")) for i in range(3)])) == 3 and now)
    keys.nth(2).focus()
    page.keyboard.press("Alt+ArrowLeft")
    moved = [thumbs[0], thumbs[2], thumbs[1]]
    until(lambda: [pixels(keys.nth(i).locator("canvas")) for i in range(3)] == moved)
    page.keyboard.press("Delete")
    expect(keys).to_have_count(2)
    page.get_by_test_id("said").get_by_role("button", name="Undo").click()
    expect(keys).to_have_count(3)

    page.get_by_test_id("walk-loop").click()
    expect(time).to_contain_text("/ 4.5 s")
    keys.first.click()
    page.get_by_test_id("walk-seconds").fill("0.5")
    page.keyboard.press("Enter")
    page.get_by_test_id("walk-easing").select_option("ease-in-out")
    expect(time).to_contain_text("/ 3.5 s")
    page.reload()
    page.get_by_test_id("tab-walk").click()
    expect(keys).to_have_count(3)
    expect(time).to_contain_text("/ 3.5 s")
    expect(page.get_by_test_id("walk-loop")).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("walk-clear").click()
    expect(keys).to_have_count(0)
    page.get_by_test_id("walk-edit-film").click()
    expect(
        page.get_by_test_id("strength")
    ).to_be_visible()  # of an edit of the point in the picture, which has no steps
    expect(page.get_by_text("There are no steps yet.")).to_be_visible()
    assert page.url.startswith(f"{served.url}/apply?workshop=video")


def alike(one: Locator, other: Locator) -> bool:
    """To a grey level or two: alone and in a batch the same picture is summed in another order."""
    return same_picture(levels(one, "RGBA"), levels(other, "RGBA"), most=2)


def test_a_cell_of_the_mixing_matrix_goes_to_the_picture(
    page: Page, served: Server, brought: dict[str, str], shots: Path
) -> None:
    explore(page, served, brought[STYLED])
    page.get_by_test_id("tab-mix").click()
    picture, cell = page.get_by_test_id("picture"), page.get_by_test_id("mix-cell-2-3")
    expect(cell.locator("canvas")).to_have_attribute("width", "28")
    before = pixels(picture)
    cell.click()
    changed(picture, before)
    expect(page.get_by_test_id("caption")).to_contain_text("styles mixed")
    page.screenshot(path=shots / "mix.png")
    until(lambda: alike(picture, cell.locator("canvas")))
    mixed = pixels(picture)
    page.get_by_test_id("mix-fine").click()
    changed(picture, mixed)
    page.get_by_test_id("mix-all").click()  # every layer of the source: the source itself
    source = page.get_by_test_id("mix-cell-2-0").locator("canvas")
    until(lambda: alike(picture, source))
    mixed = pixels(picture)
    page.get_by_test_id("mix-out").click()
    changed(picture, mixed)


def test_arithmetic_and_classes_answer_while_dragged(page: Page, served: Server, brought: dict[str, str]) -> None:
    explore(page, served, brought[CONDITIONAL])
    page.get_by_test_id("tab-mix").click()
    picture = page.get_by_test_id("picture")
    page.get_by_test_id("mix-part-style").click()
    expect(page.get_by_test_id("mix-none")).to_contain_text("needs a style-based generator")
    page.get_by_test_id("mix-part-sum").click()
    before = pixels(picture)
    page.get_by_test_id("sum-go").click()
    before = changed(picture, before)
    expect(page.get_by_test_id("caption")).to_contain_text("sum")
    slider = page.get_by_test_id("sum-amount")
    box = slider.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 2 / 3, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2, steps=4)
    before = changed(picture, before)  # the button is still down
    page.mouse.up()

    page.get_by_test_id("mix-part-class").click()
    page.get_by_test_id("class-2").click()
    thumb = page.get_by_test_id("class-2").locator("canvas")
    until(lambda: alike(picture, thumb))
    assert not alike(picture, page.get_by_test_id("class-1").locator("canvas"))
    page.get_by_test_id("class-walk").click()
    expect(page.get_by_test_id("walk-key")).to_have_count(3)

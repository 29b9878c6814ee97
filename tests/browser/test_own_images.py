"""One's own pictures: from a zip with good and bad files to a run that learns from them, and gone and back again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from benchmarks.serving import Server
from tests.browser.forked import server
from tests.browser.lab import CALM, Lab, until


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose way into the world leads nowhere."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    folder = tmp_path_factory.mktemp("served")
    with server(folder, environment={**nowhere, "no_proxy": "127.0.0.1"}) as at:
        yield at


def _zip_of_pictures(good: int) -> bytes:
    """`good` PNGs of coloured discs, one text file that says it is a PNG, and one PNG cut short."""
    out = io.BytesIO()
    y, x = np.mgrid[-1:1:48j, -1:1:48j]
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(out, "w") as archive:
        for i in range(good):
            disc = (np.hypot(x - rng.uniform(-0.4, 0.4), y) < 0.5)[..., None] * rng.integers(60, 255, 3)
            picture = io.BytesIO()
            Image.fromarray(disc.astype(np.uint8)).save(picture, "PNG")
            archive.writestr(f"disc{i:03}.png", picture.getvalue())
        archive.writestr("letter.png", b"this is not a picture")
        archive.writestr("half.png", picture.getvalue()[:90])
    return out.getvalue()


@pytest.mark.long  # each of its steps: tests/pages/test_data_page.py, tests/data/uploads
def test_from_a_zip_to_a_run_and_delete_with_undo(page: Page, served: Server) -> None:
    page.goto(f"{served.url}/data")
    page.locator("input[type=file]").set_input_files(
        {"name": "discs.zip", "mimeType": "application/zip", "buffer": _zip_of_pictures(120)}
    )
    page.get_by_label("Name of the set").fill("Discs")
    page.get_by_label("Name of the set").press("Enter")
    page.get_by_role("button", name="Read them").click()
    expect(page.get_by_text("120 pictures read, 2 refused")).to_be_visible()
    page.get_by_text("Refused: 2").click()
    expect(page.get_by_text("letter.png", exact=False).first).to_be_visible()
    expect(page.get_by_text("half.png", exact=False).first).to_be_visible()
    own = page.locator("[class*=st-key-own-discs]")
    expect(own).to_have_count(0)  # nothing is kept before that is asked for
    page.get_by_role("button", name="Keep 120 pictures").click()
    expect(page.get_by_test_id("stAlertContentSuccess").get_by_text("120 read, 2 refused")).to_be_visible()
    expect(own.get_by_text("120 images", exact=False)).to_be_visible()

    own.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("“Discs” was deleted.")).to_be_visible()
    expect(own).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(own.get_by_text("120 images", exact=False)).to_be_visible()

    _look_through(page, own)
    train = own.get_by_role("button", name="Train on this")
    expect(train).to_have_count(1)  # while the page is drawn anew, what it was stands there too
    train.click()
    lab = Lab(page, served.url)
    expect(lab.film).to_be_visible()
    expect(page.get_by_text("what it will learn from")).to_be_visible()
    page.wait_for_url(lambda url: "discs" in url)
    page.goto(f"{page.url.replace('&view=simple', '')}&{CALM}&batch_size=16")  # with its settings shown
    lab.press("Train")
    lab.expect_state("training")
    until(lambda: lab.step() > 3)
    lab.press("Stop")
    lab.expect_state("stopped")
    expect(page.get_by_role("combobox", name="Preset")).to_have_value("Few pictures")
    expect(page.get_by_role("region", name="Status of the run")).to_contain_text("Discs")  # not the preset
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as started:
        page.get_by_role("button", name="Configuration").click()
    assert "-discs-" in started.value.suggested_filename


def _look_through(page: Page, own: Locator) -> None:
    """Two pictures are left out, and brought back in both ways; the second page has the rest."""
    own.get_by_role("button", name="Look through").click()
    tiles = page.locator(".gp-tile")
    expect(tiles).to_have_count(48)
    tiles.nth(1).click()
    tiles.nth(2).focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Leave out 2 pictures").click()
    opened = page.locator(".st-key-browse")
    expect(opened.get_by_text("2 pictures were left out.")).to_be_visible()
    expect(own.get_by_text("118 images", exact=False)).to_be_visible()
    opened.get_by_role("button", name="Undo").click()
    expect(own.get_by_text("120 images", exact=False)).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(opened.get_by_text("49 to 96 of 120")).to_be_visible()
    tiles.first.click()
    page.get_by_role("button", name="Leave out 1 picture").click()
    expect(own.get_by_text("119 images", exact=False)).to_be_visible()
    opened.get_by_role("combobox").click()
    page.get_by_role("option", name="Left out").click()
    expect(tiles).to_have_count(1)
    tiles.first.click()
    page.get_by_role("button", name="Bring back 1 picture").click()
    expect(own.get_by_text("120 images", exact=False)).to_be_visible()
    opened.get_by_role("button", name="Back", exact=True).click()
    expect(tiles).to_have_count(0)


def test_a_set_that_cannot_be_fetched_says_so_in_one_sentence(page: Page, served: Server) -> None:
    page.goto(f"{served.url}/data")
    card = page.locator(".st-key-set-mnist")
    card.get_by_role("button", name="Fetch").click()
    words = card.get_by_test_id("stAlert")
    expect(words).to_be_visible()
    expect(words).to_contain_text("MNIST is not on this machine and could not be fetched")
    assert "Traceback" not in words.inner_text()
    expect(card.get_by_role("button", name="Fetch")).to_be_enabled()  # to try again

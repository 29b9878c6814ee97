"""What must be in view, and large enough to hit."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server
from gan_core.runs.storage.run_folder import RunFolder
from tests.browser.lab import CALM, Lab, at_rest, until

FINGER = 44  # CSS pixels


def test_classes_are_named_above_their_columns_and_a_phone_has_two_rows_of_buttons(
    page: Page, chromium: Browser, served: Server
) -> None:
    lab = Lab(page, served.url)
    lab.open(f"preset=fashion-fast&{CALM}&conditional=true&total_images=100000000")
    lab.press("Train")
    run = lab.run_id()
    until(lambda: lab.step() > 0)
    names = page.get_by_test_id("class-names").locator("span")
    expect(names).to_have_count(10)
    expect(names.nth(1)).to_have_text("Trouser")
    at_rest(page)
    canvas = lab.film.bounding_box()
    second = names.nth(1).bounding_box()
    assert canvas is not None
    assert second is not None
    assert 0.1 < (second["x"] + second["width"] / 2 - canvas["x"]) / canvas["width"] < 0.2
    assert second["y"] + second["height"] <= canvas["y"] + 1

    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone = Lab(context.new_page(), served.url)
    phone.open(f"run={run}&view=simple")
    phone.expect_state("training")
    at_rest(phone.page)
    boxes = phone.page.eval_on_selector_all(
        ".st-key-controls button",
        "all => all.map(b => b.getBoundingClientRect()).filter(r => r.width).map(r => [r.x, r.right, r.y, r.height])",
    )
    assert len(boxes) >= 6
    assert all(box[3] >= FINGER for box in boxes)
    assert all(box[0] >= 0 and box[1] <= 390 for box in boxes)
    assert len({round(box[2]) for box in boxes}) == 2
    context.close()
    lab.press("Stop")
    lab.expect_state("stopped")


def test_the_whole_picture_is_in_view_beside_trouble(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    lab.open(f"preset=fashion-fast&{CALM}&total_images=100")
    lab.press("Train")
    folder = RunFolder(served.runs_dir / lab.run_id())
    lab.expect_state("finished")
    page.goto("about:blank")
    advice = json.dumps(["Lower the learning rates."])
    with closing(sqlite3.connect(folder.database)) as db, db:
        db.execute("UPDATE state SET state = 'diverged', error = 'The loss became infinite.', advice = ?", (advice,))
    lab.open(f"run={folder.id}")
    lab.expect_state("diverged")
    trouble = page.locator(".st-key-trouble")
    expect(trouble).to_contain_text("The loss became infinite")
    at_rest(page)
    canvas = lab.film.bounding_box()
    assert canvas is not None
    assert canvas["y"] + canvas["height"] <= 768
    trouble.get_by_role("button").click()
    expect(page.get_by_text("Lower the learning rates.")).to_be_visible()


def test_the_lab_is_found_by_its_name_too(page: Page, served: Server) -> None:
    page.goto(f"{served.url}/lab?preset=wgan-gp&view=full")
    expect(page.get_by_test_id("film")).to_be_visible()
    expect(page.get_by_text("a critic that measures", exact=False).first).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)

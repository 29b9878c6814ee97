"""The table of runs, used as a person uses it: choose, sort, filter, write, delete, undo, export, import."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.serving import Server
from gan_core.runs.storage.labels import Labels, read_labels
from gan_core.runs.storage.run_folder import run_ids
from gan_core.training import preset
from tests.browser.lab import AT_REST, until
from tests.runs.helpers import at_rest, open_manager, quick

ROWS = "run-row"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, served: Server) -> list[str]:
    """Two runs that were there before anybody opened the page: the short one, the long one."""
    manager = open_manager(served.runs_dir.parent)
    made = []
    for title, steps in (("Short", 10), ("Long", 30)):
        made.append(manager.start(quick(steps=steps), preset="first-gan", title=title))
        at_rest(manager, made[-1])
    manager.close()
    return made


def shown(page: Page) -> list[str]:
    return [str(row.get_attribute("data-run")) for row in page.get_by_test_id(ROWS).all()]


def stands(page: Page, *runs: str) -> None:
    until(lambda: shown(page) == list(runs))


def row(page: Page, run: str) -> Locator:
    return page.locator(f'[data-testid="{ROWS}"][data-run="{run}"]')


def open_table(page: Page, served: Server, count: int = 2) -> None:
    page.goto(f"{served.url}/compare")
    expect(page.get_by_test_id(ROWS)).to_have_count(count)


def test_runs_are_sorted_and_filtered(page: Page, served: Server, runs: list[str]) -> None:
    short, long = runs
    open_table(page, served)
    stands(page, long, short)  # the newest first
    steps = page.get_by_role("columnheader", name="Steps")
    steps.get_by_role("button").click()
    stands(page, short, long)
    expect(steps).to_have_attribute("aria-sort", "ascending")
    steps.get_by_role("button").click()
    stands(page, long, short)
    page.get_by_label("Filter the runs").fill("shor")
    stands(page, short)
    expect(page.get_by_text("1 of 2 runs")).to_be_visible()
    page.get_by_label("Filter the runs").fill("first-gan no-such")
    expect(page.get_by_text("No run passes the filter.")).to_be_visible()
    page.get_by_label("Filter the runs").fill("")
    picture = row(page, short).locator("img.gt-thumb")
    until(lambda: picture.evaluate("img => img.naturalWidth") > 90)
    expect(row(page, short)).to_contain_text("Batch size: 16 images")
    assert preset("first-gan").config.batch_size != 16


def test_what_is_chosen_is_compared_and_stands_in_the_address(page: Page, served: Server, runs: list[str]) -> None:
    short, long = runs
    open_table(page, served)
    row(page, long).get_by_role("checkbox").check()
    row(page, short).get_by_role("checkbox").check()
    page.wait_for_url(re.compile(f"runs={long}%2C{short}"))
    page.get_by_role("button", name="Curves", exact=True).click()
    page.wait_for_url(re.compile("tab=curves"))
    expect(page.get_by_role("tab", name="Curves")).to_have_attribute("aria-selected", "true")
    page.reload()  # the address opens the same view
    expect(page.get_by_role("tab", name="Curves")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Runs").click()
    expect(row(page, long).get_by_role("checkbox")).to_be_checked()
    expect(row(page, short).locator(".gc-badge")).to_have_text("B")
    page.get_by_role("button", name="Clear", exact=True).click()
    page.wait_for_url(lambda url: "runs=" not in url)


def test_tags_and_notes_are_kept(page: Page, served: Server, runs: list[str]) -> None:
    short = runs[0]
    open_table(page, served)
    page.get_by_role("button", name="Short", exact=True).click()
    page.get_by_label("Tags, with commas between").fill("baseline, for the talk")
    page.get_by_label("Notes").fill("Too short to tell.")
    page.keyboard.press("Tab")
    kept = Labels(("baseline", "for the talk"), "Too short to tell.")
    until(lambda: read_labels(served.runs_dir / short) == kept)
    row(page, short).get_by_role("button", name="baseline").click()
    stands(page, short)


def test_a_run_goes_out_and_comes_in_and_is_deleted_and_had_back(
    page: Page, served: Server, runs: list[str], tmp_path: Path
) -> None:
    long = runs[1]
    open_table(page, served)
    page.get_by_role("button", name="Long", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as one file").click()
    file = tmp_path / download.value.suggested_filename
    assert file.name == f"{long}.zip"
    download.value.save_as(file)
    page.get_by_role("button", name="Import a run").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported as")).to_be_visible()
    expect(page.get_by_test_id(ROWS)).to_have_count(3)
    (copy,) = set(run_ids(served.runs_dir)) - set(runs)
    page.keyboard.press("Escape")
    row(page, copy).get_by_role("button", name="Long", exact=True).click()
    page.locator(".gt-below:not([hidden]) .gt-details").filter(has_text=copy).get_by_role(
        "button", name="Delete"
    ).click()
    expect(page.get_by_test_id(ROWS)).to_have_count(2)
    until(lambda: copy not in run_ids(served.runs_dir))
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_test_id(ROWS)).to_have_count(3)
    until(lambda: copy in run_ids(served.runs_dir))
    row(page, copy).get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete", exact=True).first.click()
    expect(page.get_by_test_id(ROWS)).to_have_count(2)
    page.get_by_text(re.compile("Trash: 1 run")).click()
    empty = page.get_by_role("button", name=re.compile("Empty the trash"))
    empty.click()
    page.get_by_role("button", name=re.compile("press again")).click()
    expect(page.get_by_text(re.compile("Trash:"))).to_have_count(0)
    until(lambda: not list((served.runs_dir / ".trash").iterdir()))


def test_what_trains_moves_by_itself_and_cannot_be_deleted(page: Page, served: Server, runs: list[str]) -> None:
    lab = page.context.new_page()
    lab.goto(f"{served.url}/?preset=ring&total_images=100000000&speed=normal")
    expect(lab.locator(AT_REST)).to_be_attached()
    lab.get_by_role("button", name="Train", exact=True).click()
    lab.wait_for_url(re.compile("run="))
    run = lab.url.split("run=")[1].split("&")[0]
    open_table(page, served, 3)
    steps = row(page, run).locator("td.gt-number").first
    first = steps.inner_text()
    until(lambda: steps.inner_text() != first)
    page.get_by_role("button", name=preset("ring").label, exact=True).click()
    delete = page.locator(".gt-details").filter(has_text=run).get_by_role("button", name="Delete")
    expect(delete).to_be_disabled()
    lab.get_by_role("button", name="Stop", exact=True).click()
    expect(row(page, run)).to_contain_text("stopped")
    expect(delete).to_be_enabled()
    page.locator(".gt-details").filter(has_text=run).get_by_role("link", name="Open in the Lab").click()
    page.wait_for_url(re.compile(f"run={run}"))
    expect(page.get_by_test_id("live").first).to_be_visible()


def test_points_beside_pictures_fit_on_a_laptop(page: Page, served_alone: Server) -> None:
    manager = open_manager(served_alone.runs_dir.parent)
    for name, seed, steps in (("ring", 1, 1_200), ("ring", 2, 1_200), ("first-gan", 0, 40)):
        at_rest(manager, manager.start(replace(preset(name).config, seed=seed), preset=name, stop_at_step=steps))
    manager.close()
    open_table(page, served_alone, 3)  # with the widest cells: stopped as asked, a measure and what it is of
    expect(page.locator(".gt-what").filter(has_text="classifier features")).to_be_visible()
    expect(page.get_by_text("<1% of")).to_be_visible()  # of the pictures' plan, which are not none
    expect(page.get_by_role("columnheader", name="Sliced Wasserstein distance")).to_be_visible()
    table = page.locator(".gt-scroll")
    assert table.evaluate("box => box.scrollWidth <= box.clientWidth")


def test_on_a_phone_every_row_is_a_card(page: Page, served: Server, runs: list[str]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{served.url}/compare")
    expect(row(page, runs[0])).to_be_visible(timeout=60_000)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    expect(page.get_by_label("Sort by")).to_be_visible()
    box = row(page, runs[0]).get_by_role("checkbox").locator("xpath=..").bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 40

"""A run whose newest sample grid is damaged is looked at like any other, and the page says what it leaves out."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.forked import server
from tests.browser.lab import Lab
from tests.runs.helpers import at_rest, folder_of, open_manager, quick


def test_the_one_before_is_shown_and_which_is_damaged_is_said(page: Page, tmp_path: Path) -> None:
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=12, record__grid_growth=0.0))
    at_rest(manager, run)
    first, *_, before, newest = [step for step, _ in manager.grids(run)]
    for step in (first, newest):
        folder_of(manager, run).grid_file(step, points=False).write_bytes(b"damaged")
    manager.close()
    with server(tmp_path) as at:
        lab = Lab(page, at.url)
        lab.open(f"run={run}")
        expect(lab.caption).to_have_text(re.compile(f"step {before} .*step {newest} is damaged"))
        page.get_by_test_id("timeline").press("Home")
        expect(lab.caption).to_have_text(re.compile(f"step {before} .*step {first} is damaged"))
        page.get_by_test_id("timeline").press("ArrowRight")
        expect(lab.caption).not_to_have_text(re.compile("damaged"))

"""Synthetic rows and the comparison of imputers in the browser, on one table that is brought once."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import Server

TABLE = "size,kind\n" + "".join(f"{i % 7 + i % 3 * 10}.5,{'xyz'[i % 3]}\n" for i in range(48))


def bring(page: Page) -> None:
    upload = page.locator(".st-key-table-upload input[type=file]")
    upload.set_input_files({"name": "sizes.csv", "mimeType": "text/csv", "buffer": TABLE.encode()})
    expect(page.get_by_text("48 rows of 2 columns", exact=False)).to_be_visible()


@pytest.mark.long  # tests/pages/apply/test_rows.py, tests/apply/tables/test_synthetic.py
def test_rows_are_made_judged_and_taken_away(page: Page, served: Server, shots: Path) -> None:
    page.goto(f"{served.url}/apply?workshop=rows&rows=60&steps=20")
    bring(page)
    expect(page.get_by_label("Rows to make", exact=True)).to_have_value("60")
    page.get_by_role("button", name="Make rows").click()
    expect(page.get_by_text(re.compile(r"^Columns alone are met to 0\.\d\d"))).to_be_visible()
    page.wait_for_url(re.compile(r"rows=60&steps=20|job="))
    with page.expect_download() as taken:
        page.get_by_role("button", name="synthetic.csv").click()
    rows = list(csv.DictReader(io.StringIO(taken.value.path().read_text("utf-8"))))
    assert len(rows) == 60
    assert {row["kind"] for row in rows} <= set("xyz")
    page.screenshot(path=shots / "apply-rows.png", full_page=True)

    page.get_by_role("link", name="Data", exact=True).first.click()  # what the form held is there after another page
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    page.get_by_role("link", name="Apply", exact=True).first.click()
    expect(page.get_by_label("Training steps", exact=True)).to_have_value("20")
    expect(page.get_by_text("48 rows of 2 columns", exact=False)).to_be_visible()


@pytest.mark.long  # tests/pages/apply/test_tables_comparison.py, tests/apply/tables
def test_imputers_are_compared(page: Page, served: Server, shots: Path) -> None:
    page.goto(f"{served.url}/apply?workshop=tables&times=1&hidden=30")
    bring(page)
    expect(page.get_by_label("Times", exact=True)).to_have_value("1")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("48 rows of 2 columns; 30% of the known cells were hidden", exact=False)).to_be_visible()
    expect(page.get_by_text(re.compile(r"^(GAIN|By RMSE|The GAN).*RMSE", re.DOTALL)).first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.screenshot(path=shots / "apply-comparison.png", full_page=True)

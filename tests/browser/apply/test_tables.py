"""Filling a table in the browser: a file in, what was understood, a filled file out, still there after a reload."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from benchmarks.serving import Server


def people() -> bytes:
    random = np.random.default_rng(0)
    lines = ["age;weight;city"]
    for i in range(80):
        age = int(random.integers(18, 80))
        cells = [str(age), f"{40 + age / 2:.1f}".replace(".", ","), ("Zürich", "Bern")[age > 50]]
        cells = ["" if random.random() < 0.1 else cell for cell in cells]
        cells[0] = "lots" if i == 7 else cells[0]
        lines.append(";".join(cells))
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


def test_a_table_is_brought_corrected_filled_and_taken_away(page: Page, served: Server, shots: Path) -> None:
    source = people()
    page.goto(f"{served.url}/apply?workshop=tables")
    upload = page.locator(".st-key-table-upload input[type=file]")
    upload.set_input_files({"name": "broken.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n3\n4,5\n"})
    expect(page.get_by_text("broken.csv: Row 3 has 1 field where row 1 has 2", exact=False)).to_be_visible()
    upload.set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": source})
    expect(page.get_by_text("80 rows of 3 columns", exact=False)).to_be_visible()
    expect(page.get_by_text("(cp1252)", exact=False)).to_be_visible()
    fill = page.get_by_role("button", name="Fill", exact=True)
    expect(page.get_by_text("row 9: 'lots' stands among numbers", exact=False)).to_be_visible()
    expect(fill).to_be_disabled()
    page.get_by_role("button", name="Take lots for missing").click()
    expect(page.get_by_role("textbox", name="Also missing")).to_have_value("lots")
    expect(fill).to_be_enabled()
    fill.click()
    expect(page.get_by_text("cells were filled", exact=False).first).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name="filled.csv").click()
    filled = taken.value.path().read_bytes().decode("cp1252")
    before, after = (text.split("\r\n") for text in (source.decode("cp1252"), filled))
    assert after[0] == before[0]
    assert len(after) == len(before) == 82
    for old, new in zip(before[1:-1], after[1:-1], strict=True):
        for was, now in zip(old.split(";"), new.split(";"), strict=True):
            assert now not in ("", "lots")
            assert was in (now, "", "lots")
    page.screenshot(path=shots / "tables.png", full_page=True)
    page.reload()
    expect(page.get_by_text("cells were filled", exact=False).first).to_be_visible()

"""The workshop for tables: what was understood, kinds and markers changed, a table filled."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from gan_core.apply.tables.gain.imputer import Gain
from gan_core.apply.tables.task import ImputeTable
from pages.apply import table_upload
from pages.apply.results.curves import as_csv, series
from pages.apply.results.filled_table import preview_rows
from pages.apply.table_upload import HeldTable
from pages.server.app_state import AppState
from tests.pages import opening

PAGE = Path(__file__).parents[3] / "pages" / "apply" / "page.py"
HELD = "ganscope.table"


def people() -> bytes:
    random = np.random.default_rng(0)
    lines = ["age;weight;*city*;bad"]
    for i in range(60):
        age = int(random.integers(18, 80))
        cells = [str(age), f"{40 + age / 2:.1f}".replace(".", ","), ("<b>Oslo</b>", "Bern")[age > 50]]
        cells = ["" if random.random() < 0.1 else cell for cell in cells]
        lines.append(";".join([*cells, "lots" if i == 7 else "-999" if i % 9 == 0 else f"{i % 50},5"]))
    return "\n".join(lines).encode()


def opened(content: bytes, name: str = "*people*.csv") -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=180)
    app.query_params["workshop"] = "tables"
    app.session_state[HELD] = table_upload._read("0123456789abcdef", name, content)
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def kinds(app: AppTest) -> dict[str, Any]:
    frame = app.dataframe[0].value
    return dict(zip(frame["Column"], frame["Kind"], strict=True))


def held(app: AppTest) -> HeldTable:
    found = app.session_state[HELD]
    assert type(found).__name__ == "HeldTable"
    return found  # type: ignore[no-any-return]


def test_a_table_is_understood_corrected_and_filled(home: AppState) -> None:
    app = opened(people())
    words = [one.value for one in app.markdown]
    assert any(r"**\*people\*.csv**: 60 rows of 4 columns, text; separator semicolon" in one for one in words)
    assert kinds(app) == {"age": "integer", "weight": "number", "*city*": "category", "bad": "number"}
    assert app.error[0].value == (
        "Column 'bad' (number 4), row 9: 'lots' stands among numbers; name it a missing marker, or call the column a "
        "category."
    )
    assert app.button(key="table-fill").disabled
    app.button(key="table-offer-0123456789abcdef-bad").click()
    run(app)
    assert held(app).markers == "lots"
    assert not app.error
    assert "hold '-999', far from all others" in app.info[0].value
    app.button(key="table-offer-0123456789abcdef-bad").click()
    run(app)
    assert held(app).markers == app.text_input(key="table-markers-0123456789abcdef").value == "lots,-999"
    app.selectbox(key="table-column-0123456789abcdef").set_value("age")
    run(app)
    app.selectbox(key="table-kind-0123456789abcdef-age").set_value("number")
    run(app)
    assert kinds(app)["age"] == "number"
    app.selectbox(key="table-method").set_value("knn")
    run(app)
    app.number_input(key="table-draws").set_value(2)
    run(app)
    app.button(key="table-fill").click()
    run(app)
    (view,) = home.job_manager().views("impute")
    assert home.job_manager().wait(view.id, 180).state == "done"
    run(app)
    folder = home.job_manager().folder(view.id)
    assert [path.name for path in folder.files()] == ["filled.csv", "imputed.zip", "mask.csv", "model.safetensors"]
    outcome = folder.outcome()
    assert outcome is not None
    assert outcome["filled_by_column"]["bad"] == 8
    assert outcome["method"] == "knn"
    assert any("cells were filled" in one.value and "Nearest neighbours" in one.value for one in app.markdown)
    shown = app.dataframe[1].value
    assert any("◂" in str(cell) for cell in shown["bad"])
    (first, *_) = (line for line in (folder.result / "filled.csv").read_text().splitlines()[1:])
    assert str(shown["bad"][0]).removesuffix(" ◂") == first.split(";")[3]
    app.button(key="table-compare").click()
    run(app)
    (compared,) = home.job_manager().views("impute-compare")
    home.job_manager().cancel(compared.id)
    task = home.job_manager().folder(compared.id).task()
    assert (task.markers, task.kinds) == ("lots,-999", '{"age": "number"}')  # type: ignore[attr-defined]
    assert home.job_manager().wait(compared.id, 180).state in ("cancelled", "done")


def test_what_cannot_be_read_is_said_letter_by_letter(home: AppState) -> None:
    app = opened(b"a,b\n1,2\n3\n", name="[x](https://e.org).csv")
    assert app.error[0].value.startswith(r"\[x\](https:")
    assert app.error[0].value.endswith("or use another separator.")
    assert not [one for one in app.button if one.key == "table-fill"]


def test_filled_cells_are_marked() -> None:
    row = {"row": 3, "cells": ["1", "x"], "filled": [False, True]}
    assert preview_rows({"names": ["a", "b"], "rows": [row]}) == [{"Row": 3, "a": "1", "b": "x ◂"}]
    assert preview_rows({"names": ["Row", "b"], "rows": [row]}) == [{"Row in the file": 3, "Row": "1", "b": "x ◂"}]


def test_markers_with_commas_are_kept_whole() -> None:
    made = HeldTable("0", "x", b"", None, markers="a,b")
    app_state: dict[str, Any] = {}
    original = table_upload.st.session_state
    try:
        table_upload.st.session_state = app_state  # type: ignore[assignment]
        table_upload._add_marker(made, "1,5")
        assert app_state[HELD].markers == '["a", "b", "1,5"]'
        table_upload._add_marker(app_state[HELD], "z")
        assert app_state[HELD].markers == '["a", "b", "1,5", "z"]'
    finally:
        table_upload.st.session_state = original


def test_gain_at_work_shows_its_curves_and_can_be_had_early(home: AppState) -> None:
    jobs = home.job_manager()
    table = people().replace(b"lots", b"").decode().replace(",", ".").encode()
    job = jobs.start(ImputeTable(method=Gain(steps=100_000, patience=100_000, members=1)), {"table.csv": table})
    while len(jobs.folder(job).live()) < 3:
        time.sleep(0.02)
    app = opening.opened("apply", workshop="tables", job=job)
    assert any("Steps: 100000" in one.value for one in app.caption)
    app.button(key=f"finish-{job}").click()
    run(app)
    assert jobs.wait(job, 180).state == "done"
    run(app)
    assert any("ended early" in one.value for one in app.info)


def test_points_of_a_job_that_went_on_again_take_the_place_of_those_after_it() -> None:
    points = [
        ("losses", {"step": float(step), "generator": value}) for step, value in ((50, 3.0), (100, 2.0), (100, 1.5))
    ]
    assert series([*points, ("losses", {"step": 150.0, "generator": 1.0})]) == {
        "losses": {"generator": [(50.0, 3.0), (100.0, 1.5), (150.0, 1.0)]}
    }
    assert as_csv(series(points)) == b"series,step,name,value\nlosses,50,generator,3.0\nlosses,100,generator,1.5\n"

"""The workshop of synthetic rows: its form makes a task, and what came of it is drawn with what was measured."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gan_core.apply.tables.encoded import Encoded
from gan_core.apply.tables.synthetic import Synthesise, TableGan, report
from gan_core.runs.jobs import JobManager
from pages.apply.workshop import workshops
from pages.apply.workshops.rows import by_column, rows
from pages.server.app_state import AppState
from tests.pages.opening import opened

PAGE = Path(__file__).parents[3] / "pages" / "apply" / "page.py"

LINES = "\n".join(f"{i % 7}.5,{'xyz'[i % 3]},{i % 3 * 10 + i % 2}" for i in range(60))


def outcome() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    real = Encoded(np.stack([rng.normal(size=90), rng.integers(0, 2, 90)], 1), (0, 2), (False,) * 2, ("a", "b"))
    names = ("ctgan", "independent", "real")
    ways = {
        name: report.measure(name, real.rows(np.arange(60)), real.values[60:], real.values, "", 0) for name in names
    }
    return {
        "ways": ways,
        "verdict": report.verdict(ways),
        "privacy": ways["ctgan"]["privacy"]["words"],
        "notes": ["*n*"],
    }


def draw() -> None:
    from pathlib import Path

    from gan_core.runs.jobs import JobFolder
    from pages.apply.workshops.rows import draw_outcome
    from tests.pages.apply.test_rows import outcome

    draw_outcome(JobFolder(Path("job")), outcome())


def test_it_is_among_the_workshops() -> None:
    assert "rows" in {workshop.key for workshop in workshops()}


def test_what_came_of_it_is_drawn() -> None:
    page = AppTest.from_function(draw, default_timeout=180).run()
    assert not page.exception
    assert page.markdown[0].value.startswith("**Columns alone are met to")
    assert "copies of real ones" in page.markdown[1].value  # two thirds of them are
    assert page.info[0].value == "\\*n\\*"
    assert list(page.dataframe[0].value["Rows"]) == ["This GAN", "Columns drawn apart", "Held-out rows"]
    assert rows(outcome())[0]["Categories kept"] == "2 of 2"
    assert [bar.name for bar in by_column(outcome()).data] == ["This GAN", "Held-out rows"]


def test_the_form_makes_a_task(home: AppState, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Any, Any]] = []

    def start(jobs: JobManager, task: Any, inputs: Any = None) -> str:
        started.append((task, inputs))
        return "job"

    monkeypatch.setattr(JobManager, "start", start)
    page = opened("apply", workshop="rows")
    assert not [one for one in page.button if one.key == "rows-start"]  # no table yet
    page.file_uploader(key="table-upload").set_value(("people.CSV", b"size,kind,paid\n" + LINES.encode(), "text/csv"))
    page.run()
    page.number_input(key="rows-count").set_value(30)
    page.number_input(key="rows-steps").set_value(5)
    digest = page.session_state["ganscope.table"].digest
    page.selectbox(key=f"rows-target-{digest}").set_value("kind")
    page.run()
    page.button(key="rows-start").click().run()
    assert not page.exception
    ((task, inputs),) = started
    assert isinstance(task, Synthesise)
    assert (task.rows, task.target, task.gan) == (30, "kind", TableGan(steps=5))
    assert not task.problems(Path(), tuple(inputs))
    assert len(list(csv.reader(io.StringIO(inputs["table.csv"].decode())))) == 61

"""The Apply page: workshops by their files, and a job's life on it: progress, stop, go on, files, delete, undo."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gan_core.apply import Task, Workplace, tasks
from gan_core.config.fields import integer
from gan_core.runs.jobs import JobFolder
from pages.apply import workshop
from pages.apply.job_list import start_job
from pages.server.app_state import AppState

PAGE = Path(__file__).parents[3] / "pages" / "apply" / "page.py"
GATE = threading.Event()


@dataclass(frozen=True)
class Doubling(Task):
    """Doubles a number."""

    number: int = integer(3, low=0, high=100, help="What is doubled.")

    def title(self) -> str:
        return f"*Doubling* {self.number}"

    def problems(self, data_dir: Path, inputs: tuple[str, ...]) -> list[str]:
        return ["Nothing cannot be doubled; choose a number from 1 on."] if self.number == 0 else []

    def work(self, place: Workplace) -> dict[str, Any]:
        while not GATE.wait(0.01):
            place.progress(0.5, "half way")
        place.progress(0.9, "nearly")
        place.record("size", {"step": 1, "value": self.number})
        for name in ("a.txt", "b.txt"):
            (place.result / name).write_text(str(2 * self.number))
        return {"double": 2 * self.number}


def draw() -> None:
    number = st.number_input("Number", 0, 100, 3, key="number")
    st.button("Double", key="double", on_click=lambda: start_job(Doubling(number=int(number))))


def draw_outcome(folder: JobFolder, outcome: dict[str, Any]) -> None:
    st.markdown(f"It is {outcome['double']}.")


@pytest.fixture
def page(home: AppState, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setattr(tasks, "_entries", dict(tasks._entries))
    tasks.register("doubling", label="Doubling")(Doubling)
    made = workshop.Workshop(
        "double", "Double", "looks_two", 0, "Doubles a number.", draw, ("doubling",), draw_outcome
    )
    monkeypatch.setattr("pages.apply.workshop.workshops", lambda: [made])
    GATE.clear()
    yield run(AppTest.from_file(str(PAGE), default_timeout=180))
    GATE.set()


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def test_a_job_is_begun_watched_stopped_gone_on_with_deleted_and_had_back(page: AppTest, home: AppState) -> None:
    jobs = home.job_manager()
    page.number_input(key="number").set_value(0)
    run(page)
    page.button(key="double").click()
    run(page)
    assert page.warning[0].value == "Nothing cannot be doubled; choose a number from 1 on."
    page.number_input(key="number").set_value(21)
    run(page)
    page.button(key="double").click()
    run(page)
    (view,) = jobs.views()
    assert page.query_params["job"] == view.id
    assert page.expander[0].label.startswith(r"\*Doubling\* 21")
    page.button(key=f"cancel-{view.id}").click()
    run(page)
    assert jobs.wait(view.id, 180).state == "cancelled"
    run(page)
    assert "stopped" in page.expander[0].label
    GATE.set()
    page.button(key=f"resume-{view.id}").click()
    run(page)
    assert jobs.wait(view.id, 180).state == "done"
    run(page)
    assert "It is 42." in [one.value for one in page.markdown]
    page.button(key=f"delete-{view.id}").click()
    run(page)
    assert jobs.views() == []
    page.button(key="undo-job").click()
    run(page)
    assert [one.state for one in jobs.views()] == ["done"]
    assert "It is 42." in [one.value for one in page.markdown]


def test_each_workshop_is_drawn_alone_and_is_in_the_address(home: AppState) -> None:
    for each in workshop.workshops():
        app = AppTest.from_file(str(PAGE), default_timeout=180)
        app.query_params["workshop"] = each.key
        run(app)
        assert app.query_params["workshop"] == each.key
        assert each.words in [one.value for one in app.markdown]
    app = AppTest.from_file(str(PAGE), default_timeout=180)
    app.query_params["workshop"] = "no-such"
    run(app)

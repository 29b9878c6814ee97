"""The reading column without a browser: links, languages, scenes, and that it leaves every run alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.config.codec import apply_sets
from gan_core.training import preset
from pages.learn.column import watched
from pages.learn.content import lesson
from pages.learn.scenes import same_settings, scene_settings
from pages.server.app_state import AppState
from pages.server.http.routes import KATEX
from pages.ui.session import from_url, to_url
from tests.pages.fake_manager import FakeManager
from tests.pages.server.serving import Client

LEARN = Path(__file__).resolve().parents[3] / "pages" / "learn"
SCRIPT = """
import streamlit as st
from pages.learn import column, content
column.take_from_address()
for name in ("collapse", "cured"):
    st.button(name, key=name, on_click=column.set_scene, args=(content.lesson("05"), name, "lab"))
st.button("next", key="next", on_click=column.open_lesson, args=("06",))
st.text(" ".join(column.opened(st.session_state["ganscope.lesson"], column.language())[1:]))
column.draw_column("lab")
"""


def open_column(query: Mapping[str, str]) -> AppTest:
    app = AppTest.from_string(SCRIPT, default_timeout=180)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def test_a_scene_fills_the_panel_and_leaves_the_run_that_trains_alone(home: AppState, manager: FakeManager) -> None:
    run = manager.start(preset("ring").config, preset="ring")
    app = open_column({"run": run, "lesson": "05"})
    app.button(key="collapse").click().run()
    assert not app.exception
    state = app.session_state["ganscope.tab"]
    assert (state.run, state.preset, state.config) == ("", "ring-collapse", preset("ring-collapse").config)
    assert manager.sent == []
    assert [view.id for view in manager.views()] == [run]
    assert manager.view(run).state == "running"


def test_the_lessons_code_sends_no_command_and_starts_nothing() -> None:
    called = {
        node.func.attr
        for path in LEARN.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert "config" in called
    assert (
        called & {"start", "send", "resume", "cancel", "branch", "start_twins", "evaluate", "checkpoint_now"} == set()
    )
    for path in LEARN.rglob("*.js"):
        assert "fetch(" not in path.read_text("utf-8"), path.name


@pytest.mark.parametrize(
    ("link", "number", "language", "said"),
    [
        ({"lesson": "05"}, "05", "en", ""),
        ({"lesson": "05.3", "lang": "es"}, "05", "es", ""),
        ({"lesson": "05.99"}, "05", "en", "it says 99 things are done, and this lesson has 4"),
        ({"lesson": "05.99999"}, "05", "en", ""),
        ({"lesson": "42"}, "42", "en", "There is no lesson"),
        ({"lesson": "<b>", "lang": "xx"}, "b", "en", "There is no lesson"),
        ({}, "", "en", "There is no lesson"),
    ],
)
def test_a_link_opens_a_lesson_or_says_in_a_sentence_why_not(
    home: AppState, link: dict[str, str], number: str, language: str, said: str
) -> None:
    app = open_column(link)
    assert (app.session_state["ganscope.lesson"], app.session_state["ganscope.language"]) == (number, language)
    assert said in app.text[0].value
    assert bool(app.text[0].value) == bool(said)


def test_another_lesson_forgets_what_the_link_said(home: AppState) -> None:
    app = open_column({"lesson": "05.99"})
    app.button(key="next").click().run()
    assert app.session_state["ganscope.lesson"] == "06"
    assert app.text[0].value == ""


def test_tasks_are_told_the_runs_settings_and_which_scene_it_is(home: AppState, manager: FakeManager) -> None:
    run = manager.start(apply_sets(preset("ring-collapse").config, {"backend": "dense"}), preset="ring-collapse")
    app = AppTest.from_string("from pages.ui.session import tab; tab()").run()
    assert not app.exception
    one = lesson("05")
    settings = {scene.id: scene_settings(scene) for scene in one.of_kind("scene")}
    config = manager.config(run)
    assert {name: same_settings(found[1], config) for name, found in settings.items() if found} == {
        "collapse": True, "cured": False,
    }  # fmt: skip
    assert watched(one, "explore") == {"run": None, "others": False}


def test_the_lesson_is_no_setting_of_a_run(home: AppState) -> None:
    state = from_url({"preset": "ring", "lesson": "05.2", "lang": "es"})
    assert state.notice == ""
    assert to_url(state) == {"preset": "ring"}


def test_katex_and_figures_come_from_here_with_all_that_they_need(client: Client) -> None:
    sheet = client.get(f"/asset/{KATEX}/katex.min.css")
    assert sheet.status_code == 200
    fonts = re.findall(r"url\((fonts/[\w-]+\.woff2)\)", sheet.text)
    assert len(set(fonts)) >= 15
    for name in ("katex.min.js", *fonts):
        answer = client.get(f"/asset/{KATEX}/{name}")
        assert answer.status_code == 200, name
        assert "immutable" in answer.headers["cache-control"]
    assert KATEX in (LEARN / "web" / "text.js").read_text("utf-8")
    figure = client.get("/asset/glossary/latent.svg")
    assert (figure.status_code, figure.headers["content-type"]) == (200, "image/svg+xml")
    for name in (
        f"{KATEX}/LICENSE",
        f"{KATEX}/../../app.py",
        "glossary/../lessons/en/words.toml",
        "glossary/none.svg",
    ):
        assert client.get(f"/asset/{name}").status_code == 404, name

"""A browser names an option by its label: no label may change while its option stays."""

from __future__ import annotations

import datetime as clock
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.training import preset
from pages.server.app_state import AppState
from pages.ui import history, words
from tests.pages.fake_manager import FakeManager
from tests.pages.opening import opened

OF_RUNS = {"lab": "run:", "compare": "compare-pick-"}
LATER = clock.timedelta(days=400)


class Tomorrow(clock.datetime):
    @classmethod
    def now(cls, tz: clock.tzinfo | None = None) -> clock.datetime:  # type: ignore[override]
        return clock.datetime.now(tz) + LATER


def calm(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def labels(app: AppTest) -> dict[str, list[str]]:
    """Key -> labels of every widget of the page with options."""
    found: dict[str, list[str]] = {}
    for kind in ("selectbox", "multiselect", "radio", "button_group", "select_slider"):
        for widget in app.get(kind):
            options: Any = widget.options  # type: ignore[attr-defined]
            found[widget.key or widget.label] = [str(getattr(one, "content", one)) for one in options]  # type: ignore[attr-defined]
    return found


def query(app: AppTest) -> dict[str, str]:
    values = {name: app.query_params[name] for name in app.query_params}
    return {name: value if isinstance(value, str) else value[0] for name, value in values.items()}


def answer(app: AppTest, key: str, label: str) -> None:
    """As a browser does that still shows what was drawn before."""
    box = app.selectbox(key=key)
    box.options.append(label)
    calm(box.set_value(label).run())


@pytest.fixture
def runs(home: AppState, manager: FakeManager) -> list[str]:
    """Two that look the same but for their names, at work."""
    made = [manager.start(preset("first-gan").config, preset="first-gan") for _ in range(2)]
    for run in made:
        manager.put(run, state="running", step=700, checkpoints=(200, 500), best_step=200)
    return made


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("lab", {"run": "{0}"}),
        ("compare", {"tab": "curves", "runs": "{0},{1}"}),
        ("compare", {"tab": "settings", "runs": "{0}"}),
        ("compare", {"tab": "sweeps"}),
        ("data", {}),
        ("learn", {}),
    ],
)
def test_no_choice_says_what_changes_by_itself(
    page: str, query: dict[str, str], runs: list[str], manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(page, **{name: text.format(*runs) for name, text in query.items()})
    before = labels(app)
    if "runs" in query or "run" in query:
        assert any(key.startswith(OF_RUNS[page]) for key in before), before
    for run in runs:
        manager.put(run, state="paused", step=900, best_step=500)
    monkeypatch.setattr(words, "datetime", Tomorrow)
    after = labels(calm(app.run()))
    assert {key: after.get(key) for key in before} == before


def test_the_label_of_an_earlier_drawing_still_means_its_run(
    home: AppState, manager: FakeManager, runs: list[str]
) -> None:
    app = opened("lab", run=runs[0])
    key = f"run:{runs[0]}"
    old = app.selectbox(key=key).options[0]  # of the other one, the newer
    manager.put(runs[1], title="Renamed meanwhile")
    calm(app.run())
    assert old not in app.selectbox(key=key).options
    answer(app, key, old)
    assert app.session_state["ganscope.tab"].run == runs[1]


def test_an_answer_that_means_nothing_leaves_the_view_alone(
    home: AppState, manager: FakeManager, runs: list[str]
) -> None:
    app = opened("lab", run=runs[0])
    answer(app, f"run:{runs[0]}", "First GAN · running · step 754 · 16:16")
    assert app.session_state["ganscope.tab"].run == runs[0]
    assert not app.warning


def test_back_brings_the_settings_of_a_link_again(
    home: AppState, manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = {"preset": "first-gan", "batch_size": "32", "seed": "7"}
    app = opened("lab", **link)
    calm(app.button(key="train").click().run())
    state = app.session_state["ganscope.tab"]
    run = state.run
    assert query(app) == {"run": run}
    monkeypatch.setattr("pages.ui.session.browsed", lambda: True)
    app.query_params.clear()
    for name, value in link.items():
        app.query_params[name] = value
    calm(app.run())
    state = app.session_state["ganscope.tab"]
    assert state.run == ""
    assert (state.config.batch_size, state.config.seed) == (32, 7)
    assert query(app) == link
    app.query_params.clear()
    app.query_params["run"] = run
    calm(app.run())
    assert app.session_state["ganscope.tab"].run == run


def test_a_bare_address_is_written_to_only_where_the_view_changes(home: AppState, manager: FakeManager) -> None:
    app = opened("lab")
    assert query(app) == {}  # the usual view: Back must lead out of it
    calm(app.button(key="train").click().run())
    run = app.session_state["ganscope.tab"].run
    assert query(app) == {"run": run, "view": "simple"}
    app.query_params.clear()  # a press at the link to the page that is open
    calm(app.run())
    assert query(app) == {}
    assert app.session_state[history._KEPT] == f"?run={run}&view=simple"  # completed in place, by the browser

"""The failure gallery's page: its cards, what a click starts and stops, and links that lead nowhere any more."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.config.codec import from_dict
from gan_core.runs.commands import Stop
from gan_core.training import RunConfig
from gan_core.training.configuration.gallery import GALLERY
from pages.gallery.describing import changes_of, described
from pages.gallery.gauges import GAUGES
from pages.server.app_state import AppState
from pages.server.live.wire import COLUMNS
from tests.pages.fake_manager import FakeManager
from tests.pages.opening import opened

PAGE = Path(__file__).parents[2] / "pages" / "gallery" / "page.py"


def press(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()
    assert not app.exception, app.exception


def test_every_scene_has_its_card(home: AppState) -> None:
    shown = {b.key for b in opened("gallery").button if b.key and b.key.startswith("open:")}
    assert shown == {f"open:{name}" for name in GALLERY}


def test_a_click_starts_the_scene_as_it_is_described(home: AppState, manager: FakeManager) -> None:
    app = opened("gallery")
    press(app, "open:critic")
    (view,) = manager.views()
    assert from_dict(RunConfig, view.config) == GALLERY["critic"].config
    assert view.title == GALLERY["critic"].label
    assert app.query_params["scene"] == "critic"
    assert app.query_params["failing"] == view.id
    shown = "".join(str(h.proto.body) for h in app.get("html"))
    assert "only while its slope is at most 1" in shown


def test_the_next_scene_stops_the_one_before_it(home: AppState, manager: FakeManager) -> None:
    app = opened("gallery")
    press(app, "open:collapse")
    (first,) = manager.views()
    press(app, "gallery-next")
    assert (first.id, Stop()) in manager.sent
    assert len(manager.views()) == 2
    press(app, "gallery-back")
    assert len([command for _, command in manager.sent if isinstance(command, Stop)]) == 2
    assert "open:collapse" in {b.key for b in app.button}


def test_somebody_elses_runs_are_watched_and_never_stopped(home: AppState, manager: FakeManager) -> None:
    run = manager.start(GALLERY["dominance"].config, preset="", title="theirs")
    app = opened("gallery", scene="dominance", failing=run)
    assert len(manager.views()) == 1
    press(app, "gallery-back")
    assert manager.sent == []


@pytest.mark.parametrize("query", [{"scene": "nope"}, {"scene": "critic", "failing": "20200101-000000000-run-0000"}])
def test_a_link_that_leads_nowhere_shows_all_scenes(home: AppState, query: dict[str, str]) -> None:
    assert "open:collapse" in {b.key for b in opened("gallery", **query).button}


def test_a_link_to_a_run_of_another_kind_shows_all_scenes(home: AppState, manager: FakeManager) -> None:
    pictures = manager.start(GALLERY["dominance"].config, preset="", title="pictures")
    assert "open:collapse" in {b.key for b in opened("gallery", scene="collapse", failing=pictures).button}


def test_every_scene_says_what_its_cure_changes_and_what_it_measures(home: AppState) -> None:
    for name, scene in GALLERY.items():
        told = described(scene)
        assert len(told["changes"]) == len(scene.fix)
        assert all(what and before != after for what, before, after in changes_of(scene)), name
        gauge = GAUGES[name]
        assert gauge.column in COLUMNS or gauge.reads in ("nearest", "checkerboard", "places"), name

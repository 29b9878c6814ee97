"""A scene in the Lab: only its controls, the quiet way to all of them, its run or its settings, and Share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gan_core.runs.commands import Change
from gan_core.training import preset
from gan_core.training.scenes.scene import Scene, View, fingerprint
from gan_core.training.scenes.scene_link import from_query, to_query
from pages.lab.sharing import as_trained, offered, scene_query
from pages.server.app_state import AppState
from pages.ui.session import NOT_AS_MADE, RUN_ELSEWHERE, Tab, from_url, to_url
from tests.pages.fake_manager import FakeManager
from tests.pages.lab.test_lab import calm, config_of, keys, open_lab, press, query
from tests.pages.shown import shown

OTHERS = {"full", "advanced", "preset", "runs", "downloads", "twins", "code", "pace", "thumb:ring"}


def fields(prefix: str, found: set[str]) -> set[str]:
    return {key for key in found if key.startswith(prefix) and ":group:" not in key}


@pytest.mark.parametrize("view", ["simple", "full"])
def test_a_scene_shows_its_controls_and_no_others(home: AppState, manager: FakeManager, view: str) -> None:
    app = open_lab({"preset": "ring", "only": "d_optimizer.lr,k_d", "view": view, "title": "Too strong"})
    assert fields("next:", keys(app)) == {"next:d_optimizer.lr", "next:k_d"}
    assert not OTHERS & keys(app)
    assert not app.expander
    assert "**Too strong**" in [one.value for one in app.markdown]
    assert app.select_slider(key="next:d_optimizer.lr").label == "Discriminator's optimizer: Learning rate"
    calm(app.select_slider(key="next:d_optimizer.lr").set_value(0.01).run())
    assert config_of(app).d_optimizer.lr == 0.01
    press(app, "train")  # while it trains too
    run = query(app, "run")
    assert (query(app, "only"), query(app, "title")) == ("d_optimizer.lr,k_d", "Too strong")
    assert fields("steer:", keys(app)) >= {"steer:d_optimizer.lr", "steer:k_d"}
    assert not OTHERS & keys(app)
    slider = next(one for one in app.slider if str(one.key).startswith("steer:k_d"))
    calm(slider.set_value(3).run())
    assert manager.sent[-1] == (run, Change("k_d", 3))


def test_what_cannot_change_in_a_run_is_said_there_and_not_offered(home: AppState) -> None:
    app = open_lab({"preset": "ring", "only": "batch_size,k_d"})
    press(app, "train")
    assert not {key for key in keys(app) if key.startswith("steer:batch_size")}
    assert any("Fixed for this run" in one.value and "Batch size" in one.value for one in app.markdown)


def test_all_settings_are_one_quiet_press_away_unless_the_scene_says_otherwise(home: AppState) -> None:
    app = open_lab({"preset": "ring", "only": "k_d", "view": "simple"})
    press(app, "all-controls")
    assert {"full", "advanced", "preset"} <= keys(app)
    assert "only" not in app.query_params
    app = open_lab({"preset": "ring", "only": "k_d", "view": "simple", "locked": "1"})
    assert "all-controls" not in keys(app)
    assert query(app, "locked") == "1"


def test_parts_that_are_no_fields_are_controls_too(home: AppState) -> None:
    app = open_lab({"preset": "ring", "only": "data,preset,speed,code"})
    assert {"thumb:ring", "preset", "pace", "kind"} <= keys(app)
    assert not fields("next:", keys(app))


def test_a_run_that_is_not_here_is_its_settings(home: AppState, manager: FakeManager) -> None:
    config = replace(preset("ring").config, seed=7, precision="float32")
    scene = Scene(
        preset="ring", config=config, same=fingerprint(config), run="20260101-ring-abcd", view=View(full=True)
    )
    found = from_url(to_query(scene))
    assert (found.config, found.run, found.notice) == (config, "", RUN_ELSEWHERE)
    here = manager.start(config, preset="ring")
    assert from_url(to_query(replace(scene, run=here))).run == here
    assert "There is no run" in from_url({"run": "20260101-ring-abcd"}).notice  # as links without settings always did


def test_settings_that_are_not_those_of_the_scene_are_said(home: AppState) -> None:
    app = open_lab({"preset": "ring", "seed": "8", "same": fingerprint(preset("ring").config)})
    assert [shown(one.value) for one in app.warning] == [NOT_AS_MADE]
    assert config_of(app).seed == 8


@pytest.mark.parametrize(
    "link",
    [
        {"preset": "ring", "speed": "slow", "view": "full", "advanced": "1", "code": "1"},
        {"preset": "ring", "only": "loss,k_d", "locked": "1", "title": "A & <b>"},
        {"preset": "shapes", "k_d": "3", "projector": "1", "view": "simple"},
    ],
)
def test_the_address_says_what_the_scene_said(home: AppState, link: dict[str, str]) -> None:
    found = from_url(link)
    assert found.notice == ""
    assert to_url(found) == link


@pytest.mark.parametrize(
    "link", [{"only": "colour"}, {"only": "loss," * 13}, {"speed": "fast"}, {"title": "\x00"}, {"same": "x"}]
)
def test_a_link_that_is_wrong_is_said_and_the_usual_view_opens(home: AppState, link: dict[str, str]) -> None:
    found = from_url({"preset": "ring", **link})
    assert found.notice.startswith("The link cannot be opened as it is: ")
    assert (found.only, found.config) == ((), preset("fashion-fast").config)


def test_what_the_picture_says_in_the_address_stays_there(home: AppState) -> None:
    app = open_lab({"preset": "ring", "zoom": "2,0,0", "layers": "real", "at": "nonsense"})
    calm(app.select_slider(key="next:d_optimizer.lr").set_value(0.01).run())
    assert (query(app, "zoom"), query(app, "layers"), query(app, "at")) == ("2,0,0", "real", "nonsense")
    assert query(app, "d_optimizer.lr") == "0.01"


def test_share_is_told_all_of_the_panel_and_how_the_run_was_worked_out(home: AppState, manager: FakeManager) -> None:
    config = replace(preset("ring").config, seed=7)
    state = Tab("ring", config, full=False, code=True, speed=0.2)
    scene = from_query("lab", scene_query(state, None))
    assert (scene.config, scene.speed, scene.view) == (config, "slow", View(full=False, code=True))
    view = manager.view(manager.start(replace(config, backend="dense"), preset="ring"))
    assert as_trained(replace(config), view).backend == "dense"
    assert as_trained(replace(config, k_d=2), view).backend == "auto"  # the next run's settings: not that run's
    names = [one["name"] for one in offered(config)]
    assert {"data", "speed", "loss", "d_optimizer.lr"} <= set(names)
    assert len(names) == len(set(names))
    for name in names:  # each can be chosen
        assert from_query("lab", {"preset": "ring", "only": name}).controls == (name,)

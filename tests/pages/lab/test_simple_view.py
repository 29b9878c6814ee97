"""What a newcomer sees of the Lab, what stands behind All settings, and the datasets on top of the panel."""

from __future__ import annotations

import dataclasses

import pytest

from gan_core.data import Mnist, Moons, datasets, list_own, point_datasets
from gan_core.runs.commands import Change
from gan_core.training import preset
from pages.lab.next_run.choosing import thumbnails
from pages.server.app_state import AppState
from pages.server.preview import shows_points
from pages.ui.session import Tab, from_url, to_url
from pages.ui.words import run_label
from tests.pages.fake_manager import FakeManager
from tests.pages.lab.test_lab import calm, config_of, keys, open_lab, press, query
from tests.pages.shown import shown

SIMPLE = {"view": "simple"}
EXPERT = {"twins", "downloads", "runs", "branch", "checkpoint", "preset", "evaluate", "mode", "advanced"}


def test_a_newcomer_has_two_sliders_and_train_and_all_the_rest_one_press_away(
    home: AppState, manager: FakeManager
) -> None:
    app = open_lab(SIMPLE)
    assert [(s.key, s.label) for s in app.select_slider] == [
        ("next:g_optimizer.lr", "G’s pace"), ("next:d_optimizer.lr", "D’s pace"),
    ]  # fmt: skip
    assert not app.slider
    assert not app.selectbox
    assert not app.expander
    calm(app.select_slider(key="next:g_optimizer.lr").set_value(0.005).run())
    assert config_of(app).g_optimizer.lr == 0.005
    press(app, "train")
    assert not EXPERT & {b.key for b in app.button}
    run = query(app, "run")
    paces = [s for s in app.select_slider if str(s.key).startswith("steer:")]
    assert [s.label for s in paces] == ["G’s pace", "D’s pace"]
    calm(paces[1].set_value(0.01).run())
    assert manager.sent[-1] == (run, Change("d_optimizer.lr", 0.01))
    assert query(app, "view") == "simple"  # a link to a run opens with every setting by itself
    calm(app.toggle(key="full").set_value(True).run())
    assert not app.toggle(key="full").proto.set_value  # sent back, it would undo a press made meanwhile
    assert "view" not in app.query_params
    assert {"checkpoint"} <= {b.key for b in app.button}
    assert "steer:d_optimizer.beta1" in keys(app)


@pytest.mark.parametrize(
    ("link", "full"),
    [
        ({}, False),
        ({"preset": "ring"}, False),
        ({"preset": "ring", "g_optimizer.lr": "0.01"}, True),
        ({"data.std": "0.1", "preset": "ring"}, True),
        ({"preset": "ring", "view": "full"}, True),
        ({"preset": "ring", "g_optimizer.lr": "0.01", "view": "simple"}, False),
        ({"projector": "1"}, False),
        ({"view": "<b>"}, False),
    ],
)
def test_a_link_says_the_view_and_an_old_one_with_settings_shows_them(
    home: AppState, link: dict[str, str], full: bool
) -> None:
    found = from_url(link)
    assert (found.full, found.notice) == (full, "")
    again = from_url(to_url(found))
    assert (again.full, again.config, again.projector) == (full, found.config, found.projector)
    other = dataclasses.replace(found, full=not full)
    assert from_url(to_url(other)).full is not full


def test_a_link_to_a_run_without_a_word_of_the_view_shows_everything(home: AppState, manager: FakeManager) -> None:
    run = manager.start(preset("ring").config, preset="ring")
    assert from_url({"run": run}).full
    assert not from_url({"run": run, "view": "simple"}).full


def test_every_dataset_has_its_thumbnail_and_a_drawing_is_the_first(home: AppState, manager: FakeManager) -> None:
    for points in (False, True):
        names = [each.key for each in thumbnails(points)]
        assert names[0] == "thumb:drawn"
        wanted = {e.name for e in datasets if (e in point_datasets()) == points} - {"images"}
        assert {name.removeprefix("thumb:") for name in names} == wanted | {"drawn"}
        assert len(names) == len(set(names)), list_own(manager.data_dir)
    assert all(each.image for each in thumbnails(True) if each.key != "thumb:drawn")


def test_a_thumbnail_is_what_is_learned_next_and_the_view_turns_to_it(home: AppState, manager: FakeManager) -> None:
    app = press(open_lab({"preset": "ring"} | SIMPLE), "train")
    press(app, "thumb:moons")
    assert "run" not in app.query_params
    assert config_of(app).data == Moons()
    assert config_of(app).generator == preset("ring").config.generator
    assert not app.button(key="train").disabled
    calm(app.segmented_control(key="kind").set_value(False).run())
    press(app, "thumb:shapes")
    assert app.session_state["ganscope.tab"].preset == "shapes"
    press(app, "thumb:drawn")
    assert app.button(key="train").disabled
    assert any("Nothing is drawn yet" in shown(m.value) for m in app.markdown)
    app.session_state["ganscope.tab"].config = dataclasses.replace(
        config_of(app), data=dataclasses.replace(config_of(app).data, strokes="AABB")
    )
    press(app, "thumb:drawn")
    assert config_of(app).data.strokes == "AABB", "a second press takes the drawing away"  # type: ignore[attr-defined]


def test_what_was_set_by_hand_stays_with_another_dataset_of_the_kind(home: AppState) -> None:
    app = open_lab({"preset": "ring", "g_optimizer.lr": "0.01", "generator.hidden": "32,32", "view": "simple"})
    press(app, "thumb:spiral")
    assert (config_of(app).g_optimizer.lr, config_of(app).generator.hidden) == (0.01, "32,32")  # type: ignore[attr-defined]
    assert not shows_points(preset("fashion-fast").config.data)


def test_a_run_of_before_is_called_after_its_data(home: AppState, manager: FakeManager) -> None:
    def called(name: str, data: object) -> str:
        config = dataclasses.replace(preset(name).config, data=data)
        run = manager.start(config, preset=name)
        manager.put(run, title="")
        return run_label(manager.view(run))

    assert called("ring", preset("ring").config.data) == preset("ring").label
    assert called("ring", Moons()) == datasets.get("moons").label
    assert called("ring", datasets.get("drawn").cls(strokes="AABB")) == "Own drawing"
    assert called("fashion-best", Mnist()) == "MNIST"


def test_projector_mode_has_both_paces_in_its_strip(home: AppState, manager: FakeManager) -> None:
    app = press(open_lab({"view": "full", "projector": "1"}), "train")
    strip = [s for s in app.select_slider if str(s.key).startswith("strip:")]
    assert [s.key for s in strip] == ["strip:g_optimizer.lr", "strip:d_optimizer.lr"]
    calm(strip[0].set_value(0.002).run())
    assert manager.sent[-1] == (query(app, "run"), Change("g_optimizer.lr", 0.002))
    assert Tab("ring", preset("ring").config).full is False

"""Points in the plane without a browser: the way there and back, the speed, one-sided steps, drawings, pictures."""

from __future__ import annotations

import dataclasses
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core.config.codec import replace_at
from gan_core.data import Drawn, FromPicture, Moons, PointDataset, Spiral, datasets, point_datasets
from gan_core.data.sets.ink import decode_levels
from gan_core.measure.plane import measure_plane
from gan_core.runs.commands import Pace, StepOnce
from gan_core.runs.evaluation.plane_constants import plane_reference
from gan_core.training import PRESETS, Trainer, preset, problems
from pages.server.app_state import AppState
from pages.server.preview import points_preview, portrait_key
from pages.ui.preset_match import HIDDEN_FOR_POINTS, crossed, matching_preset, presets_like
from pages.ui.words import set_words
from tests.pages.fake_manager import FakeManager
from tests.pages.lab.test_lab import calm, config_of, keys, open_lab, press, query
from tests.pages.shown import shown


@pytest.mark.parametrize("name", [entry.name for entry in point_datasets()])
def test_points_chosen_among_pictures_can_be_trained_on_at_once(home: AppState, name: str) -> None:
    app = open_lab()
    calm(app.selectbox(key="next:data").select(name).run())
    config = config_of(app)
    assert datasets.name_of(config.data) == name
    assert not app.error
    assert not app.button(key="train").disabled
    assert any("Points need small dense networks" in shown(c.value) for c in app.caption)
    assert not {f"next:{path}" for path in HIDDEN_FOR_POINTS} & keys(app)
    assert app.selectbox(key="next:generator").options == ["Dense layers"]


def test_pictures_chosen_again_bring_their_networks_back(home: AppState) -> None:
    app = open_lab()
    calm(app.selectbox(key="next:data").select("moons").run())
    calm(app.selectbox(key="next:data").select("fashion-mnist").run())
    assert config_of(app) == preset("fashion-fast").config
    assert not app.error
    assert any("Pictures need other networks" in shown(c.value) for c in app.caption)
    calm(app.select_slider(key="next:g_optimizer.lr").set_value(0.005).run())
    assert not any("need" in shown(c.value) for c in app.caption), "the sentence stays for ever"


def test_what_was_set_by_hand_goes_along_and_what_cannot_is_left(tmp_path: Path) -> None:
    config = preset("fashion-fast").config
    for path, value in (("loss", "hinge"), ("seed", 9), ("generator.width", 16), ("schedule.final_factor", 0.5)):
        config = replace_at(config, path, value)
    name, new, sentence = crossed("fashion-fast", config, Moons(), tmp_path)
    assert (name, new.data, new.seed) == ("ring", Moons(), 9)
    assert type(new.loss).__name__ == "Hinge"
    assert new.generator == preset("ring").config.generator
    assert problems(new, new.data.info(tmp_path)) == []
    assert sentence.endswith("with what you had changed.")


def test_shapes_have_calmer_rates_than_the_ring_and_leave_them_behind(tmp_path: Path) -> None:
    ring = preset("ring").config
    name, moons, _ = crossed("ring", ring, Moons(), tmp_path)
    assert (name, moons.g_optimizer.lr, moons.d_optimizer.lr) == ("ring", 5e-4, 5e-4)
    assert crossed("ring", moons, ring.data, tmp_path)[1] == ring
    assert crossed("ring", moons, preset("grid").config.data, tmp_path)[:2] == ("grid", preset("grid").config)
    by_hand = replace_at(moons, "g_optimizer.lr", 0.02)
    _, spiral, _ = crossed("ring", by_hand, Spiral(), tmp_path)
    assert (spiral.g_optimizer.lr, spiral.d_optimizer.lr) == (0.02, 5e-4)


PROMISED = {type(one.config.data).__qualname__ for one in PRESETS.values()}  # of these it is held in docs/promises.md


@pytest.mark.long  # test_shapes_have_calmer_rates_than_the_ring_and_leave_them_behind
@pytest.mark.parametrize("name", [entry.name for entry in point_datasets() if entry.cls.__qualname__ not in PROMISED])
def test_every_tile_of_the_plane_is_learned_with_the_settings_that_it_brings(tmp_path: Path, name: str) -> None:
    _, config = matching_preset(datasets.get(name).cls(), tmp_path)
    config = dataclasses.replace(config, seed=3)
    assert isinstance(config.data, PointDataset)
    reference = plane_reference(config.data)
    trainer = Trainer(config, config.data.load(config.size, tmp_path), torch.device("cpu"))
    distances = [measure_plane(trainer.grid().fakes, reference)["sliced_wasserstein"]]
    while not trainer.finished:
        trainer.step()
    distances.append(measure_plane(trainer.grid().fakes, reference)["sliced_wasserstein"])
    floor = reference.floors["sliced_wasserstein"].mean
    assert distances[1] - floor <= 0.2 * (distances[0] - floor)


def test_the_two_groups_of_presets_are_all_presets_and_each_is_of_one_kind(home: AppState) -> None:
    pictures, plane = presets_like("fashion-fast"), presets_like("ring")
    assert sorted(pictures + plane) == sorted(PRESETS)
    assert {"ring", "grid"} <= set(plane)
    for name in PRESETS:
        assert (name in plane) == isinstance(PRESETS[name].config.data, PointDataset)
    app = open_lab()
    assert app.selectbox(key="preset").options == [PRESETS[n].label for n in pictures]
    calm(app.segmented_control(key="kind").set_value(True).run())
    assert app.selectbox(key="preset").options == [PRESETS[n].label for n in plane]
    assert config_of(app) == preset("ring").config
    assert query(app, "preset") == "ring"


def test_a_link_to_points_opens_them(home: AppState) -> None:
    app = open_lab({"preset": "grid", "data.std": "0.1"})
    assert not app.warning
    assert config_of(app).data.std == 0.1  # type: ignore[attr-defined]
    assert app.segmented_control(key="kind").value is True


def test_the_speed_is_sent_and_what_is_in_force_is_shown(home: AppState, manager: FakeManager) -> None:
    app = press(open_lab({"preset": "ring"}), "train")
    run = query(app, "run")
    switch = app.segmented_control(key="pace")
    assert switch.value == 0
    assert list(switch.options) == ["Step by step", "Slow", "Normal", "Full"]
    calm(switch.set_value(0.2).run())
    assert manager.sent[-1] == (run, Pace(0.2))
    assert app.segmented_control(key="pace").value == 0.2
    other = open_lab({"run": run})
    assert other.segmented_control(key="pace").value == 0.2
    manager.put(run, seconds_per_step=0.033)  # somebody else's
    assert open_lab({"run": run}).segmented_control(key="pace").value is None


def test_the_speed_is_chosen_before_train_and_the_run_begins_with_it(home: AppState, manager: FakeManager) -> None:
    app = open_lab({"preset": "ring"})
    calm(app.segmented_control(key="pace").set_value(1.0).run())
    run = query(press(app, "train"), "run")
    assert manager.view(run).seconds_per_step == 1.0
    assert app.segmented_control(key="pace").value == 1.0


def test_one_network_alone_takes_a_step(home: AppState, manager: FakeManager) -> None:
    app = press(press(open_lab({"preset": "ring"}), "train"), "pause")
    run = query(app, "run")
    for key, players in (("step", "both"), ("d-only", "discriminator"), ("g-only", "generator")):
        press(app, key)
        assert manager.sent[-1] == (run, StepOnce(players))  # type: ignore[arg-type]


def test_pictures_take_steps_of_both(home: AppState) -> None:
    app = press(press(open_lab(), "train"), "pause")
    shown = {b.key for b in app.button}
    assert "step" in shown
    assert "d-only" not in shown


def test_a_cleared_drawing_is_said_and_shown_as_an_empty_plane(home: AppState) -> None:
    app = open_lab({"preset": "ring", "data": "drawn", "data.strokes": ""})
    assert not app.error
    assert any("Nothing is drawn yet" in shown(m.value) for m in app.markdown)
    assert app.button(key="train").disabled
    assert points_preview(Drawn(strokes=""))["points"] == ""
    assert len(points_preview(Drawn())["points"]) > 2000


def half_dark() -> bytes:
    pixels = np.full((48, 48), 255, np.uint8)
    pixels[:, :24] = 0
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def test_an_uploaded_picture_becomes_the_density(home: AppState) -> None:
    app = open_lab({"preset": "ring", "data": "picture"})
    uploader = app.file_uploader(key="next:data.ink:file")
    calm(uploader.set_value([("heart.png", half_dark(), "image/png")]).run())
    data = config_of(app).data
    assert isinstance(data, FromPicture)
    levels = decode_levels(data.ink)
    assert (levels[:, :23] == 15).all()
    assert (levels[:, 25:] == 0).all()
    assert query(app, "data.ink") == data.ink


@pytest.mark.parametrize("content", [b"<html>", b"", Image.new("L", (9, 9), 77).tobytes()])
def test_a_file_that_is_no_picture_is_one_sentence_and_changes_nothing(home: AppState, content: bytes) -> None:
    app = open_lab({"preset": "ring", "data": "picture"})
    calm(app.file_uploader(key="next:data.ink:file").set_value([("a.png", content, "image/png")]).run())
    assert len(app.error) == 1
    assert config_of(app).data == FromPicture()


@pytest.mark.parametrize("name", [entry.name for entry in point_datasets()])
def test_a_card_says_points_and_leads_to_settings_that_work(tmp_path: Path, name: str) -> None:
    dataset: Any = datasets.get(name).cls()
    assert re.fullmatch(r"65.536 points in the plane", set_words(dataset.info(tmp_path)))
    _, config = matching_preset(dataset, tmp_path)
    assert config.data == dataset
    assert problems(config, dataset.info(tmp_path)) == []


def test_a_portrait_is_blue_where_points_are_and_nothing_elsewhere(home: AppState) -> None:
    png = home.previews.get(portrait_key(home.previews, Moons()))
    with Image.open(io.BytesIO(png)) as image:
        pixels = np.asarray(image)
    assert (pixels[..., :3] == (0, 114, 178)).all()
    alpha = pixels[..., 3]
    assert alpha[0].max() == 0
    assert 0.02 < (alpha > 128).mean() < 0.5

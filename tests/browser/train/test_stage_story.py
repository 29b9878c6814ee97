"""What the stage tells: D's decision, a collapse, trails, density, what flows; and networks built by hand."""

from __future__ import annotations

import itertools
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from benchmarks.plane import page as plane_page
from benchmarks.plane.page import EXTENT, HEAT, made_scene, made_stage
from gan_core.data.sets.points import Modes
from gan_core.measure.modes import count_modes
from gan_core.training.observe.scene import Scene
from pages.server.live import wire
from tests.browser.train.test_stage import Plane, near

ANGLES = np.arange(8) * np.pi / 4
MODES = Modes(np.stack((np.cos(ANGLES), np.sin(ANGLES)), 1), 0.05, np.full(8, 1 / 8))
STAGE = SimpleNamespace(**{**vars(made_stage()), "modes": MODES})

HIDDEN = """() => {
  const { plane, places: { one }, canvas, placesWords } = view.plane;
  const at = canvas.getBoundingClientRect(), scale = at.width / canvas.width;
  const box = placesWords.getBoundingClientRect();
  const x = at.left + scale * plane.x(one.x), y = at.top + scale * plane.y(one.y);
  return x > box.left && x < box.right && y > box.top && y < box.bottom;
}"""


def state_frame(step: int, state: str) -> bytes:
    return wire.pack({"type": "state", "view": plane_page.view_of(step, state)})


def scene_of(fakes: Any = None, heat: Any = None) -> Scene:
    made = made_scene(150)
    points = made.fakes if fakes is None else np.asarray(fakes, np.float32)
    field = made.heat if heat is None else np.asarray(heat, np.float32)
    return Scene(points, made.scores, made.arrows, field, made.manifold, made.networks)


@pytest.fixture
def plane(page: Page) -> Plane:
    made = Plane(page)
    made.open(-1, STAGE)
    return made


def purple(pixels: np.ndarray) -> np.ndarray:
    """Blue over green, 0 in every grey, away from the numbers of the axes and what stands in the corners."""
    side = pixels.shape[0]
    middle = pixels[side // 3 : 2 * side // 3, pixels.shape[1] // 3 : 2 * pixels.shape[1] // 3]
    return np.asarray(middle[:, :, 2] - middle[:, :, 1])


def test_both_sides_of_a_decision_are_seen_however_near_they_are(plane: Plane) -> None:
    legend = plane.page.get_by_test_id("legend")
    ramp = np.repeat(np.linspace(0, 1, HEAT)[:, None], HEAT, 1)  # real is above
    spread = {}
    plane.show(150, scene_of(heat=ramp))
    plane.only("heat")
    for name, low, high, words in (
        ("wide", 0.02, 0.98, r"fake \d%.*9\d% real"),
        ("narrow", 0.45, 0.55, r"fake 4[56]\.\d%.*5[45]\.\d% real"),
        ("no fake", 0.52, 0.58, r"D: real everywhere"),
        ("no real", 0.02, 0.09, r"D: fake everywhere"),
    ):
        plane.show(151, scene_of(heat=low + (high - low) * ramp))
        expect(legend).to_contain_text(re.compile(words))
        seen = purple(plane.pixels())
        spread[name] = np.ptp(np.median(seen, axis=1))
    assert min(spread.values()) > 0.8 * spread["wide"], spread
    plane.show(151, scene_of(heat=np.where(ramp > 0.9995, 0.6, 0.05)))  # one row of cells
    expect(legend).not_to_contain_text("everywhere")
    noise = 0.5 + 0.0002 * np.random.default_rng(0).normal(size=(HEAT, HEAT))
    plane.show(151, scene_of(heat=noise))  # what half precision makes of a D that knows nothing
    assert np.ptp(purple(plane.pixels())) < 0.4 * spread["wide"]


def test_a_collapse_is_named_and_followed(plane: Plane) -> None:
    page, places = plane.page, plane.page.get_by_test_id("places")
    noise = 0.02 * np.random.default_rng(0).normal(size=(2000, 2))
    plane.show(40, scene_of(noise))
    expect(places).to_be_hidden()  # it has hardly begun
    plane.only("fakes")
    for step, mode in ((200, 0), (240, 0), (280, 3), (320, 5)):
        plane.show(step, scene_of(MODES.centres[mode] + noise))
        expect(places).to_have_text(re.compile("All points in one place.*7 of 8 places are empty"))
    path = page.evaluate("() => view.plane.places.path")
    np.testing.assert_allclose(path, MODES.centres[[0, 3, 5]], atol=0.01)  # where it has been, once each
    trouble = near(plane.pixels(), (213, 94, 0), 25)
    for mode in (0, 3, 5, 6):  # a jump's place, or a place that is empty
        x, y = (
            round((v - low) / (high - low) * len(trouble))
            for v, low, high in zip(MODES.centres[mode] * (1, -1), EXTENT[::2], EXTENT[1::2], strict=True)
        )
        assert trouble[y - 40 : y + 40, x - 40 : x + 40].sum() > 30, mode

    rng = np.random.default_rng(3)
    cloud = rng.uniform(-1.8, 1.8, (2000, 2))  # some points at every place, and none of them found
    assert count_modes(cloud.astype(np.float32), MODES).covered == 8
    assert count_modes(cloud.astype(np.float32), MODES).found(MODES.weights) == 0
    plane.show(340, scene_of(cloud))
    expect(places).to_have_text("8 of 8 places are empty or nearly so")
    for step, modes in ((360, (0, 2, 5)), (400, (1, 2, 3, 4, 5, 6, 7)), (440, tuple(range(8)))):
        points = MODES.centres[rng.choice(modes, 2000)] + 0.05 * rng.normal(size=(2000, 2))
        plane.show(step, scene_of(points))
        left = 8 - count_modes(points.astype(np.float32), MODES).found(MODES.weights)
        if left:
            expect(places).to_have_text(f"{left} of 8 places {'is' if left == 1 else 'are'} empty")
        else:
            expect(places).to_be_hidden()
        assert page.evaluate("() => view.plane.places.path") == []


def test_the_words_do_not_hide_the_one_place(plane: Plane) -> None:
    noise = 0.01 * np.random.default_rng(0).normal(size=(2000, 2))
    for width in (1366, 390):
        plane.page.set_viewport_size({"width": width, "height": 844})
        for step, x, y in ((200, -1, 1), (240, 1, 1), (280, -1, -1), (320, 1, -1)):
            plane.show(step, scene_of(np.array([0.95 * x, 0.75 * y]) + noise))
            expect(plane.page.get_by_test_id("places")).to_contain_text("All points in one place")
            assert not plane.page.evaluate(HIDDEN), (width, x, y)


def test_density_lines_hold_half_and_nine_tenths(plane: Plane) -> None:
    plane.show(150)
    plane.only("density")
    inside = plane.page.evaluate("""() => {
      const [x0, x1, y0, y1] = view.plane.stage.extent, { field, levels } = view.plane.density;
      const n = Math.sqrt(field.length);
      const cell = (v, low, high) => Math.min(n - 1, Math.max(0, Math.floor((v - low) / (high - low) * n)));
      const points = view.plane.glide.parts.fakes, held = [0, 0];
      for (let i = 0; i < points.length; i += 2) {
        const at = field[cell(points[i + 1], y0, y1) * n + cell(points[i], x0, x1)];
        levels.forEach((level, k) => { if (at >= level) held[k] += 2 / points.length; });
      }
      return held;
    }""")
    np.testing.assert_allclose(inside, (0.5, 0.9), atol=0.13)  # points are in denser places than their blurred mass
    assert near(plane.pixels(), (0, 114, 178), 40).sum() > 300
    assert near(plane.pixels(), (138, 59, 0), 40).sum() > 150


def test_moving_points_leave_a_short_way_behind(plane: Plane) -> None:
    plane.show(100)
    plane.only("fakes")
    for step in (110, 120, 130):
        plane.show(step)
    assert plane.page.evaluate("() => view.plane.tails.rows.length") == 4
    moved = plane.pixels()
    plane.page.evaluate("() => { view.plane.tails.clear(); view.plane.soon(); }")
    plane.rest()
    assert (plane.pixels() != moved).any(2).sum() > 150
    plane.show(90)
    assert plane.page.evaluate("() => view.plane.tails.rows.length") == 1  # back in time there is none


def test_a_unit_under_the_pointer_is_shown_until_it_is_left(plane: Plane) -> None:
    page, card = plane.page, plane.page.get_by_test_id("unit-card")
    plane.show(150)
    page.get_by_test_id("unit-d-1-0").hover()
    expect(card).to_contain_text("D, layer 1, unit 1")
    page.get_by_test_id("unit-g-1-1").hover()
    expect(card).to_contain_text("G, layer 1, unit 2")
    page.mouse.move(5, 5)
    expect(card).to_be_hidden()
    page.get_by_test_id("unit-d-2-1").click()
    page.get_by_test_id("unit-d-1-0").hover()
    expect(card).to_contain_text("D, layer 1, unit 1")
    page.mouse.move(5, 5)
    expect(card).to_contain_text("D, layer 2, unit 2")  # the chosen one again


TURNS = """(count) => new Promise((done) => {
  const seen = [], root = document.querySelector('[data-testid=networks]');
  const look = () => seen.push([root.dataset.turn, root.dataset.part,
    [...root.querySelectorAll('.gs-to')].map((to) => to.dataset.flow && to.textContent).join(',')].join(' '));
  const watch = new MutationObserver(() => { look(); if (seen.length >= count) done(seen); });
  watch.observe(root, { attributeFilter: ['data-part'] });
})"""


def test_a_slow_run_is_seen_flowing_forwards_and_back(page: Page) -> None:
    plane = Plane(page)
    plane.open(150, STAGE, pace=0.2)
    turn = page.get_by_test_id("turn")
    seen = page.evaluate(TURNS, 8)
    assert {"d generate →,→,,,", "d d_forward ,,→,→,→", "d d_gradient ,,,←,←", "d d_move ,,,,",
            "g g_forward →,→,→,→,→", "g g_gradient ,←,←,←,←", "g g_move ,,,,"} <= set(seen)  # fmt: skip
    expect(turn).to_have_text(re.compile(r"(D’s|G’s) turn.*slowed down"))
    for change in (
        "() => draw({ pace: 0 })",
        "() => draw({ pace: 0.2 })",
    ):  # at full speed none
        page.evaluate(change)
        expect(turn).to_have_text("" if "0 }" in change else re.compile("turn"))
    plane.feed(state_frame(151, "paused"))
    expect(turn).to_have_text("")
    page.emulate_media(reduced_motion="reduce")
    plane.feed(state_frame(152, "running"))
    page.wait_for_timeout(300)  # that it stays empty is seen only after a while
    expect(turn).to_have_text("")


def layers(*sizes: int) -> list[dict[str, Any]]:
    return [{"name": f"{player}{i}", "in": a, "out": b, "activation": ""}
            for player, ends in (("g", (2, *sizes, 2)), ("d", (2, *sizes, 1)))
            for i, (a, b) in enumerate(itertools.pairwise(ends))]  # fmt: skip


def test_layers_are_built_in_the_drawing_before_a_run_and_not_in_it(page: Page) -> None:
    preview = {"key": "ring", "points": "", "extent": list(EXTENT), "caption": "what it will learn from"}
    planned = {"layers": layers(8, 3), "dim": 2, "distribution": "uniform"}
    plane_page.show(page, run="", preview=preview, networks=planned)
    more = page.get_by_test_id
    expect(more("networks")).to_be_visible()
    asked = lambda: page.evaluate("() => told.filter(([name]) => name === 'layers').map(([, what]) => what)")  # noqa: E731
    more("units-more-g-2").click()
    more("units-more-g-2").click()  # before the page has answered
    more("layers-more-d").click()
    more("units-less-d-1").click()
    assert asked() == [{"player": "g", "hidden": "8,4"}, {"player": "g", "hidden": "8,6"},
                       {"player": "d", "hidden": "8,3,3"}, {"player": "d", "hidden": "6,3,3"}]  # fmt: skip
    page.evaluate("(networks) => draw({ networks })", planned | {"layers": layers(6, 3, 3)})
    expect(more("unit-d-3-0")).to_be_visible()
    expect(more("unit-d-3-0")).to_be_disabled()  # without weights there is nothing that it draws
    expect(more("units-less-d-1")).to_be_focused()

    plane = Plane(page)
    plane.open(150, STAGE)
    button = more("units-more-g-1")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("title", re.compile("networks of a run stay as they are"))
    button.click(force=True)
    expect(more("networks-note")).to_contain_text("in the panel")
    assert page.evaluate("() => told.filter(([name]) => name === 'layers')") == []

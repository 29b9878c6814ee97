"""The stage and the networks beside it, on a page of their own with made-up scenes, held against numpy."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.plane import page as plane_page
from benchmarks.plane.page import EXTENT, HEAT, grid_frame, hello_frame, made_scene, made_stage, stage_frame, text
from benchmarks.serving import Server
from gan_core.runs.evaluation.plane_constants import Layer
from gan_core.runs.storage.grids import load_grid
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.training.observe.scene import Scene, cell_centres, decode_scene, encode_scene, margin_centres
from pages.server.live import wire
from tests.browser.lab import Lab, until

LAYERS = ("real", "fakes", "heat", "contour", "arrows", "manifold", "density")


class Plane:
    """The page with the stage, driven as a user would and asked what it drew."""

    def __init__(self, page: Page) -> None:
        self.page, self.canvas = page, page.get_by_test_id("stage")

    def open(self, step: int = 150, stage: Any = None, **data: Any) -> None:
        plane_page.show(self.page, **data)
        self.page.wait_for_function("() => window.view")
        self.feed(hello_frame(10))
        self.feed(stage_frame(stage))
        if step >= 0:
            self.show(step)

    def feed(self, frame: bytes) -> None:
        self.page.evaluate("t => feed(t)", text(frame))

    def with_even_frames(self) -> None:
        """From now on each of the browser's frames is 16 ms after the last one, however long it took to draw."""
        self.page.evaluate("""() => {
          let now = performance.now();
          performance.now = () => now;
          window.requestAnimationFrame = (draw) => setTimeout(() => draw(now += 16), 0);
        }""")

    def show(self, step: int, scene: Scene | None = None) -> None:
        self.feed(grid_frame(step, scene))
        self.rest()

    def rest(self) -> None:
        """Until nothing moves any more and all is drawn."""
        self.page.wait_for_function("() => !view.plane.glide.moving && !view.plane.frame")

    def only(self, *layers: str) -> None:
        for name in LAYERS:
            button = self.page.get_by_test_id(f"layer-{name}")
            if (button.get_attribute("aria-pressed") == "true") != (name in layers):
                button.click()
        self.rest()

    def pixels(self) -> np.ndarray:
        """What is on the canvas, in the square of the extent at home, which is its middle: int [side, side, 3]."""
        width, height, data = self.canvas.evaluate("""(c) => {
          const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
          let letters = '';
          for (let i = 0; i < data.length; i += 30000) letters += String.fromCharCode(...data.subarray(i, i + 30000));
          return [c.width, c.height, btoa(letters)];
        }""")
        all_of_it = np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)[:, :, :3].astype(int)
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return all_of_it[top : top + side, left : left + side]

    def on_screen(self, point: Any) -> tuple[float, float]:
        """Where a point of the plane is in the window."""
        find = "([x, y]) => [view.plane.plane.x(x), view.plane.plane.y(y)].map((v) => v / view.plane.look.px)"
        x, y = self.page.evaluate(find, [float(v) for v in point])
        box = self.canvas.bounding_box()
        assert box
        return box["x"] + x, box["y"] + y

    def world(self, x: float, y: float) -> np.ndarray:
        """The point of the plane at a place of the window."""
        box = self.canvas.bounding_box()
        assert box
        find = "(at) => view.plane.plane.world(...at.map((v) => v * view.plane.look.px))"
        return np.array(self.page.evaluate(find, [x - box["x"], y - box["y"]]))

    def overlay(self, part: str) -> list[float]:
        """The values that a unit puts on the stage, when they have come."""
        find = "(part) => view.plane.overlay?.[part] && [...view.plane.overlay[part].values]"
        found: list[float] = until(lambda: self.page.evaluate(find, part))
        return found

    def now(self, part: str) -> np.ndarray:
        return np.array(self.page.evaluate("(name) => [...view.plane.glide.parts[name]]", part), np.float32)


@pytest.fixture
def plane(page: Page) -> Plane:
    made = Plane(page)
    made.open()
    return made


@pytest.fixture
def calm(chromium: Browser) -> Iterator[Plane]:
    """In a browser whose owner wants no motion."""
    context = chromium.new_context(viewport={"width": 1040, "height": 768}, reduced_motion="reduce")
    opened = context.new_page()
    yield Plane(opened)
    context.close()


def isolated(scene: Scene) -> int:
    """The generated point furthest from its neighbours, so that the pointer means no other."""
    from scipy.spatial import cKDTree

    inside = np.abs(scene.fakes).max(1) < 1.3
    gaps = cKDTree(scene.fakes).query(scene.fakes, 2)[0][:, 1]
    return int(np.argmax(np.where(inside, gaps, 0)))


def records_frame(d_real: float, d_fake: float) -> bytes:
    rows = [plane_page.record(20) | {"d_real": d_real, "d_fake": d_fake}]
    return wire.pack({"type": "records", "count": 1}, [wire.records_blob(rows)])


def near(pixels: np.ndarray, colour: tuple[int, int, int], within: int = 40) -> np.ndarray:
    return np.asarray(np.abs(pixels - np.array(colour)).max(2) <= within)


def test_a_scene_arrives_as_it_was_encoded(plane: Plane) -> None:
    odd = made_scene(30)
    heat = odd.heat.copy()
    heat[0, :6] = (6e-8, -6e-5, 65504, np.inf, -np.inf, 0.1)  # the smallest and largest of half precision
    scene = Scene(odd.fakes, odd.scores, odd.arrows, heat, odd.manifold, odd.networks)
    told = plane.page.evaluate(
        """async (letters) => {
          const bytes = Uint8Array.from(atob(letters), (c) => c.charCodeAt(0)), found = {};
          const { networks, ...parts } = window.parts.readScene(bytes.buffer);
          for (const [name, { values }] of Object.entries(parts)) found[name] = Array.from(values, String);
          for (const [name, layer] of networks) {
            for (const part in layer) found[`${name}.${part}`] = Array.from(layer[part], String);
          }
          return found;
        }""",
        base64.b64encode(encode_scene(scene)).decode(),
    )
    wanted = {"fakes": scene.fakes, "manifold": scene.manifold, "margin": np.zeros(0)}
    with np.errstate(over="ignore"):
        wanted |= {n: getattr(scene, n).astype(np.float16) for n in ("scores", "arrows", "heat")}
        wanted |= {n: a.astype(np.float16) for n, a in scene.networks.items()}
    assert set(told) == set(wanted)
    for name, array in wanted.items():
        numbers = np.array([float(word.replace("Infinity", "inf")) for word in told[name]])
        assert np.array_equal(numbers, array.astype(np.float64).ravel()), name


def test_the_map_fills_the_stage_as_far_out_as_it_goes_and_an_old_one_its_extent(plane: Plane) -> None:
    made = made_scene(150)
    slope = lambda cells: (0.5 + cells @ np.array((0.02, 0.01))).astype(np.float32)  # noqa: E731  # bilinear: exact
    inside, around = (slope(cells(EXTENT).numpy()) for cells in (cell_centres, margin_centres))
    heat = inside.reshape(HEAT, HEAT)
    parts = (made.fakes, made.scores, made.arrows, heat, made.manifold, made.networks)
    whole = """(c) => {
      const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
      let bare = 0;
      for (let i = 0; i < data.length; i += 4) bare += data[i] === 253 && data[i + 1] === 252 && data[i + 2] === 250;
      return bare / (data.length / 4);
    }"""
    plane.page.evaluate("() => view.plane.canvas.style.cssText = 'aspect-ratio: 2; height: 300px; width: 600px'")
    for scene, bare in ((Scene(*parts, around), 0.0), (Scene(*parts), 0.5)):
        plane.show(150, scene)
        plane.only("heat")
        assert plane.canvas.evaluate(whole) == pytest.approx(bare, abs=0.08)
        plane.page.evaluate("() => { view.plane.plane.zoomBy(0.1); view.plane.plane.pan(-1e4, -1e4); }")
        plane.rest()
        if scene.margin.size:
            assert plane.canvas.evaluate(whole) < 0.02  # the lines and numbers of the axes are not counted
            for x, y in ((0.3, -0.2), (2.0, 3.0), (-4.5, 0.0), (5.0, -5.0)):
                told = plane.page.evaluate("([x, y]) => view.plane.scoreAt(x, y)", [x, y])
                assert told == pytest.approx(slope(np.array((x, y))), abs=2e-3)
        plane.page.evaluate("() => view.plane.plane.home()")


def test_every_layer_is_drawn_and_can_be_taken_away(plane: Plane) -> None:
    expect(plane.canvas).to_have_attribute("aria-label", re.compile("2000 real points and 2000 generated"))
    expect(plane.page.get_by_test_id("film-step")).to_contain_text("step 150")
    plane.only()
    empty = plane.pixels()
    for name in LAYERS:
        plane.only(name)
        assert (plane.pixels() != empty).any(2).sum() > 400, f"{name} cannot be seen"
    plane.only()
    assert np.array_equal(plane.pixels(), empty)
    button = plane.page.get_by_test_id("layer-real")
    button.focus()
    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")


def test_points_stand_where_they_are_in_shape_and_colour(plane: Plane) -> None:
    scene, side = made_scene(150), plane.pixels().shape[0]
    for name, points, bluer in (("real", made_stage().real, 1), ("fakes", scene.fakes, -1)):
        plane.only(name)
        pixels = plane.pixels()
        inked = bluer * (pixels[:, :, 2] - pixels[:, :, 0]) > 40
        column = ((points[:, 0] - EXTENT[0]) / (EXTENT[1] - EXTENT[0]) * side).astype(int)
        row = ((EXTENT[3] - points[:, 1]) / (EXTENT[3] - EXTENT[2]) * side).astype(int)
        inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
        assert inked[row[inside], column[inside]].mean() > 0.97  # the rest lies under a neighbour's edge


def test_the_map_is_purple_where_d_says_real_and_grey_where_fake(plane: Plane) -> None:
    plane.only("heat")
    heat, pixels = made_scene(150).heat, plane.pixels()
    side = pixels.shape[0]
    at = ((np.arange(HEAT) + 0.5) / HEAT * side).astype(int)
    seen = pixels[np.ix_(at[::-1], at)]  # row 0 of the map is the lowest
    purple = seen[:, :, 2] - seen[:, :, 1]  # blue over green: 0 in every grey
    clear = slice(4, -4)  # no numbers of the axes there
    inner_heat, inner = heat[clear, clear], purple[clear, clear]
    assert inner[inner_heat > 0.8].min() > 25
    assert inner[inner_heat < 0.4].max() < 18
    logit = np.log(inner_heat / (1 - inner_heat))
    assert np.corrcoef(inner[logit > 0], logit[logit > 0])[0, 1] > 0.98  # the colours follow D's logit


def test_the_boundary_is_where_the_map_crosses_its_line(plane: Plane) -> None:
    from scipy.interpolate import RegularGridInterpolator

    plane.only()
    empty = plane.pixels()
    plane.only("contour")
    pixels = plane.pixels()
    side = pixels.shape[0]
    rows, columns = np.nonzero(near(pixels, (85, 56, 127), 30) & (pixels != empty).any(2))
    assert len(rows) > 300
    cells = (np.arange(HEAT) + 0.5) / HEAT
    scores = RegularGridInterpolator((cells, cells), made_scene(150).heat, bounds_error=False, fill_value=None)
    steep = np.hypot(*np.gradient(made_scene(150).heat)).max() * HEAT / side  # per pixel
    found = scores(np.stack((1 - (rows + 0.5) / side, (columns + 0.5) / side), 1))
    assert np.abs(found - 0.5).max() < 3 * steep + 0.02


def test_points_glide_from_snapshot_to_snapshot(plane: Plane) -> None:
    before, after = made_scene(150).fakes.ravel(), made_scene(400).fakes.ravel()
    np.testing.assert_array_equal(plane.now("fakes"), before)
    plane.with_even_frames()
    plane.page.evaluate("""() => {
      const { plane } = view, paint = plane.paint.bind(plane);
      window.seen = [];
      plane.paint = (time) => { paint(time); seen.push([...plane.glide.parts.fakes]); };
    }""")
    plane.show(400)
    seen = np.array(plane.page.evaluate("() => seen"), np.float32)
    np.testing.assert_array_equal(seen[-1], after)
    far = np.abs(after - before) > 0.1
    share = np.median((seen[:, far] - before[far]) / (after - before)[far], axis=1)
    assert (np.diff(share) > -1e-4).all(), "it goes back"
    assert len(share[(share > 0.05) & (share < 0.95)]) >= 3, "it jumps"


def test_points_come_back_from_out_of_bounds(plane: Plane) -> None:
    good = made_scene(200)
    lost = Scene(
        np.where(np.arange(2000)[:, None] % 3, good.fakes, np.float32("inf")), np.full(2000, np.nan, np.float32),
        np.full((2000, 2), 1e9, np.float32), np.full((HEAT, HEAT), np.nan, np.float32), good.manifold, good.networks,
    )  # fmt: skip
    for step in range(200, 210):  # faster than a glide lasts: none of them comes to its end
        plane.feed(grid_frame(step, lost if step < 203 else good))
    plane.page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert np.isfinite(plane.now("fakes")).all()
    plane.rest()
    np.testing.assert_array_equal(plane.now("fakes"), good.fakes.ravel())


def test_a_critic_s_map_turns_grey_to_purple_at_the_mean_of_its_scores(page: Page) -> None:
    made, scene = Plane(page), made_scene(150)
    made.open(-1, probability=False, threshold=None)
    raw = (40 * scene.heat - 70).astype(np.float32)
    made.feed(records_frame(-41.0, -59.0))  # D's mean score of real and of fake: the line is half-way
    made.show(150, Scene(scene.fakes, 40 * scene.scores - 70, scene.arrows, raw, scene.manifold, scene.networks))
    made.only("heat")
    pixels = made.pixels()
    at = ((np.arange(HEAT) + 0.5) / HEAT * pixels.shape[0]).astype(int)
    seen = pixels[np.ix_(at[::-1], at)][4:-4, 4:-4]
    purple, heat = seen[:, :, 2] - seen[:, :, 1], raw[4:-4, 4:-4]
    assert purple[heat > -44].min() > purple[heat < -52].max()
    assert page.evaluate("() => view.plane.line") == -50


def test_without_motion_points_jump(calm: Plane) -> None:
    calm.open()
    calm.page.evaluate("t => { feed(t) }", text(grid_frame(400)))
    until(lambda: calm.page.evaluate("() => view.plane.step") == 400)
    assert calm.page.evaluate("() => view.plane.glide.moving") is False
    np.testing.assert_array_equal(calm.now("fakes"), made_scene(400).fakes.ravel())


def test_nothing_is_drawn_while_nothing_moves(plane: Plane) -> None:
    plane.page.evaluate("""() => {
      window.paints = 0;
      const { plane } = view, paint = plane.paint.bind(plane);
      plane.paint = (time) => { window.paints += 1; paint(time); };
    }""")

    def still() -> bool:
        plane.page.evaluate("() => { paints = 0; }")
        plane.page.wait_for_timeout(500)  # nothing is painted, for so long
        return bool(plane.page.evaluate("() => paints") == 0)

    until(still)  # once the networks' maps have come
    plane.with_even_frames()
    plane.show(300)
    assert plane.page.evaluate("() => paints") > 2


def test_zoom_and_pan_with_wheel_drag_keys_and_buttons(plane: Plane) -> None:
    page, at = plane.page, plane.on_screen((0.7, 0.7))
    reset = page.get_by_test_id("zoom-reset")
    expect(reset).to_be_disabled()
    page.mouse.move(*at)
    page.mouse.wheel(0, -300)
    until(lambda: page.evaluate("() => view.plane.plane.zoom") > 1.2)
    np.testing.assert_allclose(plane.world(*at), (0.7, 0.7), atol=0.01)  # what is under the pointer stays
    page.mouse.down()
    page.mouse.move(at[0] - 60, at[1] + 40, steps=4)
    page.mouse.up()
    np.testing.assert_allclose(plane.world(at[0] - 60, at[1] + 40), (0.7, 0.7), atol=0.01)  # it went with the hand
    assert page.evaluate("() => view.plane.trails.size") == 0  # a drag is no click
    page.mouse.dblclick(*at)
    expect(reset).to_be_disabled()
    plane.canvas.focus()
    plane.canvas.press("+")
    expect(reset).to_be_enabled()
    closer = page.evaluate("() => view.plane.plane.zoom")
    plane.canvas.press("-")
    assert page.evaluate("() => view.plane.plane.zoom") < closer
    page.get_by_test_id("zoom-in").click()
    plane.canvas.press("0")
    expect(reset).to_be_disabled()
    np.testing.assert_allclose(plane.world(*plane.on_screen((0, 0))), (0, 0), atol=1e-6)


def test_two_fingers_zoom(plane: Plane) -> None:
    box = plane.canvas.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    client = plane.page.context.new_cdp_session(plane.page)

    def touch(kind: str, apart: float) -> None:
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}] if apart else []
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 30)
    for apart in (40, 50, 60):
        touch("touchMove", apart)
    touch("touchEnd", 0)
    until(lambda: plane.page.evaluate("() => view.plane.plane.zoom") == pytest.approx(2, rel=0.1))
    np.testing.assert_allclose(plane.world(x, y), (0, 0), atol=0.05)


def _numbers(words: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d+\.?\d*", words.replace("−", "-"))]


def test_a_point_tells_its_latent_score_and_pull(plane: Plane) -> None:
    scene, stage = made_scene(150), made_stage()
    index = isolated(scene)
    plane.page.mouse.move(*plane.on_screen(scene.fakes[index]))
    tip = plane.page.get_by_test_id("point-tip")
    expect(tip).to_contain_text(f"Generated point {index + 1}")
    rows = dict(zip(*(tip.locator(tag).all_inner_texts() for tag in ("dt", "dd")), strict=True))
    np.testing.assert_allclose(_numbers(rows["made from z"]), stage.latents[index], atol=0.005)
    np.testing.assert_allclose(_numbers(rows["at"]), scene.fakes[index], atol=0.005)
    assert _numbers(rows["D says"]) == [round(100 * float(np.float16(scene.scores[index])))]
    assert ("real ·" in rows["D says"]) == (scene.scores[index] > 0.5)
    strength, dx, dy = _numbers(rows["pull on G"])
    np.testing.assert_allclose((dx, dy), scene.arrows[index], atol=0.006, rtol=0.01)
    assert strength == pytest.approx(np.hypot(dx, dy), rel=0.02, abs=0.01)
    plane.page.mouse.move(5, 5)
    expect(tip).to_be_hidden()


def test_trails_follow_chosen_points_and_can_be_cleared(plane: Plane) -> None:
    scene = made_scene(150)
    index = isolated(scene)
    plane.page.mouse.click(*plane.on_screen(scene.fakes[index]))
    clear = plane.page.get_by_test_id("clear-trails")
    expect(clear).to_have_text("Clear 1 trail")
    for step in (160, 170, 180):
        plane.show(step)
    path = plane.page.evaluate("(i) => view.plane.trails.get(i)", index)
    assert [step for step, _, _ in path] == [150, 160, 170, 180]
    wanted = [made_scene(s).fakes[index] for s in (150, 160, 170, 180)]
    np.testing.assert_allclose(np.array(path)[:, 1:], wanted, rtol=1e-6)
    plane.only()
    assert near(plane.pixels(), (138, 59, 0), 30).sum() > 10
    plane.page.evaluate("() => { for (let i = 0; i < 25; i++) view.plane.toggleTrail(1900 + i); }")
    expect(clear).to_have_text("Clear 20 trails")
    clear.click()
    expect(clear).to_be_hidden()


def test_arrow_keys_walk_over_points_and_enter_trails(plane: Plane) -> None:
    plane.canvas.focus()
    plane.canvas.press("ArrowRight")
    first = plane.page.evaluate("() => view.plane.picked.fake")
    plane.canvas.press("ArrowRight")
    second = plane.page.evaluate("() => view.plane.picked.fake")
    fakes = made_scene(150).fakes
    assert fakes[second][0] > fakes[first][0] > 0
    plane.canvas.press("Enter")
    assert plane.page.evaluate("() => [...view.plane.trails.keys()]") == [second]
    plane.canvas.press("Escape")
    expect(plane.page.get_by_test_id("point-tip")).to_be_hidden()


def test_a_unit_of_d_shows_what_it_draws_on_the_plane(plane: Plane) -> None:
    plane.only("heat")
    before = plane.pixels()
    plane.page.get_by_test_id("unit-d-2-3").click()
    card = plane.page.get_by_test_id("unit-card")
    expect(card).to_contain_text("D, layer 2, unit 4")
    field = plane.overlay("field")
    side, n = EXTENT[1] - EXTENT[0], round(len(field) ** 0.5) - 26
    widths = side / 64 * 1.3 ** np.arange(1, 14)  # of the margin's cells, as D's map has them
    out = np.cumsum(widths) - widths / 2
    cells = EXTENT[0] + (np.arange(n) + 0.5) / n * side
    cells = np.concatenate((EXTENT[0] - out[::-1], cells, EXTENT[1] + out))
    x, y = np.meshgrid(cells, cells)
    _, d = _half(plane_page.networks(150))
    wanted = d(np.stack((x.ravel(), y.ravel()), 1).astype(np.float32))[1][:, 3]
    np.testing.assert_allclose(field, wanted, atol=1e-4)
    plane.rest()
    assert (plane.pixels() != before).any(2).mean() > 0.2
    plane.page.get_by_test_id("unit-close").click()
    expect(card).to_be_hidden()
    plane.rest()
    assert np.array_equal(plane.pixels(), before)


def _half(networks: tuple[Any, Any]) -> list[Any]:
    """The networks with weights in half precision, as they are sent."""
    halves = lambda arrays: [a.astype(np.float16).astype(np.float32) for a in arrays]  # noqa: E731
    return [plane_page.Dense(halves(net.weights), halves(net.biases)) for net in networks]


def test_a_unit_of_g_colours_the_points(plane: Plane) -> None:
    plane.page.get_by_test_id("unit-g-1-2").click()
    told = plane.overlay("points")
    g, _ = _half(plane_page.networks(150))
    np.testing.assert_allclose(told, g(made_stage().latents)[0][:, 2], atol=1e-4)
    plane.page.get_by_test_id("unit-g-1-2").click()  # again: away
    expect(plane.page.get_by_test_id("unit-card")).to_be_hidden()


def test_units_bend_as_torch_does(page: Page) -> None:
    import torch

    from gan_core.nets.layers import ACTIVATIONS

    values = np.linspace(-4, 4, 41, dtype=np.float32)
    Plane(page).open(-1)
    for kind in ("relu", "leaky_relu", "tanh", "silu", "gelu"):
        module = ACTIVATIONS[kind]()
        found = page.evaluate(
            """([x, name]) => {
              const layer = { weight: [1], bias: [0], in: 1, out: 1, activation: window.parts.activationOf(name) };
              return [...window.parts.unitValues({ layers: [layer], x, count: x.length, drawn: [[0]] })[0][0]];
            }""",
            [values.tolist(), type(module).__name__],
        )
        np.testing.assert_allclose(found, module(torch.from_numpy(values)).numpy(), atol=2e-6, err_msg=kind)


def test_networks_that_normalise_say_why_there_are_no_maps(page: Page) -> None:
    stage = made_stage()
    layers = tuple(
        Layer(layer.name, layer.inputs, layer.units, "BatchNorm1d ReLU") if layer.name == "g0" else layer
        for layer in stage.layers
    )
    made = Plane(page)
    made.open(150, SimpleNamespace(**{**vars(stage), "layers": layers}))
    expect(page.get_by_test_id("networks-note")).to_contain_text("only for networks without normalisation")
    expect(page.get_by_test_id("unit-g-1-0")).to_be_disabled()
    expect(page.get_by_test_id("unit-d-1-0")).to_be_enabled()


def test_what_flows_in_each_part_of_a_step_is_lit(plane: Plane) -> None:
    lit = "() => [...document.querySelectorAll('.gs-chip')].filter((c) => c.dataset.flow).map((c) => c.dataset.chip)"
    wanted = {
        "draw_latents": {"z"}, "generate": {"z", "g", "fake"}, "score_real": {"real", "d", "score"},
        "score_fake": {"fake", "d", "score"}, "d_loss": {"score", "loss"}, "d_gradient": {"loss", "d"},
        "d_move": {"d"}, "g_loss": {"score", "loss"}, "g_gradient": {"loss", "d", "fake", "g"}, "g_move": {"g"},
    }  # fmt: skip
    for part, names in wanted.items():
        plane.page.evaluate("(part) => view.networks.highlight({ part })", part)
        assert set(plane.page.evaluate(lit)) == names, part
    expect(plane.page.get_by_test_id("net-g")).to_have_attribute("data-flow", "move")
    plane.page.evaluate("() => view.networks.highlight(null)")
    assert plane.page.evaluate(lit) == []


def test_real_points_are_there_before_anything_is_trained(page: Page) -> None:
    real = made_stage().real
    points = base64.b64encode(real.astype("<f4").tobytes()).decode()
    preview = {"key": "ring", "points": points, "extent": list(EXTENT), "caption": "what it will learn from"}
    plane_page.show(page, run="", preview=preview)
    made = Plane(page)
    expect(made.canvas).to_be_visible()
    expect(page.get_by_test_id("networks")).to_be_hidden()
    made.rest()
    assert near(made.pixels(), (0, 114, 178), 60).sum() > 1000


def test_on_a_phone_everything_fits_in_the_width(chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=2, has_touch=True)
    made = Plane(context.new_page())
    made.open()
    stage, nets = made.canvas.bounding_box(), made.page.get_by_test_id("networks").bounding_box()
    assert stage
    assert nets
    assert made.page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert nets["y"] > stage["y"] + stage["height"]
    assert made.canvas.evaluate("c => c.width / c.clientWidth") == pytest.approx(2, abs=0.01)
    context.close()


def test_measures_stand_beside_what_a_perfect_generator_scores(page: Page) -> None:
    from gan_core.data.sets.points import Modes
    from gan_core.measure.plane import PLANE_MEASURES, Floor

    modes = Modes(np.zeros((8, 2)), 0.05, np.full(8, 1 / 8))
    floors = {m.name: Floor(0.5, 0.4, 0.6) for m in PLANE_MEASURES} | {"modes_covered": Floor(8.0, 8.0, 8.0)}
    made = Plane(page)
    made.open(
        0, SimpleNamespace(**{**vars(made_stage()), "modes": modes, "measures": PLANE_MEASURES, "floors": floors})
    )
    rows = [
        plane_page.record(20) | {"modes_covered": 3.0, "high_quality_share": 0.25, "mmd": 0.9},
        plane_page.record(30),
        plane_page.record(40) | {"modes_covered": 8.0, "high_quality_share": 0.45, "mmd": 0.7},
        plane_page.record(50),
    ]
    made.feed(wire.pack({"type": "records", "count": len(rows)}, [wire.records_blob(rows)]))
    modes_card, share, mmd = (
        page.get_by_test_id(f"measure-{n}") for n in ("modes_covered", "high_quality_share", "mmd")
    )
    expect(modes_card).to_have_text("8 / 8")
    expect(share).to_have_text("45%")
    expect(mmd).to_have_text("0.70")
    good = "b => b.closest('.gs-measure').dataset.good"
    assert [card.evaluate(good) for card in (modes_card, share, mmd)] == ["true", "true", "false"]
    page.evaluate("() => view.setCursor(35)")  # scrubbed back: as it was measured last by then
    expect(modes_card).to_have_text("3 / 8")
    expect(share).to_have_text("25%")


def test_a_run_of_points_from_train_to_scrubbing(page: Page, served: Server, shots: Path) -> None:
    lab, made = Lab(page, served.url), Plane(page)
    page.goto(f"{served.url}/?preset=ring&total_images=100000000&speed=normal")
    expect(made.canvas).to_have_attribute("aria-label", re.compile("real points"))
    lab.press("Train")
    run = lab.run_id()
    until(lambda: lab.step() > 50)
    expect(page.get_by_test_id("networks")).to_be_visible()
    page.get_by_test_id("unit-d-1-0").click()
    expect(page.get_by_test_id("unit-card")).to_contain_text("D, layer 1, unit 1")
    page.get_by_test_id("unit-close").click()
    expect(page.get_by_test_id("measure-modes_covered")).to_have_text(re.compile(r"\d / 8"))
    page.screenshot(path=shots / "ring.png")
    lab.press("Stop")
    lab.expect_state("stopped")

    # Every kept scene can be scrubbed to, and is shown as it lies on the disk.
    folder = RunFolder(served.runs_dir / run)
    steps = [step for step, _ in folder.grids()]
    assert len(steps) > 2
    timeline = page.get_by_test_id("timeline")
    timeline.focus()
    for key, step in (("Home", steps[0]), ("ArrowRight", steps[1])):
        timeline.press(key)
        until(lambda at=step: lab.step() == at)
        expect(made.canvas).to_have_attribute("aria-label", re.compile(rf"at step {step}\."))
        scene = load_grid(folder, step)
        assert scene
        assert decode_scene(scene.png).fakes.shape == (2000, 2)
    first = made.pixels()
    page.get_by_role("button", name="Show the newest samples").click()
    until(lambda: lab.step() == steps[-1])
    until(lambda: (made.pixels() != first).any(2).mean() > 0.05)
    page.wait_for_url(lambda url: "at=" not in url)  # the address says so too, a moment later
    page.reload()
    until(lambda: lab.step() == steps[-1])
    expect(made.canvas).to_have_attribute("aria-label", re.compile("2000 real points and 2000 generated"))


def test_a_layer_says_how_many_of_its_units_are_drawn(plane: Plane) -> None:
    for column, words in (
        ("{ size: 64, count: 6 }, 1, false, 'g'", "6 of 64"),
        ("{ size: 16, count: 16 }, 1, false, 'd'", "16"),
        ("{ size: 2, count: 2 }, 0, false, 'g'", "z"),
        ("{ size: 32, count: 12 }, 0, false, 'g'", "z: 12 of 32"),
        ("{ size: 1, count: 1 }, 2, true, 'd'", "score"),
    ):
        assert plane.page.evaluate(f"() => view.networks.columnWords({column})") == words

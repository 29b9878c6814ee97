"""Slow motion in the Lab: a real run's step is looked at part by part, and its numbers are held against the run's."""

from __future__ import annotations

import json
import re
import struct
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.serving import Server
from gan_core.data.sets.points import Ring
from tests.browser.lab import Lab, until

BOTH = [
    "draw_latents",
    "generate",
    "score_real",
    "score_fake",
    "d_loss",
    "d_gradient",
    "d_move",
    "g_loss",
    "g_gradient",
    "g_move",
]
D_ONLY = BOTH[:7]
G_ONLY = ["draw_latents", "generate", "g_loss", "g_gradient", "g_move"]
RING = "preset=ring&generator.hidden=16&discriminator.hidden=16&batch_size=64&total_images=50000000&speed=normal"


class Scope:
    """The panel of a run of points, driven as a user would; what it shows is heard from the run's socket."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.lab, self.heard = page, Lab(page, url), list[bytes]()
        page.on(
            "websocket", lambda socket: socket.on("framereceived", self._hear) if "/live/" in socket.url else None
        )
        self.root = page.get_by_test_id("microscope")
        self.words = page.get_by_test_id("scope-words")

    def _is_shown(self, frame: bytes) -> bool:
        (length,) = struct.unpack_from("<I", frame)
        return bool(json.loads(frame[4 : 4 + length])["step"] == self.step())

    def _hear(self, frame: Any) -> None:
        if isinstance(frame, bytes) and b'"dissected"' in frame[:100]:
            self.heard.append(frame)

    def train(self) -> None:
        self.page.goto(f"{self.lab.url}/?{RING}")
        self.lab.press("Train")
        self.lab.expect_state("Training")

    def open(self) -> None:
        self.page.get_by_test_id("slow-motion").click()
        expect(self.root).to_be_visible()
        expect(self.part("draw_latents")).to_have_attribute("aria-current", "step")
        self.lab.expect_state("Paused")  # it is told a moment after the step

    def part(self, name: str) -> Locator:
        return self.page.get_by_test_id(f"part-{name}")

    def parts(self) -> list[str]:
        found: list[str] = self.root.locator(".gs-part").evaluate_all("all => all.map((b) => b.dataset.part)")
        return found

    def current(self) -> str:
        return str(self.root.locator('[aria-current="step"]').get_attribute("data-part"))

    def step(self) -> int:
        """Of the newest step taken apart; what the panel's title says."""
        return int(re.sub(r"\D", "", self.root.locator("h3").inner_text()))

    def told(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The step that is shown as it came over the socket: its words and its arrays."""
        frame = until(lambda: self.page.title() and next((one for one in self.heard if self._is_shown(one)), None))
        (length,) = struct.unpack_from("<I", frame)
        data = frame[4 + length :]
        (length,) = struct.unpack_from("<I", data)
        header = json.loads(data[4 : 4 + length])
        arrays = {}
        for entry in header["arrays"]:
            raw = data[4 + length + entry["offset"] :][: entry["bytes"]]
            arrays[entry["name"]] = np.frombuffer(raw, entry["dtype"]).reshape(entry["shape"])
        return header["dissection"], arrays

    def take(self, button: str, parts: list[str]) -> None:
        before = self.step()
        self.page.get_by_test_id(f"scope-next-{button}").click()
        until(lambda: self.step() == before + 1)
        assert self.parts() == parts
        self.lab.expect_state("Paused")


@pytest.fixture(scope="module")
def begun() -> list[str]:
    """The one run of these tests, once the first has pressed Train."""
    return []


@pytest.fixture
def scope(page: Page, served: Server, begun: list[str]) -> Scope:
    made = Scope(page, served.url)
    if begun:
        page.goto(f"{served.url}/?run={begun[0]}")
        made.lab.expect_state("Paused|Training")
    else:
        made.train()
        begun.append(made.lab.run_id())
    return made


def numbers(words: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d+\.\d+", words.replace("−", "-"))]


def test_one_step_part_by_part_forwards_and_back(scope: Scope) -> None:
    scope.open()
    scope.lab.expect_state("Paused")
    assert scope.parts() == BOTH
    said = []
    for name in BOTH:
        assert scope.current() == name
        said.append(scope.words.inner_text())
        scope.page.keyboard.press("ArrowRight")
    assert len(set(said)) == len(BOTH)
    assert scope.current() == "g_move"  # there is nothing after it
    expect(scope.page.get_by_test_id("scope-forward")).to_be_disabled()
    for name in reversed(BOTH):
        assert scope.current() == name
        scope.page.get_by_test_id("scope-back").click() if name != BOTH[0] else scope.page.keyboard.press("ArrowLeft")
    assert scope.current() == BOTH[0]
    scope.part("d_move").click()
    assert scope.current() == "d_move"
    expect(scope.page.get_by_test_id("net-d")).to_have_attribute("data-flow", "move")


def test_the_formula_holds_this_batchs_numbers(scope: Scope) -> None:
    scope.open()
    words, arrays = scope.told()
    real, fake = (arrays[name].astype(np.float64) for name in ("real_scores", "fake_scores"))
    scope.part("d_loss").click()
    cards = scope.root.locator(".gs-term").all_inner_texts()
    assert [card.split("\n")[0] for card in cards] == ["−mean log D(x)", "−mean log(1 − D(G(z)))"]
    wanted = [-np.log(real).mean(), -np.log(1 - fake).mean()]
    np.testing.assert_allclose([numbers(card)[-1] for card in cards], wanted, atol=6e-4)
    np.testing.assert_allclose(numbers(cards[0])[:2], real[:2], rtol=6e-3)
    total = scope.page.get_by_test_id("scope-sum").inner_text()
    np.testing.assert_allclose(numbers(total), [sum(wanted)], atol=1.1e-3)
    scope.part("g_loss").click()
    wanted = [-np.log(arrays["g_scores"].astype(np.float64)).mean()]
    np.testing.assert_allclose(numbers(scope.page.get_by_test_id("scope-sum").inner_text()), wanted, atol=6e-4)
    scope.part("g_gradient").click()
    bars = scope.page.get_by_test_id("scope-bars").locator("b").all_inner_texts()
    np.testing.assert_allclose(
        [numbers(bar)[0] for bar in bars], [layer["gradient"] for layer in words["g"]["layers"]], atol=6e-4
    )


def test_the_stage_shows_what_each_part_is_about(scope: Scope) -> None:
    scope.page.emulate_media(reduced_motion="reduce")  # what a part shows, not the way there
    scope.open()
    _, arrays = scope.told()
    stage, pressed = scope.page.get_by_test_id("stage"), lambda: [
        b.get_attribute("data-layer") for b in scope.page.locator('.gs-layer[aria-pressed="true"]').all()
    ]  # fmt: skip
    pictures = dict[str, str]()
    for name in BOTH:
        scope.part(name).click()
        pictures[name] = _settled(stage, *list(pictures.values())[-1:])
        if name == "score_real":
            assert pressed() == ["real", "contour"]
        if name == "g_gradient":
            assert "arrows" in pressed()
    assert len(set(pictures.values())) == len(BOTH)
    scope.part("generate").click()
    assert _settled(stage, pictures["g_move"]) == pictures["generate"]  # back is back
    scope.part("score_real").click()
    _settled(stage, pictures["generate"])
    stage.scroll_into_view_if_needed()
    box, (x0, x1, y0, y1) = stage.bounding_box(), Ring().extent
    assert box
    x, y = (float(v) for v in arrays["real"][0])
    across, down = (x - x0) / (x1 - x0) - 0.5, (y1 - y) / (y1 - y0) - 0.5
    side = min(box["width"], box["height"])  # of the square in the middle
    scope.page.mouse.move(box["x"] + box["width"] / 2 + across * side, box["y"] + box["height"] / 2 + down * side)
    expect(scope.page.get_by_test_id("point-tip")).to_contain_text("Real point")


DRAWN = """canvas => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => done(canvas.toDataURL()))); })"""
"""A canvas as the next frames leave it: what is looked at thrice without a frame between is not at rest."""


def _settled(stage: Locator, before: str = "") -> str:
    """The stage's picture, once it is another than before and changes no more."""
    seen = ["", ""]

    def same() -> bool:
        seen.append(stage.evaluate(DRAWN))
        return seen[-1] == seen[-2] == seen[-3] != before

    until(same)
    return seen[-1]


WATCH_PARTS = """(root) => { window.parts = [];
  const current = () => root.querySelector('[aria-current="step"]')?.dataset.part;
  let before = current();
  new MutationObserver(() => {
    if (current() && current() !== before) parts.push([before = current(), performance.now()]);
  }).observe(root, { subtree: true, childList: true, attributeFilter: ["aria-current"] }); }"""
"""`parts`: each that is come to from now on, and when."""


def test_it_plays_by_itself_at_the_pace_that_is_chosen(scope: Scope) -> None:
    scope.open()
    scope.page.get_by_test_id("scope-pace").select_option("1.2")
    scope.root.evaluate(WATCH_PARTS)
    scope.page.get_by_test_id("scope-play").click()
    until(lambda: len(scope.page.evaluate("parts")) >= 3)
    scope.page.get_by_test_id("scope-play").click()
    held, seen = scope.current(), scope.page.evaluate("parts")
    assert [name for name, _ in seen[:3]] == BOTH[1:4]
    assert all(after - before > 1000 for (_, before), (_, after) in pairwise(seen))  # ms, by the page's own clock
    scope.page.wait_for_timeout(1500)  # longer than a part takes: nothing may come next
    assert scope.current() == held


def test_arrow_keys_are_the_panels_only_where_the_focus_is_in_it(scope: Scope) -> None:
    scope.open()
    scope.page.keyboard.press("ArrowRight")
    assert scope.current() == "generate"
    scope.page.get_by_test_id("stage").focus()
    scope.page.keyboard.press("ArrowRight")
    assert scope.current() == "generate"
    scope.part("generate").focus()
    scope.page.keyboard.press("End")
    assert scope.current() == "g_move"
    scope.page.keyboard.press("Escape")
    expect(scope.root).to_be_hidden()
    expect(scope.page.get_by_test_id("timeline")).to_be_visible()


def test_one_side_takes_the_next_step_alone(scope: Scope) -> None:
    scope.open()
    before = scope.told()[1]
    scope.take("discriminator", D_ONLY)
    words, arrays = scope.told()
    assert words["g"] is None
    np.testing.assert_array_equal(arrays["g0.weight"], before["after/g0.weight"])
    np.testing.assert_array_equal(arrays["after/g0.weight"], arrays["g0.weight"])
    assert not np.array_equal(arrays["after/d0.weight"], arrays["d0.weight"])
    before = arrays
    scope.take("generator", G_ONLY)
    words, arrays = scope.told()
    assert words["d"] is None
    np.testing.assert_array_equal(arrays["after/d0.weight"], before["after/d0.weight"])
    assert not np.array_equal(arrays["after/g0.weight"], arrays["g0.weight"])
    scope.take("both", BOTH)
    scope.page.keyboard.press("Escape")  # the button that was pressed was disabled for a moment
    expect(scope.root).to_be_hidden()


def test_a_reload_brings_the_step_back_without_taking_another(scope: Scope) -> None:
    scope.open()
    step, _ = scope.step(), scope.page.reload()
    button = scope.page.get_by_test_id("slow-motion")
    expect(button).to_be_enabled()
    until(lambda: scope.page.title() and len(scope.heard) >= 2)  # it hears only while it is asked something
    scope.open()
    assert scope.step() == step
    assert scope.heard[0] == scope.heard[1]


def test_a_run_that_goes_on_is_seen_again(scope: Scope) -> None:
    scope.open()
    step = scope.step()
    scope.lab.press("Resume")
    expect(scope.root).to_be_hidden()
    until(lambda: scope.lab.step() > step)
    expect(scope.page.get_by_test_id("layer-heat")).to_have_attribute("aria-pressed", "true")


def test_runs_of_pictures_have_no_slow_motion(page: Page, served: Server) -> None:
    Lab(page, served.url).open("preset=first-gan")
    expect(page.get_by_test_id("slow-motion")).to_be_hidden()

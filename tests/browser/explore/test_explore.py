"""The Explore page in a real browser: the picture under the hand, steps back, bookmarks, links."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server
from gan_core.latent import check_look, resolve
from gan_core.runs import RunManager
from gan_core.runs.catalog.entries import verdict
from gan_core.runs.catalog.generator_files import GENERATORS
from gan_core.runs.catalog.model_catalog import ModelCatalog
from tests.browser.lab import SMALL, Lab, until
from tests.pages.explore.explore_shelf import CONDITIONAL, STYLED, model_of, write_asset

_PIXELS = "(canvas) => canvas.toDataURL()"
NEXT_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
"""Two of the browser's own: what a hand does is seen in the next one."""
_COUNT = """() => {
  const { picture } = document.querySelector(".gx-explore").explorer, draw = picture.draw.bind(picture);
  window.drawn = [];
  picture.draw = (...a) => { draw(...a); window.drawn.push(picture.canvas.toDataURL()); };
}"""


class Explore:
    """The page, driven as a person would."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.picture, self.said = page.get_by_test_id("picture"), page.get_by_test_id("said")

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.url}/explore{'?' + query if query else ''}")
        self.ready()

    def ready(self) -> None:
        self.page.wait_for_function("() => document.querySelector('.gx-explore')?.explorer.point")
        expect(self.picture).to_be_visible()
        self.rest()

    def rest(self) -> None:
        """Until no picture is under way."""
        self.page.wait_for_function("""() => {
          const { explorer } = document.querySelector(".gx-explore");
          return !explorer.busy && !explorer.next;
        }""")

    def pixels(self) -> str:
        self.rest()
        found: str = self.picture.evaluate(_PIXELS)
        return found

    def press(self, test_id: str) -> None:
        self.page.get_by_test_id(test_id).click()
        self.rest()

    def drag(self, test_id: str, start: tuple[float, float], end: tuple[float, float], steps: int = 30) -> list[str]:
        """Drag within an element (shares of its box); the different pictures that were drawn before it was let go."""
        box = self.page.get_by_test_id(test_id).bounding_box()
        assert box
        self.page.evaluate(_COUNT)
        for i in range(steps + 1):
            x, y = (a + (b - a) * i / steps for a, b in zip(start, end, strict=True))
            self.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if i == 0:
                self.page.mouse.down()
            self.page.evaluate(NEXT_FRAMES)
            self.rest()
        drawn: list[str] = self.page.evaluate("() => window.drawn")
        self.page.mouse.up()
        self.rest()
        return list(dict.fromkeys(drawn))

    def look(self) -> Any:
        return self.page.evaluate("() => document.querySelector('.gx-explore').explorer.look")


@pytest.fixture
def explore(page: Page, served: Server) -> Explore:
    made = Explore(page, served.url)
    made.open()
    return made


def test_there_is_something_to_explore_at_once(explore: Explore) -> None:
    assert len(explore.page.get_by_test_id("model").locator("option").all()) >= 1
    values = explore.picture.evaluate(
        "(c) => [...new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)].length"
    )
    assert values > 20  # a picture with shades, not an empty canvas
    box = explore.picture.bounding_box()
    assert box
    assert box["width"] > 500  # the picture is the largest thing
    assert box["y"] + box["height"] < 768


def test_the_picture_follows_the_hand_all_the_way(explore: Explore) -> None:
    for mode in ("points", "directions", "seeds"):
        explore.press(f"pad-{mode}")
        drawn = explore.drag("pad", (0.3, 0.3), (0.75, 0.6))
        assert len(drawn) >= 8, mode  # while the button was held down
        assert explore.pixels() != drawn[0]


def test_a_place_of_the_pad_is_what_the_server_makes_of_it(explore: Explore) -> None:
    explore.drag("pad", (0.2, 0.8), (0.5, 0.5))
    x, y = explore.look()["where"]["at"]
    assert (x, y) == pytest.approx((0.5, 0.5), abs=0.02)  # the middle of the pad's view
    explore.page.get_by_test_id("pad").focus()
    explore.page.keyboard.press("ArrowRight")
    explore.rest()
    assert explore.look()["where"]["at"][0] > x


def test_the_endless_plane_moves_under_the_hand(explore: Explore) -> None:
    explore.press("pad-seeds")
    explore.drag("pad", (0.5, 0.5), (0.5, 0.5), 1)
    before = explore.look()["where"]["seeds"]
    for _ in range(3):
        explore.drag("pad", (0.9, 0.5), (0.1, 0.5), 12)
    after = explore.look()["where"]["seeds"]
    assert after[0] - before[0] == pytest.approx(3 * 0.8 * 5, rel=0.02)  # five seeds across, at first
    assert after[1] == pytest.approx(before[1], abs=0.02)


def test_sliders_answer_while_they_are_dragged(explore: Explore) -> None:
    explore.press("tab-sliders")
    before, first = explore.pixels(), explore.page.get_by_test_id("slider-3")
    value = float(first.input_value())
    drawn = explore.drag("slider-3", (0.2, 0.5), (0.95, 0.5))
    assert len(drawn) >= 8
    assert explore.pixels() != before
    assert float(first.input_value()) > 3
    first.dblclick(position={"x": 5, "y": 5})
    explore.rest()
    until(lambda: float(first.input_value()) == pytest.approx(value, abs=0.01))
    assert explore.pixels() == before


def test_keys_move_a_slider(explore: Explore) -> None:
    explore.press("tab-sliders")
    before = explore.pixels()
    explore.page.get_by_test_id("slider-0").focus()
    for _ in range(40):
        explore.page.keyboard.press("ArrowRight")
    assert explore.pixels() != before


def test_steps_back_and_forth_bring_the_very_picture(explore: Explore) -> None:
    seen = [explore.pixels()]
    for _ in range(3):
        explore.press("random")
        seen.append(explore.pixels())
    explore.drag("pad", (0.3, 0.3), (0.6, 0.7))
    seen.append(explore.pixels())
    assert len(set(seen)) == 5
    for wanted in reversed(seen[:-1]):
        explore.press("undo")
        assert explore.pixels() == wanted
    expect(explore.page.get_by_test_id("undo")).to_be_disabled()
    for wanted in seen[1:3]:
        explore.page.keyboard.press("Control+Shift+z")
        assert explore.pixels() == wanted
    explore.page.keyboard.press("Control+z")
    assert explore.pixels() == seen[1]
    explore.press("random")
    expect(explore.page.get_by_test_id("redo")).to_be_disabled()


def test_steps_survive_a_reload(explore: Explore) -> None:
    first = explore.pixels()
    explore.press("random")
    second = explore.pixels()
    explore.page.reload()
    explore.ready()
    assert explore.pixels() == second
    explore.press("undo")
    assert explore.pixels() == first


def test_truncation_and_reset(explore: Explore) -> None:
    explore.press("random")
    before = explore.pixels()
    drawn = explore.drag("truncation", (0.65, 0.5), (0.05, 0.5))
    assert len(drawn) >= 5
    assert explore.look()["psi"] < 0.2
    explore.press("reset")
    assert explore.look()["psi"] == 1
    assert explore.look()["where"] == {"seed": 0}
    explore.press("undo")
    explore.press("undo")
    assert explore.pixels() == before


def test_neighbours_lie_around_and_a_click_goes_there(explore: Explore) -> None:
    before = explore.pixels()
    explore.press("neighbours-toggle")
    grid = explore.page.get_by_test_id("neighbours")
    expect(grid).to_be_visible()
    side = int(grid.evaluate("c => c.width"))
    middle, chosen = (
        grid.evaluate(
            """(c, [i, j]) => {
              const side = c.width / 8, one = new OffscreenCanvas(side, side).getContext("2d");
              one.drawImage(c, -i * side, -j * side);
              return [...one.getImageData(0, 0, side, side).data];
            }""",
            cell,
        )
        for cell in ((4, 4), (1, 2))
    )
    assert side % 8 == 0
    box = grid.bounding_box()
    assert box
    grid.click(position={"x": (1.5 / 8) * box["width"], "y": (2.5 / 8) * box["height"]})
    explore.rest()
    explore.press("neighbours-toggle")
    read = "(c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    now = explore.picture.evaluate(read)
    assert max(abs(a - b) for a, b in zip(now, chosen, strict=True)) <= 1  # sums in batches of another size
    explore.press("undo")
    assert explore.pixels() == before
    again = explore.picture.evaluate(read)
    assert max(abs(a - b) for a, b in zip(again, middle, strict=True)) <= 1


def test_bookmarks_survive_a_reload_and_come_back_after_deletion(explore: Explore) -> None:
    page = explore.page
    explore.press("random")
    kept = explore.pixels()
    explore.press("bookmark")
    expect(page.get_by_test_id("bookmark-item")).to_have_count(1)
    page.get_by_role("button", name="Rename or delete Point 1").click()
    page.get_by_role("textbox", name="Name").fill("Lovely")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("bookmark-item")).to_contain_text("Lovely")
    explore.press("random")
    page.reload()
    explore.ready()
    expect(page.get_by_test_id("bookmark-item")).to_have_count(1)
    page.get_by_role("button", name="Go to Lovely").click()
    until(lambda: explore.pixels() == kept)
    page.get_by_role("button", name="Rename or delete Lovely").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_test_id("bookmark-item")).to_have_count(0)
    explore.said.get_by_role("button", name="Undo").click()
    expect(page.get_by_test_id("bookmark-item")).to_have_count(1)


def test_a_link_brings_the_same_pixels_on_another_machine(explore: Explore, chromium: Browser) -> None:
    explore.drag("pad", (0.3, 0.3), (0.62, 0.37))
    explore.drag("truncation", (0.65, 0.5), (0.5, 0.5))
    wanted, link = explore.pixels(), explore.page.evaluate("location.href")
    assert re.search(r"[?&]model=.*&look=[\w-]+$", link)
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    other = Explore(context.new_page(), explore.url)
    other.page.goto(link)
    other.ready()
    assert other.pixels() == wanted
    assert other.page.evaluate("location.href") == link
    context.close()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("look=%%%", "cannot be read"),
        ("look=bnVsbA", "cannot be read"),  # null
        ("look=eyJ3aGVyZSI6eyJ6IjoiQUFBQSJ9fQ", "does not fit"),  # {"where":{"z":"AAAA"}}
        ("look=eyJ3aGVyZSI6eyJzZWVkIjotMX19", "does not fit"),  # {"where":{"seed":-1}}
        ("model=run:20200101-000000000-gone-0000", "not on this machine"),
        ("model=<script>alert(1)</script>", "not on this machine"),
    ],
)
def test_a_forged_link_is_one_sentence_and_the_usual_view(
    page: Page, served: Server, query: str, words: str
) -> None:  # fmt: skip
    explore = Explore(page, served.url)
    explore.open(query)
    expect(explore.said).to_contain_text(words)
    assert explore.look()["where"] == {"seed": 0}
    explore.press("random")
    assert "seed" in explore.look()["where"]


def test_what_the_address_says_is_what_is_shown(explore: Explore, tmp_path: Path) -> None:
    """The point in the address, as another program would read it."""
    explore.drag("pad", (0.3, 0.3), (0.6, 0.6))
    text = explore.page.evaluate("location.href").split("look=")[1]
    look = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    model = ModelCatalog(RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1)).open(
        "asset:fashion"
    )
    shown = explore.page.evaluate("() => [...document.querySelector('.gx-explore').explorer.point.z]")
    wanted = resolve(model, check_look(model, look)).vector
    np.testing.assert_allclose(wanted, np.array(shown, np.float32), rtol=1e-5)


@pytest.mark.parametrize("plane", ["seeds", "points", "directions"])
def test_a_point_set_by_dragging_opens_elsewhere_on_the_plane_that_it_was_set_on(
    explore: Explore, chromium: Browser, plane: str
) -> None:
    explore.press(f"pad-{plane}")
    explore.drag("pad", (0.5, 0.5), (0.66, 0.41), 8)
    wanted, where = explore.pixels(), explore.look()["where"]
    link = explore.page.evaluate("location.href")
    assert {"seeds": "seeds", "points": "plane", "directions": "along"}[plane] in where
    kept = explore.page.get_by_test_id("bookmark-item")
    before = explore.page.evaluate(  # as the server has them: other tests keep theirs with the same model
        "async () => (await document.querySelector('.gx-explore').explorer.ask('bookmarks')).header.bookmarks.length"
    )
    expect(kept).to_have_count(before)
    explore.press("bookmark")
    expect(kept).to_have_count(before + 1)
    other = Explore(chromium.new_context(viewport={"width": 1366, "height": 768}).new_page(), explore.url)
    other.page.goto(link)
    other.ready()
    assert other.look()["where"] == where
    assert other.pixels() == wanted
    expect(other.page.get_by_test_id(f"pad-{plane}")).to_have_attribute("aria-pressed", "true")
    # From the bookmark too, in a tab that was somewhere else; and the hand goes on from there on the same plane.
    other.press("reset")
    other.press("pad-points" if plane == "seeds" else "pad-seeds")
    other.page.get_by_test_id("bookmark-item").nth(before).get_by_role("button", name="Go to").click()
    until(lambda: other.pixels() == wanted)
    assert other.look()["where"] == where
    for one in (explore, other):
        one.page.get_by_test_id("pad").focus()
        one.page.keyboard.press("ArrowRight")
        one.rest()
    until(lambda: other.look() == explore.look() and other.look()["where"] != where)
    assert other.pixels() == explore.pixels()
    other.page.context.close()


def test_each_generator_that_comes_along_says_how_good_it_is(explore: Explore, shots: Path) -> None:
    page = explore.page
    for path in sorted(GENERATORS.glob("*.json")):
        said = json.loads(path.read_text())
        page.get_by_test_id("model").select_option(f"asset:{path.stem}")
        expect(page.get_by_test_id("card-verdict")).to_have_text(verdict(said["metrics"]))
        card = page.get_by_test_id("model-card")
        expect(card).to_contain_text(said["trained_on"])
        card.get_by_text("All measures").click()
        expect(page.get_by_test_id("card-measures").locator("dt")).to_have_text(list(said["metrics"]))
        expect(card).to_contain_text(said["command"].splitlines()[0])
        page.screenshot(path=shots / f"card-{path.stem}.png")
        card.get_by_text("All measures").click()


def test_a_phone_shows_the_picture_first(chromium: Browser, served: Server) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    explore = Explore(context.new_page(), served.url)
    explore.open()
    assert explore.page.evaluate("() => document.documentElement.scrollWidth") <= 390
    box = explore.picture.bounding_box()
    assert box
    assert box["width"] > 330
    assert box["y"] < 330
    context.close()


def brought(explore: Explore, tmp_path: Path, name: str) -> None:
    """A generator from elsewhere, chosen as a file."""
    model = {"conditional": CONDITIONAL, "styled": STYLED}[name]
    write_asset(tmp_path, name, model_of(model))
    explore.page.locator(".gx-pick input[type=file]").set_input_files(tmp_path / f"{name}.safetensors")
    explore.page.wait_for_function(
        "() => document.querySelector('.gx-explore').explorer.model.kind === 'file'", timeout=30_000
    )
    explore.ready()


def test_a_brought_generator_with_classes_can_be_mixed(explore: Explore, tmp_path: Path) -> None:
    brought(explore, tmp_path, "conditional")
    page = explore.page
    seen = [explore.pixels()]
    page.get_by_role("combobox", name="Class", exact=True).select_option(label="heart")
    seen.append(explore.pixels())
    page.get_by_role("combobox", name="Second class").select_option(label="circle")
    seen.append(explore.pixels())
    assert len(set(seen)) == 3
    assert explore.look()["class"] == [2, 0, 0.5]
    for wanted in (seen[1], seen[0]):
        explore.press("undo")
        assert explore.pixels() == wanted
    assert "file%3A" in page.url


def test_a_style_generator_is_explored_in_both_its_spaces(explore: Explore, tmp_path: Path) -> None:
    brought(explore, tmp_path, "styled")
    for mode in ("points", "directions", "seeds"):
        explore.press(f"pad-{mode}")
        explore.drag("pad", (0.3, 0.3), (0.7, 0.6))
        assert explore.page.evaluate("() => document.querySelector('.gx-explore').explorer.point.space") == "w", mode
    explore.press("tab-sliders")
    drawn = explore.drag("slider-2", (0.2, 0.5), (0.9, 0.5))
    assert len(drawn) >= 5
    assert "w" in explore.look()["where"]


def test_a_file_that_is_no_generator_is_one_sentence(explore: Explore, tmp_path: Path) -> None:
    before = explore.pixels()
    (tmp_path / "holiday.safetensors").write_bytes(b"not a generator at all")
    explore.page.locator(".gx-pick input[type=file]").set_input_files(tmp_path / "holiday.safetensors")
    expect(explore.said).to_contain_text("holiday.safetensors")
    assert explore.pixels() == before


def test_the_lab_leads_to_the_run_that_it_shows(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    lab.open(f"{SMALL}&batch_size=8&total_images=160")
    lab.press("Train")
    lab.expect_state("finished")
    run = lab.run_id()
    lab.press("Explore")
    explore = Explore(page, served.url)
    explore.ready()
    assert explore.page.evaluate("() => document.querySelector('.gx-explore').explorer.model.id") == f"run:{run}"


def test_a_brought_file_can_be_removed_and_had_back(explore: Explore) -> None:
    explore.open()
    remove, back = explore.page.get_by_test_id("remove"), explore.page.get_by_test_id("bring-back")
    expect(remove).to_be_hidden()
    asset = Path(__file__).parents[3] / "assets" / "generators" / "fashion.safetensors"
    explore.page.locator(".gx-top input[type=file]").set_input_files(asset)
    expect(remove).to_be_visible()
    model = explore.page.get_by_test_id("model")
    brought = model.input_value()
    assert brought.startswith("file:")
    remove.click()
    expect(back).to_be_visible()
    assert model.locator(f"option[value='{brought}']").count() == 0
    back.click()
    expect(model).to_have_value(brought)
    expect(back).to_be_hidden()

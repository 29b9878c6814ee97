"""Inside the generator, and one path over time, as a person sees them: a run of a few seconds, opened in Explore."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.serving import Server
from gan_core.cli.main import main
from tests.browser.canvases import levels, same_picture
from tests.browser.forked import server
from tests.browser.lab import until

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that finds one small conditional run with several checkpoints."""
    folder = tmp_path_factory.mktemp("trained")
    small = ["generator.width=8", "discriminator.width=8", "batch_size=32", "record.checkpoint_images=1000"]
    options = [word for pair in small for word in ("--set", pair)]
    places = ["--runs-dir", str(folder / "runs"), "--data-dir", str(folder / "data"), "--threads", "1"]
    assert main(["train", "--preset", "conditional-fashion", *options, "--images", "4000", *places]) == 0
    with server(folder) as at:
        yield at


def opened(page: Page, at: Server, tool: str) -> None:
    page.goto(f"{at.url}/explore")
    chooser = page.get_by_test_id("model")
    chooser.locator("option", has_text="onditional").first.wait_for(state="attached")
    run = chooser.locator("optgroup[label='Runs here'] option").first.get_attribute("value")
    chooser.select_option(run)
    expect(page.locator(".gx-note").first).to_contain_text("step 125")
    page.wait_for_function("""() => {
      const { explorer } = document.querySelector(".gx-explore");
      return explorer.point && !explorer.busy && !explorer.next;
    }""")  # its picture is there
    page.get_by_test_id(f"tab-{tool}").click()


def wait_for_change(canvas: Locator, before: np.ndarray) -> np.ndarray:
    def changed() -> list[np.ndarray]:
        now = levels(canvas)
        return [now] if now.shape != before.shape or (now != before).any() else []

    (found,) = until(changed)
    return found


def choose_unit(page: Page, column: float, row: float) -> int:
    maps = page.get_by_test_id("unit-maps")
    box = maps.bounding_box()
    assert box is not None
    maps.click(position={"x": box["width"] * column, "y": box["height"] * row})
    expect(page.get_by_test_id("unit-name")).to_have_text(re.compile(r"Unit \d+"))
    return int(page.get_by_test_id("unit-name").inner_text().split()[1])


def test_units_are_seen_switched_off_and_on_again(page: Page, trained: Server, shots: Path) -> None:
    opened(page, trained, "inside")
    picture, maps = page.get_by_test_id("picture"), page.get_by_test_id("unit-maps")
    expect(page.get_by_test_id("inside-layer").locator("option")).to_have_text(
        [re.compile("1 · dense, 16 maps of 7 × 7"), re.compile("2 · transposed convolution, 8 maps of 14 × 14")]
    )
    page.wait_for_function("() => document.querySelector('[data-testid=unit-maps]').width > 300")
    first, trained_maps = levels(picture), levels(maps)
    page.get_by_test_id("inside-layer").select_option("layers.2")
    wait_for_change(maps, trained_maps)
    unit = choose_unit(page, 0.3, 0.2)
    page.screenshot(path=shots / "inside-maps.png")

    # A unit off: the picture, the chip, the sign; and everything back
    page.get_by_test_id("unit-off").click()
    expect(page.get_by_test_id("units-changed")).to_contain_text(f"layer 2, unit {unit} · off")
    off = wait_for_change(picture, first)
    expect(page.get_by_test_id("unit-off")).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("unit-double").click()
    wait_for_change(picture, off)
    page.get_by_test_id("units-reset").click()
    expect(page.get_by_test_id("units-changed")).to_contain_text("No unit is changed")
    until(lambda: same_picture(levels(picture), first))

    # The maps follow the point
    still = levels(maps)
    page.get_by_test_id("random").click()
    wait_for_change(maps, still)

    # By keyboard: choose, and 0 switches off
    maps.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("unit-name")).to_have_text(f"Unit {unit + 1}")
    page.keyboard.press("0")
    expect(page.get_by_test_id("units-changed")).to_contain_text(f"layer 2, unit {unit + 1} · off")


def test_the_units_that_matter_and_what_convinced_the_discriminator(page: Page, trained: Server, shots: Path) -> None:
    opened(page, trained, "inside")
    page.get_by_test_id("inside-matter").click()
    rows = page.get_by_test_id("matter-list").locator("li")
    expect(rows).to_have_count(24)
    shares = [float(text.split()[0]) for text in page.locator(".gx-matter-unit b").all_inner_texts()]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.1
    # The first row's unit, switched off, moves the picture by as much as its bar says
    picture = page.get_by_test_id("picture")
    before = levels(picture)
    rows.first.get_by_role("button", name=re.compile("Switch")).click()
    after = wait_for_change(picture, before)
    assert 100 * np.abs(after - before).mean() / 255 == pytest.approx(shares[0], rel=0.1, abs=0.2)
    page.get_by_test_id("units-reset").click()

    page.get_by_test_id("matter-many").click()
    expect(page.get_by_test_id("matter-by")).to_have_value("more")
    expect(page.get_by_test_id("matter-words")).to_contain_text("Measured on 16 pictures of T-shirt/top, 24 units")
    page.screenshot(path=shots / "inside-matter.png")
    rows.first.locator(".gx-matter-unit").click()
    expect(page.get_by_test_id("unit-name")).to_have_text(re.compile(r"Unit \d+"))

    page.get_by_test_id("inside-judge").click()
    expect(page.get_by_test_id("judge-score")).to_have_text(re.compile(r"[\d.]+ % real"))
    sums = page.get_by_test_id("judge-sums").inner_text().replace("−", "-")
    found = re.search(
        r"picture ([+-]?[\d.]+), an empty one ([+-]?[\d.]+): .* is ([+-]?[\d.]+), .* to ([+-]?[\d.]+)\.", sums
    )
    assert found is not None, sums
    score, blank, difference, added = map(float, found.groups())
    assert score - blank == pytest.approx(difference, abs=0.02)
    assert added == pytest.approx(difference, abs=0.1 * abs(difference) + 0.05)
    heat = page.get_by_test_id("judge-canvas")
    integrated = levels(heat)
    blue, orange = integrated[..., 2] - integrated[..., 0] > 30, integrated[..., 0] - integrated[..., 2] > 30
    assert blue.any()
    assert orange.any()
    page.get_by_test_id("judge-occlusion").click()
    wait_for_change(heat, integrated)
    page.screenshot(path=shots / "inside-judge.png")


def test_one_path_at_several_moments_in_step(page: Page, trained: Server, shots: Path) -> None:
    opened(page, trained, "overtime")
    figures = page.get_by_test_id("time-grid").locator("figure")
    expect(page.get_by_test_id("time-words")).to_contain_text("moments of the training, each with")
    page.get_by_test_id("time-play").click()  # pause
    steps = [int(text.split("·")[0].replace("step", "").replace(",", "")) for text in figures.all_inner_texts()]
    assert 3 <= len(steps) <= 8
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (0, 125)  # from the untrained generator on
    scrub = page.get_by_test_id("time-scrub")
    scrub.fill("35")
    ends = [levels(figure.locator("canvas")) for figure in figures.all()]
    np.testing.assert_allclose(ends[-1], levels(page.get_by_test_id("picture")), atol=1)  # the present point
    assert np.abs(ends[0] - ends[-1]).max() > 20  # another moment, another picture
    scrub.fill("0")
    starts = [levels(figure.locator("canvas")) for figure in figures.all()]
    assert all((a != b).any() for a, b in zip(starts, ends, strict=True))
    page.screenshot(path=shots / "overtime.png")
    page.get_by_test_id("random").click()
    expect(page.get_by_test_id("time-words")).to_contain_text("draw again")
    page.get_by_test_id("time-draw").click()
    expect(page.get_by_test_id("time-words")).to_contain_text("moments of the training, each with")


def test_a_phone_has_room_for_all_of_it(chromium: Browser, trained: Server, shots: Path) -> None:
    context = chromium.new_context(viewport=PHONE, color_scheme="dark", reduced_motion="reduce")
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    opened(page, trained, "inside")
    unit, score = page.get_by_test_id("matter-list").locator("li").first, page.get_by_test_id("judge-score")
    for view, there in {"maps": page.get_by_test_id("unit-maps"), "matter": unit, "judge": score}.items():
        page.get_by_test_id(f"inside-{view}").click()
        expect(there).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.get_by_test_id("panel-inside").screenshot(path=shots / f"inside-phone-{view}.png")
    page.get_by_test_id("tab-overtime").click()
    expect(page.get_by_test_id("time-words")).to_contain_text("moments of the training, each with")
    expect(page.get_by_test_id("time-play")).to_have_attribute("aria-pressed", "false")  # nothing moves by itself
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_test_id("panel-overtime").screenshot(path=shots / "overtime-phone.png")
    context.close()
    assert problems == []

"""What a person does with hands and keys: zoom, replay, keyboard alone, branch, and being watched by a second tab."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.serving import ROOT, Server, server
from gan_core.runs.storage.run_folder import RunFolder
from tests.browser.lab import AT_REST, CALM, Lab, step_in, told_by, until

LONG = "total_images=100000000"
WATCH_CAPTION = """() => {
  const caption = document.querySelector('[data-testid="film-step"]');
  window.captions = [];
  new MutationObserver(() => captions.push(caption.innerText)).observe(
    caption, { childList: true, characterData: true, subtree: true });
}"""
"""`captions`: what stood under the picture from now on."""


def _range(chart: Locator) -> list[float]:
    found = chart.locator(".gs-plot").evaluate("p => p._fullLayout ? [...p._fullLayout.xaxis.range] : []")
    return [float(x) for x in found]


def test_a_zoomed_chart_stays_where_it_is_while_data_arrives(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    lab.open(f"preset=fashion-fast&{CALM}&{LONG}")
    lab.press("Train")
    folder = RunFolder(served.runs_dir / lab.run_id())
    chart = page.get_by_test_id("chart-losses")
    chart.scroll_into_view_if_needed()  # it is drawn where it is seen
    until(lambda: len(now := _range(chart)) == 2 and now[1] > 30)
    chart.locator(".gs-plot .nsewdrag").hover()  # it stands still by then
    box = chart.locator(".gs-plot .nsewdrag").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.2 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], y, steps=5)
    page.mouse.up()
    expect(chart.get_by_role("button", name="Whole run")).to_be_visible()
    zoomed = _range(chart)
    plot, points = chart.locator(".gs-plot"), len(folder.points()["step"])
    until(lambda: len(folder.points()["step"]) > points + 10)
    plot.evaluate("p => { p.redraws = 0; p.on('plotly_afterplot', () => { p.redraws += 1; }); }")
    until(lambda: plot.evaluate("p => p.redraws") >= 2)
    assert _range(chart) == zoomed
    until(lambda: _range(page.get_by_test_id("chart-scores")) == zoomed)  # the charts move together

    def back_to_the_whole() -> bool:
        page.mouse.dblclick(box["x"] + 0.5 * box["width"], y)  # two clicks, where the machine is quick enough
        return len(now := _range(chart)) == 2 and now[1] > zoomed[1]

    until(back_to_the_whole)
    expect(chart.get_by_role("button", name="Whole run")).to_be_hidden()

    # Replay: from the first picture on, and back to the newest at the end.
    page.evaluate(WATCH_CAPTION)
    said = told_by(page.get_by_test_id("play"))
    page.get_by_test_id("play").click()
    until(lambda: "Stop" in "".join(now := said()) and "Stop" not in now[-1])
    seen = [step for step in map(step_in, page.evaluate("() => captions")) if step >= 0]
    seen = seen[seen.index(min(seen)) :]  # before it there was the newest
    assert seen[0] < 5
    assert seen == sorted(seen)
    assert len(set(seen)) > 5
    until(lambda: lab.step() > seen[-1])
    lab.press("Stop")
    lab.expect_state("stopped")


@pytest.mark.long  # the branch: tests/runs/lineage/test_branches.py; its form: tests/pages/lab/test_lab.py
def test_a_branch_from_a_checkpoint_with_another_loss(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    lab.open(f"preset=fashion-fast&{CALM}&{LONG}")
    lab.press("Train")
    parent = lab.run_id()
    until(lambda: lab.step() > 10)
    lab.press("Checkpoint")
    expect(lab.button("Branch")).to_be_visible()
    lab.press("Stop")
    lab.expect_state("stopped")
    page.locator("[class*='st-key-next-group-Objective'] summary").click()
    page.locator(".st-key-next-loss").get_by_role("combobox").click()
    page.get_by_role("option", name="Hinge").click()
    lab.press("Branch")
    expect(page.get_by_text("With 1 setting of the panel changed")).to_be_visible()
    lab.press("Start the branch")
    page.wait_for_url(lambda url: "run=" in url and parent not in url)
    folder = RunFolder(served.runs_dir / lab.run_id())
    about = folder.manifest()
    assert about.parent == parent
    assert "hinge" in str(about.config["loss"])
    until(lambda: folder.status().step > about.parent_step + 5)
    expect(page.get_by_text("The higher, the more real to D", exact=False)).to_be_visible()
    lab.press("Stop")
    lab.expect_state("stopped")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)  # stopping says nothing that went wrong


def test_from_train_to_the_first_picture_with_keys_alone(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    lab.open(f"preset=fashion-fast&{CALM}&{LONG}&seed=4")
    _tab_to(page, "Train")
    page.keyboard.press("Enter")
    lab.expect_state("training")
    until(lambda: lab.step() > 10)
    _tab_to(page, "Pause")
    page.keyboard.press("Enter")
    lab.expect_state("paused")
    _tab_to(page, "Moment of the training")
    until(lambda: page.keyboard.press("Home") or lab.step() == 0)
    page.keyboard.press("ArrowRight")
    until(lambda: lab.step() > 0)
    _tab_to(page, "Stop", back=True)
    page.keyboard.press("Space")
    lab.expect_state("stopped")


def _tab_to(page: Page, name: str, *, back: bool = False) -> None:
    """Press Tab until the control of this name has the focus, which must be seen. It may have it already."""
    for presses in range(60):
        if presses:
            page.keyboard.press("Shift+Tab" if back else "Tab")
        here = page.evaluate(
            """() => {
              const here = document.activeElement, look = getComputedStyle(here);
              const seen = look.outlineStyle !== "none" || look.boxShadow !== "none";
              return [(here.ariaLabel || here.innerText || "").trim(), seen];
            }"""
        )
        if re.search(rf"(^|\n){re.escape(name)}$", here[0]):
            assert here[1], f"{name} has the focus, but it cannot be seen"
            return
    raise AssertionError(f"{name} was not reached with the Tab key")


@pytest.mark.long  # two tabs: test_train_live.py; what a run tells: tests/pages/server/live/test_channel.py
def test_one_tab_steers_and_the_other_follows(page: Page, chromium: Browser, served: Server) -> None:
    lab = Lab(page, served.url)
    lab.open(f"preset=fashion-fast&{CALM}&{LONG}&seed=5")
    lab.press("Train")
    run = lab.run_id()
    lab.expect_state("training")
    other_page = chromium.new_page()
    other = Lab(other_page, served.url)
    other.open(f"run={run}")
    slider = other_page.locator(".st-key-steer-g_optimizer-lr input[type=range]")
    expect(other_page.locator(AT_REST)).to_be_attached()
    slider.focus()
    slider.press("ArrowLeft")
    expect(page.get_by_text("Changed on the way")).to_be_visible()
    mine = page.locator(".st-key-steer-g_optimizer-lr-1 input[type=range]")  # another: nobody hears the one before
    until(lambda: mine.get_attribute("aria-valuetext") == slider.get_attribute("aria-valuetext"))
    other.press("Stop")
    lab.expect_state("stopped")
    other_page.close()
    assert len(RunFolder(served.runs_dir / run).changes()) == 1  # and nothing but what was asked for


def test_a_slider_of_a_run_that_is_moved_by_keys_goes_where_they_say(page: Page, served: Server) -> None:
    """Each press makes the page be drawn again, and what is drawn late must not turn the next one back."""
    page.goto(f"{served.url}/?preset=ring&view=simple&speed=normal&{LONG}")
    lab = Lab(page, served.url)
    lab.press("Train")
    folder = RunFolder(served.runs_dir / lab.run_id())
    slider = page.get_by_role("slider", name="G’s pace")
    expect(lab.button("Pause")).to_be_visible()
    for key, aim in (("ArrowRight", 0.03), ("ArrowLeft", 0.003)):
        begun = len(folder.changes())
        for _ in range(6):
            slider.press(key, delay=150)  # as a finger does: the page is still on its way to the press before
        until(lambda aim=aim: folder.changes()[-1].after == aim)
        moved = [(change.before, change.after) for change in folder.changes()[begun:]]
        assert all((before < after) == (key == "ArrowRight") for before, after in moved)
    lab.press("Stop")


def test_two_quick_clicks_on_train_make_one_run(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    lab.open(f"preset=fashion-fast&{CALM}&{LONG}&seed=6")
    before = len(list(served.runs_dir.glob("*/config.json")))
    expect(page.locator(AT_REST)).to_be_visible()  # the button stays where it is
    lab.button("Train").dblclick()
    lab.expect_state("training")
    lab.press("Stop")
    lab.expect_state("stopped")  # what was pressed before has been done by now
    assert len(list(served.runs_dir.glob("*/config.json"))) == before + 1


SLOW_START = """
import time
from pathlib import Path
from gan_core.runs.manager import RunManager
start, here = RunManager.start, Path(__file__).parent
def slowly(*args, **kwargs):
    (here / "begun").touch()
    while not (here / "clicked-again").exists():
        time.sleep(0.01)
    return start(*args, **kwargs)
RunManager.start = slowly
"""


@pytest.mark.long  # presses that wait: tests/pages/server/test_presses.py, test_components.py
def test_the_second_click_of_two_waits_for_the_first(page: Page, tmp_path: Path) -> None:
    """Its page is drawn with the run, though that is still being made when the click comes."""
    (tmp_path / "sitecustomize.py").write_text(SLOW_START, "utf-8")
    with server(tmp_path, environment={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}) as served:
        lab = Lab(page, served.url)
        lab.open(f"preset=fashion-fast&{CALM}&{LONG}&seed=7")
        expect(page.locator(AT_REST)).to_be_visible()
        lab.press("Train")
        until((tmp_path / "begun").exists)
        lab.button("Train").click()
        (tmp_path / "clicked-again").touch()
        lab.expect_state("training")
        assert len(list(served.runs_dir.glob("*/config.json"))) == 1
        lab.press("Stop")
        lab.expect_state("stopped")

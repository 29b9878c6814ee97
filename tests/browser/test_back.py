"""Back and Forward, a press at a page's link, and choices that stand while a run goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import Server
from pages.server.http.modules import modules
from tests.browser.lab import SMALL, Lab, until

LINK = f"preset=fashion-fast&{SMALL}&total_images=100000000&seed=7&speed=normal"


@pytest.fixture
def going(page: Page, served: Server) -> Iterator[tuple[Lab, str]]:
    """A run that goes on, begun from a link with settings; at the end it is what the page shows, and is stopped."""
    lab = Lab(page, served.url)
    lab.open(LINK)
    lab.press("Train")
    page.wait_for_url(re.compile("run="))
    run = lab.run_id()
    until(lambda: lab.step() > 0)
    yield lab, run
    lab.press("Stop")
    lab.expect_state("stopped")


def test_back_brings_the_settings_of_the_link_and_forward_the_run(page: Page, going: tuple[Lab, str]) -> None:
    lab, run = going
    page.go_back()
    lab.expect_state("ready")
    assert page.url.endswith(LINK)
    page.get_by_text("Length and recording").click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("7")
    lab.expect_state("ready")
    assert page.url.endswith(LINK)
    page.go_forward()
    lab.expect_state("training")
    assert lab.run_id() == run


def test_one_press_leads_to_compare_and_back_leads_back(page: Page, going: tuple[Lab, str]) -> None:
    lab, run = going
    for _ in range(3):
        page.get_by_role("link", name="Compare").first.click()
        expect(page.get_by_role("tab", name="Curves")).to_be_visible()
        page.get_by_role("link", name="Lab").first.click()
        page.wait_for_url(re.compile(f"run={run}"))
        until(lambda: lab.step() > 0)
    entries = page.evaluate("history.length")
    page.get_by_role("link", name="Compare").first.click()
    page.get_by_role("tab", name="Curves").click()
    page.wait_for_url(re.compile("tab=curves"))
    page.go_back()
    expect(page.get_by_role("tab", name="Runs", exact=True)).to_have_attribute("aria-selected", "true")
    page.go_back()
    page.wait_for_url(re.compile(f"run={run}"))
    until(lambda: lab.step() > 0)
    assert page.evaluate("history.length") <= entries + 2  # no step that changes nothing


def test_a_rerun_that_a_component_asks_for_waits_after_a_press_at_a_link(page: Page) -> None:
    """Streamlit does only the newest of the reruns that wait: one of the page that is left would undo the press."""
    page.clock.install()
    page.set_content('<a href="#there">There</a><div id="place"></div>')
    mounting = modules()["ui/web/mounting.js"].decode()
    page.add_script_tag(content=f"{mounting}\nwindow.component = component;", type="module")
    page.wait_for_function("() => window.component")
    page.evaluate(
        """() => {
          window.told = [];
          const mount = component(() => ({ update(_, tell) { window.tell = tell; }, close() {} }));
          const parentElement = document.querySelector("#place");
          mount({ data: [0], parentElement, setTriggerValue: (name) => told.push(name), setStateValue() {} });
        }"""
    )
    page.evaluate("() => tell('moved', 1)")
    assert page.evaluate("told") == ["moved"]
    page.get_by_role("link", name="There").click()
    page.evaluate("() => { tell('moved', 2); tell('branch', 3); }")
    assert page.evaluate("told") == ["moved", "branch"]
    page.clock.fast_forward(6_000)
    assert page.evaluate("told") == ["moved", "branch", "moved"]
    page.evaluate("() => { window.dispatchEvent(new PopStateEvent('popstate')); tell('moved', 4); }")
    assert page.evaluate("told.length") == 3
    page.evaluate("() => document.querySelector('#place').remove()")  # the page has gone meanwhile
    page.clock.fast_forward(6_000)
    assert page.evaluate("told.length") == 3


def test_the_choice_of_a_run_stands_while_one_trains(page: Page, going: tuple[Lab, str]) -> None:
    lab, run = going
    runs = page.get_by_role("button", name=re.compile("^history Runs|^Runs"))
    runs.click()
    box = page.get_by_role("combobox", name="Watch a run")
    expect(box).to_be_visible()
    box.click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    step = lab.step()
    until(lambda: lab.step() > step + 20)
    lab.press("Checkpoint")
    until(lambda: lab.step() > step + 40)
    lab.press("Pause")
    lab.expect_state("paused")
    assert lab.run_id() == run
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


@pytest.mark.long  # its dialog: tests/pages/lab/test_lab.py; the branch: tests/runs/lineage/test_branches.py
def test_a_branch_begins_at_the_moment_that_is_looked_at(page: Page, going: tuple[Lab, str]) -> None:
    lab, _ = going
    until(lambda: lab.step() > 20)
    lab.press("Pause")
    lab.expect_state("paused")
    paused = int(re.sub(r"\D", "", page.get_by_test_id("step").inner_text()))
    until(lambda: lab.step() == paused)  # the samples of this very step, and kept
    timeline = page.get_by_test_id("timeline")
    until(lambda: f"step {paused}," in (timeline.get_attribute("aria-valuetext") or ""))
    page.get_by_role("button", name="Branch", exact=True).click()
    field = page.get_by_role("spinbutton", name="At step")
    expect(field).to_have_value(str(paused))
    page.keyboard.press("Escape")
    timeline.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    looked = int((timeline.get_attribute("aria-valuetext") or "").removeprefix("step ").split(",")[0])
    assert 0 < looked < paused
    until(lambda: lab.step() == looked)  # not the picture of a moment that was passed on the way
    page.locator(".st-key-branch").get_by_role("button").click()
    expect(field).to_have_value(str(looked))
    page.wait_for_url(re.compile(rf"[?&]at={looked}\b"))
    page.reload()
    until(lambda: lab.step() == looked)  # which the address holds

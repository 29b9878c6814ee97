"""Every page by ear and by eye: plain words for screen readers, enough contrast, and a focus that can be seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server, server
from tests.browser.readable import contrast, faint_texts, raw_names
from tests.runs.helpers import at_rest, open_manager, quick

SCHEMES = ("light", "dark")
SLOW_MS = 60_000


@dataclass(frozen=True)
class Stocked:
    """A server with runs: one of images, one of points, twins, and a branch of the first."""

    at: Server
    images: str
    points: str
    twin: str
    branch: str


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stocked]:
    folder: Path = tmp_path_factory.mktemp("stocked")
    with closing(open_manager(folder)) as manager:
        images = manager.start(quick(steps=40), title="Images")
        points = manager.start(quick(steps=40, data="ring", batch_size=16), title="Points")
        twins = manager.start_twins(quick(steps=40), {"d_optimizer.lr": 0.001})
        for run in (images, points, *twins):
            at_rest(manager, run)
        branch = manager.branch(images, 20, {"d_optimizer.lr": 0.0005})
        at_rest(manager, branch)
    with server(folder) as at:
        yield Stocked(at, images, points, twins[0], branch)


PLACES = {
    "/": "live",
    "/?preset=ring": "live",
    "/?run={images}": "live",
    "/?run={points}": "live",
    "/?run={twin}": "live",
    "/?run={images}&projector=1": "live",
    "/?run={points}&projector=1": "live",
    "/compare?tab=runs&runs={images},{points}": "stTabs",
    "/compare?tab=curves&runs={images},{branch}": "stTabs",
    "/compare?tab=samples&runs={images},{branch}": "stTabs",
    "/compare?tab=settings&runs={images},{branch},{twin}": "stTabs",
    "/compare?tab=family": "stTabs",
    "/compare?tab=sweeps": "stTabs",
    "/gallery": "stBaseButton-secondary",
    "/gallery?projector=1": "stBaseButton-secondary",
    "/learn": "stBaseButton-primary",
    "/data": "stBaseButton-secondary",
    "/explore": "picture",
    "/explore?model=run:{images}": "picture",
}
"""Path of every page and tab -> the test id that says that it is drawn."""


def settle(page: Page) -> None:
    """Until the page's script is at its end and nothing that is older stands there."""
    page.wait_for_function(
        """() => !document.querySelector('[data-stale="true"], [data-testid="stSkeleton"]')
          && document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning" """,
        timeout=SLOW_MS,
    )


@pytest.fixture(params=SCHEMES)
def tinted(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A tab of somebody who likes pages light, or dark, and still."""
    context = chromium.new_context(
        viewport={"width": 1366, "height": 768}, color_scheme=request.param, reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PLACES)
def test_every_page_is_plain_words_and_no_text_is_faint(tinted: Page, stocked: Stocked, path: str) -> None:
    page, faint, raw = tinted, [], []

    def look(where: str) -> None:
        settle(page)
        faint.extend((where, text) for text in faint_texts(page))
        raw.extend((where, name) for name in raw_names(page))

    page.goto(stocked.at.url + path.format(**vars(stocked)))
    expect(page.get_by_test_id(PLACES[path]).first).to_be_visible(timeout=SLOW_MS)
    settle(page)
    for group in page.get_by_test_id("stExpander").locator("summary").all():
        if group.is_visible():
            group.click()
    look("page")
    for tool in page.locator("[data-testid^='tab-']").all():  # of Explore
        tool.click()
        look(tool.inner_text())
    for button in page.get_by_test_id("stPopoverButton").all():
        button.click()
        expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
        look(button.inner_text())
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("stPopoverBody")).to_be_hidden()
    assert raw == []
    assert faint == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_focus_on_every_link_between_pages_is_seen(chromium: Browser, stocked: Stocked, scheme: str) -> None:
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(stocked.at.url + "/learn")
    expect(page.get_by_test_id("stBaseButton-primary").first).to_be_visible(timeout=SLOW_MS)
    names = ["Lab", "Explore", "Compare", "Failures", "Learn", "Data"]
    for name in names:
        link = page.get_by_test_id("stTopNavLink").filter(has_text=name)
        link.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")  # as somebody comes who uses the keys
        expect(link).to_be_focused()
        style = link.evaluate(
            """e => (({ outlineStyle, outlineWidth, outlineColor }) =>
              [outlineStyle, parseFloat(outlineWidth), outlineColor])(getComputedStyle(e))"""
        )
        assert style[0] == "solid"
        assert style[1] >= 2
        assert contrast(page, style[2], "rgb(251, 250, 247)" if scheme == "light" else "rgb(18, 22, 28)") >= 3
    context.close()


def test_a_faint_text_and_markup_in_a_name_would_be_found(page: Page) -> None:
    page.set_content(
        """<style>:root { --st-background-color: #ffffff; }</style>
        <p style="color: #767676">enough</p><p style="color: #7f7f7f">faint</p>
        <div style="opacity: 0.5"><p style="color: #000000">faded</p></div>
        <div style="background: #0072b2"><b style="color: #ffffff; font-size: 14px">on blue</b></div>
        <div style="background: rgba(0, 114, 178, 0.5)"><b style="color: #fff; font-size: 14px">on half blue</b></div>
        <p style="color: #949494; font-size: 24px">large</p>
        <button disabled style="color: #dddddd">idle</button>
        <input type="range" aria-label="Rate :gray[(points)]"><input type="range" aria-label="Rate (points)">"""
    )
    assert [text["words"] for text in faint_texts(page)] == ["faint", "faded", "on half blue"]
    assert raw_names(page) == ["Rate :gray[(points)]"]

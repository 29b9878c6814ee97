"""Every page by ear and by eye: what axe-core finds in it, and plain words for screen readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server
from tests.browser.forked import server
from tests.browser.lab import until
from tests.runs.helpers import at_rest, open_manager, quick

SCHEMES = ("light", "dark")
GRAVE = ("serious", "critical")
MARKUP = re.compile(r"\*\*|:material/|:[a-z]+-badge\[|:(gray|green|orange|red|blue|violet|small)\[|\]\(|</?[a-z]+>")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
OF_COLOUR = {**RULES, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What may be found in one scheme and not in the other, where the page is the same."""
AXE = Axe()


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
    "/?run={images}": "live",
    "/?run={points}&projector=1": "live",
    "/compare?tab=runs&runs={images},{points}": "stTabs",
    "/compare?tab=curves&runs={images},{branch}": "stTabs",
    "/compare?tab=samples&runs={images},{branch}": "stTabs",
    "/compare?tab=settings&runs={images},{branch},{twin}": "stTabs",
    "/compare?tab=family": "stTabs",
    "/compare?tab=sweeps": "stTabs",
    "/gallery": "stBaseButton-secondary",
    "/learn": "stBaseButton-primary",
    "/?preset=ring&lesson=04": "lesson",
    "/apply?workshop=augmentation": "stBaseButton-primary",
    "/apply?workshop=pictures": "paint-canvas",
    "/apply?workshop=editing": "edit-picture",
    "/apply?workshop=video": "stFileUploaderDropzone",
    "/apply?workshop=video&what=film": "strength",
    "/apply?workshop=video&what=camera": "camera-start",
    "/apply?workshop=tables": "stFileUploaderDropzone",
    "/apply?workshop=rows": "stFileUploaderDropzone",
    "/data": "stBaseButton-secondary",
    "/explore?model=run:{images}": "picture",
    "/class": "class",
}
"""Path of every page and tab -> the test id that says that it is drawn."""
FIRST = {
    "/?run={images}", "/compare?tab=runs&runs={images},{points}", "/gallery", "/learn", "/?preset=ring&lesson=04",
    "/apply?workshop=pictures", "/apply?workshop=video&what=camera", "/data", "/explore?model=run:{images}", "/class",
}  # fmt: skip
"""Of each room one or two; the others, and the colours of the other scheme, are looked at in the long trials."""
ORDER = sorted(PLACES, key=lambda path: path not in FIRST)


UNSETTLED = """async () => {
  // What follows from what was just done is drawn with the next frames; none may come.
  await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); setTimeout(done, 500); });
  const app = document.querySelector('[data-testid="stApp"]'), found = [];
  const state = app?.dataset.testScriptState, dark = matchMedia("(prefers-color-scheme: dark)").matches;
  if (state !== "notRunning") found.push(`the script is ${state}`);
  for (const one of document.getAnimations()) // what moves with the scrolling has a timeline of its own
    if (one.timeline instanceof DocumentTimeline && one.playState !== "finished") // one that holds its end is over
      found.push(`${one.animationName ?? one.transitionProperty} of ${one.effect?.target?.outerHTML.slice(0, 200)}`);
  for (const one of document.querySelectorAll('[data-stale="true"], [data-testid="stSkeleton"]'))
    found.push(`stale: ${one.outerHTML.slice(0, 200)}`);
  if (app && (getComputedStyle(app).colorScheme === "dark") !== dark) found.push("the other scheme");
  return found;
}"""


def settle(page: Page) -> None:
    """Until the page's script is at its end, nothing that is older stands there, and no colour is on its way."""
    # Asked from here: a page that draws no frames would not look by itself. Twice, as one change may bring another.
    left: list[str] = []

    def settled() -> bool:
        left[:] = page.evaluate(UNSETTLED) or page.evaluate(UNSETTLED)
        return not left

    try:
        until(settled)
    except AssertionError as late:
        raise AssertionError("\n".join(left)) from late


def findings(page: Page, within: str | None = None, rules: dict[str, Any] = RULES) -> set[tuple[str, str, str]]:
    """What axe finds that is grave: (rule, where, why); and what a screen reader would read out as markup.

    within: the selector of what was opened on a page that has been looked at, as axe takes seconds for a whole one.
    """
    found = set()
    for broken in AXE.run(page, within, rules).response["violations"]:
        if broken["impact"] in GRAVE:
            for node in broken["nodes"]:
                why = node["failureSummary"].splitlines()[-1].strip()
                found.add((broken["id"], str(node["target"]) + node["html"][:160], why))
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    said = {str(node.get(part, {}).get("value", "")) for node in nodes for part in ("name", "description")}
    said -= {str(n.get("name", {}).get("value", "")) for n in nodes if n.get("role", {}).get("value") == "code"}
    return found | {("markup", words, "") for words in said if MARKUP.search(words)}


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        pytest.param(path, SCHEMES[i % 2], marks=[] if path in FIRST else [pytest.mark.long])
        for i, path in enumerate(ORDER)
    ],
)
def test_every_page_can_be_read(page: Page, stocked: Stocked, path: str, scheme: Any) -> None:
    found: set[tuple[str, ...]] = set()

    def look(where: str, within: str | None = None) -> None:
        found.update((scheme, where, *what) for what in findings(page, within))

    open_page(page, stocked, path, scheme)
    look("page")
    for tool in page.locator("[data-testid^='tab-']").all():  # of Explore
        tool.click()
        settle(page)
        look(tool.inner_text(), "[role=tabpanel]:not([hidden])")
    for button in page.get_by_test_id("stPopoverButton").all():
        button.click()
        expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
        page.mouse.move(0, 0)  # else words about the button come and go above it
        settle(page)
        look(button.inner_text().strip(), "[data-testid=stPopoverBody]")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("stPopoverBody")).to_be_hidden()
    assert not found, "\n".join(" | ".join(what) for what in sorted(found))


@pytest.mark.long  # the colours are the theme's, of which both schemes are looked at above
@pytest.mark.parametrize(("path", "scheme"), [(path, SCHEMES[1 - i % 2]) for i, path in enumerate(ORDER)])
def test_every_page_can_be_read_in_the_other_scheme(page: Page, stocked: Stocked, path: str, scheme: Any) -> None:
    """Its colours: all else is the same page."""
    open_page(page, stocked, path, scheme)
    assert not findings(page, rules=OF_COLOUR)


def open_page(page: Page, stocked: Stocked, path: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(stocked.at.url + path.format(**vars(stocked)))
    expect(page.get_by_test_id(PLACES[path]).first).to_be_visible()
    settle(page)
    for group in page.get_by_test_id("stExpander").locator("summary").all():
        if group.is_visible():
            group.click()
    settle(page)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_focus_on_every_link_between_pages_is_seen(chromium: Browser, stocked: Stocked, scheme: str) -> None:
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(stocked.at.url + "/learn")
    expect(page.get_by_test_id("stBaseButton-primary").first).to_be_visible()
    for name in ("Lab", "Explore", "Compare", "Failures", "Learn", "Apply", "Data"):
        link = page.get_by_test_id("stTopNavLink").filter(has_text=name)
        link.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")  # as somebody comes who uses the keys
        expect(link).to_be_focused()
        style, width = link.evaluate(
            "e => (({ outlineStyle, outlineWidth }) => [outlineStyle, parseFloat(outlineWidth)])(getComputedStyle(e))"
        )
        assert style == "solid"
        assert width >= 2
    context.close()


def test_a_faint_text_and_markup_in_a_name_would_be_found(page: Page) -> None:
    page.set_content(
        """<html lang="en"><title>t</title><p style="color: #767676">enough</p><p style="color: #7f7f7f">faint</p>
        <input type="range" aria-label="Rate :gray[(points)]"><input type="range" aria-label="Rate (points)">"""
    )
    found = sorted(findings(page))
    assert [rule for rule, _, _ in found] == ["color-contrast", "markup"]
    assert "faint" in found[0][1]
    assert found[1][1] == "Rate :gray[(points)]"

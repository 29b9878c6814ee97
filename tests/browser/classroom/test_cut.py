"""A half-open connection is found within ten seconds, and the same place comes back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, expect

from pages.server.http.modules import modules
from tests.browser.classroom.cut import cable
from tests.browser.forked import server
from tests.browser.lab import AT_REST, until
from tests.runs.helpers import at_rest, open_manager, quick

HEARD = """(() => {
  if (!window.heard) {
    window.heard = [];
    for (const kind of ["click", "keydown"]) {
      document.addEventListener(kind, (event) => window.heard.push(event.key ?? event.type), true);
    }
  }
  return window.heard.filter((key) => ["click", "Enter", "p"].includes(key));
})()"""
ANSWERED = """(() => {
  const known = window[Symbol.for("ganscope.streamlit-socket")];
  return known.heard > known.sent;
})()"""
LIVE = "document.querySelector('[data-testid=live]').live"


def test_a_cut_is_found_and_step_settings_and_forms_come_back(page: Page, tmp_path: Path, shots: Path) -> None:
    manager = open_manager(tmp_path)
    run = manager.start(quick(steps=40), title="Cut")
    at_rest(manager, run)
    manager.close()
    with server(tmp_path) as at, cable(at.url) as between:
        sockets: list[str] = []
        in_vain: list[str] = []
        page.on("websocket", lambda made: sockets.append(made.url))
        page.on("requestfailed", lambda request: in_vain.append(request.url))
        page.goto(f"{between.url}/?run={run}&view=full")
        expect(page.get_by_test_id("film-step")).to_contain_text("step", timeout=180_000)  # the engine has started
        page.wait_for_selector(AT_REST)
        timeline = page.get_by_test_id("timeline")
        expect(timeline).to_be_enabled()
        timeline.evaluate("s => { s.value = '1'; s.dispatchEvent(new Event('input')); }")
        looked = page.evaluate(f"{LIVE}.film.kept[1][0]")
        expect(page.get_by_test_id("film-step")).to_contain_text(f"step {looked} ")
        page.get_by_text("Length and recording").click()
        page.wait_for_selector(AT_REST)
        seed = page.get_by_role("spinbutton", name="Seed")
        seed.fill("4321")
        seed.press("Enter")
        page.wait_for_selector(AT_REST)
        seed.fill("987")  # half-filled: nothing has been sent of it

        before = len(sockets)
        between.cut()
        until(
            lambda: opened(page, sockets[before:]) >= {"live", "classroom", "stream"}
        )  # the last is Streamlit's own
        assert not [url for url in in_vain if url.endswith("health")], "Streamlit asked over dead connections"

        expect(page.get_by_test_id("film-step")).to_contain_text(f"step {looked} ")
        assert not page.evaluate(f"{LIVE}.film.live")
        expect(seed).to_have_value("987")
        page.get_by_test_id("toggle-real").click()
        expect(page.get_by_test_id("live").first).to_be_visible()
        until(lambda: not page.evaluate(f"{LIVE}.down"))
        seed.press("Enter")  # and it is heard; whatever was pressed before has its answer by then
        until(lambda: page.evaluate(ANSWERED))
        page.wait_for_selector(AT_REST)

        # a press that finds the connection dead: said within seconds, named when it is back, done when asked for
        toggle = page.get_by_test_id("stBaseButton-tertiary").filter(has_text="Projector").first
        lost, leave = page.get_by_test_id("lost"), page.get_by_text("Leave projector mode").first
        expect(lost).to_be_hidden()
        between.cut()
        toggle.click()
        expect(lost).to_contain_text("has not answered for two seconds")
        expect(lost).to_contain_text("Your press on “Projector” had no answer.")
        expect(leave).to_be_hidden()  # it is not done by itself: it could be done twice
        page.screenshot(path=shots / "class-press.png")
        page.get_by_test_id("press-again").click()
        expect(leave).to_be_visible()
        expect(lost).to_be_hidden()
        leave.click()
        expect(toggle).to_be_visible()
        page.wait_for_selector(AT_REST)

        # for longer: what would be lost cannot be pressed, and that is said until it can
        between.cut(gone=True)
        expect(lost).to_contain_text("Nothing can be pressed")
        assert toggle.evaluate("b => getComputedStyle(b).pointerEvents") == "none"
        toggle.focus()
        heard = page.evaluate(HEARD)
        page.keyboard.press("Enter")
        page.keyboard.press("p")  # its shortcut
        assert page.evaluate(HEARD) == heard == [], "a press was taken that nobody hears"
        between.mend()
        expect(lost).not_to_contain_text("Nothing can be pressed")
        expect(seed).to_have_value("987")
        toggle.click()
        expect(leave).to_be_visible()


def test_it_is_found_within_ten_seconds() -> None:
    """Of silence, and the look that goes on now and then; how long a busy machine takes over it is not the page's."""
    script = modules()["ui/web/channel/wire.js"].decode()
    silent, look = (int(re.findall(rf"{name} = (\d+)", script)[0]) for name in ("SILENT_MS", "LOOK_MS"))
    assert silent + look < 10_000


def opened(page: Page, sockets: Sequence[str]) -> set[str]:
    page.evaluate("1")  # what has happened is told while something is asked
    return {kind(url) for url in sockets}


def kind(url: str) -> str:
    path = url.split("?")[0].rsplit("/", 2)
    return path[-2] if path[-2] == "live" else path[-1]

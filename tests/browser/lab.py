"""What a person sees and does on the Lab page, by name."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

SMALL = "generator.width=8&discriminator.width=8&discriminator.dense_units=0&precision=float32&record.every_steps=2"
"""Networks so small that a step is quick even where two cores are shared."""
CALM = f"{SMALL}&speed=normal"
"""The same at fifty steps a second at most: what a page does with a run is seen without a processor for the run."""
AT_REST = "[data-test-script-state=notRunning]"
"""The page when it is drawn to its end: what is pressed before may be of what stood there before."""


class Lab:
    """The page, driven as a user would drive it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.film, self.caption = page.get_by_test_id("film"), page.get_by_test_id("film-step")
        self.state = page.get_by_test_id("state")

    def open(self, query: str = "view=full") -> None:
        self.page.goto(f"{self.url}/{'?' + query if query else ''}")
        expect(self.film).to_be_visible()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def press(self, name: str) -> None:
        """Once the page is drawn to its end; `button` has what is to be pressed before."""
        expect(self.page.locator(AT_REST)).to_be_attached()
        self.button(name).click()

    def expect_state(self, words: str) -> None:
        expect(self.state).to_have_text(re.compile(words, re.IGNORECASE))

    def picture(self) -> str:
        """The film's pixels as they are on the screen."""
        found = self.film.evaluate("canvas => canvas.toDataURL()")
        assert isinstance(found, str)
        return found

    def step(self) -> int:
        """The step under the picture, -1 where there is none."""
        return step_in(self.caption.inner_text())

    def run_id(self) -> str:
        self.page.wait_for_url(re.compile(r"run="))
        return self.page.url.split("run=")[1].split("&")[0]


def told_by(element: Locator) -> Callable[[], list[str]]:
    """All that an element says from now on, also what it says for a moment only."""
    element.evaluate(
        """(one) => { one.told = [one.textContent];
          new MutationObserver(() => one.told.push(one.textContent)).observe(
            one, { childList: true, characterData: true, subtree: true }); }"""
    )
    return lambda: list(element.evaluate("one => one.told ?? []"))


def at_rest(page: Page) -> None:
    """Until the page is drawn to its end, and nothing on it is on its way to another place."""
    expect(page.locator(AT_REST)).to_be_attached()
    seen = [""]

    def same() -> bool:
        seen.append(page.evaluate(PLACES_NOW))
        return seen[-1] == seen[-2]

    until(same)


PLACES_NOW = """() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const all = [...document.querySelectorAll("button, canvas")].map((one) => one.getBoundingClientRect());
  drawn(JSON.stringify(all)); })))"""


def step_in(caption: str) -> int:
    """The step that a caption names, -1 where it names none."""
    found = re.search(r"step ([\d\s,.  ]+)", caption)
    return int(re.sub(r"\D", "", found.group(1))) if found else -1


def until(check: Callable[[], Any], seconds: float = 180.0) -> Any:
    """The first true answer of `check`; AssertionError when none comes in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := check():
            return answer
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")

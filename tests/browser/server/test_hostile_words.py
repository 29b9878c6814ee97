"""Words from outside stay words: no picture, link, icon, formula or HTML of theirs comes to be on any page.

The content policy is switched off here, so that what is shown is what the pages themselves make of the words.
"""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmarks.serving import Server
from gan_core.data.own.saving import save_own
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.storage.labels import Labels, write_labels
from gan_core.runs.storage.run_folder import RunFolder
from pages.compare.sweep.sweep_form import plan_of
from tests.browser.conftest import forget, window
from tests.browser.lab import until
from tests.runs.helpers import at_rest, edit_config_json, folder_of, open_manager, quick

HOST = "evil.example"
PICTURE, LINK = f"![p](https://{HOST}/a.png)", f"[l](https://{HOST}/b)"
HTML = f"<img src=https://{HOST}/c.png><a href='https://{HOST}/d'>d</a><script>window.hurt=1</script>"
LATER = (
    f"https://{HOST}/e www.{HOST} x@{HOST} :material/skull: :skull: :streamlit: $\\frac{{1}}{{2}}$ :red[r] `c` **b**"
)
WORDS = f"{PICTURE} {LINK} {HTML} {LATER}"  # in all
SHORT = f"{PICTURE}{LINK}"  # where little is taken

FOUND = f"""() => {{
  const all = [...document.querySelectorAll("*")];
  const named = (one, names) => names.some((name) => (one.getAttribute(name) ?? "").includes("{HOST}"));
  return {{
    addresses: all.filter((one) => named(one, ["src", "href", "srcset", "action"])).map((one) => one.outerHTML),
    icons: document.querySelectorAll("[aria-label^='skull'], img[alt='Streamlit logo']").length,
    formulas: document.querySelectorAll(".katex").length,
    hurt: window.hurt ?? 0,
    text: document.body.innerText.replaceAll("\\u2060", ""),
  }};
}}"""


@dataclass(frozen=True)
class Hostile:
    """A run, a run that failed, a set and a sweep, each full of words of somebody else."""

    run: str
    failed: str
    slug: str


@pytest.fixture(scope="module")
def hostile(served: Server) -> Hostile:
    folder = served.runs_dir.parent
    manager = open_manager(folder)
    pictures = np.random.default_rng(0).integers(0, 256, (40, 3, 64, 64), np.uint8)
    labels = np.arange(40) % 2
    slug = save_own(folder / "data", WORDS, pictures, labels.tolist(), [SHORT, HTML], {})
    config = quick(steps=6)
    run, failed = (manager.start(config, preset=WORDS[:190], title=WORDS[:190]) for _ in range(2))
    at_rest(manager, run)
    at_rest(manager, failed)
    write_labels(folder_of(manager, run).root, Labels((PICTURE[:30], LINK[:30]), WORDS))
    sweeps = Sweeps(manager)
    sweep = sweeps.sweep(sweeps.start(plan_of(quick(steps=2), ["batch_size=8,16"], 1, 0), preset=WORDS, title=WORDS))
    for member in sweep.members:
        at_rest(manager, member.run)
    manager.close()
    for one in (run, failed):
        edit_config_json(RunFolder(served.runs_dir / one), title=WORDS, preset=WORDS, device=WORDS)
    with closing(sqlite3.connect(RunFolder(served.runs_dir / failed).database)) as db:
        db.execute("UPDATE state SET state = 'failed', error = ?, advice = ?, warnings = ?",
                   (WORDS, json.dumps([WORDS, LATER]), json.dumps([WORDS, HTML])))  # fmt: skip
        db.commit()
    return Hostile(run, failed, slug)


@pytest.fixture(scope="module")
def unguarded(chromium: Browser) -> Iterator[BrowserContext]:
    """A window without the policy."""
    with window(chromium, bypass_csp=True) as opened:
        yield opened


@pytest.fixture
def open_page(unguarded: BrowserContext, served: Server) -> Iterator[Page]:
    """A tab without the policy, which tells whom it asked."""
    page = unguarded.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    forget(unguarded)
    here = urlsplit(served.url).netloc
    assert [url for url in asked if urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc != here] == []


def check(page: Page, *words: str) -> None:
    """Everything of these words is on the page as they were written, and nothing was made of them."""
    for word in words:
        until(lambda word=word: word in page.evaluate(FOUND)["text"])  # type: ignore[misc]
    found = page.evaluate(FOUND)
    assert found["addresses"] == []
    assert (found["icons"], found["formulas"], found["hurt"]) == (0, 0, 0)
    assert "\U0001f480" not in found["text"]


def settled(page: Page) -> None:
    """Until Streamlit has drawn the page."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


@pytest.mark.parametrize(
    ("path", "query", "words"),
    [
        ("", {"preset": WORDS}, PICTURE),
        ("", {"run": SHORT}, f'run is "{PICTURE}[l](https://{HOST}'),  # no run's id can be as long: it is cut
        ("", {"preset": "first-gan", "loss": WORDS}, PICTURE),
        ("", {"g_optimizer.lr": WORDS}, PICTURE),
        ("", {WORDS: "1"}, f"![p](https://{HOST.partition('.')[0]} is not a field here"),
        ("compare", {"tab": WORDS, "runs": WORDS}, ""),
        ("gallery", {"scene": WORDS, "failing": WORDS, "fixed": WORDS}, ""),
        ("explore", {"model": WORDS[:150], "step": WORDS, "look": WORDS}, ""),
        ("data", {"x": WORDS}, ""),
        ("learn", {"x": WORDS}, ""),
        (quote("<img src=x onerror=window.hurt=1>![p](x)"), {}, ""),
    ],
)
def test_words_of_a_link(open_page: Page, served: Server, path: str, query: dict[str, str], words: str) -> None:
    open_page.goto(f"{served.url}/{path}?{urlencode(query)}")
    settled(open_page)
    check(open_page, *([words] if words else []))


def test_words_of_a_run_in_the_lab(open_page: Page, served: Server, hostile: Hostile) -> None:
    open_page.goto(f"{served.url}/?run={hostile.failed}")
    check(open_page, WORDS)
    for name in ("What helps", "More", "Runs", "Share", "Twins", "Branch"):
        button = open_page.get_by_role("button", name=name)
        if button.count():
            button.first.click()
            settled(open_page)
            check(open_page, *([WORDS, LATER] if name == "What helps" else []))
            open_page.keyboard.press("Escape")
    open_page.goto(f"{served.url}/?run={hostile.run}")
    expect(open_page.get_by_test_id("film-step")).to_be_visible()
    open_page.get_by_role("button", name="Runs").first.click()
    open_page.get_by_role("combobox").last.click()
    check(open_page, PICTURE)


@pytest.mark.parametrize("tab", ["runs", "curves", "samples", "settings", "sweeps", "family"])
def test_words_of_runs_and_sweeps_where_they_are_compared(
    open_page: Page, served: Server, hostile: Hostile, tab: str
) -> None:
    open_page.goto(f"{served.url}/compare?tab={tab}&runs={hostile.run},{hostile.failed}")
    settled(open_page)
    check(open_page, *([PICTURE] if tab in ("runs", "sweeps") else []))
    if tab == "runs":
        open_page.get_by_test_id("run-row").first.get_by_role("button", name=PICTURE).first.click()
        check(open_page, PICTURE)


def test_words_of_a_model_where_it_is_explored(open_page: Page, served: Server, hostile: Hostile) -> None:
    open_page.goto(f"{served.url}/explore?model=run:{hostile.run}")
    open_page.wait_for_function("() => document.querySelector('.gx-explore')?.explorer.point")
    check(open_page)


def test_words_of_a_set_and_of_files(open_page: Page, served: Server, hostile: Hostile) -> None:
    page = open_page
    page.goto(f"{served.url}/data")
    check(page, WORDS)
    picture = io.BytesIO()
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(picture, "PNG")
    name = f"![p](https:{HOST}).png"
    page.locator("input[type=file]").first.set_input_files(
        [
            {"name": name, "mimeType": "image/png", "buffer": content}
            for content in (picture.getvalue(), b"no picture")
        ]
    )
    page.get_by_label("Name of the set").fill(SHORT[:60])
    page.get_by_label("Name of the set").press("Enter")
    page.get_by_role("button", name="Read them").click()
    check(page, f"{SHORT[:60]}:")
    page.get_by_text("Refused: 1").click()
    check(page, name)
    page.locator(f".st-key-delete-{hostile.slug} button").click()
    check(page, f"“{WORDS}” was deleted.")
    page.locator(".st-key-undo button").click()
    expect(page.get_by_text("was deleted.")).to_have_count(0)
    check(page, WORDS)

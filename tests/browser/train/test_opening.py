"""The first opening: a recorded training moves before any click, and one click makes a GAN of one's own."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server
from gan_core.runs.storage.run_folder import RunFolder
from tests.browser.lab import Lab, step_in, until

OFFER = "train-over"
CAPTIONS = """() => {
  const caption = document.querySelector("[data-testid=film-step]"), seen = (window.captions = []);
  new MutationObserver(() => { if (caption.textContent !== seen.at(-1)) seen.push(caption.textContent); })
    .observe(caption, { childList: true, characterData: true, subtree: true });
}"""


def steps_seen(page: Page) -> list[int]:
    return [step for text in page.evaluate("() => window.captions") if (step := step_in(text)) >= 0]


def test_it_moves_before_any_click_and_one_click_trains(page: Page, served_alone: Server, shots: Path) -> None:
    lab = Lab(page, served_alone.url)
    page.goto(f"{lab.url}/?preset=ring")
    lab.expect_state("recording")
    until(lambda: lab.step() > 0)
    page.evaluate(CAPTIONS)
    score = page.get_by_test_id("chart-scores").locator(".gs-key b").first
    expect(score).to_have_text(re.compile(r"0\.\d"))
    before = score.inner_text()
    until(lambda: len(steps_seen(page)) > 5 and score.inner_text() != before)
    played = steps_seen(page)
    assert played == sorted(played)
    both = page.evaluate(
        "() => ['step', 'film-step'].map((id) => document.querySelector(`[data-testid=${id}]`).textContent)"
    )
    assert step_in(f"step {both[0]}") == step_in(both[1])  # the counter and the picture are of one moment
    assert not list(served_alone.runs_dir.glob("*/config.json"))  # nobody's opening trains anything
    page.screenshot(path=shots / "opening.png")
    page.get_by_test_id("slow-motion").click()
    expect(page.get_by_test_id("scope-words")).to_contain_text("This is a recording.")  # and no run that has ended

    # One click, and it begins with what the page says: the run's own first steps are seen, one after another.
    page.get_by_test_id(OFFER).click()
    folder = RunFolder(served_alone.runs_dir / lab.run_id())
    lab.expect_state("training")
    expect(page.get_by_test_id("recording")).to_be_hidden()
    until(lambda: lab.step() >= 50)
    seen = steps_seen(page)
    own = seen[len(seen) - 1 - seen[::-1].index(0) :]  # from its step 0 on
    assert own[:4] == [0, 1, 2, 3]
    assert len([step for step in own if step <= 50]) >= 15
    assert [step for step, _ in folder.grids()][:51] == list(range(51))

    # Replay goes back to the very first step.
    lab.press("Stop")
    lab.expect_state("stopped|finished")
    page.evaluate(CAPTIONS)
    page.get_by_test_id("play").click()
    until(lambda: 0 in steps_seen(page))


def test_where_nothing_shall_move_its_last_moment_stands_still(chromium: Browser, served: Server) -> None:
    context = chromium.new_context(reduced_motion="reduce")
    lab = Lab(context.new_page(), served.url)
    lab.page.goto(f"{lab.url}/?preset=ring")
    until(lambda: lab.step() == 30_000)
    context.close()


def test_own_settings_show_real_points_and_a_way_is_chosen_with_a_press(page: Page, served: Server) -> None:
    lab = Lab(page, served.url)
    page.goto(f"{lab.url}/?preset=ring&batch_size=128")
    lab.expect_state("ready")
    expect(page.get_by_test_id("stage")).to_have_attribute("aria-label", re.compile("real points"))
    expect(page.get_by_test_id("recording")).to_be_hidden()
    page.goto(lab.url)  # as a newcomer
    way = page.get_by_test_id("way-ring")
    expect(way).to_contain_text("about")
    way.click()
    lab.expect_state("recording")
    until(lambda: lab.step() > 0)
    expect(way).to_have_attribute("aria-pressed", "true")

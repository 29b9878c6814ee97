"""Teacher and student, each with a browser of their own: follow, let go, come back, take home, and the results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.serving import Server
from tests.browser.conftest import PATIENCE_SECONDS
from tests.browser.forked import server
from tests.browser.lab import AT_REST, until
from tests.runs.helpers import at_rest, open_manager, quick

CLASS, TEACHER = "a-secret-of-the-class", "a-secret-of-the-teacher"
ENVIRONMENT = {"GANSCOPE_TOKEN": CLASS, "GANSCOPE_TEACHER_TOKEN": TEACHER}
GROUP, UNFOLDED = "[data-testid=stExpander]", "[data-testid=stExpanderDetails]:not([inert])"
LIVE = "document.querySelector('[data-testid=live]')?.live"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("class")


@pytest.fixture(scope="module")
def run(folder: Path) -> str:
    """A run of points that was there before."""
    manager = open_manager(folder)
    made = manager.start(quick(steps=40), title="For the class")
    at_rest(manager, made)
    manager.close()
    return made


@pytest.fixture(scope="module")
def at(folder: Path, run: str) -> Iterator[Server]:
    with server(folder, environment=ENVIRONMENT) as found:
        yield found


def entering(chromium: Browser, url: str, *tokens: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    for token in tokens:
        page.goto(f"{url}/?access={token}")
    yield page
    context.close()


@pytest.fixture
def teacher(chromium: Browser, at: Server) -> Iterator[Page]:
    yield from entering(chromium, at.url, CLASS, TEACHER)


@pytest.fixture
def student(chromium: Browser, at: Server) -> Iterator[Page]:
    yield from entering(chromium, at.url, CLASS)


def test_a_student_follows_lets_go_comes_back_and_takes_home(
    teacher: Page, student: Page, at: Server, run: str, shots: Path
) -> None:
    student.goto(f"{at.url}/class")
    expect(student.get_by_test_id("class-nothing")).to_be_visible()
    expect(student.get_by_test_id("follow-me")).to_be_hidden()
    student.get_by_test_id("take-part").check()
    teacher.goto(f"{at.url}/class")
    teacher.get_by_test_id("follow-me").click()
    teacher.get_by_role("link", name="Lab").first.click()
    expect(teacher.get_by_test_id("class-bar")).to_be_visible()
    frame = student.frame_locator("[data-testid=class-frame]")
    expect(frame.get_by_test_id("film")).to_be_visible()  # the Lab, wherever the teacher is
    expect(teacher.get_by_test_id("class-count")).to_have_text("1 follows")

    # the run and the step looked at
    teacher.goto(f"{at.url}/?run={run}&view=full")
    teacher.wait_for_selector(AT_REST)
    timeline = teacher.get_by_test_id("timeline")
    expect(timeline).to_be_enabled()
    timeline.evaluate("s => { s.value = '1'; s.dispatchEvent(new Event('input')); }")
    looked = teacher.evaluate(f"{LIVE}.film.kept[1][0]")
    expect(frame.get_by_test_id("film-step")).to_contain_text(f"step {looked} ")
    expect(student.get_by_test_id("class-now")).to_contain_text("For the class")

    # menus, folded groups and dialogs, of which a browser tells nobody
    menu = frame.get_by_test_id("stPopoverBody")
    teacher.get_by_role("button", name="Download").click()
    expect(menu).to_have_attribute("aria-label", "Download")
    expect(menu).to_be_in_viewport()
    ring, named = student.get_by_test_id("class-ring"), frame.get_by_role("button", name="Download")
    until(lambda: lies_in(ring, named))  # the pointer is over the same button
    student.screenshot(path=shots / "class-menu.png")
    teacher.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    group, led = teacher.locator(GROUP).first, frame.locator(GROUP).first
    group.locator("summary").click()
    expect(led.locator(UNFOLDED)).to_be_visible()
    group.locator("summary").click()
    expect(led.locator(UNFOLDED)).to_be_hidden()
    teacher.get_by_test_id("branch-here").click()
    expect(student.get_by_test_id("class-opened")).to_have_text("The teacher has opened “Branch from here”.")
    teacher.get_by_role("button", name="Close", exact=True).click()
    expect(student.get_by_test_id("class-opened")).to_be_hidden()

    # the pointer is over the same thing
    teacher.get_by_test_id("film").hover(position={"x": 40, "y": 60})
    expect(student.get_by_test_id("class-ring")).to_be_visible()
    student.screenshot(path=shots / "class-student.png")
    teacher.screenshot(path=shots / "class-teacher.png")

    # black, and back
    teacher.get_by_test_id("class-black").click()
    expect(student.get_by_test_id("class-cover")).to_have_attribute("data-screen", "black")
    teacher.get_by_test_id("class-black").click()
    expect(student.get_by_test_id("class-cover")).to_have_attribute("data-screen", "")

    # let go: what the teacher does is not seen, and the page answers to the student
    student.get_by_test_id("let-go").click()
    expect(student.get_by_test_id("class-cover")).to_be_hidden()
    led.locator("summary").click()
    expect(led.locator(UNFOLDED)).to_be_visible()
    student.get_by_test_id("come-back").click()
    for unfolded in (1, 0):
        group.locator("summary").click()
        expect(group.locator(UNFOLDED)).to_have_count(unfolded)
    teacher.get_by_role("button", name="Download").click()
    expect(menu).to_be_visible()  # so that the student has heard of all that was before
    teacher.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(led.locator(UNFOLDED)).to_be_visible()  # what a student has opened is not folded by the teacher
    student.get_by_test_id("let-go").click()
    teacher.get_by_role("link", name="Explore").first.click()
    teacher.wait_for_selector("[data-testid=picture]")
    assert frame.get_by_test_id("film").count() == 1
    student.get_by_test_id("come-back").click()
    expect(frame.get_by_test_id("picture")).to_be_visible()

    # the picture under the hand, pixel for pixel
    drawn = "c => c.toDataURL()"
    teacher.get_by_test_id("random").click()
    until(
        lambda: frame.get_by_test_id("picture").evaluate(drawn) == teacher.get_by_test_id("picture").evaluate(drawn)
    )
    student.screenshot(path=shots / "class-explore.png")

    # the pictures around it, and it alone again
    expect(frame.get_by_test_id("neighbours")).to_be_hidden()
    teacher.get_by_test_id("neighbours-toggle").click()
    expect(frame.get_by_test_id("neighbours")).to_be_visible()
    assert apart(frame.get_by_test_id("neighbours"), teacher.get_by_test_id("neighbours")) < 8  # grey levels: small
    student.screenshot(path=shots / "class-neighbours.png")
    teacher.get_by_test_id("neighbours-toggle").click()
    expect(frame.get_by_test_id("neighbours")).to_be_hidden()
    expect(frame.get_by_test_id("picture")).to_be_visible()

    # take home: the run's branch at the step that was looked at, as one's own
    teacher.go_back()
    teacher.wait_for_selector("[data-testid=timeline]")
    expect(frame.get_by_test_id("film")).to_be_visible()
    expect(frame.get_by_test_id("film-step")).to_contain_text("step")
    student.get_by_test_id("take-home").click()
    student.wait_for_url(lambda url: "run=" in url and run not in url)
    expect(student.get_by_test_id("film")).to_be_visible()


def lies_in(small: Locator, large: Locator) -> bool:
    """Whether the middle of one is in the other."""
    one, other = small.bounding_box(), large.bounding_box()
    if not one or not other:
        return False
    x, y = one["x"] + one["width"] / 2 - other["x"], one["y"] + one["height"] / 2 - other["y"]
    return 0 <= x <= other["width"] and 0 <= y <= other["height"]


@pytest.mark.long  # following: below; slow motion: tests/browser/train/test_microscope.py
def test_slow_motion_is_followed_part_by_part(teacher: Page, student: Page, at: Server, shots: Path) -> None:
    student.goto(f"{at.url}/class")
    teacher.goto(f"{at.url}/class")
    teacher.get_by_test_id("follow-me").click()
    teacher.goto(f"{at.url}/?preset=ring&view=full")
    teacher.wait_for_selector(AT_REST)
    teacher.get_by_role("button", name="Train", exact=True).click()
    expect(teacher.get_by_test_id("slow-motion")).to_be_enabled()
    teacher.get_by_test_id("slow-motion").click()
    frame = student.frame_locator("[data-testid=class-frame]")
    for player in ("draw_latents", "generate", "score_real"):
        current = f"[data-part={player}][aria-current=step]"
        expect(teacher.locator(current)).to_be_visible()
        expect(frame.locator(current)).to_be_visible()
        teacher.get_by_test_id("scope-forward").click()
    expect(frame.get_by_test_id("scope-words")).to_have_text(teacher.get_by_test_id("scope-words").inner_text())
    student.screenshot(path=shots / "class-slow-motion.png")
    teacher.get_by_test_id("scope-close").click()
    expect(frame.get_by_test_id("microscope")).to_be_hidden()
    teacher.get_by_role("button", name="Stop", exact=True).click()
    teacher.get_by_test_id("class-end").click()
    expect(student.get_by_test_id("class-nothing")).to_be_visible()  # it has come there before the page is closed


def apart(one: Locator, other: Locator) -> float:
    """Mean difference of two canvases, grey levels."""
    read = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    a, b = np.array(one.evaluate(read), float), np.array(other.evaluate(read), float)
    assert a.size == b.size
    return float(np.abs(a - b).mean())


def test_answers_are_a_histogram_without_names(teacher: Page, student: Page, at: Server) -> None:
    student.goto(f"{at.url}/class")
    student.get_by_test_id("take-part").check()
    teacher.goto(f"{at.url}/class")
    student.get_by_role("link", name="Learn").first.click()
    student.locator("[data-testid^=choice-]").first.click()
    question = teacher.get_by_test_id("class-question")
    expect(question).to_have_count(1)
    expect(question).to_have_attribute("data-people", "1")
    marks = (
        "list => list.map(one => getComputedStyle(one, '::after').content).filter(content => content.includes('✓'))"
    )
    assert len(question.locator(".gd-answer").evaluate_all(marks)) == 1, "the right one"
    student.locator("[data-question]").first.locator("[data-testid^=choice-]").nth(1).click()
    expect(question).to_have_attribute("data-people", "1")  # the same person
    student.get_by_role("link", name="Class").first.click()
    expect(student.get_by_test_id("class-question")).to_have_count(0)  # until the teacher shows them
    teacher.get_by_test_id("results-for-all").click()
    expect(student.get_by_test_id("class-question")).to_have_count(1)

"""Every lesson, walked to its done mark as a reader would: a prediction, the scene, what is to be done, and back."""

from __future__ import annotations

import contextlib
import re
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from benchmarks.serving import Server, newest_run
from gan_core.config.codec import from_dict, walk
from gan_core.training import RunConfig
from gan_core.training.configuration.presets import DEFAULT
from pages.learn.blocks import Block
from pages.learn.content import Lesson, lesson, lesson_files, lessons
from pages.learn.directives import Condition, conditions
from pages.learn.scenes import same_settings, scene_settings
from pages.ui.session import config_query
from tests.browser.lab import AT_REST, at_rest, until

BY_HAND = {("06", "penalty"): "preset=ring&penalty=r1"}
"""Where a reader sets something in the panel: the link of that panel."""


def scene_for(one: Lesson, wanted: list[Condition], before: Block | None) -> Block | None:
    """The scene that a task names, or whose settings it asks for; else the last before it."""
    named = {str(c.value) for c in wanted if c.name == "scene"}
    asked = {c.name.removeprefix("config."): c for c in wanted if c.name.startswith("config.")}
    for scene in one.of_kind("scene"):
        settings = scene_settings(scene)
        values = {path: value for path, _, value in walk(settings[1])} if settings else {}
        if scene.id in named or (asked and all(fits(c, values.get(path)) for path, c in asked.items())):
            return scene
    return before


def fits(condition: Condition, value: object) -> bool:
    if condition.sign == "<=" and isinstance(value, float) and isinstance(condition.value, float):
        return value <= condition.value
    return str(value) == str(condition.value)


class Reader:
    """Does what a lesson asks for."""

    def __init__(self, page: Page, url: str, one: Lesson) -> None:
        self.page, self.url, self.lesson = page, url, one
        self.open = ""  # the scene that stands in the Lab

    def button(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).and_(
            self.page.locator(":not([data-testid=lesson] *)")
        ).first.click()

    def settle(self) -> None:
        """The run that trains is stopped, so that the next one need not wait."""
        state, resting = self.page.get_by_test_id("state"), re.compile("Stopped|Finished")
        stop = self.page.locator(".st-key-stop button").locator("visible=true").first
        while stop.count():
            with contextlib.suppress(PlaywrightTimeout):  # it has gone: the run has finished by itself
                stop.click(timeout=5_000)
            with contextlib.suppress(AssertionError):
                expect(state).to_have_text(resting, timeout=10_000)
                return

    def set_scene(self, scene: Block) -> None:
        if scene.id != self.open:
            self.settle()
            self.page.get_by_test_id(f"scene-{scene.id}").click()
            if scene.keys["page"] == "lab":
                until(lambda: self.stands(scene))  # else Train would be pressed for what stood there before
                expect(self.page.locator(AT_REST)).to_be_visible()  # the address comes first, then the panel
                expect(self.page.get_by_test_id("state")).to_have_text("Ready")
                expect(self.page.get_by_role("button", name="Train", exact=True).first).to_be_enabled()
            self.open = scene.id

    def stands(self, scene: Block) -> bool:
        """Whether the Lab's address has the scene's settings."""
        asked = scene_settings(scene)
        if asked is None:
            return True
        wanted, there = (
            config_query(*asked),
            dict(parse_qsl(self.page.evaluate("location.search.slice(1)"), keep_blank_values=True)),
        )
        return all(there.get(key) == value for key, value in wanted.items()) or (
            wanted == {"preset": DEFAULT} and "preset" not in there
        )

    def do(self, task: Block, before: Block | None) -> None:
        wanted = conditions(task.keys["done"])
        mark = self.page.locator(f"[data-task={task.id}]")
        if mark.get_attribute("data-done") is not None:
            return
        if link := BY_HAND.get((self.lesson.number, task.id)):
            self.settle()
            self.page.goto(f"{self.url}/?{link}&lesson={self.lesson.number}")
            expect(self.page.locator(".st-key-train button").first).to_be_enabled()
            expect(self.page.get_by_test_id("state")).to_have_text("Ready")
            self.open = ""
        elif scene := scene_for(self.lesson, wanted, before):
            self.set_scene(scene)
        if any(c.name in ("step", "state") or c.name.startswith("config.") for c in wanted):
            self.train()
        for condition in wanted:
            self.bring_about(condition)
        if any(c.name == "looks" for c in wanted):  # a page that is looked at now and then may have missed some
            until(lambda: mark.get_attribute("data-done") is not None or self.look_on(1))
        expect(mark).to_have_attribute("data-done", "", timeout=240_000)

    def train(self) -> None:
        """Where nothing trains yet; a button that was drawn anew under the hand is pressed again."""
        state = self.page.get_by_test_id("state")
        while state.inner_text() == "Ready":
            with contextlib.suppress(PlaywrightTimeout):  # it has gone: the run is on its way
                self.page.locator(".st-key-train button").first.click(timeout=5_000)
            with contextlib.suppress(AssertionError):
                expect(state).not_to_have_text("Ready", timeout=10_000)

    def look_on(self, count: int) -> None:
        for _ in range(count):
            said = self.page.evaluate("location.search")
            self.button("Random")
            self.page.wait_for_function("before => location.search !== before", arg=said)
            self.page.wait_for_timeout(450)  # it is looked at now and then only

    def bring_about(self, condition: Condition) -> None:
        name, value = condition.name, str(condition.value)
        if name == "state" and value == "paused":
            self.button("Pause")
        elif name == "tool":
            self.page.get_by_test_id(f"tab-{value}").click()
        elif name == "looks":
            self.look_on(int(float(value)) + 1)
        elif name == "pressed":
            if value == "▶ Play":
                self.button("Start with four random keys")
            self.button(value)


LONG = {"01", "02", "04", "05", "06", "07", "08", "10"}
"""What these ask a reader to do, the others ask too; that each can be done is tested in tests/pages/learn as well."""


@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=[pytest.mark.long] if n in LONG else []) for n in lesson_files("en")]
)
def test_a_lesson_is_walked_to_its_done_mark(page: Page, served: Server, number: str) -> None:
    one = lesson(number)
    reader = Reader(page, served.url, one)
    page.goto(f"{served.url}/?lesson={number}")
    expect(page.get_by_test_id("lesson")).to_be_visible()
    expect(page.get_by_test_id("state")).to_have_text("Ready")  # no recording tells before the reader has guessed
    scene: Block | None = None
    for block in one.blocks:
        if block.kind == "scene":
            scene = block
        elif block.kind in ("question", "code") and block.choices:
            right = next(i for i, choice in enumerate(block.choices) if choice.right)
            wrong = (right + 1) % len(block.choices)
            answer = page.get_by_test_id(f"answer-{block.id}")
            for at in (wrong, right):  # a wrong prediction is answered, too
                page.get_by_test_id(f"choice-{block.id}-{at}").click()
                expect(answer).to_have_attribute("data-verdict", "right" if at == right else "wrong")
                assert answer.inner_text().strip()
        elif block.kind == "task":
            reader.do(block, scene)
    expect(page.get_by_test_id("lesson-done")).to_be_visible()
    expect(page.locator(".gl-formula .katex")).to_have_count(len(one.of_kind("formula")))
    page.reload()
    expect(page.get_by_test_id("lesson-done")).to_be_visible()
    assert f"lesson={number}.{len(one.marks)}" in page.evaluate("location.search")
    reader.settle()


TOGETHER = """scene => {
  document.querySelector(`[data-testid=scene-${scene}]`).click();
  document.querySelector(".st-key-train button").click();
}"""


def test_train_in_the_moment_after_a_scene_starts_that_scene(page: Page, served: Server) -> None:
    page.goto(f"{served.url}/?preset=ring&lesson=05")
    expect(page.get_by_test_id("lesson")).to_be_visible()
    expect(page.locator(AT_REST)).to_be_visible()
    page.evaluate(TOGETHER, "collapse")
    expect(page.get_by_test_id("state")).not_to_have_text("Ready")
    settings = scene_settings(next(block for block in lesson("05").of_kind("scene") if block.id == "collapse"))
    assert settings is not None
    made = from_dict(RunConfig, newest_run(served.runs_dir).manifest().config)
    assert same_settings(made, settings[1])
    page.locator(".st-key-stop button").first.click()
    expect(page.get_by_test_id("state")).to_have_text(re.compile("Stopped|Finished"))


@pytest.mark.long  # lessons are walked above; what the column is told: tests/pages/learn/test_column.py
def test_the_column_folds_closes_points_speaks_another_language_and_leaves_a_run_alone(
    page: Page, served: Server
) -> None:
    page.goto(f"{served.url}/?preset=ring&total_images=100000000&speed=normal&lesson=01")
    column = page.get_by_test_id("lesson")
    expect(column).to_be_visible()
    expect(page.locator(AT_REST)).to_be_attached()
    page.locator(".st-key-train button").first.click()
    expect(page.get_by_test_id("state")).to_have_text("Training")
    column.get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator(".gl-ring")).to_be_visible()
    column.get_by_role("button", name="Train", exact=True).click()
    expect(column).to_contain_text("“Train” is not on this page now.")
    expect(page.get_by_test_id("state")).to_have_text("Training")
    page.get_by_test_id("lesson-fold").click()
    expect(page.get_by_test_id("lesson-body")).to_be_hidden()
    page.reload()
    expect(column).to_be_visible()
    expect(page.get_by_test_id("lesson-body")).to_be_hidden()
    page.get_by_test_id("lesson-fold").click()
    before = page.evaluate("location.href")
    page.get_by_test_id("scene-ring").click()  # the panel is set; the run goes on
    expect(page.get_by_test_id("state")).to_have_text("Ready")
    column.get_by_role("button", name="generator", exact=True).click()
    expect(column.locator(".gl-note")).to_contain_text("random numbers")
    page.get_by_test_id("lesson-close").click()
    expect(column).to_have_count(0)
    assert "lesson=" not in page.evaluate("location.search")
    page.goto(before)
    expect(page.get_by_test_id("state")).to_have_text("Training")
    expect(page.locator(AT_REST)).to_be_visible()  # the button stays where it is
    page.locator(".st-key-stop button").first.click()
    expect(page.get_by_test_id("state")).to_have_text("Stopped")


def test_a_link_to_a_lesson_that_there_is_not_says_so_and_the_rest_stands(page: Page, served: Server) -> None:
    page.goto(f"{served.url}/explore?lesson=77.4")
    expect(page.get_by_test_id("lesson")).to_contain_text('There is no lesson "77" in this version')
    expect(page.get_by_test_id("picture")).to_be_visible()
    page.get_by_test_id("lesson").get_by_role("button", name=re.compile("From noise to picture")).click()
    expect(page.get_by_test_id("lesson").get_by_role("heading", level=2)).to_have_text("From noise to picture")


def test_the_ten_questions_are_kept_and_saved_without_a_name(page: Page, served: Server) -> None:
    page.goto(f"{served.url}/learn")
    expect(page.get_by_test_id("card-10")).to_contain_text(lessons("en")[-1].title)
    page.get_by_test_id("choice-sees-real-0").click()
    page.get_by_test_id("number-guessing").fill("1,386")
    page.get_by_test_id("number-guessing").press("Enter")
    expect(page.get_by_test_id("check-score")).to_have_text("1 of 10 right")
    page.reload()
    expect(page.get_by_test_id("check-score")).to_have_text("1 of 10 right")
    page.get_by_test_id("check-after").click()
    expect(page.get_by_test_id("check-score")).to_have_text("0 of 10 right")
    with page.expect_download() as download:
        page.get_by_test_id("check-save").click()
    lines = download.value.path().read_text("utf-8").splitlines()
    assert lines[1:] == [
        '"","before","sees-real","Only the generator","0"',
        '"","before","guessing","1,386","1"',
    ]
    page.get_by_test_id("term-search").fill("mode collapse")
    expect(page.get_by_test_id("term").filter(visible=True)).to_have_count(1)
    page.get_by_test_id("card-03").click()
    expect(page.get_by_test_id("lesson")).to_be_visible()
    assert "lesson=03" in page.url


def test_on_a_phone_the_lesson_lies_below_the_picture(chromium: Browser, served: Server) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{served.url}/?lesson=01")
    expect(page.get_by_test_id("lesson")).to_be_visible()
    at_rest(page)
    box = page.get_by_test_id("lesson").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    assert 300 < box["y"] < box["y"] + box["height"] <= 845
    context.close()

"""What may come between asking for a step and seeing it taken apart: late, lost, refused or queued."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from benchmarks.plane import page as plane_page
from benchmarks.plane.page import HEAT
from gan_core.training.observe.microscope import StepTrace, encode_dissection
from pages.server.live import wire
from tests.browser.train.test_stage import Plane


def step_frame(step: int) -> bytes:
    """A step in which nobody moved: its first two parts are there."""
    points, heat = np.zeros((4, 2), np.float32), np.full((HEAT, HEAT), 0.5, np.float32)
    made = StepTrace(step, 1, 4, 1, 0.0, True, None, None, points, points, points, points, heat, heat)
    return wire.pack({"type": "dissected", "step": step}, [encode_dissection(made)])


def state_frame(step: int, state: str) -> bytes:
    return wire.pack({"type": "state", "view": plane_page.view_of(step, state)})


@pytest.fixture
def asked(page: Page) -> Plane:
    """Slow motion has been asked for and granted; nothing has come yet."""
    page.clock.install()
    plane = Plane(page)
    plane.open()
    plane.page.evaluate("() => { view.microscope.ask = async () => ''; }")
    plane.page.get_by_test_id("slow-motion").click()
    return plane


def test_slow_motion_stays_open_where_the_pause_comes_late(asked: Plane) -> None:
    asked.feed(step_frame(151))
    asked.feed(state_frame(150, "running"))
    asked.page.clock.fast_forward(2_000)  # longer than a run that has been resumed is waited for
    expect(asked.page.get_by_test_id("microscope")).to_be_visible()
    asked.feed(state_frame(151, "paused"))
    expect(asked.page.get_by_test_id("part-draw_latents")).to_have_attribute("aria-current", "step")
    asked.feed(state_frame(152, "running"))
    expect(asked.page.get_by_test_id("microscope")).to_be_hidden()


def test_a_pause_without_the_step_is_said_and_another_can_be_asked_for(asked: Plane) -> None:
    words, again = asked.page.get_by_test_id("scope-words"), asked.page.get_by_test_id("scope-next-both")
    expect(words).to_have_text("One step is on its way …")
    expect(again).to_be_disabled()
    asked.feed(state_frame(151, "paused"))
    expect(words).to_have_text("The run was paused before this step could be taken apart; ask for the next one.")
    again.click()
    asked.feed(state_frame(151, "running"))
    asked.feed(step_frame(152))
    asked.feed(state_frame(152, "paused"))
    expect(asked.page.get_by_test_id("part-draw_latents")).to_have_attribute("aria-current", "step")
    asked.page.clock.fast_forward(2_500)  # longer than the sentence of before would have taken to come
    expect(words).not_to_contain_text("ask for the next one")


def test_a_step_that_waits_for_the_device_is_not_called_the_last(asked: Plane) -> None:
    words = asked.page.get_by_test_id("scope-words")
    asked.feed(state_frame(150, "queued"))
    expect(words).to_have_text("The step is taken as soon as the device is free …")
    asked.feed(state_frame(150, "stopped"))
    expect(words).to_have_text("The run has ended: there is no next step. Resume it first, then take one.")


def test_a_next_step_that_was_refused_can_be_asked_for_again(asked: Plane) -> None:
    asked.feed(step_frame(151))
    asked.feed(state_frame(151, "paused"))
    asked.page.evaluate("() => { view.microscope.ask = async () => 'The server does not answer.'; }")
    again = asked.page.get_by_test_id("scope-next-both")
    again.click()
    expect(asked.page.get_by_test_id("scope-words")).to_have_text("The server does not answer.")
    expect(again).to_be_enabled()


def test_where_there_is_no_step_it_says_why(page: Page) -> None:
    plane = Plane(page)
    plane.open()
    button, words = page.get_by_test_id("slow-motion"), page.get_by_test_id("scope-words")
    plane.feed(state_frame(0, "queued"))
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", "Slow motion begins when the run trains.")
    expect(page.get_by_text("It starts at once")).to_be_visible()
    waiting = {**plane_page.view_of(0, "queued"), "backend": "compiled"}  # here only what this machine lacks keeps it
    plane.feed(wire.pack({"type": "state", "view": waiting}))
    expect(page.get_by_text("It starts as soon as its compiled step is there")).to_be_visible()
    for state, helps in (
        ("finished", "Train longer first, then take one."),
        ("stopped", "Resume it first, then take one."),
        ("diverged", "Branch from an earlier step, and take one there."),
    ):
        plane.feed(state_frame(150, state))
        expect(button).to_be_enabled()
        button.click()
        expect(words).to_have_text(f"The run has ended: there is no next step. {helps}")
        expect(page.get_by_test_id("scope-next-both")).to_be_disabled()
        page.get_by_test_id("scope-close").click()


def test_pressed_over_a_recording_just_after_train_it_takes_the_runs_first_step(page: Page) -> None:
    plane = Plane(page)
    plane.open()
    page.evaluate("() => { window.asked = []; view.microscope.ask = async (what) => (asked.push(what), ''); }")
    plane.feed(state_frame(100, "recording"))
    page.get_by_test_id("slow-motion").click()
    expect(page.get_by_test_id("scope-words")).to_contain_text("This is a recording.")
    assert page.evaluate("asked") == []
    plane.feed(state_frame(3, "running"))
    expect(page.get_by_test_id("scope-words")).to_have_text("One step is on its way …")
    assert page.evaluate("asked") == [{"do": "dissect", "players": "both"}]

"""The caption as a person sees it: of the picture that is shown, and the referee's where that has found trouble."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Page, expect

from benchmarks.plane.page import grid_frame
from gan_core.measure.captions.rules import TROUBLES
from gan_core.training.observe.scene import Scene
from pages.server.live import wire
from tests.browser.train.test_slow_motion import state_frame, step_frame
from tests.browser.train.test_stage import Plane
from tests.browser.train.test_stage_story import MODES, STAGE, scene_of

SAID = """() => ["caption", "headline-value", "places"].map(
  (name) => document.querySelector(`[data-testid=${name}]`).textContent)"""


def captioned(step: int, words: str, scene: Scene | None = None, **counted: float) -> bytes:
    header, blobs = wire.unpack(grid_frame(step, scene))
    header["grid"] |= {"caption": words, "counted": counted}
    del header["blobs"]
    return wire.pack(header, blobs)


def troubles(*found: tuple[int, str]) -> bytes:
    return wire.pack({"type": "troubles", "troubles": found})


def test_the_caption_is_that_of_the_picture(page: Page) -> None:
    plane, caption = Plane(page), page.get_by_test_id("caption")
    plane.open(-1)
    plane.feed(state_frame(200, "running"))
    value = page.get_by_test_id("headline-value")
    plane.feed(captioned(150, "The first words.", left=0.41, floor=0.05))
    expect(caption).to_have_text("The first words.")
    expect(value).to_have_text("41%")
    plane.feed(captioned(160, "The next words.", left=0.52, floor=0.05))
    expect(caption).to_have_text("The next words.")  # after the time to read the first
    expect(value).to_have_text("52%")
    high = caption.bounding_box()
    chased = TROUBLES["oscillation"]
    plane.feed(troubles((155, chased)))
    expect(caption).to_have_text(chased)
    page.evaluate(
        "() => view.caption.show({ step: 150, caption: 'The first words.' }, false)"
    )  # scrubbed to before it
    expect(caption).to_have_text("The first words.")
    plane.feed(troubles())
    plane.feed(captioned(170, ""))
    expect(caption).to_have_text("")
    assert caption.bounding_box() == high, "nothing jumps where there is nothing to say"
    plane.feed(captioned(151, "One step before."))
    plane.feed(state_frame(151, "paused"))
    expect(caption).to_have_text("One step before.")
    plane.feed(step_frame(151))
    page.get_by_test_id("slow-motion").click()
    expect(page.get_by_test_id("microscope")).to_be_visible()
    expect(caption).to_be_visible()
    page.evaluate("() => draw({ projector: true })")
    expect(caption).to_be_in_viewport()
    plane.feed(wire.pack({"type": "caption", "step": 151, "caption": "Said late."}))
    expect(caption).to_have_text("Said late.")


def test_what_is_said_of_the_places_is_of_the_captions_picture(page: Page) -> None:
    plane, places, value = Plane(page), page.get_by_test_id("places"), page.get_by_test_id("headline-value")
    plane.open(-1, STAGE)
    plane.feed(state_frame(250, "running"))
    noise = 0.02 * np.random.default_rng(0).normal(size=(2000, 2))
    for step, modes in ((200, 3), (210, 5)):  # one soon after the other
        centres = MODES.centres[np.arange(2000) % modes]
        picture = scene_of(centres + noise)
        plane.feed(captioned(step, f"G has found {modes} of 8 places.", picture, found=modes, near=1.0))
    expect(page.get_by_test_id("film-step")).to_contain_text("210")  # the picture does not wait
    seen = set()
    while not any("3 of 8 places are empty" in each for each in seen):  # until the words of the second picture
        seen.add(" | ".join(page.evaluate(SAID)))
    assert seen <= {  # those of the first may be over before a slow machine has looked
        "G has found 3 of 8 places. | 3 of 8 | 5 of 8 places are empty",
        "G has found 5 of 8 places. | 5 of 8 | 3 of 8 places are empty",
    }
    expect(places).to_be_visible()
    expect(value).to_have_text("5 of 8")

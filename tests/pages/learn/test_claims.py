"""Every claim that a lesson makes comes about from its seed."""

from __future__ import annotations

import pytest

from pages.learn.blocks import Block
from pages.learn.content import Lesson, lessons
from pages.learn.directives import conditions
from pages.learn.scenes import scene_settings
from tests.pages.learn.claims import MEASUREMENTS, holds, trained

CLAIMS = [(lesson, claim) for lesson in lessons("en") for claim in lesson.of_kind("claim")]


@pytest.mark.parametrize(("lesson", "claim"), CLAIMS, ids=[f"{one.number}-{claim.id}" for one, claim in CLAIMS])
def test_the_claim_comes_about(lesson: Lesson, claim: Block) -> None:
    if "test" in claim.keys:
        assert MEASUREMENTS[claim.keys["test"]]()
        return
    (scene,) = (block for block in lesson.of_kind("scene") if block.id == claim.keys["scene"])
    settings = scene_settings(scene)
    assert settings is not None
    rows = trained(settings[1], int(claim.keys["steps"]))
    assert {c.name: holds(c, rows) for c in conditions(claim.keys["expect"])}.items() <= {
        (c.name, True) for c in conditions(claim.keys["expect"])
    }, rows[-1]


def test_every_measurement_is_claimed_somewhere() -> None:
    assert {claim.keys["test"] for _, claim in CLAIMS if "test" in claim.keys} == set(MEASUREMENTS)


def test_a_claim_that_does_not_come_about_is_found() -> None:
    assert not holds(conditions("max d_loss > 20")[0], [{"d_loss": 1.4}, {"d_loss": 19.0}])
    assert holds(conditions("max d_loss > 20")[0], [{"d_loss": 21.0}, {"d_loss": 1.0}])

"""The sentence says what the intervals of the differences carry, case by case, and never more."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_core.apply.augmentation.intervals import Interval
from gan_core.apply.augmentation.verdict import WIDE_POINTS, Differences, Setting, finding, points, verdict

SETTING = Setting(100, 3, 10_000)


def between(low: float, high: float) -> Interval:
    return Interval((low + high) / 2, low, high, 3)


ONCE = Interval(1.2, None, None, 1)

TABLE = [
    (between(0.4, 2.0), "better"),
    (between(-2.0, -0.4), "worse"),
    (between(-0.4, 0.8), "same"),
    (between(-3.0, 5.0), "unclear"),
    (between(0.04, 2.0), "same"),  # reads "0.0 to 2.0"
    (between(0.06, 2.0), "better"),
    (between(-2.0, -0.04), "same"),
    (between(-2.0, 2.0), "same"),  # just as wide as may be
    (between(-2.0, 2.1), "unclear"),
    (between(0.0, 0.0), "same"),
    (ONCE, "once"),
]


@pytest.mark.parametrize(("difference", "expected"), TABLE)
def test_findings(difference: Interval, expected: str) -> None:
    assert finding(difference) == expected


SENTENCES = [
    (
        Differences(both=between(0.4, 2.0), classic=between(2.0, 3.8), both_to_classic=between(-2.5, -0.9)),
        "Synthetic images helped: +1.2 points (0.4 to 2.0) with 100 images a class; classic augmentation alone gives "
        "+2.9 (2.0 to 3.8), which is more.",
    ),
    (
        Differences(both=between(2.0, 3.8), classic=between(0.4, 2.0), both_to_classic=between(0.9, 2.5)),
        "Synthetic images helped: +2.9 points (2.0 to 3.8) with 100 images a class; classic augmentation alone gives "
        "+1.2 (0.4 to 2.0), which is less.",
    ),
    (
        Differences(both=between(-2.0, -0.4), classic=between(-0.4, 0.8), both_to_classic=between(-1.5, 1.5)),
        "Synthetic images made it worse: −1.2 points (−2.0 to −0.4) with 100 images a class; classic augmentation "
        "alone gives nothing that can be shown, +0.2 (−0.4 to 0.8), and the two cannot be told apart.",
    ),
    (
        Differences(both=between(-3.0, 5.0), on_top=between(-0.4, 0.8)),
        "Whether synthetic images helped cannot be told from 3 seeds, the interval is too wide: +1.0 points "
        "(−3.0 to 5.0) with 100 images a class; on top of classic augmentation synthetic images add nothing that can "
        "be shown: +0.2 points (−0.4 to 0.8).",
    ),
    (
        Differences(both=between(-0.4, 0.8)),
        "Synthetic images made no difference that 3 seeds can show: +0.2 points (−0.4 to 0.8) with 100 images a "
        "class.",
    ),
    (
        Differences(synthetic=between(-4.0, -2.0)),
        "Synthetic images alone teach less than the real ones: −3.0 points (−4.0 to −2.0) beside real ones with 100 "
        "images a class.",
    ),
    (
        Differences(everything=between(1.0, 2.0)),
        "Synthetic images and classic augmentation together helped: +1.5 points (1.0 to 2.0) with 100 images a "
        "class.",
    ),
    (
        Differences(classic=between(1.0, 2.0)),
        "Synthetic images were not tried with 100 images a class; classic augmentation alone gives +1.5 "
        "(1.0 to 2.0).",
    ),
    (
        Differences(both=ONCE),
        "Synthetic images: +1.2 points with 100 images a class, from one seed, which may be chance.",
    ),
]


@pytest.mark.parametrize(("found", "sentence"), SENTENCES)
def test_sentences(found: Differences, sentence: str) -> None:
    assert verdict(found, SETTING) == sentence


def test_it_says_what_else_a_generator_saw_and_how_little_is_held_out() -> None:
    said = verdict(Differences(both=between(0.4, 2.0)), Setting(10, 3, 60, learned_from=60_000))
    assert said.endswith(
        "with 10 images a class; the generator had learned from 60,000 images; only 60 images are held out, and the "
        "intervals leave their chance out."
    )


numbers = st.floats(-30, 30)
intervals = st.builds(lambda a, b: between(min(a, b), max(a, b)), numbers, numbers) | st.just(ONCE)


@given(intervals, intervals | st.none(), intervals | st.none(), intervals | st.none(), st.integers(1, 20))
def test_a_claim_needs_an_interval_on_its_side(
    both: Interval, classic: Interval | None, compared: Interval | None, on_top: Interval | None, seeds: int
) -> None:
    found = Differences(both=both, classic=classic, both_to_classic=compared, on_top=on_top)
    said = verdict(found, Setting(10, seeds, 10_000))
    assert said.endswith(".")
    assert re.fullmatch(r"[^.\n]*(\.\d[^.\n]*)*\.", said), "one sentence"
    assert ("images helped:" in said) == (both.low is not None and round(both.low, 1) > 0)
    assert ("made it worse" in said) == (both.high is not None and round(both.high, 1) < 0)
    if "which is more" in said:
        assert compared is not None
        assert compared.high is not None
        assert compared.high < 0
    if "augmentation synthetic images add +" in said:
        assert on_top is not None
        assert on_top.low is not None
        assert on_top.low > 0
    assert both.width > WIDE_POINTS - 0.1 or "too wide" not in said.partition(";")[0]


@given(numbers)
def test_points_read_as_they_are(value: float) -> None:
    text = points(value)
    assert math.isclose(float(text.replace("−", "-")), round(value, 1), abs_tol=1e-9)
    assert text[0] in "+−" or text == "0.0"

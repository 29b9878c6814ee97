"""The captions of recorded moments of real runs, held against what those runs' own numbers say of them.

`python -m benchmarks.quality.captions` records them: a picture's evidence, some of its points with D's scores, the
newest point of the curves, and what the referee had found by then.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_core.measure.captions.moment import Moment
from gan_core.measure.captions.rules import OF_IMAGES, OF_POINTS, TROUBLES, caption, rule_of, table, troubles
from gan_core.measure.referee.findings import HEALTHY, LIVE_CHANGE, Finding
from gan_core.measure.referee.findings import TROUBLES as KINDS

ROOT = Path(__file__).parents[3]
RECORDED: list[dict[str, Any]] = json.loads(Path(__file__).with_name("moments.json").read_text("utf-8"))
BY_HAND = {True: {"broken", "shape"}, False: {"broken", "d-ahead", "close", "even"}}
"""Rules that short runs need not meet: `test_rules_that_no_short_run_meets`."""


def moment_of(told: dict[str, Any] | None) -> Moment | None:
    if told is None:
        return None
    known: dict[str, Any] = {name: _number(value) for name, value in told.items()}
    return Moment(**known)


def _number(value: Any) -> Any:
    """NaN is null in JSON, and a tuple a list."""
    return tuple(map(_number, value)) if isinstance(value, list) else math.nan if value is None else value


def finding(kind: str, step: int) -> Finding:
    return Finding(kind, step, f"The title of {kind}", {}, "", "", {}, "")


def name_of(one: dict[str, Any]) -> str:
    return f"{one['run']}, step {one['step']}"


@pytest.mark.parametrize("one", RECORDED, ids=name_of)
def test_a_recorded_moment_has_the_caption_that_its_run_s_numbers_bear_out(one: dict[str, Any]) -> None:
    moment, before = moment_of(one["moment"]), moment_of(one["before"])
    assert moment is not None
    rule = rule_of(moment, before)
    assert rule is not None
    assert rule.name == one["rule"]
    found = [finding(kind, step) for kind, step in one["findings"]]
    assert caption(moment, before, found) == one["caption"]
    if not found:
        CLAIMS["points" if moment.points else "images", rule.name](Numbers(one))


class Numbers:
    """What else is known of a moment: nothing of it comes from its evidence."""

    def __init__(self, one: dict[str, Any]) -> None:
        self.caption, self.step, numbers = one["caption"], one["step"], one["numbers"]
        self.d_right = (numbers["d_accuracy_real"] + numbers["d_accuracy_fake"]) / 2
        self.trained = one["step"] >= numbers["step"] > 0  # else the curves begin later
        self.points = np.array(one["points"] or [], float)
        self.modes, self.std = np.array(one["modes"] or np.zeros((0, 2))), one["std"]

    def good(self) -> np.ndarray:
        """Of each mode the share of all points that lie within three standard deviations of it."""
        distance = np.linalg.norm(self.points[:, None, :2] - self.modes, axis=2)
        return np.asarray((distance <= 3 * self.std).mean(0))

    def nearest(self) -> np.ndarray:
        """Of each mode the share of the points that are nearer to it than to another."""
        distance = np.linalg.norm(self.points[:, None, :2] - self.modes, axis=2)
        return np.asarray(np.bincount(distance.argmin(1), minlength=len(self.modes)) / len(self.points))

    def said(self, words: str) -> float:
        """The number after these words, a share where it is in per cent."""
        found = re.search(rf"{words}(\d+)(%?)", self.caption)
        assert found, self.caption
        return int(found[1]) / (100 if found[2] else 1)


def guessing(n: Numbers) -> None:
    assert not n.trained or n.d_right < 0.7
    assert not len(n.modes) or np.count_nonzero(n.good()) <= len(n.modes) / 3


def d_first(n: Numbers) -> None:
    assert n.d_right > 0.6
    assert n.said("is right ") > 0.62
    assert not len(n.modes) or n.good().sum() < 0.35


def crowd(n: Numbers) -> None:
    assert n.nearest().max() >= 0.75
    assert np.count_nonzero(n.good()) <= 1


def just_found(n: Numbers) -> None:
    """D's scores of the points that it names lie below a half."""
    where = re.search(r"points (?:at the|in the) ([a-z ]+);", n.caption)
    assert where
    assert np.count_nonzero(n.points[:, 2] < 0.5) >= 0.15 * len(n.points)


def scattered(n: Numbers) -> None:
    assert n.good().sum() < 0.45
    assert n.said("^(?:Less than )?") == pytest.approx(n.good().sum(), abs=0.12)


def fooled_far(n: Numbers) -> None:
    assert n.said("takes ") == pytest.approx(np.mean(n.points[:, 2] >= 0.5), abs=0.12)
    assert n.good().sum() < 0.45


def d_ahead(n: Numbers) -> None:
    assert np.mean(n.points[:, 2] < 0.5) > 0.7
    assert n.good().sum() < 0.45


def none_found(n: Numbers) -> None:
    assert not n.good().any()


def all_found(n: Numbers) -> None:
    assert np.count_nonzero(n.nearest()) >= len(n.modes) - 1  # a hundred points need not meet every one
    assert n.said("places are found: ") == pytest.approx(n.good().sum(), abs=0.15)
    assert n.said("is right ") == pytest.approx(n.d_right, abs=0.25)


def all_hardly(n: Numbers) -> None:
    assert n.good().sum() > 0.75
    assert n.d_right < 0.75


def some_found(n: Numbers) -> None:
    assert 1 <= np.count_nonzero(n.good() > 0.3 / len(n.modes)) <= n.said("found ") < len(n.modes)


def shape_part(n: Numbers) -> None:
    assert n.said("reaches ") < 0.85
    if n.trained:
        assert n.said("is right ") == pytest.approx(n.d_right, abs=0.25)
    else:  # the curves begin later: between what it is where D is right about no real point, and about all
        seen_through = np.mean(n.points[:, 2] < 0.5)
        assert seen_through / 2 - 0.06 <= n.said("is right ") <= (1 + seen_through) / 2 + 0.06


def shape_hardly(n: Numbers) -> None:
    assert n.d_right < 0.7


def of_both(n: Numbers) -> None:
    assert n.said("is right ") == pytest.approx(n.d_right, abs=0.15)


CLAIMS = {
    ("points", "guessing"): guessing, ("points", "d-first"): d_first, ("points", "crowd-found"): crowd,
    ("points", "crowd"): crowd, ("points", "just-found"): just_found, ("points", "scattered"): scattered,
    ("points", "fooled-far"): fooled_far, ("points", "d-ahead"): d_ahead, ("points", "none-found"): none_found,
    ("points", "all-found"): all_found, ("points", "all-hardly"): all_hardly, ("points", "some-found"): some_found,
    ("points", "shape-part"): shape_part, ("points", "shape-hardly"): shape_hardly,
    ("images", "guessing"): guessing, ("images", "d-first"): d_first, ("images", "d-ahead"): of_both,
    ("images", "not-measured"): of_both, ("images", "beginning"): of_both,
    ("images", "taking-shape"): of_both, ("images", "even"): of_both,
    ("images", "close"): of_both,
}  # fmt: skip


def test_there_are_enough_of_them_and_of_every_rule_some() -> None:
    assert len(RECORDED) >= 20
    for points, rules in ((True, OF_POINTS), (False, OF_IMAGES)):
        met = {one["rule"] for one in RECORDED if one["moment"]["points"] is points}
        assert met | BY_HAND[points] >= {rule.name for rule in rules}
        assert len({rule.name for rule in rules}) == len(rules)


RING: dict[str, Any] = {
    "points": True, "counted": True, "places": ("right", "top", "left", "bottom"), "shares": (0.25,) * 4,
    "right": (0.5,) * 4, "moved": 1.0, "spread": 1.0, "right_real": 0.5, "right_fake": 0.5, "near": 0.5,
    "covered": 0.5, "found": 2, "missing": ("top", "bottom"), "middle": "middle",
}  # fmt: skip
MOONS = RING | {"counted": False, "found": 0, "missing": ()}


@pytest.mark.parametrize(("known", "name", "words"), [
    ({**RING, "finite": False}, "broken", "Numbers have grown out of bounds: there is nothing left to see."),
    ({**RING, "right_fake": 0.1, "near": 0.1}, "fooled-far",
     "D is fooled: it takes 90% of G's points for real, though few lie where real ones do."),
    ({**RING, "right_fake": 0.99, "right_real": 0.9, "near": 0.1}, "d-ahead",
     "D is ahead: it sees through nearly everything, and its arrows show G's points the way."),
    ({**RING, "near": 0.03, "covered": 0.0, "found": 0, "missing": ()}, "scattered",  # a point in every place
     "3% of G's points have reached one of the 4 places; the others lie between or beside them."),
    ({**RING, "near": 0.0, "covered": 0.0, "found": 0}, "none-found",
     "G's points are on their way: none of them lies where real ones do."),
    (RING, "some-found", "G has found 2 of 4 places; none lies at the top, at the bottom."),
    ({**MOONS, "near": 0.6, "covered": 0.9, "right_real": 0.8}, "shape",
     "60% of G's points lie where real ones do; D is right 65% of the time."),
    ({"points": False, "finite": False}, "broken", "Numbers have grown out of bounds: there is nothing left to see."),
    ({"points": False, "left": 0.6, "seen": 0.6, "right_real": 0.7, "right_fake": 0.7}, "beginning",
     "G begins to change what it draws, which is nothing like real pictures yet; D is right 70% of the time."),
    ({"points": False, "left": 0.2, "right_real": 0.6, "right_fake": 0.5}, "taking-shape",
     "G's pictures take shape, and are still far from real ones; D is right 55% of the time."),
    ({"points": False, "left": 0.6, "seen": 0.1, "measured": True, "right_real": 0.6, "right_fake": 0.5},
     "taking-shape", "G's pictures take shape, and are still far from real ones; D is right 55% of the time."),
    ({"points": False, "left": 0.1, "right_real": 0.9, "right_fake": 0.9}, "d-ahead",
     "D is ahead: it is right 90% of the time. Each that it sees through teaches G."),
    ({"points": False, "left": 0.1, "right_real": 0.6, "right_fake": 0.5}, "not-measured",
     "G's pictures take shape: seen coarsely they are like real ones. D is right 55% of the time."),
    ({"points": False, "left": 0.1, "measured": True, "right_real": 0.6, "right_fake": 0.5}, "even",
     "An even match: D is right 55% of the time, and 50% would be guessing."),
    ({"points": False, "left": 0.1, "measured": True, "right_real": 0.7, "right_fake": 0.7}, "close",
     "G's pictures are close to real ones; D is right 70% of the time."),
])  # fmt: skip
def test_rules_that_no_short_run_meets(known: dict[str, Any], name: str, words: str) -> None:
    moment = Moment(step=100, **known)
    rule = rule_of(moment)
    assert rule is not None
    assert (rule.name, caption(moment)) == (name, words)


def test_a_group_is_just_found_only_where_d_believed_it_before() -> None:
    now = Moment(100, **{**RING, "shares": (0.1, 0.1, 0.7, 0.1), "right": (0.5, 0.5, 0.9, 0.5)})
    believed = Moment(90, **{**RING, "right": (0.5, 0.5, 0.1, 0.5)})
    doubted = Moment(90, **{**RING, "right": (0.5, 0.5, 0.6, 0.5)})
    assert caption(now, believed) == "D has just found out G's points at the left; its arrows push them away."
    assert caption(now, doubted) == caption(now) != caption(now, believed)
    blind = Moment(100, **{**RING, "shares": now.shares, "right": now.right, "right_real": 0.1})
    assert caption(blind, believed) == caption(blind)  # it calls everything generated: that is no discovery


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != LIVE_CHANGE])  # its title names the change
def test_while_the_referee_finds_trouble_it_alone_has_the_word(kind: str) -> None:
    words = TROUBLES.get(kind, f"The title of {kind}.")
    for one in RECORDED:
        moment = moment_of(one["moment"])
        assert moment is not None
        assert caption(moment, None, [finding(kind, moment.step)]) == words
        assert caption(moment, None, [finding(kind, moment.step + 1)]) == caption(moment), "it came later"
    calm = [finding(HEALTHY, 0), finding("plateau", 0)]
    assert troubles(calm) == []
    assert troubles([finding(kind, 3)]) == [(3, words)]


def test_a_kind_of_trouble_that_is_new_is_called_by_its_title(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(TROUBLES, "oscillation")
    assert troubles([finding("oscillation", 3)]) == [(3, "The title of oscillation.")]


def test_what_nobody_may_read_again_is_said_of_no_moment() -> None:
    """ "Can hardly tell" over blotches, "an even match" beside a chase, and purple where nothing is purple."""
    for one in RECORDED:
        moment = moment_of(one["moment"])
        assert moment is not None
        words = caption(moment, moment_of(one["before"]))
        if "hardly tell" in words or "even match" in words:
            assert moment.left <= 0.15 or min(moment.near, moment.covered) >= 0.85
    everything = [rule.words for rule in (*OF_POINTS, *OF_IMAGES)] + list(TROUBLES.values())
    assert not [words for words in everything if re.search("purple|orange|blue", words)]


def test_the_documentation_lists_every_rule() -> None:
    assert table() in (ROOT / "docs" / "captions.md").read_text("utf-8")

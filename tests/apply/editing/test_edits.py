"""The edit as data: there and back, and what is refused, each in one sentence."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gan_core.apply.editing.edits import (
    Blend,
    Class,
    Copy,
    Drag,
    Edit,
    Factor,
    Mix,
    Move,
    Repaint,
    Stack,
    Start,
    Units,
    edits,
    read_numbers,
    read_points,
    stack_from_json,
    stack_to_json,
)
from gan_core.apply.editing.regions import cloned, decode_region, encode_region, painted, shifted

regions = arrays.arrays(bool, (8, 8))
pictures = arrays.arrays(np.uint8, (8, 8, 3))
switches = st.booleans()
kinds = st.one_of(
    st.builds(Move, on=switches, along=st.sampled_from(["pca-1", "hue-red"]), amount=st.floats(-20, 20)),
    st.builds(Class, on=switches, label=st.integers(0, 9), share=st.floats(0, 1)),
    st.builds(Factor, on=switches, factor=st.sampled_from(["hue", "x"]), amount=st.floats(-2, 2)),
    st.builds(Mix, on=switches, layers=st.just("0,1"), soft=st.floats(0, 16)),
    st.builds(Units, on=switches, layer=st.text(max_size=20), units=st.just("1,2"), scale=st.floats(0, 8)),
    st.builds(Repaint, on=switches, which=st.integers(1, 6), mask=regions.map(encode_region)),
    st.builds(Copy, on=switches, right=st.integers(-8, 8), way=st.sampled_from(["pixels", "poisson"])),
    st.builds(Blend, on=switches, source=st.just("seed:4"), way=st.just("latent")),
    st.builds(Drag, on=switches, points=st.just("1,2:3,4"), steps=st.integers(1, 200)),
)
stacks = st.builds(
    Stack, st.lists(kinds, max_size=4).map(tuple), st.builds(Start, seed=st.integers(0, 9)), st.just(8),
    st.text(max_size=9),
)  # fmt: skip


@settings(max_examples=25)
@given(stacks)
def test_there_and_back_without_loss(stack: Stack) -> None:
    assert stack_from_json(stack_to_json(stack)) == stack


@settings(max_examples=25)
@given(stacks.filter(lambda stack: len(stack.edits) > 1), st.data())
def test_switching_and_moving_change_nothing_else(stack: Stack, data: Any) -> None:
    index, to = (data.draw(st.integers(0, len(stack.edits) - 1)) for _ in range(2))
    assert stack.moved(index, to).moved(to, index) == stack
    off = stack.switched(index, not stack.edits[index].on)
    assert off != stack
    assert off.switched(index, stack.edits[index].on) == stack


def test_every_kind_is_tried_above() -> None:
    tried = {Move, Class, Factor, Mix, Units, Repaint, Copy, Blend, Drag}
    assert {entry.cls for entry in edits} == tried


@settings(max_examples=25)
@given(regions.filter(lambda region: region.any()))
def test_a_region_comes_back_from_its_text(region: Any) -> None:
    np.testing.assert_array_equal(decode_region(encode_region(region), 8), region)


@settings(max_examples=25)
@given(pictures, pictures, regions, st.floats(0, 16))
def test_outside_a_region_nothing_changes_to_the_last_bit(old: Any, new: Any, region: Any, soft: float) -> None:
    made = painted(old, new, region, soft)
    np.testing.assert_array_equal(made[~region], old[~region])
    if soft == 0:
        np.testing.assert_array_equal(made[region], new[region])


@settings(max_examples=25)
@given(pictures, pictures, regions.filter(lambda region: not region.all()))
def test_cloning_changes_nothing_outside(old: Any, new: Any, region: Any) -> None:
    np.testing.assert_array_equal(cloned(old, new, region)[~region], old[~region])


@settings(max_examples=25)
@given(pictures, st.integers(-8, 8), st.integers(-8, 8))
def test_a_shifted_picture_is_numpys_roll_without_what_came_round(picture: Any, right: int, down: int) -> None:
    made, there = shifted(picture, right, down)
    rolled = np.roll(picture, (down, right), (0, 1))
    np.testing.assert_array_equal(made[there], rolled[there])
    assert there.sum() == (8 - abs(right)) * (8 - abs(down))


GOOD = json.loads(stack_to_json(Stack((Move(along="pca-1"),), size=8)))


@pytest.mark.parametrize(("changes", "said"), [
    ({"format": "other"}, '"format": "ganscope-edit"'),
    ({"version": 2}, "version 2"),
    ({"colour": 1}, "'colour', which is no field"),
    ({"size": "big"}, "size is not a whole number"),
    ({"edits": [{}] * 65}, "at most 64"),
    ({"edits": [{"name": "fly"}]}, "edits[0] has no name that is known"),
    ({"edits": [{"name": "move", "speed": 3}]}, "edits[0].speed"),
    ({"edits": [{"name": "move", "amount": 1e9}]}, "edits[0].amount"),
    ({"edits": [{"name": "move", "amount": float("nan")}]}, "edits[0].amount"),
    ({"edits": [{"name": "repaint", "mask": "x" * 20_000}]}, "edits[0].mask"),
    ({"start": {"source": 5}}, "start.source"),
    ({"start": {"hidden": 5}}, "start.hidden"),
])  # fmt: skip
def test_what_is_no_edit_is_refused_in_a_sentence(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as found:
        stack_from_json(json.dumps({**GOOD, **changes}))
    assert "\n" not in str(found.value)
    assert str(found.value).endswith(".")


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000, "null", "1" * 2_000_000])
def test_what_is_not_even_json_is_refused(content: str) -> None:
    with pytest.raises(ValueError, match="The edit"):
        stack_from_json(content)


@pytest.mark.parametrize(("words", "said"), [
    ("", "0 handles"), ("1,2", "no drag"), ("1,2:3", "no drag"), ("1,2:nan,4", "no drag"),
    ("33,2:3,4", "(33, 2) lies outside"), ("1,2:3,-0.5", "(3, -0.5) lies outside"), ("1,2:3,4 " * 9, "9 handles"),
])  # fmt: skip
def test_places_that_are_none(words: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        read_points(words, 32)


def test_places_as_they_are_written() -> None:
    assert read_points("1,2.5:3,4  0,0:32,32", 32) == ((1.0, 2.5, 3.0, 4.0), (0.0, 0.0, 32.0, 32.0))
    assert read_numbers("3, 1,3", 5, "layers") == (3, 1)
    with pytest.raises(ValueError, match="layers is"):
        read_numbers("5", 5, "layers")


@pytest.mark.parametrize(("text", "said"), [
    ("x", "no region"), ("9:AAAA", "9 x 9"), ("8:?", "not base64"), ("8:AAAA", "3 bytes"),
    (encode_region(np.zeros((8, 8), bool)), "empty"),
])  # fmt: skip
def test_masks_that_are_none(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="^mask") as found:
        decode_region(text, 8)
    assert said in str(found.value)


def test_a_step_is_frozen() -> None:
    step: Edit = Move()
    with pytest.raises(AttributeError):
        step.on = False  # type: ignore[misc]

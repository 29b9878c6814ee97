"""What is held out, and that nothing of it can be learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core.apply.augmentation.split import DRAWN_SHARE, FEWEST_HELD_OUT, keys, split
from gan_core.data.base import ImageSet
from tests.apply.augmentation.made import CLASSES, Halves


def load(**options: int) -> ImageSet:
    return Halves(**options).load(28, Path())


def contents(images: torch.Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


def test_the_set_s_own_held_out_images_are_taken_where_they_are_enough() -> None:
    data = load(count=30, held=20)
    found = split(data, "auto", 1)
    assert found.own
    assert torch.equal(found.held_out, data.held_out)
    assert torch.equal(found.images, data.images)


def test_otherwise_a_fifth_of_each_class_is_drawn_by_the_seed() -> None:
    data = load(count=100, held=5)
    one, again, other = split(data, "auto", 1), split(data, "auto", 1), split(data, "auto", 2)
    assert not one.own
    assert [int((one.held_out_labels == k).sum()) for k in range(3)] == [round(105 * DRAWN_SHARE)] * 3
    assert torch.equal(one.held_out, again.held_out)
    assert contents(one.held_out) != contents(other.held_out)
    assert len(one.images) + len(one.held_out) == 3 * 105


@settings(max_examples=15, deadline=None)
@given(st.integers(60, 90), st.integers(0, 12), st.sampled_from(["auto", "drawn"]), st.integers(0, 99))
def test_no_content_is_on_both_sides(count: int, held: int, how: str, seed: int) -> None:
    found = split(load(count=count, held=held), how, seed)
    assert not contents(found.images) & contents(found.held_out)


def test_a_picture_that_is_on_both_sides_is_not_held_out() -> None:
    data = load(count=30, held=20, repeated=7)
    found = split(data, "set", 1)
    assert (found.repeated, len(found.held_out)) == (7, 53)
    assert not contents(found.images) & contents(found.held_out)


def test_each_seed_gets_so_many_of_each_class_and_others() -> None:
    found = split(load(count=50), "set", 1)
    rows, others = found.rows_for(1, 12), found.rows_for(2, 12)
    assert torch.equal(found.labels[rows], torch.arange(3).repeat_interleave(12))
    assert len(set(rows.tolist())) == 36
    assert set(rows.tolist()) != set(others.tolist())
    assert torch.equal(rows, found.rows_for(1, 12))


def test_bad_sets_are_refused_in_a_sentence() -> None:
    few = load(count=30, held=FEWEST_HELD_OUT - 1)
    with pytest.raises(ValueError, match='^Of "=left" only 9 images can be held out; at least 10 .*drawn from all'):
        split(few, "set", 1)
    with pytest.raises(ValueError, match='^Of "=left" there are 39 images; a fifth of each .*: bring at least 50,'):
        split(few, "drawn", 1)
    with pytest.raises(ValueError, match='^Of "=left" there are 2 images; a fifth of each class is held out'):
        split(load(count=1, held=1), "auto", 1)
    unlabelled = replace(few, labels=None, classes=(), held_out_labels=None)
    with pytest.raises(ValueError, match="^These images have no classes"):
        split(unlabelled, "auto", 1)
    with pytest.raises(ValueError, match="^This set holds no images out"):
        split(replace(few, held_out=few.held_out[:0], held_out_labels=few.labels), "set", 1)
    one = load(count=1, held=20)
    with pytest.raises(ValueError, match='^Of "=left" there is 1 image to learn from, and 2 a class were asked for'):
        split(one, "set", 1).rows_for(1, 2)
    assert CLASSES[0] == "=left"


def test_pictures_are_told_by_all_of_their_pixels() -> None:
    images = torch.zeros(3, 1, 4, 4, dtype=torch.uint8)
    images[2, 0, 3, 3] = 1
    one, same, other = keys(images)
    assert one == same != other

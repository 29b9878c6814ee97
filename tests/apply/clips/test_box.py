"""Cut out and put back: outside the box nothing changes, at its border the edit comes in softly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core.apply.clips.box import Box, Setting, fitting, read_box
from gan_core.nets.base import ImageShape

from .made_clips import moving

FRAME = moving(1, 50, 40)[0]
BLACK, WHITE = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 20), st.integers(0, 15), st.integers(8, 30), st.integers(8, 25), st.floats(0, 9),
       st.sampled_from(["change", "picture"]))  # fmt: skip
def test_outside_the_box_every_bit_stays(x: int, y: int, width: int, height: int, soft: float, way: str) -> None:
    made = Setting(Box(x, y, width, height), 50, 40, soft, way).put(FRAME, BLACK, WHITE)
    outside = np.ones((40, 50), bool)
    outside[y : y + height, x : x + width] = False
    np.testing.assert_array_equal(made[outside], FRAME[outside])
    assert (made[~outside] >= FRAME[~outside]).all()
    assert made[y + height // 2, x + width // 2].min() > FRAME[y + height // 2, x + width // 2].min()


def test_the_border_is_soft_but_not_at_the_frames_edge() -> None:
    share = Setting(Box(0, 10, 20, 20), 50, 40, 4.0).share[..., 0]
    np.testing.assert_allclose(share[10], [*[1.0] * 16, 0.8, 0.6, 0.4, 0.2])
    np.testing.assert_allclose(share[:6, 4], [0.2, 0.4, 0.6, 0.8, 1.0, 1.0])


def test_an_edit_that_changes_nothing_keeps_the_frame() -> None:
    setting = Setting(Box(5, 5, 30, 30), 50, 40, 3.0, "change")
    some = np.random.default_rng(0).integers(0, 256, (16, 16, 1), np.uint8)
    np.testing.assert_array_equal(setting.put(FRAME, some, some), FRAME)


def test_a_box_of_the_generators_size_is_cut_to_the_bit() -> None:
    setting = Setting(Box(7, 9, 16, 16), 50, 40, 0.0, "picture")
    cut = setting.cut(FRAME, ImageShape(3, 16))
    np.testing.assert_array_equal(cut, FRAME[9:25, 7:23])
    np.testing.assert_array_equal(setting.put(FRAME, BLACK, cut), FRAME)
    assert setting.cut(FRAME, ImageShape(1, 16)).shape == (16, 16, 1)


def test_the_default_is_the_largest_square_in_the_middle() -> None:
    assert fitting(None, 50, 40) == Box(5, 0, 40, 40)
    assert read_box("1,2,30,40") == Box(1, 2, 30, 40)
    for box in (Box(0, 0, 51, 20), Box(45, 0, 8, 8), Box(0, 0, 7, 30)):
        with pytest.raises(ValueError, match="does not lie within"):
            fitting(box, 50, 40)
    for text in ("1,2,3", "a", "-1,0,9,9", "1,2,3,4,5"):
        with pytest.raises(ValueError, match="X,Y,WIDTH,HEIGHT"):
            read_box(text)

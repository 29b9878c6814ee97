"""Masks that are made, and pictures and masks that are read out of files of all kinds."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gan_core.apply.completion.masks import MADE, SIDES, check_mask, made_mask
from gan_core.apply.completion.reading import read_mask, read_subject
from gan_core.nets.base import ImageShape

GREY, COLOUR = ImageShape(1, 28), ImageShape(3, 32)
RNG = np.random.default_rng(2)


def file(pixels: np.ndarray, kind: str = "PNG", **more: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(out, kind, **more)  # type: ignore[arg-type]
    return out.getvalue()


@given(
    st.sampled_from(MADE),
    st.sampled_from((28, 32, 64)),
    st.floats(0.01, 0.99),
    st.sampled_from(SIDES),
    st.integers(0, 9),
)
def test_a_made_mask_hides_something_and_not_everything(
    kind: str, size: int, share: float, side: str, seed: int
) -> None:
    hidden = made_mask(kind, size, side=side, share=share, seed=seed)
    assert hidden.shape == (size, size)
    check_mask(hidden)
    if kind == "pixels":
        assert abs(hidden.sum() - share * size * size) <= 1
    if kind == "lines":
        assert abs(hidden.all(1).sum() - share * size) <= 1
        assert (hidden.any(1) == hidden.all(1)).all()


def test_the_half_is_the_one_that_was_asked_for() -> None:
    assert made_mask("half", 28, side="left")[:, :14].all()
    assert made_mask("half", 28, side="bottom")[14:].all()
    assert made_mask("half", 28, side="top").sum() == 28 * 14
    with pytest.raises(ValueError, match="one of half, box"):
        made_mask("star", 28)


def test_a_picture_of_the_right_size_keeps_every_number() -> None:
    grey = RNG.integers(0, 256, (28, 28, 1), np.uint8)
    found = read_subject(file(grey), GREY)
    np.testing.assert_array_equal(found.picture, grey)
    assert found.notes == ()
    colour = RNG.integers(0, 256, (32, 32, 3), np.uint8)
    np.testing.assert_array_equal(read_subject(file(colour), COLOUR).picture, colour)
    np.testing.assert_array_equal(read_subject(file(grey), GREY, invert=True).picture, 255 - grey)


def test_what_was_done_to_a_picture_is_said() -> None:
    large = read_subject(file(RNG.integers(0, 256, (90, 120, 3), np.uint8)), GREY)
    assert large.picture.shape == (28, 28, 1)
    assert "The picture is 120 x 90 pixels; its middle square was brought to 28 x 28." in large.notes
    assert any("made grey by brightness" in note for note in large.notes)
    grey = read_subject(file(np.full((32, 32, 1), 90, np.uint8)), COLOUR)
    assert any("the generator makes coloured ones" in note for note in grey.notes)
    deep = (RNG.integers(0, 256, (28, 28)) * 257).astype(np.uint16)
    found = read_subject(file(deep), GREY)
    np.testing.assert_array_equal(found.picture[..., 0], (deep // 257).astype(np.uint8))
    assert found.notes == ("The picture has 16 bits a channel: scaled to 8.",)


def test_of_an_animated_picture_the_first_frame_is_taken() -> None:
    frames = [Image.fromarray(np.full((28, 28), level, np.uint8)) for level in (40, 200)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    found = read_subject(out.getvalue(), GREY)
    assert abs(int(found.picture.mean()) - 40) <= 1
    assert "The picture is animated: its first frame was taken." in found.notes


def test_transparent_parts_are_known_as_such() -> None:
    pixels = RNG.integers(0, 256, (32, 32, 4), np.uint8)
    pixels[..., 3] = 255
    pixels[4:10, 5:20, 3] = 0
    found = read_subject(file(pixels), COLOUR)
    np.testing.assert_array_equal(found.transparent, pixels[..., 3] == 0)
    np.testing.assert_array_equal(found.picture[~found.transparent], pixels[..., :3][~found.transparent])
    assert (found.picture[found.transparent] == 255).all()
    assert (read_subject(file(pixels), COLOUR, background="black").picture[found.transparent] == 0).all()


def test_a_mask_of_the_generators_size_or_the_pictures_shape_is_taken() -> None:
    hidden = made_mask("pixels", 28, share=0.3)
    own, notes = read_mask(file(np.where(hidden, 255, 0).astype(np.uint8)), (500, 300), 28)
    np.testing.assert_array_equal(own, hidden)
    assert notes == []
    wide = np.zeros((60, 100), np.uint8)
    wide[:, 50:] = 255  # the right half of a picture whose middle square is taken
    half, notes = read_mask(file(wide), (1000, 600), 28)
    assert half[:, 15:].all()
    assert not half[:, :13].any()
    assert notes == ["The mask is 100 x 60 pixels: it was brought to 28 x 28."]
    dot = np.zeros((280, 280), np.uint8)
    dot[100:106, 100:106] = 255  # a third of one pixel in 28 x 28
    assert read_mask(file(dot), (280, 280), 28)[0].sum() >= 1
    deep, _ = read_mask(file(np.where(hidden, 65535, 0).astype(np.uint16)), (28, 28), 28)
    np.testing.assert_array_equal(deep, hidden)
    see_through = np.zeros((28, 28, 4), np.uint8)
    see_through[..., 3] = np.where(hidden, 0, 255)
    np.testing.assert_array_equal(read_mask(file(see_through), (28, 28), 28)[0], hidden)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (file(np.zeros((28, 28), np.uint8)), "The mask hides nothing"),
        (file(np.full((28, 28), 255, np.uint8)), "The mask hides everything"),
        (file(np.eye(40, 20, dtype=np.uint8) * 255), "The mask is 20 x 40 pixels and the picture 300 x 300"),
        (b"no picture", "The mask cannot be read: it is not a picture"),
        (b"", "The mask cannot be read: it is empty"),
        (file(np.zeros((28, 28), np.uint8))[:44], "The mask cannot be read: it is"),
    ],
    ids=["nothing", "everything", "shape", "text", "empty", "cut"],
)
def test_a_mask_that_cannot_serve_is_a_sentence(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read_mask(content, (300, 300), 28)
    assert str(caught.value).endswith(".")


FLAT = file(np.zeros((4, 400), np.uint8))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04zip", b"<svg></svg>", FLAT], ids=len)
def test_a_picture_that_cannot_be_read_is_a_sentence(content: bytes) -> None:
    with pytest.raises(ValueError, match="The picture cannot be read") as caught:
        read_subject(content, GREY)
    assert str(caught.value).endswith(".")

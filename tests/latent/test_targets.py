"""Pictures for inversion: read through the one door, fitted, and light and dark swapped where that is right."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from gan_core.latent import Explorable
from gan_core.latent.targets import real_target, training_images, uploaded_target
from gan_core.nets.base import ImageShape

GREY, COLOUR = ImageShape(1, 28), ImageShape(3, 32)
ON_BLACK, ON_WHITE = np.zeros((2, 28, 28, 1), np.uint8), np.full((2, 28, 28, 1), 255, np.uint8)


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def drawing(ground: int, ink: int) -> bytes:
    pixels = np.full((90, 90, 3), ground, np.uint8)
    pixels[30:60, 30:60] = ink
    return png(pixels)


@pytest.mark.parametrize(("ground", "samples", "swapped"), [
    (255, ON_BLACK, True), (0, ON_BLACK, False), (255, ON_WHITE, False), (0, ON_WHITE, True),
])  # fmt: skip
def test_light_and_dark_are_swapped_where_the_border_says_so(ground: int, samples: np.ndarray, swapped: bool) -> None:
    found = uploaded_target(drawing(ground, 255 - ground), GREY, samples)
    assert found.inverted is swapped
    assert found.image.shape == (28, 28, 1)
    assert found.image[0, 0, 0] == samples[0, 0, 0, 0]
    assert found.image[14, 14, 0] == 255 - samples[0, 0, 0, 0]


def test_yes_and_no_are_obeyed_and_colours_are_never_swapped_by_themselves() -> None:
    assert not uploaded_target(drawing(255, 0), GREY, ON_BLACK, invert="no").inverted
    assert uploaded_target(drawing(0, 255), GREY, ON_BLACK, invert="yes").inverted
    colours = uploaded_target(drawing(255, 0), COLOUR, np.zeros((2, 32, 32, 3), np.uint8))
    assert not colours.inverted
    assert colours.image.shape == (32, 32, 3)


def test_grey_is_brightness() -> None:
    pixels = np.empty((64, 64, 3), np.uint8)
    pixels[:] = (200, 40, 90)
    found = uploaded_target(png(pixels), GREY, ON_BLACK, invert="no").image
    assert abs(int(found[10, 10, 0]) - round(0.299 * 200 + 0.587 * 40 + 0.114 * 90)) <= 1


def test_what_is_filled_up_is_the_samples_background() -> None:
    wide = np.full((40, 80, 3), 128, np.uint8)
    for invert in ("yes", "no"):
        assert uploaded_target(png(wide), GREY, ON_BLACK, invert=invert, fit="border").image[0, 14, 0] == 0


@pytest.mark.parametrize(("content", "words"), [
    (b"", "it is empty"), (b"hello, I am no picture", "it is not a picture"),
    (png(np.zeros((4, 4, 3), np.uint8)), "at least 8"), (drawing(0, 255)[:100], "cut short|damaged"),
])  # fmt: skip
def test_bad_pictures_are_refused_with_the_reason(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        uploaded_target(content, GREY, ON_BLACK)


def test_real_ones_are_of_the_held_out(dcgan_model: Explorable, tmp_path) -> None:  # type: ignore[no-untyped-def]
    data = training_images(dcgan_model, tmp_path)
    target, label = real_target(dcgan_model, data, 10_003)  # counted round
    assert np.array_equal(target.image[..., 0], data.held_out[3, 0].numpy())
    assert data.held_out_labels is not None
    assert label == int(data.held_out_labels[3])


def test_data_of_another_shape_is_refused(conditional_model: Explorable, tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="another shape"):  # three channels, and Fashion-MNIST is grey
        training_images(conditional_model, tmp_path)

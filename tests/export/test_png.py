"""Grid PNGs hold exactly the samples, enlarged without smoothing, and say where they come from."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from gan_core.export import grid_png


def encoded(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("shape", [(12, 20), (12, 20, 3)])
def test_every_pixel_becomes_a_sharp_square(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    with Image.open(io.BytesIO(grid_png(encoded(pixels), scale=3))) as image:
        assert image.format == "PNG"
        shown = np.asarray(image)
    np.testing.assert_array_equal(shown, np.kron(pixels, np.ones((3, 3, *([1] * (len(shape) - 2))), np.uint8)))


def test_run_and_step_can_be_read_from_the_file() -> None:
    words = {"run": "fashion-fast-7", "step": "1200", "Software": "GANscope – ünïcode"}
    with Image.open(io.BytesIO(grid_png(encoded(np.zeros((4, 4), np.uint8)), words=words))) as image:
        assert image.text == words  # type: ignore[attr-defined]


@pytest.mark.parametrize("scale", [0, -1, 17])
def test_a_scale_that_makes_no_picture_is_refused(scale: int) -> None:
    with pytest.raises(ValueError, match=f"scale is {scale}; it must be a whole number from 1 to 16"):
        grid_png(encoded(np.zeros((4, 4), np.uint8)), scale=scale)

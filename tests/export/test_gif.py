"""The training film, read back by another GIF reader (Pillow's)."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from gan_core.export import training_gif
from gan_core.export.gif import shown_frames


def encoded(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def read_back(gif: bytes) -> tuple[list[np.ndarray], list[int], int]:
    with Image.open(io.BytesIO(gif)) as film:
        frames, durations = [], []
        for frame in ImageSequence.Iterator(film):
            frames.append(np.asarray(frame.convert("RGB")))
            durations.append(frame.info["duration"])
        return frames, durations, film.info["loop"]


def grey_grids(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(1).integers(0, 256, (count, 16, 24), dtype=np.uint8))


def test_grey_frames_come_back_exactly_and_the_last_one_stays() -> None:
    grids = grey_grids(5)
    gif = training_gif(5, lambda i: encoded(grids[i]), seconds=1.0, hold_seconds=3.0, scale=2)
    frames, durations, loop = read_back(gif)
    for frame, grid in zip(frames, grids, strict=True):
        np.testing.assert_array_equal(frame, np.kron(grid, np.ones((2, 2), np.uint8))[..., None].repeat(3, -1))
    assert durations == [200, 200, 200, 200, 3000]  # milliseconds
    assert loop == 0  # for ever


def test_colour_frames_have_a_palette_each_and_stay_close() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    grids = [np.zeros((64, 64, 3), np.uint8) for _ in range(3)]
    for channel, grid in enumerate(grids):  # together far more than 256 colours
        grid[..., channel] = ramp[None, :]
        grid[..., (channel + 1) % 3] = ramp[:, None]
    frames, _, _ = read_back(training_gif(3, lambda i: encoded(grids[i]), scale=1))
    for frame, grid in zip(frames, grids, strict=True):
        error = np.sqrt(np.mean((frame.astype(float) - grid) ** 2))
        assert error < 6, "256 colours over a plane of two channels: spacing 16, so about 16 / sqrt(12) each"


def test_a_single_grid_makes_a_film_of_one() -> None:
    grid = grey_grids(1)[0]
    frames, _, _ = read_back(training_gif(1, lambda _: encoded(grid), scale=1))
    assert len(frames) == 1
    np.testing.assert_array_equal(frames[0][..., 0], grid)


def test_a_long_run_reads_only_what_is_shown_and_keeps_one_frame_in_memory() -> None:
    asked: list[int] = []
    noise = np.random.default_rng(2)

    def frame(index: int) -> bytes:
        asked.append(index)
        return encoded(noise.integers(0, 256, (128, 128), dtype=np.uint8))

    tracemalloc.start()
    gif = training_gif(1_000, frame, seconds=8.0, scale=4)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(asked) == 200
    assert asked == sorted(set(asked))
    assert (asked[0], asked[-1]) == (0, 999)
    assert peak < 2.5 * len(gif) + 4_000_000, "the file itself, its copy and one frame"


@given(count=st.integers(1, 5_000), seconds=st.floats(0.1, 120))
def test_shown_frames_are_evenly_spaced_with_both_ends(count: int, seconds: float) -> None:
    shown = shown_frames(count, seconds)
    assert shown[0] == 0
    assert shown[-1] == count - 1
    gaps = np.diff(shown)
    assert gaps.size == 0 or (gaps.min() >= 1 and gaps.max() - gaps.min() <= 1)
    assert len(shown) <= max(2, seconds * 25)


def test_no_grid_yet_is_said_in_words() -> None:
    with pytest.raises(ValueError, match="no sample grid yet"):
        training_gif(0, lambda _: b"")


def test_grids_of_different_sizes_make_no_film() -> None:
    grids = [np.zeros((8, 8), np.uint8), np.zeros((8, 9), np.uint8)]
    with pytest.raises(ValueError, match="not all of one size"):
        training_gif(2, lambda i: encoded(grids[i]))

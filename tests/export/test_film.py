"""Films, opened again: GIFs by Pillow, MP4 by PyAV's decoder."""

from __future__ import annotations

import io
import itertools
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

import gan_core.export.film as film_module
from gan_core.export.film import Film, Picture, enlarged, write_film
from tests.pictures import mean_colour


def noise_frames(count: int, shape: tuple[int, int, int], seed: int = 0) -> list[Picture]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8))


def colour_frames(count: int) -> list[Picture]:
    """A flat field that wanders through colours with a bright square in it."""
    frames = []
    for index in range(count):
        frame = np.full((32, 32, 3), (255 * index // count, 90, 255 - 255 * index // count), np.uint8)
        frame[8:24, 8:24] = (250, 30 + 4 * index, 10)
        frames.append(frame)
    return frames


def read_gif(data: bytes) -> tuple[list[np.ndarray], list[int], int | None]:
    with Image.open(io.BytesIO(data)) as film:
        frames, durations = [], []
        for frame in ImageSequence.Iterator(film):
            frames.append(np.asarray(frame.convert("RGB")))
            durations.append(frame.info["duration"])
        return frames, durations, film.info.get("loop")


@dataclass(frozen=True)
class Said:
    """What an MP4 says of itself. A stream can only be asked while its file is open."""

    size: tuple[int, int]  # width, height
    rate: Fraction | None
    frames: int
    seconds: float
    codec: str
    pix_fmt: str | None
    colours: tuple[int, int, int]  # colorspace, color_primaries, color_range


def read_mp4(data: bytes) -> tuple[list[np.ndarray], Said]:
    """The mean colour of each frame, and what the file says of itself."""
    with av.open(io.BytesIO(data)) as film:
        stream = film.streams.video[0]
        shown = [mean_colour(frame) for frame in film.decode(stream)]
        context = stream.codec_context
        assert stream.duration is not None
        assert stream.time_base is not None
        colours = int(context.colorspace), int(context.color_primaries), int(context.color_range)
        seconds = float(stream.duration * stream.time_base)
        size = stream.width, stream.height
        return shown, Said(size, stream.average_rate, stream.frames, seconds, context.name, context.pix_fmt, colours)


def test_a_grey_gif_has_every_frame_exactly_enlarged_by_whole_pixels() -> None:
    frames = noise_frames(7, (28, 28, 1))
    shown, durations, loop = read_gif(write_film(Film("gif", size=64, frames_per_second=30, seconds=7 / 30), frames))
    assert len(shown) == 7
    for read, frame in zip(shown, frames, strict=True):  # 64 // 28 = 2
        np.testing.assert_array_equal(
            read, np.kron(frame[..., 0], np.ones((2, 2), np.uint8))[..., None].repeat(3, -1)
        )
    assert durations == [30, 40, 30, 30, 40, 30, 30]  # milliseconds: 3.33 hundredths each in the long run
    assert loop == 0


def test_a_gif_may_end_and_stays_close_in_colour() -> None:
    frames = colour_frames(5)
    shown, _, loop = read_gif(write_film(Film("gif", 64, 10, 0.5, loop=False), frames))
    assert loop is None
    for read, frame in zip(shown, frames, strict=True):
        assert np.abs(read[::2, ::2].astype(int) - frame).max() <= 4  # few colours: the palette has room for each


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("encoder", ["libx264", "mpeg4"])
def test_an_mp4_has_all_frames_their_size_rate_and_colour(
    smooth: bool, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_module, "video_encoder", lambda: encoder)
    frames = colour_frames(24)
    told: list[float] = []
    shown, said = read_mp4(write_film(Film("mp4", 200, 12, 2.0, smooth=smooth), frames, told.append))
    side = 200 if smooth else 192  # 6 x 32
    assert said.size == (side, side)
    assert (said.rate, said.frames) == (12, 24)
    assert said.pix_fmt == "yuv420p"
    assert said.codec == {"libx264": "h264", "mpeg4": "mpeg4"}[encoder]
    assert said.seconds == pytest.approx(2.0)
    assert len(shown) == 24
    for read, frame in zip(shown, frames, strict=True):
        error = np.abs(read - frame.mean(axis=(0, 1)))
        assert error.max() < 4, "the mean colour of each frame, so that no frame is missing, doubled or moved"
    assert told == [pytest.approx((i + 1) / 24) for i in range(24)]


def test_an_mp4_names_the_colours_it_was_coded_with() -> None:
    """Without the mark a player guesses from the size, and saturated colours shift by up to 10%."""
    _, said = read_mp4(write_film(Film("mp4", 64, 10, 0.2), colour_frames(2)))
    assert said.colours == (1, 1, 1)


def test_odd_pictures_get_even_sides() -> None:
    shown, said = read_mp4(write_film(Film("mp4", 81, 10, 0.3), noise_frames(3, (27, 25, 1))))
    assert said.size == (76, 82)  # 3 x 25 and 3 x 27, each and one more
    assert len(shown) == 3


@given(
    height=st.integers(1, 90), width=st.integers(1, 90), size=st.integers(64, 200), smooth=st.booleans(),
    channels=st.sampled_from([1, 3]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_enlarged_is_as_large_as_it_may_be(height: int, width: int, size: int, smooth: bool, channels: int) -> None:
    picture = np.random.default_rng(height * 100 + width).integers(0, 256, (height, width, channels), dtype=np.uint8)
    large = enlarged(picture, size, smooth=smooth)
    assert large.shape[2] == channels
    longer = max(large.shape[:2])
    if smooth or max(height, width) > size:
        assert longer == size
        return
    scale = large.shape[0] // height
    assert longer <= size < longer + max(height, width)
    np.testing.assert_array_equal(large, np.kron(picture, np.ones((scale, scale, 1), np.uint8)))


@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_frames_are_taken_one_by_one_and_not_one_too_many(kind: str) -> None:
    taken = 0

    def endless() -> Iterator[Picture]:
        nonlocal taken
        for frame in itertools.cycle(noise_frames(3, (64, 64, 3))):
            taken += 1
            yield frame.copy()

    film = Film(kind, 256, 10, 6.0)
    tracemalloc.start()
    data = write_film(film, endless())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken == film.frame_count == 60
    raw = 60 * 256 * 256 * 3  # what all frames at once would take
    assert peak < 2.5 * len(data) + raw / 4


def test_a_film_ends_when_progress_says_so() -> None:
    class Enough(Exception):
        pass

    def progress(part: float) -> None:
        if part > 0.5:
            raise Enough

    for kind in ("gif", "mp4"):
        with pytest.raises(Enough):
            write_film(Film(kind, 64, 10, 1.0), noise_frames(10, (28, 28, 1)), progress)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "webm"}, "A film is gif or mp4, not 'webm'"),
        ({"size": 63}, "size is 63 pixels; it must be from 64 to 1080"),
        ({"size": 1081}, "1081"),
        ({"size": 99.5}, "99.5"),
        ({"frames_per_second": 0}, "rate is 0 frames a second"),
        ({"frames_per_second": 61}, "mp4 has from 1 to 60"),
        ({"kind": "gif", "frames_per_second": 51}, "gif has from 1 to 50"),
        ({"seconds": 0.0}, "lasts 0.0 seconds"),
        ({"seconds": 60.1}, "at most 60"),
        ({"seconds": float("nan")}, "lasts nan seconds"),
        ({"seconds": "long"}, "lasts long seconds"),
    ],
)
def test_what_a_film_cannot_be_is_said_in_one_sentence(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words) as problem:
        Film(**options)  # type: ignore[arg-type]
    assert str(problem.value).count(".") - str(options).count(".") <= 1
    assert "\n" not in str(problem.value)


def test_too_few_frames_sizes_that_differ_and_films_too_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    film = Film("gif", 64, 10, 0.5)
    with pytest.raises(ValueError, match="of 5 frames was given 3"):
        write_film(film, noise_frames(3, (28, 28, 1)))
    mixed = [*noise_frames(2, (28, 28, 1)), *noise_frames(3, (28, 30, 1))]
    with pytest.raises(ValueError, match="not all of one size"):
        write_film(film, mixed)
    monkeypatch.setattr(film_module, "HEAVIEST", 2_000)
    with pytest.raises(ValueError, match="grew past"):
        write_film(film, noise_frames(5, (28, 28, 1)))

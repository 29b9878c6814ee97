"""Films opened again: frames, rate, times, size and sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from gan_core.apply.clips.reading import Clip, read_clip
from gan_core.apply.clips.writing import write_clip

from .made_clips import Pictures, film, moving, opened


def clip_of(frames: Pictures, rate: Fraction, ticks: tuple[int, ...] = ()) -> Clip:
    ticks = ticks or tuple(range(len(frames)))
    return Clip((), "film", frames.shape[2], frames.shape[1], 1 / rate, rate, ticks, 1, False)


def test_rate_size_and_sound_are_the_clips(tmp_path: Path) -> None:
    path, out = tmp_path / "clip", tmp_path / "out.mp4"
    path.write_bytes(film(moving(30), Fraction(30_000, 1001), sound="aac"))
    *_, clip = read_clip((path,))
    assert isinstance(clip, Clip)
    told: list[int] = []
    write_clip(out, "mp4", clip, clip.frames(), told.append)
    (width, height, rate), count, sound = opened(out)
    assert (width, height, count) == (24, 20, 30)
    assert rate == Fraction(30_000, 1001)
    assert sound == pytest.approx(opened(path)[2], abs=0.001)
    assert told == list(range(1, 31))


@pytest.mark.parametrize("ticks", [(0, 1, 2, 3, 4, 5), (0, 2, 3, 9, 10, 14)])
def test_times_are_kept_at_odd_sizes(tmp_path: Path, ticks: tuple[int, ...]) -> None:
    frames, out = moving(6, 25, 21), tmp_path / "out.mp4"
    write_clip(out, "mp4", clip_of(frames, Fraction(25), ticks), iter(frames))
    *seen, again = read_clip((out,))
    assert isinstance(again, Clip)
    assert [(each - again.ticks[0]) * again.time_base * 25 for each in again.ticks] == list(ticks)
    assert (again.width, again.height) == (26, 22)  # whole pairs
    assert np.abs(seen[3][0][:21, :25].astype(int) - frames[3]).mean() < 12


def test_a_gif_keeps_frames_and_times(tmp_path: Path) -> None:
    frames, out = moving(6), tmp_path / "out.gif"
    write_clip(out, "gif", clip_of(frames, Fraction(20), (0, 1, 2, 5, 6, 7)), iter(frames))
    *seen, again = read_clip((out,))
    assert isinstance(again, Clip)
    assert again.ticks == (0, 50, 100, 250, 300, 350)
    assert again.last == 50
    assert np.abs(np.stack([part[0] for part in seen]).astype(int) - frames).mean() < 12


@pytest.mark.parametrize("kind", ["mp4", "gif"])
def test_what_is_stopped_leaves_no_file(tmp_path: Path, kind: str) -> None:
    def stop(count: int) -> None:
        if count == 3:
            raise KeyboardInterrupt

    frames = moving(6)
    with pytest.raises(KeyboardInterrupt):
        write_clip(tmp_path / "out", kind, clip_of(frames, Fraction(25)), iter(frames), stop)
    with pytest.raises(ValueError, match="6 frames was given 2"):
        write_clip(tmp_path / "out", kind, clip_of(frames, Fraction(25)), iter(frames[:2]))
    assert list(tmp_path.iterdir()) == []

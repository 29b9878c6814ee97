"""Every kind of clip that is read, odd ones, and those that are refused with a sentence."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gan_core.apply.clips.reading import MOST_FRAMES, MOST_PIXELS, MOST_SECONDS, Clip, read_clip
from gan_core.pictures.clip_child import TICKS, Asked, Unusable, answered

from .made_clips import Pictures, animation, film, moving, png

ASKED = Asked((), "frames", MOST_FRAMES, MOST_SECONDS, MOST_PIXELS, 60.0, (9, 8, 7))


def read(folder: Path, *contents: bytes, name: str = "clip") -> tuple[dict[str, Any], list[int], Pictures]:
    """What the decoding process would answer, in this one: the clip, times, frames."""
    paths = [folder / f"{name}-{i:03}" for i in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    parts = list(answered(replace(ASKED, paths=tuple(map(str, paths)))))
    assert [letter for letter, _ in parts] == [b"i", *[b"f"] * (len(parts) - 2), b"e"]
    told = {**json.loads(parts[0][1]), **json.loads(parts[-1][1])}
    frames = [np.frombuffer(content, np.uint8, offset=8) for _, content in parts[1:-1]]
    ticks = [TICKS.unpack(content[:8])[0] for _, content in parts[1:-1]]
    return told, ticks, np.stack(frames).reshape(-1, told["height"], told["width"], 3)


@pytest.mark.parametrize(("kind", "codec", "sound"), [
    ("mp4", "libx264", "aac"), ("webm", "libvpx", "libopus"), ("mp4", "mpeg4", ""),
])  # fmt: skip
def test_a_film_is_read_with_its_times(tmp_path: Path, kind: str, codec: str, sound: str) -> None:
    frames = moving(12)
    told, ticks, found = read(tmp_path, film(frames, kind=kind, codec=codec, sound=sound))
    assert (told["width"], told["height"], told["sound"]) == (24, 20, bool(sound))
    seconds = [Fraction(*told["time_base"]) * each for each in ticks]
    assert [each - seconds[0] for each in seconds] == [Fraction(i, 25) for i in range(12)]
    assert np.abs(found.astype(int) - frames).mean() < 12
    assert Fraction(*told["rate"]) == 25


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_a_moving_picture_is_read_whatever_it_is_called(tmp_path: Path, kind: str) -> None:
    frames, durations = moving(5), [40, 100, 40, 250, 60]
    told, ticks, found = read(tmp_path, animation(frames, kind, durations), name="film.mp4")
    assert ticks == [0, 40, 140, 180, 430]
    assert told["last"] == 60
    assert told["time_base"] == [1, 1000]
    assert np.abs(found.astype(int) - frames).mean() < (12 if kind == "GIF" else 0.5)


def test_a_folder_keeps_every_pixel(tmp_path: Path) -> None:
    frames = moving(4)
    told, ticks, found = read(tmp_path, *map(png, frames))
    assert (told["kind"], ticks) == ("folder", [0, 1, 2, 3])
    np.testing.assert_array_equal(found, frames)


def test_a_variable_rate_is_kept(tmp_path: Path) -> None:
    told, ticks, _ = read(tmp_path, film(moving(6), ticks=[0, 1, 5, 6, 20, 21]))
    base = Fraction(*told["time_base"])
    assert [round((each - ticks[0]) * base * 25) for each in ticks] == [0, 1, 5, 6, 20, 21]


def test_a_turned_clip_is_put_upright(tmp_path: Path) -> None:
    """The matrix of a phone that was held upright, in the track's header of the MP4."""
    content = bytearray(film(moving(3)))
    at = content.index(b"tkhd") + 4 + 40
    content[at : at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    _, _, lying = read(tmp_path, film(moving(3)))
    told, _, found = read(tmp_path, bytes(content), name="turned")
    assert (told["width"], told["height"]) == (20, 24)
    assert told["rotated"] == 270
    np.testing.assert_array_equal(found, np.rot90(lying, 3, (1, 2)))  # clockwise


def test_what_is_transparent_is_filled(tmp_path: Path) -> None:
    clear = np.zeros((2, 12, 12, 4), np.uint8)
    clear[0, :6], clear[1, :, :6] = (200, 100, 50, 255), (200, 100, 50, 255)
    _, _, found = read(tmp_path, animation(clear, "PNG", [50, 50]))
    assert found[0, 8, 8].tolist() == [9, 8, 7]
    assert found[0, 2, 8].tolist() == [200, 100, 50]


def heavy(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("1", (width, height)).save(out, "PNG")
    return out.getvalue()


def noise(count: int) -> Pictures:
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)


@pytest.mark.parametrize(("made", "said"), [
    (lambda: b"", "no clip"), (lambda: b"just words, and no clip at all", "no clip"),
    (lambda: b"%PDF-1.4 and so on" * 9, "no clip"),
    (lambda: film(moving(2, 2400, 1400), codec="mpeg4"), "2400 x 1400 pixels; at most 2.1 megapixels"),
    (lambda: heavy(4096, 2160), "4096 x 2160 pixels; at most"), (lambda: heavy(40, 4), "at least 8"),
    (lambda: film(moving(901, 16, 16), codec="mpeg4", rate=60), "901 frames; at most 30 s and 900 frames"),
    (lambda: film(moving(2), ticks=[0, 15_000]), "lasts 60"),
    (lambda: animation(noise(901), "GIF", [10] * 901), "901 frames"),
    (lambda: animation(noise(3), "GIF", [20_000] * 3), "lasts 40 s"),
], ids=["nothing", "words", "pdf", "large", "4k", "small", "many", "long", "many-gif", "slow-gif"])  # fmt: skip
def test_what_cannot_be_edited_is_a_sentence(tmp_path: Path, made: Callable[[], bytes], said: str) -> None:
    with pytest.raises(Unusable, match=said) as problem:
        read(tmp_path, made())
    assert str(problem.value).endswith(".")


def test_frames_of_several_sizes_and_no_pictures_are_said(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="not all of one size"):
        read(tmp_path, png(moving(1)[0]), png(moving(1, 30)[0]))
    with pytest.raises(Unusable, match="Frame 2 of the folder is no picture"):
        read(tmp_path, png(moving(1)[0]), b"words")


def test_in_a_process_of_its_own(tmp_path: Path) -> None:
    frames, path = moving(4), tmp_path / "clip"
    path.write_bytes(animation(frames, "WEBP", [40] * 4))
    *seen, clip = read_clip((path,))
    assert isinstance(clip, Clip)
    assert (clip.count, clip.width, clip.height, clip.seconds) == (4, 24, 20, 0.16)
    np.testing.assert_array_equal(np.stack([part[0] for part in seen]), np.stack(list(clip.frames())))
    whole = film(frames, codec="mpeg4", sound="aac")
    path.write_bytes(whole)
    *_, clip = read_clip((path,))
    assert isinstance(clip, Clip)
    for content, said in (
        (png(frames[0]), "a single frame"), (whole[: len(whole) // 2], "damaged|cut short"),
        (clip.soundtrack(), "only sound"),
    ):  # fmt: skip
        path.write_bytes(content)
        with pytest.raises(ValueError, match=said):
            list(read_clip((path,)))


def test_a_film_that_ends_too_soon_is_said(tmp_path: Path) -> None:
    path = tmp_path / "clip"
    whole = film(noise(20).repeat(4, 1).repeat(4, 2), kind="mp4", codec="mpeg4")
    at = whole.index(b"mdat") + 300
    path.write_bytes(whole[:at] + bytes(len(whole[at : at + 9_000])) + whole[at + 9_000 :])
    with pytest.raises(ValueError, match="damaged"):
        list(read_clip((path,)))

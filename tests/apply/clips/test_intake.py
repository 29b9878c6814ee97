"""What is given for a clip: one file, a zip, or frames; what is none of them is a sentence before any job."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gan_core.apply.clips.clip_task import CLIP
from gan_core.apply.clips.intake import clip_inputs, glance, natural
from gan_core.apply.clips.reading import MOST_FRAMES

from .made_clips import animation, film, moving, png


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_zips_frames_follow_each_other_by_number_whatever_else_lies_in_it() -> None:
    frames = moving(11)
    files = {f"clip/frame {i}.png": png(frame) for i, frame in reversed(list(enumerate(frames)))}
    inputs = clip_inputs([("my.bin", zipped({**files, "__MACOSX/._frame 1.png": b"?", "notes.txt": b"?"}))])
    assert list(inputs) == [f"frame-{i:04}" for i in range(1, 12)]
    assert list(inputs.values()) == [png(frame) for frame in frames]


def test_frames_by_themselves_and_a_film_in_a_zip() -> None:
    frames = moving(3)
    inputs = clip_inputs([(f"{i}.PNG", png(frames[i])) for i in (2, 0, 1)])
    assert list(inputs.values()) == [png(frame) for frame in frames]
    content = film(frames)
    assert clip_inputs([("a", zipped({"b.mp4": content}))]) == {CLIP: content}


def test_names_are_sorted_as_people_count() -> None:
    names = ["b2", "a10", "A2", "é1", "a2b", ""]
    assert sorted(names, key=natural) == ["", "A2", "a2b", "a10", "b2", "é1"]


def test_a_glance_gives_the_first_frame_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    frames = moving(4, 40, 24)
    frame, told = glance(clip_inputs([("x.gif", animation(frames, "GIF", [40] * 4))]))
    assert (told.width, told.height) == (40, 24)
    assert np.abs(frame.astype(int) - frames[0]).mean() < 12  # a GIF has 256 colours
    assert list(tmp_path.iterdir()) == []


LONG = [i * 12_800 * 5 for i in range(121)]  # ticks of 1 / 12,800 s: a frame every five seconds, ten minutes


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "There is no clip"),
        ([("a.mp4", b"nothing of the kind")], "This is no clip that can be read"),
        ([("a.mp4", film(moving(3))[:200])], "The clip"),
        ([("a.mp4", film(moving(121), 12_800, ticks=LONG))], "The clip lasts 60"),
        ([("a.mp4", film(np.zeros((2, 2160, 3840, 3), np.uint8)))], "3840 x 2160 pixels; at most 2.1 megapixels"),
        ([("a.zip", zipped({}))], "The zip has no frames"),
        ([("a.zip", zipped({"notes.txt": b"?", "more.txt": b"?"}))], "The zip has no frames"),
        ([("a.zip", zipped({"a.png": b"?"})[:-30])], "The zip cannot be read"),
        ([("a.zip", zipped({"b.zip": zipped({"c.png": b"?"})}))], "The zip holds another zip"),
        ([("a.zip", zipped({f"{i}.png": b"?" for i in range(MOST_FRAMES + 1)}))], "There are 901 frames"),
        ([("a.png", png(moving(1)[0])), ("b.mp4", film(moving(3)))], "There are 2 files, and b.mp4 is no frame"),
        ([("a.png", b"?"), ("b.png", b"?")], "Frame 1 of the folder is no picture"),
    ],
)  # fmt: skip
def test_what_is_no_clip_is_a_sentence(files: list[tuple[str, bytes]], said: str) -> None:
    with pytest.raises(ValueError, match=said) as problem:
        glance(clip_inputs(files))
    assert str(problem.value).endswith(".")


def test_a_zip_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_core.apply.clips.intake.MOST_BYTES", 1_000_000)
    bomb = zipped({f"{i}.png": b"\0" * 300_000 for i in range(8)})
    assert len(bomb) < 10_000
    with pytest.raises(ValueError, match="The clip has more than 1 MB"):
        clip_inputs([("a.zip", bomb)])

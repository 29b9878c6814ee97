"""Clips kept on disk: whole, whose they are, and when they go."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gan_core.apply.clips import kept_clips
from gan_core.apply.clips.kept_clips import keep_clip, newest_clip

ONE, OTHER = "a" * 24, "b" * 24


def test_a_clip_is_there_again_for_who_brought_it_alone(tmp_path: Path) -> None:
    frames = {f"frame-{i:04}": b"%d" % i for i in range(1, 4)}
    kept = keep_clip(tmp_path, ONE, "3 frames", frames)
    found = newest_clip(tmp_path, ONE)
    assert found == kept
    assert list(found.inputs().items()) == list(frames.items())
    assert found.about() == ("3 frames", "")
    found.say("3 frames", "1,2,9,9")
    assert found.about() == ("3 frames", "1,2,9,9")
    assert newest_clip(tmp_path, OTHER) is None
    assert newest_clip(tmp_path, "") is None
    found.remove()
    assert not found.there
    assert newest_clip(tmp_path, ONE) is None


def test_only_files_of_a_clip_are_written_and_only_below_their_folder(tmp_path: Path) -> None:
    for name in ("../clip", "about.json", "frame-1", "clip2"):
        with pytest.raises(ValueError, match="no files of a clip"):
            keep_clip(tmp_path, ONE, "x", {name: b""})
    with pytest.raises(ValueError, match="Nobody"):
        keep_clip(tmp_path, "../x", "x", {"clip": b""})
    assert list(tmp_path.rglob("*")) == []


def test_older_ones_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def aged(owner: str, days: float, size: int = 10) -> kept_clips.KeptClip:
        kept = keep_clip(tmp_path, owner, "x", {"clip": bytes(size)})
        at = time.time() - days * 86_400
        os.utime(kept.folder / "about.json", (at, at))
        return kept

    old, third, second = aged(OTHER, kept_clips.MOST_DAYS + 1), aged(ONE, 3), aged(ONE, 2)
    assert newest_clip(tmp_path, OTHER) is None  # of too long ago, even while it is still there
    newest = keep_clip(tmp_path, ONE, "x", {"clip": bytes(10)})
    assert [each.there for each in (old, third, second, newest)] == [False, False, True, True]
    monkeypatch.setattr(kept_clips, "MOST_BYTES", 15)
    large = keep_clip(tmp_path, OTHER, "x", {"clip": bytes(40)})  # larger than all may be: it stays, the others go
    assert [each.there for each in (second, newest, large)] == [False, False, True]

"""`edit` over a clip, as a film of an edit, and between pictures; and what it says where it cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_core.apply.clips.reading import read_clip
from tests.cli.conftest import Answer

Cli = Callable[..., Answer]
ENGINE = ["--device", "cpu", "--threads", "1"]


def frames_of(path: Path) -> np.ndarray:
    return np.stack([part[0] for part in read_clip((path,)) if isinstance(part, tuple)])


@pytest.fixture
def edit(tmp_path: Path) -> str:
    path = tmp_path / "edit.json"
    path.write_text(json.dumps({
        "format": "ganscope-edit", "version": 1, "start": {"source": "seed:2", "iterations": 3, "restarts": 1},
        "edits": [{"name": "move", "along": "sefa-1", "amount": 1.5}],
    }))  # fmt: skip
    return str(path)


def test_a_folder_of_frames_becomes_a_film(cli: Cli, tmp_path: Path, edit: str) -> None:
    clip, out = tmp_path / "frames", tmp_path / "out.gif"
    clip.mkdir()
    shades = np.random.default_rng(0).integers(0, 256, (3, 30, 40, 3), np.uint8)
    for i, shade in enumerate(shades):
        Image.fromarray(shade).save(clip / f"{i}.png")
    answer = cli(
        "edit", "emoji", "--apply", edit, "--clip", str(clip), "--box", "4,2,24,24", "--out", str(out), "--rate",
        "10", "--json", *ENGINE,
    )  # fmt: skip
    assert answer.status == 0, answer.err
    said = answer.json()
    assert (said["frames"], said["rate"], said["box"], said["out"]) == (3, 10.0, "4,2,24,24", str(out))
    assert any("far from what this generator can make" in each and "tuning" in each for each in said["words"])
    assert said["error"] > 30
    assert frames_of(out).shape == (3, 30, 40, 3)


def test_films_of_an_edit_and_between_pictures(cli: Cli, tmp_path: Path, edit: str) -> None:
    film = tmp_path / "film.gif"
    answer = cli("edit", "emoji", "--apply", edit, "--film", str(film), "--seconds", "0.4", "--rate", "10",
                 "--strength", "0:0 0.3:1", *ENGINE)  # fmt: skip
    assert answer.status == 0, answer.err
    frames = frames_of(film)
    assert len(frames) == 4
    assert (np.diff(np.abs(frames.astype(int) - frames[0]).mean((1, 2, 3))) > 0).all()
    one = tmp_path / "one.png"
    Image.fromarray(frames[0]).save(one)
    answer = cli("edit", "emoji", "--between", str(one), "--film", str(film), *ENGINE)
    assert "has 1 pictures; give 2 to 50" in answer.sentence()


@pytest.mark.parametrize(("words", "said"), [
    (["--clip", "none.mp4", "--out", "{out}.mp4"], "There is no clip none.mp4"),
    (["--clip", "none.mp4", "--film", "{out}.mp4"], "give --out"),
    (["--film", "{out}.avi"], "neither .mp4 nor .gif"),
    (["--between", "a.png", "b.png", "--out", "{out}.mp4"], "give --film"),
    (["--film", "{out}.mp4", "--strength", "0:3"], "from 0 to 1"),
    (["--film", "{out}.mp4", "--seconds", "90"], "90"),
    ([], "--out"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(cli: Cli, tmp_path: Path, words: list[str], said: str) -> None:
    out = str(tmp_path / "out")
    assert said in cli("edit", "emoji", *(each.format(out=out) for each in words), *ENGINE).sentence()
    assert not list(tmp_path.glob("out*"))


def test_what_is_no_clip_is_said(cli: Cli, tmp_path: Path, edit: str) -> None:
    (tmp_path / "clip.mp4").write_text("no film at all")
    clip, out = tmp_path / "clip.mp4", tmp_path / "o.mp4"
    answer = cli("edit", "emoji", "--apply", edit, "--clip", str(clip), "--out", str(out), *ENGINE)
    assert "MP4, WebM, GIF, animated WebP and APNG, and folders of frames are read" in answer.sentence()
    assert not out.exists()

"""`edit` from files to files, and what it says where it cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Answer

Cli = Callable[..., Answer]
ENGINE = ["--device", "cpu", "--threads", "1"]


def test_a_drag_is_told_saved_and_applied_again(cli: Cli, tmp_path: Path) -> None:
    out, saved, again = tmp_path / "a.png", tmp_path / "edit.json", tmp_path / "b.png"
    answer = cli(
        "edit", "emoji", "--seed", "3", "--move", "pca-1=0.5", "--drag", "16,16:17.5,16", "--out", str(out), "--save",
        str(saved), "--json", *ENGINE,
    )  # fmt: skip
    assert answer.status == 0, answer.err
    said = answer.json()
    ((x, y),) = said["moved_to"]
    assert abs(np.hypot(x - 17.5, y - 16) - said["short"][0]) < 0.02
    assert said["seconds"] > 0
    assert said["error"] is None
    assert said["words"]
    assert np.asarray(Image.open(out)).shape == (32, 32, 3)
    assert [step["name"] for step in json.loads(saved.read_text())["edits"]] == ["move", "drag"]

    assert cli("edit", "emoji", "--apply", str(saved), "--out", str(again), *ENGINE).status == 0
    assert again.read_bytes() == out.read_bytes()


def test_a_folder_of_pictures_goes_into_a_folder(cli: Cli, tmp_path: Path) -> None:
    pictures, out = tmp_path / "own", tmp_path / "edited"
    pictures.mkdir()
    saved = tmp_path / "edit.json"
    saved.write_text(json.dumps({
        "format": "ganscope-edit", "version": 1, "edits": [{"name": "class", "label": 3}],
        "start": {"source": "picture", "iterations": 3, "restarts": 1, "label": 1},
    }))  # fmt: skip
    for name in ("a b.png", "c.png"):
        Image.fromarray(np.full((28, 28), 90, np.uint8)).save(pictures / name)
    answer = cli(
        "edit", "fashion-classes", "--apply", str(saved), "--picture", str(pictures), "--out", str(out), *ENGINE
    )
    assert answer.status == 0, answer.err
    assert sorted(path.name for path in out.iterdir()) == ["0001-a-b.png", "0002-c.png"]
    assert "2 pictures" in answer.out
    assert "off by" in answer.out


@pytest.mark.parametrize(("words", "said"), [
    (["--drag", "99,1:2,2"], "outside the picture"), (["--drag", "1,1"], "no drag"),
    (["--move", "pca-1"], "NAME=AMOUNT"), (["--move", "upwards=1"], "no direction"), (["--class", "2"], "no classes"),
    (["--repaint"], "--mask"), (["--mask", "none.png", "--repaint"], "There is no file none.png"),
    (["--picture", "none.png"], "There is no file none.png"),
    (["--apply", "none.json"], "There is no file none.json"),
    (["--move", "hue=0.3"], "generators of Shapes only"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(cli: Cli, tmp_path: Path, words: list[str], said: str) -> None:
    answer = cli("edit", "emoji", *words, "--out", str(tmp_path / "out.png"), *ENGINE)
    assert said in answer.sentence()
    assert not (tmp_path / "out.png").exists()


def test_a_mask_that_is_empty_or_of_another_size(cli: Cli, tmp_path: Path) -> None:
    for name, pixels, said in (
        ("empty", np.zeros((32, 32), np.uint8), "empty"), ("small", np.full((9, 9), 255, np.uint8), "9 x 9"),
    ):  # fmt: skip
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        answer = cli(
            "edit", "emoji", "--move", "pca-1=1", "--mask", str(tmp_path / f"{name}.png"), "--out",
            str(tmp_path / "out.png"), *ENGINE,
        )  # fmt: skip
        assert said in answer.sentence()

"""`fill-picture` from files to files, and what it says where it cannot."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Answer

Cli = Callable[..., Answer]
QUICK = ["--set", "restarts=6", "--set", "iterations=8", "--set", "pool=128", "--device", "cpu", "--threads", "1"]


def save(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path, "PNG")
    return path


def test_a_picture_and_a_mask_become_completions_in_a_folder(cli: Cli, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    own, hidden = rng.integers(0, 256, (28, 28), np.uint8), np.zeros((28, 28), np.uint8)
    hidden[8:20, 8:20] = 255
    picture, mask = save(tmp_path / "p.png", own), save(tmp_path / "m.png", hidden)
    out = tmp_path / "out"
    words = ["fashion", "--picture", str(picture), "--mask", str(mask), "--count", "3", "--out", str(out), *QUICK]
    answer = cli("fill-picture", *words, "--json")
    assert answer.status == 0, answer.err
    said = answer.json()
    assert [one["file"] for one in said["completions"]] == [f"completion-{i}.png" for i in (1, 2, 3)]
    assert said["completions"][0]["psnr"] > 0
    assert said["job"]
    for one in said["completions"]:
        filled = np.asarray(Image.open(out / one["file"]))
        np.testing.assert_array_equal(filled[hidden == 0], own[hidden == 0])
    assert (out / "scores.csv").is_file()
    assert (out / "sheet.png").is_file()

    plain = cli("fill-picture", *words, "--damaged")
    assert plain.status == 0
    assert "completion 3" in plain.out
    assert "PSNR, dB" not in plain.out  # nothing to score against
    assert "biharmonic filling" in plain.out
    assert "cannot make such a picture" in plain.out


def test_a_held_out_picture_needs_no_file(cli: Cli, tmp_path: Path) -> None:
    answer = cli(
        "fill-picture", "fashion", "--held-out", "2", "--hide", "half", "--set", "side=left", "--count", "1",
        "--out", str(tmp_path / "out"), *QUICK, "--json",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    mask = np.asarray(Image.open(tmp_path / "out" / "mask.png"))
    assert (mask[:, :14] == 255).all()
    assert not mask[:, 14:].any()
    assert set(answer.json()["simple"]) == {"mean", "nearest", "smooth"}


@pytest.fixture
def own(tmp_path: Path) -> str:
    return str(save(tmp_path / "p.png", np.zeros((28, 28), np.uint8)))


def test_what_cannot_be_done_is_one_sentence(cli: Cli, tmp_path: Path, own: str) -> None:
    out = ["--out", str(tmp_path / "out"), *QUICK]
    frames = io.BytesIO()
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(frames, "GIF")
    for words, expected in (
        (["fashion", "--picture", str(tmp_path / "none.png"), *out], "There is no file"),
        (["fashion", "--picture", own, "--mask", own, *out], "The mask hides nothing"),
        (["fashion", "--picture", own, *out], "has no transparent parts"),
        (["fashion", "--hide", "half", *out], "required"),
        (["fashion", "--held-out", "0", "--picture", own, *out], "not allowed"),
        (["nobody", "--held-out", "0", "--hide", "half", *out], "There is no model called"),
        (["fashion", "--held-out", "0", "--hide", "half", "--set", "share=2", *out], "share is"),
        (["fashion", "--held-out", "0", "--hide", "half", "--out", own, *QUICK], "which is not a folder"),
        (["fashion", "--held-out", "0", "--hide", "half", "--out", str(tmp_path / "a" / "b"), *QUICK], "no folder"),
    ):
        assert expected in cli("fill-picture", *words).sentence(), words
    assert not (tmp_path / "out").exists()

"""`scene`: what a file or a link holds, one from the other, mistakes in a sentence, the same run as anywhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_core.runs.storage.run_folder import RunFolder, run_ids
from gan_core.training.scenes.scene_file import from_text

from .conftest import Answer

Cli = Callable[..., Answer]
LINK = "http://lab.org/a/?preset=ring&seed=7&batch_size=32&precision=float32&backend=dense&only=k_d,loss&title=Too+strong"
HEAD = '{"format": "ganscope-scene", "version": 1'
ENGINE = ["--device", "cpu", "--threads", "1"]


def test_a_link_becomes_a_file_and_the_file_the_same_link(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "scene.json"
    told = cli("scene", LINK, "--out", str(path), "--server", "https://school.org/lab/", "--json").json()
    assert told["link"].startswith("https://school.org/lab/?preset=ring&")
    again = cli("scene", str(path), "--server", "https://school.org/lab", "--json").json()
    assert again == told
    assert from_text(path.read_bytes()).controls == ("k_d", "loss")
    lines = cli("scene", str(path)).out.splitlines()
    assert lines[0] == "scene      Too strong (lab)"
    assert lines[2] == "settings   Ring of eight (ring), with seed=7, batch_size=32, precision=float32, backend=dense"
    assert "controls   k_d, loss" in lines


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        ("{", [], "not JSON"),
        (HEAD + ', "colour": 1}', [], "scene.json: colour is not a field of a scene"),
        (HEAD + ', "settings": {"k_d": 99}}', [], "k_d is 99; it must be"),
        (HEAD + ', "page": "data"}', ["--train"], "in which nothing trains"),
        (HEAD + "}", ["--steps", "3"], "--steps says how long to train; give --train"),
        (HEAD + "}", ["--server", "lab.org"], "it must begin with http://"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(cli: Cli, tmp_path: Path, content: str, words: list[str], said: str) -> None:
    (tmp_path / "scene.json").write_text(content)
    assert said in cli("scene", str(tmp_path / "scene.json"), *words).sentence()
    assert not (tmp_path / "runs").exists() or run_ids(tmp_path / "runs") == []


@pytest.mark.parametrize("link", ["https://lab.org/s/abc123", "http://[", "?preset=best", "?zoom=a", "?run=.."])
def test_a_link_that_cannot_be_read(cli: Cli, link: str) -> None:
    cli("scene", link).sentence()


def test_a_missing_file_is_named(cli: Cli, tmp_path: Path) -> None:
    assert "nowhere.json does not exist" in cli("scene", str(tmp_path / "nowhere.json")).sentence()


def generator(runs: Path) -> tuple[str, str]:
    """SHA-256 of the weights of the newest run's generator, without the file's head (a date), and the run's title."""
    folder = runs / run_ids(runs)[0]
    (path,) = sorted(folder.glob("checkpoints/*.safetensors"))[-1:]
    raw = path.read_bytes()
    return hashlib.sha256(raw[8 + int.from_bytes(raw[:8], "little") :]).hexdigest(), RunFolder(
        folder
    ).manifest().title


def test_a_scene_is_the_same_run_everywhere(cli: Cli, tmp_path: Path) -> None:
    """File and link, in other folders as on another machine, beside what `train` makes of the same settings."""
    path, found = tmp_path / "scene.json", []
    cli("scene", LINK, "--out", str(path))
    for place, scene in (("a", str(path)), ("b", cli("scene", str(path), "--json").json()["link"])):
        runs = tmp_path / place
        answer = cli("scene", scene, "--train", "--steps", "60", "--runs-dir", str(runs), *ENGINE, "--json")
        assert (answer.status, answer.json()["steps"]) == (0, 60)
        found.append(generator(runs))
    sets = [
        word for pair in ("seed=7", "batch_size=32", "precision=float32", "backend=dense") for word in ("--set", pair)
    ]
    cli(
        "train",
        "--preset",
        "ring",
        *sets,
        "--title",
        "Too strong",
        "--steps",
        "60",
        "--runs-dir",
        str(tmp_path / "c"),
    )
    assert found == [generator(tmp_path / "c")] * 2
    cli("train", "--preset", "ring", *sets[2:], "--steps", "60", "--runs-dir", str(tmp_path / "d"))
    assert generator(tmp_path / "d")[0] != found[0][0]  # another seed is another run


def test_a_scene_that_was_edited_says_so(cli: Cli, tmp_path: Path) -> None:
    content = {"format": "ganscope-scene", "version": 1, "preset": "ring", "same": "0" * 12}
    (tmp_path / "scene.json").write_text(json.dumps(content))
    assert "not those it was made with" in cli("scene", str(tmp_path / "scene.json")).out

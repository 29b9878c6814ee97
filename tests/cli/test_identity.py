"""The same words on a terminal: a set that changed under its name is refused in one sentence, with status 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_core.data import delete_own, restore_own
from tests.data.discs import BLUE, RED, discs, keep

from .conftest import SMALL, Answer

Cli = Callable[..., Answer]
OWN = ["--set", "data=images", "--set", "data.slug=my-drawings", "--set", "size=28"]
OTHERS = (
    '"My drawings" has 40 other pictures than this run was trained on; bring the old ones back or start a new run.'
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    keep(tmp_path / "data", discs(RED), classes=("cat", "dog"))
    return tmp_path / "data"


def train(cli: Cli, *words: str) -> str:
    answer = cli("train", *SMALL, *OWN, *words, "--steps", "4", "--json")
    assert answer.status == 0, answer.err
    return str(answer.json()["run"])


def test_other_pictures_of_the_same_name_are_refused_until_the_old_ones_are_back(cli: Cli, data: Path) -> None:
    run = train(cli)
    assert cli("evaluate", run, "--samples", "100", "--json").json()["samples"] == 100
    token = delete_own(data, "my-drawings")
    keep(data, discs(BLUE), classes=("cat", "dog"))
    for words in (
        ("resume", run, "--steps", "8"), ("evaluate", run, "--samples", "100"), ("branch", run),
        ("diagnose", run),
    ):  # fmt: skip
        assert OTHERS in cli(*words).sentence()
    delete_own(data, "my-drawings")
    restore_own(data, token)
    assert cli("resume", run, "--steps", "8", "--json").json()["steps"] == 8


def test_a_third_class_is_refused_in_words(cli: Cli, data: Path) -> None:
    run = train(cli, "--set", "conditional=true")
    delete_own(data, "my-drawings")
    keep(data, discs(RED), classes=("cat", "dog", "emu"))
    words = "has the classes cat, dog and emu, and this run was trained on the classes cat and dog"
    assert words in cli("evaluate", run, "--samples", "100").sentence()
    path = data.parent / "runs" / run / "config.json"
    known = json.loads(path.read_text())
    del known["trained_on"]  # as an earlier version wrote it
    path.write_text(json.dumps(known))
    assert words in cli("evaluate", run, "--samples", "100").sentence()
    assert words in cli("resume", run, "--steps", "8").sentence()


def test_a_missing_set_is_called_missing(cli: Cli, data: Path) -> None:
    run = train(cli)
    delete_own(data, "my-drawings")
    assert 'There is no image set "my-drawings"' in cli("train", *SMALL, *OWN, "--steps", "4").sentence()
    missing = 'The image set "My drawings" that this run was trained on is missing'
    assert missing in cli("resume", run, "--steps", "8").sentence()
    assert missing in cli("evaluate", run, "--samples", "100").sentence()


def test_a_training_script_takes_its_own_pictures_along(cli: Cli, data: Path, tmp_path: Path) -> None:
    run = train(cli)
    out = str(tmp_path / "train.py")
    assert cli("export", run, "--to", "train-script", "--out", out).status == 0
    delete_own(data, "my-drawings")
    keep(data, discs(BLUE), classes=("cat", "dog"))
    assert OTHERS in cli("export", run, "--to", "train-script", "--out", out).sentence()

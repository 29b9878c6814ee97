"""Whatever a caller does with signals and standard streams, every command does its work and says how it went."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_core.cli.commands import names
from gan_core.cli.terminal.streams import json_text

ROOT = Path(__file__).resolve().parents[2]
TITLE = "モデル ☃"
ENGINE = ["--device", "cpu", "--threads", "1"]
RING = ["--preset", "ring", "--set", "batch_size=32"]
WORDS: dict[str, list[str]] = {
    "train": [*RING, *ENGINE, "--steps", "2", "--title", TITLE],
    "resume": ["{run}", *ENGINE, "--steps", "{steps}"],
    "branch": ["{run}", *ENGINE, "--steps", "{steps}"],
    "twin": [*RING, *ENGINE, "--change", "d_optimizer.lr=0.001", "--steps", "3"],
    "sweep": [*RING, *ENGINE, "--over", "d_optimizer.lr=0.001,0.002", "--steps", "3", "--title", TITLE],
    "evaluate": ["{run}", *ENGINE],
    "diagnose": ["{run}"],
    "runs": [],
    "sample": ["{run}", "--count", "2", "--out", "{out}"],
    "export": ["{run}", "--to", "csv", "--out", "{out}"],
    "export-run": ["{run}", "--out", "{out}"],
    "import-run": ["{zip}"],
    "catalogue": [],
    "doctor": [],
    "synthesise": ["{table}", *ENGINE, "--rows", "5", "--set", "gan.steps=2", "--out", "{out}"],
    "jobs": [],
    "scene": ["?preset=ring&batch_size=32", *ENGINE, "--train", "--steps", "2"],
    "augment": [
        *ENGINE, "--data", "shapes", "--set", "data.count=1000", "--per-class", "5", "--seeds", "1",
        "--ways", "classic", "--set", "classifier_steps=10",
    ],
    "fill-picture": [
        "shapes", *ENGINE, "--held-out", "0", "--hide", "half", "--count", "1", "--set", "restarts=2",
        "--set", "pool=64", "--set", "iterations=2", "--out", "{out}",
    ],
    "edit": ["shapes", *ENGINE, "--seed", "1", "--move", "pca-1=1", "--out", "{out}"],
    "impute": ["{table}", *ENGINE, "--method", "mean", "--out", "{out}"],
}  # fmt: skip
"""What each command is asked here; one that is not named here fails the test below."""

SOME = ["train", "twin", "sweep", "import-run", "runs"]
"""Of each kind one: what all have in common is what writes their words."""

Carry = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


ELSEWHERE = {"rehearse"}
"""Those that need a server: see test_rehearse.py."""


def test_every_command_is_tried() -> None:
    assert set(WORDS) | ELSEWHERE == set(names())


class Place:
    """Folders with a run in them, and its exported file."""

    def __init__(self, root: Path) -> None:
        self.root, self._files, self._steps = root, 0, 2
        (root / "table.csv").write_text("a,b\n1,2\n,4\n5,7\n" + "".join(f"{i % 5},{i % 7}\n" for i in range(30)))
        self._forking = subprocess.Popen(  # one for all cases: what takes long is to import torch
            [sys.executable, "-m", "tests.cli.each_command"], cwd=ROOT, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**os.environ, "PYTHONUTF8": "1"},
        )  # fmt: skip
        made, exported = self.ask(
            (self.words("train"), "plain"),
            (["export-run", *self.folders, "last", "--out", str(root / "run.zip")], "plain"),
        )
        assert (made["status"], exported["status"]) == (0, 0), (made, exported)
        self.run = made["out"].split(":")[0]

    @property
    def folders(self) -> list[str]:
        return ["--runs-dir", str(self.root / "runs"), "--data-dir", str(self.root / "data")]

    def words(self, command: str, *more: str) -> list[str]:
        """A command line; every file and length in it is new."""
        self._files, self._steps = self._files + 1, self._steps + 1
        known = {
            "run": getattr(self, "run", ""), "zip": str(self.root / "run.zip"), "steps": str(self._steps),
            "table": str(self.root / "table.csv"), "out": str(self.root / f"out-{self._files}"),
        }  # fmt: skip
        words = [word.format(**known) if word.startswith("{") else word for word in WORDS[command]]
        return [command, *([] if command == "catalogue" else self.folders), *words, *more]

    def ask(self, *cases: tuple[list[str], str]) -> list[dict[str, Any]]:
        assert self._forking.stdin is not None
        assert self._forking.stdout is not None
        print(
            json.dumps([{"words": words, "how": how} for words, how in cases]), file=self._forking.stdin, flush=True
        )
        found: list[dict[str, Any]] = json.loads(self._forking.stdout.readline())
        return found

    def close(self) -> None:
        assert self._forking.stdin is not None
        assert self._forking.stdout is not None
        self._forking.stdin.close()
        self._forking.stdout.close()
        self._forking.wait(timeout=60)

    def states(self) -> dict[str, tuple[str, int]]:
        """Run -> state and steps."""
        (listed,) = self.ask((self.words("runs", "--json"), "plain"))
        return {view["id"]: (view["state"], view["step"]) for view in json.loads(listed["out"])}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("surroundings"))
    yield made
    made.close()


WITHOUT_JSON = ("sample", "export", "export-run", "catalogue", "evaluate")
"""Those that take no --json; what the last two say is JSON anyway."""


@pytest.mark.parametrize(
    "commands", [pytest.param(SOME, id="some"), pytest.param(list(WORDS), id="all", marks=pytest.mark.long)]
)
def test_a_command_ignores_what_its_caller_ignores_and_its_json_needs_few_letters(
    place: Place, commands: list[str]
) -> None:
    """One round for both. HUP, INT and TERM arrive all the time, as for `nohup` and background jobs of scripts."""
    lines = [place.words(command, *(() if command in WITHOUT_JSON else ("--json",))) for command in commands]
    answers = dict(zip(commands, place.ask(*((line, "ignored ascii") for line in lines)), strict=True))
    assert {command: answer["status"] for command, answer in answers.items()} == dict.fromkeys(commands, 0), [
        answer["err"] for answer in answers.values()
    ]
    for command in set(commands) - set(WITHOUT_JSON):
        said = json.loads(answers[command]["out"].splitlines()[-1])
        if command == "runs":
            assert TITLE in {view["title"] for view in said}
    training = ("train", "resume", "branch", "twin")
    for answer in place.ask(*((place.words(command), "ignored") for command in training)):
        assert "stopped as asked after" in answer["out"]
    assert all(state == "finished" for state, _ in place.states().values())


@pytest.mark.parametrize(
    ("how", "expected", "commands"),
    [
        pytest.param("closed", 0, SOME, id="closed: as if into nothing"),
        pytest.param("full", 2, SOME, id="no room for what is said: all is done, and the status tells"),
        pytest.param("full", 2, list(WORDS), id="no room, for all of them", marks=pytest.mark.long),
    ],
)
def test_no_command_stops_half_way_because_nobody_hears_it(
    place: Place, how: str, expected: int, commands: list[str]
) -> None:
    before = set(place.states())
    answers = place.ask(*((place.words(command), how) for command in commands))
    found = {command: answer["status"] for command, answer in zip(commands, answers, strict=True)}
    assert found == dict.fromkeys(commands, expected), [answer["err"] for answer in answers]
    if how == "full":
        assert {answer["err"].splitlines()[-1] for answer in answers} == {
            "Standard output could not be written (no space left on device); what was done is kept."
        }
    for answer in answers:
        assert "Traceback" not in answer["err"]
        assert "Exception ignored" not in answer["err"]
    states = place.states()
    made = {"train": 1, "branch": 1, "twin": 2, "sweep": 2, "import-run": 1, "scene": 1}
    assert len(set(states) - before) == sum(made.get(command, 0) for command in commands)
    assert all(state == "finished" and step > 0 for state, step in states.values())


def test_a_reader_who_has_left_is_no_mistake(place: Place) -> None:
    answers = place.ask(*((place.words(command), "left") for command in ("train", "runs", "catalogue", "doctor")))
    assert [answer["status"] for answer in answers] == [0] * 4, answers


def test_letters_that_a_terminal_does_not_know_are_replaced(place: Place) -> None:
    encodings = ("ascii", "cp1252")
    for answer in place.ask(*((place.words(command), how) for how in encodings for command in ("train", "runs"))):
        assert answer["status"] == 0, answer
        if "created" in answer["out"]:
            assert "??? ?" in answer["out"]


def test_json_shows_letters_as_they_are_where_they_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, expected in (("utf-8", f'"{TITLE}"'), ("ascii", json.dumps(TITLE)), ("cp1252", json.dumps(TITLE))):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding))
        assert json_text(TITLE) == expected


def test_a_title_in_bytes_that_the_locale_cannot_read_is_the_title(place: Place) -> None:
    words = place.words("train", "--json")
    answer = subprocess.run(
        [sys.executable, "-m", "gan_core", *words], cwd=ROOT, check=False, capture_output=True, text=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    run = json.loads(answer.stdout.splitlines()[-1])["run"]
    assert json.loads((place.root / "runs" / run / "config.json").read_text("utf-8"))["title"] == TITLE


def test_training_does_not_wait_for_whoever_does_not_read_its_log(place: Place) -> None:
    (answer,) = place.ask((place.words("train", "--verbose"), "stuck"))
    assert answer["status"] == 0
    assert "stopped as asked after" in answer["out"]

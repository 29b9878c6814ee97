"""`train` and `resume`: how long, from where, and what is said at the end."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gan_core.cli.training import take_over as waiting
from gan_core.config.codec import to_dict
from gan_core.runs.storage.shared import lock
from gan_core.training import PRESETS
from tests.cli.conftest import SMALL, Answer

Cli = Callable[..., Answer]


def samples(cli: Cli, run: str, path: Path) -> np.ndarray:
    assert cli("sample", run, "--count", "4", "--out", str(path)).status == 0
    with np.load(path) as archive:
        return np.array(archive["images"])


def test_so_many_steps_and_a_json_line_that_says_so(cli: Cli) -> None:
    told = cli("train", *SMALL, "--steps", "7", "--json").json()
    assert (told["state"], told["steps"], told["images"]) == ("finished", 7, 56)
    assert told["images_per_second"] == pytest.approx(56 / told["seconds"], rel=0.02)
    (listed,) = cli("runs", "--json").json()
    assert (listed["id"], listed["step"], listed["threads"]) == (told["run"], 7, 1)


def test_without_json_the_last_line_is_for_people(cli: Cli) -> None:
    answer = cli("train", *SMALL, "--steps", "2")
    assert answer.status == 0
    assert "stopped as asked after 2 steps, 16 images in" in answer.out
    assert answer.err == ""


def test_so_many_images(cli: Cli) -> None:
    told = cli("train", *SMALL, "--images", "100", "--json").json()
    assert (told["state"], told["steps"], told["images"]) == ("finished", 13, 104)


def test_so_many_seconds(cli: Cli) -> None:
    told = cli("train", *SMALL, "--seconds", "0.6", "--json").json()
    assert told["state"] == "finished"
    assert 0.6 <= told["seconds"] < 60
    assert told["steps"] > 1


def test_stopped_and_resumed_is_the_same_as_straight_through(cli: Cli, tmp_path: Path) -> None:
    straight = cli("train", *SMALL, "--seed", "5", "--steps", "9", "--json").json()["run"]
    halves = cli("train", *SMALL, "--seed", "5", "--steps", "4", "--json").json()["run"]
    assert cli("resume", halves, "--steps", "9", "--json").json()["steps"] == 9
    other = cli("train", *SMALL, "--seed", "6", "--steps", "9", "--json").json()["run"]
    expected = samples(cli, straight, tmp_path / "a.npz")
    np.testing.assert_array_equal(samples(cli, halves, tmp_path / "b.npz"), expected)
    assert (samples(cli, other, tmp_path / "c.npz") != expected).any()


def test_more_steps_than_the_planned_length_make_it_longer(cli: Cli) -> None:
    told = cli("train", *SMALL, "--set", "total_images=100", "--steps", "15", "--json").json()
    assert (told["state"], told["steps"]) == ("finished", 15)
    assert cli("resume", "last", "--steps", "20", "--json").json()["steps"] == 20


def test_resume_without_steps_goes_on_to_the_planned_length(cli: Cli) -> None:
    cli("train", *SMALL, "--set", "total_images=120", "--steps", "3")
    told = cli("resume", "latest", "--json").json()
    assert (told["state"], told["images"]) == ("finished", 120)
    assert "give it a greater length" in cli("resume", "last").sentence()


def test_a_run_that_ends_before_its_planned_length_says_why(cli: Cli) -> None:
    answer = cli("train", *SMALL, "--seconds", "0.3")
    assert "% of its planned length; resume goes on to" in answer.out
    assert "That is less than 1% of its planned length" in cli("train", *SMALL, "--steps", "2").out
    whole = cli("train", *SMALL, "--images", "100").out
    assert "finished after 13 steps" in whole
    assert "planned" not in whole


def test_resume_takes_every_kind_of_length(cli: Cli) -> None:
    """In all, not from here on; without one it goes on to what it was given before, then to its planned length."""
    cli("train", *SMALL, "--steps", "3")
    assert cli("resume", "last", "--images", "100", "--json").json()["images"] == 104
    assert "--images is 100, but" in cli("resume", "last", "--images", "100").sentence()
    told = cli("train", *SMALL, "--steps", "3", "--json").json()
    more = cli("resume", told["run"], "--seconds", str(told["seconds"] + 0.3), "--json").json()
    assert (more["state"], more["until_step"]) == ("finished", None)
    assert more["seconds"] >= more["until_seconds"] == pytest.approx(told["seconds"] + 0.3)
    assert more["steps"] > 3
    said = cli("resume", "last", "--seconds", "0.1").sentence()
    assert said.startswith("--seconds is 0.1, but")
    assert said.endswith("already; it counts from the run's start.")
    assert "not allowed with" in cli("resume", "last", "--seconds", "9", "--steps", "9").sentence()


def test_a_run_that_was_cut_off_goes_on_to_the_length_that_it_was_asked_for(cli: Cli, tmp_path: Path) -> None:
    run = cli("train", *SMALL, "--steps", "6", "--json").json()["run"]
    with sqlite3.connect(tmp_path / "runs" / run / "metrics.db") as db:  # as a kill at step 6 of 12 leaves it
        db.execute("UPDATE state SET state = 'running', until_step = 12")
    db.close()
    told = cli("resume", "last", "--json").json()
    assert (told["run"], told["state"], told["steps"]) == (run, "finished", 12)


def test_a_run_that_diverges_says_so_and_is_no_success(cli: Cli) -> None:
    wild = ["--set", "d_optimizer=sgd", "--set", "d_optimizer.lr=10", "--set", "loss=wasserstein"]
    answer = cli("train", *SMALL, *wild, "--steps", "500", "--json")
    assert answer.json()["state"] == "diverged"
    assert "at step" in answer.sentence()
    assert "branch" in cli("resume", "last").sentence()


def test_a_configuration_file_is_a_starting_point_too(cli: Cli, tmp_path: Path) -> None:
    config = to_dict(PRESETS["fashion-fast"].config) | {"seed": 77}
    (tmp_path / "config.json").write_text(json.dumps(config))
    cli("train", "--config", str(tmp_path / "config.json"), *SMALL, "--steps", "1")
    (listed,) = cli("runs", "--json").json()
    assert (listed["config"]["seed"], listed["config"]["batch_size"]) == (77, 8)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_chosen(cli: Cli, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from gan_core.cli.training import train  # the manager is replaced: what matters here is the way there

    asked = []

    class Manager:
        data_dir = Path("nowhere")

        def __init__(self, *_: object) -> None: ...
        def close(self, timeout_seconds: float | None = None) -> None: ...
        def prepare(self, config: object) -> None: ...
        def start(self, config: object, *, preset: str, **_: object) -> str:
            asked.append((config, preset))
            raise ValueError("Far enough.")

    monkeypatch.setattr(train, "open_manager", Manager)
    assert cli("train", "--preset", name).sentence() == "Far enough."
    assert asked == [(PRESETS[name].config, name)]


def test_a_run_of_a_machine_that_is_gone_is_taken_over_and_no_other(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = cli("train", *SMALL, "--steps", "2", "--json").json()["run"]
    place = tmp_path / "runs" / run / "run.lock"
    held = lock.RunLock(place, run)
    held.acquire()
    assert f"process {os.getpid()} of this machine; end that one" in cli("resume", run, "--take-over").sentence()
    monkeypatch.setattr(lock, "SILENT_SECONDS", 1.0)
    with monkeypatch.context() as away:
        away.setattr(lock.socket, "gethostname", lambda: "node-7")
        held.beat()
    with monkeypatch.context() as alive:
        alive.setattr(waiting, "sleep", lambda seconds: held.beat())
        answer = cli("resume", run, "--take-over", "--steps", "4")
    assert answer.status == 2
    assert "is held by node-7, which gives signs of life; stop it there" in answer.err
    with monkeypatch.context() as away:
        away.setattr(lock.socket, "gethostname", lambda: "node-7")
        held.beat()
    answer = cli("resume", run, "--take-over", "--steps", "4", "--json")
    assert (answer.status, answer.json()["steps"]) == (0, 4)
    held.release()

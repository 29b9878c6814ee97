"""`branch` and `twin`: runs that share a beginning, told by what they leave on the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.cli.conftest import SMALL, Answer

Cli = Callable[..., Answer]


def samples(cli: Cli, run: str, path: Path) -> np.ndarray:
    assert cli("sample", run, "--count", "4", "--out", str(path)).status == 0
    with np.load(path) as archive:
        return np.array(archive["images"])


def test_a_branch_without_a_change_draws_what_its_parent_draws_and_with_one_it_does_not(
    cli: Cli, tmp_path: Path
) -> None:
    parent = cli("train", *SMALL, "--images", "104", "--json").json()["run"]
    same = cli("branch", parent, "--step", "6", "--json").json()
    assert (same["state"], same["steps"]) == ("finished", 13)
    other = cli("branch", parent, "--step", "6", "--set", "g_optimizer.lr=0.01", "--json").json()["run"]
    changed = cli("branch", parent, "--step", "6", "--set", "loss=hinge", "--set", "k_d=2", "--json").json()
    assert changed["steps"] == 6 + 4  # 104 - 48 images left, 16 in a step
    expected = samples(cli, parent, tmp_path / "a.npz")
    np.testing.assert_array_equal(samples(cli, same["run"], tmp_path / "b.npz"), expected)
    assert (samples(cli, other, tmp_path / "c.npz") != expected).any()


def test_twins_end_as_two_runs_of_their_own_would(cli: Cli, tmp_path: Path) -> None:
    told = cli("twin", *SMALL, "--change", "d_optimizer.lr=0.003", "--steps", "5", "--seed", "4", "--json").json()
    assert [(run["state"], run["steps"]) for run in told["runs"]] == [("finished", 5)] * 2
    assert told["cautions"] == []
    for run, words in zip(told["runs"], ([], ["--set", "d_optimizer.lr=0.003"]), strict=True):
        alone = cli("train", *SMALL, *words, "--steps", "5", "--seed", "4", "--json").json()["run"]
        found, expected = samples(cli, run["run"], tmp_path / "a.npz"), samples(cli, alone, tmp_path / "b.npz")
        np.testing.assert_array_equal(found, expected)
    again = cli("resume", told["runs"][0]["run"], "--steps", "7", "--json").json()
    assert again["steps"] == 7
    steps = {run["id"]: run["step"] for run in cli("runs", "--json").json()}
    assert [steps[run["run"]] for run in told["runs"]] == [7, 7]


def test_twins_take_as_many_steps_as_asked_for_where_a_step_of_one_sees_more(cli: Cli) -> None:
    words = ("--set", "total_images=100", "--change", "k_d=2", "--steps", "14", "--json")
    told = cli("twin", *SMALL, *words).json()
    assert [(run["state"], run["steps"]) for run in told["runs"]] == [("finished", 14)] * 2
    cli("resume", told["runs"][0]["run"], "--steps", "30", "--json").json()
    steps = {run["id"]: run["step"] for run in cli("runs", "--json").json()}
    assert [steps[run["run"]] for run in told["runs"]] == [30, 30]


def test_what_twins_do_not_share_is_said(cli: Cli) -> None:
    answer = cli("twin", *SMALL, "--change", "discriminator.width=16", "--steps", "1")
    assert "The discriminator starts from other weights" in answer.err
    assert answer.out.count("stopped as asked after 1 steps") == 2


def test_what_cannot_be_is_one_sentence(cli: Cli) -> None:
    parent = cli("train", *SMALL, "--steps", "3", "--json").json()["run"]
    assert "has 3 steps; it cannot be branched at step 9" in cli("branch", parent, "--step", "9").sentence()
    assert "generator cannot change in a branch" in cli("branch", parent, "--set", "generator.width=16").sentence()
    assert "--change is missing" in cli("twin", *SMALL).sentence()
    assert '--change is "lr"; it must be FIELD=VALUE' in cli("twin", *SMALL, "--change", "lr").sentence()
    assert "The twins would be the same" in cli("twin", *SMALL, "--change", "batch_size=8").sentence()


def test_a_branch_takes_every_kind_of_length(cli: Cli) -> None:
    cli("train", *SMALL, "--steps", "4")
    parent = cli("runs", "--json").json()[0]["id"]
    assert cli("branch", parent, "--steps", "9", "--json").json()["steps"] == 9
    timed = cli("branch", parent, "--seconds", "0.3", "--json").json()
    assert (timed["state"], timed["until_step"]) == ("finished", None)
    assert timed["steps"] > 4
    assert cli("branch", parent, "--images", "100", "--json").json()["images"] == 104
    assert "begins at step 4; it cannot stop at step 3." in cli("branch", parent, "--steps", "3").sentence()

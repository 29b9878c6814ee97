"""Whatever goes wrong: one sentence that names it, exit status 2, and nothing started."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_core.cli.commands import names
from gan_core.cli.terminal.errors import os_sentence
from gan_core.config.places import data_dir, runs_dir

from .conftest import SMALL, Answer

Cli = Callable[..., Answer]

MISTAKES = [
    (["--set", "batch_size=3"], "batch_size is 3; it must be a whole number from 4 to 1024."),
    (["--set", "batch_size=many"], 'batch_size is "many"; it must be a whole number from 4 to 1024.'),
    (["--set", "g_optimizer.lr=nan"], "g_optimizer.lr is nan; it must be a number from 0 to 10."),
    (["--set", "size=30"], 'size is "30"; it must be one of 28, 32, 64.'),
    (["--set", "loss=best"], 'loss is "best"; it must be one of non-saturating'),
    (["--set", "loss.gamma=1"], "loss.gamma is not a field"),
    (["--set", "colour=red"], "colour is not a field here; the fields are seed, data"),
    (["--set", "batch_size"], '--set is "batch_size"; it must be FIELD=VALUE'),
    (["--set", "seed=1", "--set", "seed=2"], "--set gives seed twice"),
    (["--preset", "best"], 'preset is "best"; it must be one of fashion-fast'),
    (["--seed", "-1"], "--seed"),
    (["--seed", "99999999999"], "--seed is 99999999999; it must be a whole number from 0 to 2"),
    (["--images", "7"], "--images is 7; it must be a whole number from 100"),
    (["--steps", "0"], "--steps: '0' is not a whole number from 1"),
    (["--steps", "ten"], "--steps: 'ten' is not a whole number from 1"),
    (["--seconds", "-5"], "--seconds"),
    (["--seconds", "inf"], "--seconds: 'inf' is not a number of seconds"),
    (["--steps", "5", "--seconds", "5"], "not allowed with argument --steps"),
    (["--device", "tpu"], "invalid choice: 'tpu'"),
    (["--config", "nowhere.json"], "nowhere.json does not exist"),
    (["--preset", "shapes", "--config", "x.json"], "--config and --preset were both given"),
    (["--set", "conditional=true", "--set", "data.only=Bag"], "conditional"),
    (["--set", "pack=4", "--set", "batch_size=6"], "batch_size is 6 and pack is 4"),
    (["--frobnicate"], "Unrecognized arguments: --frobnicate"),
]


@pytest.mark.parametrize(("words", "expected"), MISTAKES, ids=lambda v: " ".join(v) if isinstance(v, list) else "")
def test_a_mistake_is_named_and_nothing_starts(cli: Cli, tmp_path: Path, words: list[str], expected: str) -> None:
    answer = cli("train", *words)
    said = answer.sentence()
    assert expected.casefold() in said.casefold()
    assert answer.out == ""
    assert not list((tmp_path / "runs").glob("*/config.json"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 200_000, "is not JSON"),
        (b"[1]", "it must be a group of fields"),
        (b'{"seed": "one"}', 'seed is "one"; it must be a whole number'),
        (b'{"seed": true}', "seed is True; it must be a whole number"),
        (b'{"latent": {"dim": 0}}', "latent.dim is 0"),
        (b'{"loss": {"name": "best"}}', 'loss is "best"'),
        (b" " * 1_000_001, "is larger than 1 MB"),
    ],
)
def test_a_broken_configuration_file_is_refused(cli: Cli, tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "config.json").write_bytes(content)
    assert expected in cli("train", "--config", str(tmp_path / "config.json")).sentence()


@pytest.mark.parametrize(
    "command", [["resume"], ["sample", "--out", "x.npz"], ["export", "--to", "csv", "--out", "x.csv"]]
)
@pytest.mark.parametrize("name", ["nothing", "last", "../../etc", ""])
def test_a_run_that_does_not_exist(cli: Cli, tmp_path: Path, command: list[str], name: str) -> None:
    said = cli(command[0], name, *command[1:]).sentence()
    assert said.startswith(f'There is no run "{name}" in {tmp_path / "runs"}')


def test_a_beginning_is_enough_where_it_is_clear(cli: Cli) -> None:
    runs = [cli("train", *SMALL, "--steps", "1", "--json").json()["run"] for _ in range(2)]
    length = next(i for i, pair in enumerate(zip(*runs, strict=True)) if pair[0] != pair[1])
    common = runs[0][:length]
    assert "begins the names of 2 runs" in cli("resume", common, "--steps", "2").sentence()
    clear = runs[0][: length + 1]
    assert cli("resume", clear, "--steps", "2", "--json").json()["run"] == runs[0]


def test_steps_count_from_the_start_of_the_run(cli: Cli) -> None:
    cli("train", *SMALL, "--steps", "3")
    assert "has done 3 already" in cli("resume", "last", "--steps", "3").sentence()


@pytest.mark.parametrize("folder", ["--runs-dir", "--data-dir"])
def test_a_folder_that_cannot_be_written(cli: Cli, tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("in the way")
    said = cli("train", *SMALL, "--steps", "1", folder, str(tmp_path / "file" / "runs"))
    assert "cannot be written" in said.sentence()
    assert str(tmp_path / "file" / "runs") in said.err


def test_an_unknown_command_and_none_at_all(cli: Cli, capfd: pytest.CaptureFixture[str]) -> None:
    from gan_core.cli.main import main

    assert "invalid choice: 'fly'" in cli("fly").sentence()
    assert main([]) == 2
    assert "COMMAND" in capfd.readouterr().err


@pytest.mark.parametrize("command", names())
def test_a_mistake_in_a_command_points_to_its_own_help(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    from gan_core.cli.main import main

    needed = {"resume": ["x"], "branch": ["x"], "evaluate": ["x"], "diagnose": ["x"], "sample": ["x", "--out", "y"],
              "export": ["x", "--to", "csv", "--out", "y"], "export-run": ["x", "--out", "y"], "import-run": ["x"],
              "fill-picture": ["x", "--held-out", "0", "--out", "y"], "synthesise": ["x", "--out", "y"],
              "edit": ["x", "--out", "y"], "scene": ["x"],
             }.get(command, [])  # fmt: skip
    assert main([command, *needed, "--frobnicate"]) == 2
    said = capfd.readouterr().err
    assert said == f"Unrecognized arguments: --frobnicate; python -m gan_core {command} --help tells what there is.\n"


def test_a_home_is_found_wherever_a_place_is_named(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    cli("train", *SMALL, "--steps", "1")
    places = {"GANSCOPE_RUNS": "~/runs", "GANSCOPE_DATA": "~/data"}
    assert (runs_dir(places), data_dir(places)) == (tmp_path / "runs", tmp_path / "data")
    answer = cli("sample", "last", "--runs-dir", "~/runs", "--count", "1", "--out", "~/one.npz")
    assert answer.status == 0
    assert (tmp_path / "one.npz").is_file()
    assert not (tmp_path / "~").exists()
    said = cli("runs", "--runs-dir", "~nobody-of-this-name/runs").sentence()
    assert "There is no home folder" in said


def test_without_a_network_the_sentence_says_what_to_do(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def offline(*_: object, **__: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", offline)
    monkeypatch.setattr(socket, "getaddrinfo", offline)
    answer = cli("train", *SMALL, "--set", "data=kmnist", "--steps", "1", "--json")
    assert answer.out == ""  # no run was begun
    assert "could not be fetched" in answer.sentence()
    assert "Fashion-MNIST, which comes with the program" in answer.err


def test_a_disk_that_fills_up_while_training(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def full(handle: int) -> None:
        if os.readlink(f"/proc/self/fd/{handle}").count("/checkpoints/"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    answer = cli("train", *SMALL, "--steps", "3", "--json")
    assert answer.json()["state"] == "failed"
    assert answer.sentence().startswith("The disk is full")
    monkeypatch.undo()
    assert cli("resume", "last", "--steps", "3", "--json").json()["state"] == "finished"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, "The disk is full: there was no room left for out.npz; free some space and try again."),
        (errno.EACCES, "out.npz cannot be written or read here (permission denied); choose another place."),
        (errno.ENOTDIR, "out.npz is in the way (not a directory); choose another place."),
        (errno.EIO, "out.npz could not be used (input/output error)."),
    ],
)
def test_what_the_system_reports_becomes_a_sentence(number: int, expected: str) -> None:
    assert os_sentence(OSError(number, os.strerror(number), "out.npz")) == expected

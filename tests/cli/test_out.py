"""`--out` replaces files and new names alone: a link stays one, a pipe and a device are written to."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_core.cli.commands import command, names
from gan_core.cli.options import Parser

from .conftest import SMALL, Answer

Cli = Callable[..., Answer]
COMMANDS_WITH_OUT = {
    "sample": ["last", "--count", "2"],
    "export": ["last", "--to", "csv"],
    "export-run": ["last"],
    "scene": ["?preset=ring"],
}


@pytest.fixture
def trained(cli: Cli) -> Cli:
    assert cli("train", *SMALL, "--steps", "2").status == 0
    return cli


def test_every_command_that_writes_to_a_given_path_is_tried_here() -> None:
    def takes_out(name: str) -> bool:
        parser = Parser()
        command(name).add_arguments(parser)
        return "--out FILE" in " ".join(parser.format_usage().split())  # a folder is another matter

    assert set(filter(takes_out, names())) == set(COMMANDS_WITH_OUT)


@pytest.mark.parametrize("command", COMMANDS_WITH_OUT)
def test_a_link_stays_one_and_its_file_is_written(trained: Cli, tmp_path: Path, command: str) -> None:
    words = COMMANDS_WITH_OUT[command]
    (tmp_path / "elsewhere").mkdir()
    there, link, hanging = tmp_path / "elsewhere" / "old", tmp_path / "link", tmp_path / "hanging"
    there.write_text("old")
    link.symlink_to(there)
    hanging.symlink_to(tmp_path / "elsewhere" / "new")
    for out in (link, hanging):
        assert trained(command, *words, "--out", str(out)).status == 0
        assert out.is_symlink()
        assert out.resolve().parent == tmp_path / "elsewhere"
    assert there.read_bytes() != b"old"
    assert len((tmp_path / "elsewhere" / "new").read_bytes()) > 100
    assert {path.name for path in tmp_path.iterdir()} >= {"link", "hanging"}


@pytest.mark.parametrize("command", COMMANDS_WITH_OUT)
def test_a_pipe_gets_it_all_and_stays(trained: Cli, tmp_path: Path, command: str) -> None:
    words, pipe, got = COMMANDS_WITH_OUT[command], tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    assert trained(command, *words, "--out", str(pipe)).status == 0
    reader.join(30)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert len(got[0]) > 100
    if command == "export":
        assert trained(command, *words, "--out", str(tmp_path / "plain")).status == 0
        assert got[0] == (tmp_path / "plain").read_bytes()


@pytest.mark.parametrize("command", COMMANDS_WITH_OUT)
def test_a_device_is_written_to(trained: Cli, command: str) -> None:
    before = [(path, os.stat(path).st_rdev) for path in ("/dev/null", "/dev/full")]
    assert trained(command, *COMMANDS_WITH_OUT[command], "--out", "/dev/null").status == 0
    assert "no room left for" in trained(command, *COMMANDS_WITH_OUT[command], "--out", "/dev/full").sentence()
    assert [(path, os.stat(path).st_rdev) for path, _ in before] == before


def test_standard_output_by_its_name_gets_it(trained: Cli) -> None:
    for name in ("/dev/stdout", "/dev/fd/1"):
        answer = trained("export", "last", "--to", "csv", "--out", name)
        assert answer.out.startswith("step,")
        assert "bytes" not in answer.out
        assert answer.err.endswith(" bytes.\n")


@pytest.mark.parametrize("command", COMMANDS_WITH_OUT)
def test_what_is_neither_is_refused_and_stays(trained: Cli, tmp_path: Path, command: str) -> None:
    place = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place))
        said = trained(command, *COMMANDS_WITH_OUT[command], "--out", str(place)).sentence()
    assert said.endswith("is in the way (neither a file nor a pipe); choose another place.")
    assert stat.S_ISSOCK(place.stat().st_mode)

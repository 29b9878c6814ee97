"""The command line in this process: the same words as on a terminal, without starting Python each time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gan_core.cli.commands import names
from gan_core.cli.main import main

SMALL = [
    "--set", "generator.width=8", "--set", "discriminator.width=8", "--set", "batch_size=8",
    "--set", "precision=float32", "--set", "record.every_steps=2", "--set", "record.grid_count=16",
    "--set", "record.evaluate_images=0",
]  # fmt: skip
"""A run whose steps take milliseconds, with nothing in it that is measured on the spot."""


@dataclass(frozen=True)
class Answer:
    """What a command gave back."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """The JSON value in the last line of standard output."""
        return json.loads(self.out.splitlines()[-1])

    def sentence(self) -> str:
        """The one line on standard error of a command that failed; nothing else may have been said."""
        assert self.status == 2
        assert "Traceback" not in self.out + self.err
        (line,) = self.err.splitlines()
        assert line[-1] == "."
        return line


Cli = Callable[..., Answer]


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    return ["--runs-dir", str(tmp_path / "runs"), "--data-dir", str(tmp_path / "data")]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], folders: list[str]) -> Cli:
    """Run one command; the folders are put in where the command knows them."""

    def run(command: str, *words: str) -> Answer:
        engine = ["--device", "cpu", "--threads", "1"] if command in ("train", "resume", "branch", "twin") else []
        where = folders if command in names() and command != "catalogue" else []
        capfd.readouterr()
        status = main([command, *where, *engine, *words])
        captured = capfd.readouterr()
        return Answer(status, captured.out, captured.err)

    return run

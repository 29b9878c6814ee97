"""What a page shows never says where on the server's disk things lie."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from gan_core.runs.store import UnknownRun, open_run
from pages.ui.public import public


def test_an_unknown_run_is_said_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(UnknownRun) as caught:
        open_run(tmp_path, "no-such-run")
    assert str(tmp_path) not in str(caught.value)


def test_folders_are_named_by_their_last_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSCOPE_DATA", str(tmp_path / "kept"))
    problem = ValueError(f"Put the file into {tmp_path / 'kept' / 'fetched' / 'mnist'} by hand.")
    assert public(problem) == "Put the file into kept/fetched/mnist by hand."


def test_folders_of_the_working_directory_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANSCOPE_RUNS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert public(f"{Path('runs').absolute()}/a is damaged.") == "runs/a is damaged."


def test_a_system_error_keeps_its_reason_and_loses_its_file() -> None:
    said = public(OSError(errno.ENOSPC, "No space left on device", "/srv/somewhere/metrics.db"))
    assert "No space left on device" in said
    assert "/" not in said

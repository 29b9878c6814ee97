"""What a page shows never says where on the server's disk things lie."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from gan_core.runs.storage.run_folder import UnknownRun, open_run
from pages.server.security.public import OUT_OF_RANGE, public


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


@pytest.mark.parametrize(
    "raw",
    ["cannot convert float NaN to integer", "embedded null byte", "invalid literal for int() with base 10: 'x'"],
)
def test_what_python_says_of_a_value_is_for_the_log(raw: str, caplog: pytest.LogCaptureFixture) -> None:
    assert public(ValueError(raw)) == OUT_OF_RANGE
    assert raw in caplog.text
    assert public(OverflowError("Python int too large to convert to SQLite INTEGER")) == OUT_OF_RANGE
    assert public("a sentence of a run that failed") == "a sentence of a run that failed"


def test_a_text_that_is_no_utf8_is_said_in_plain_words() -> None:
    with pytest.raises(UnicodeEncodeError) as caught:
        "\ud800".encode()
    assert public(caught.value).startswith("A text here has signs that cannot be written down as UTF-8")
    assert public(ValueError("There is no run called \ud800.")) == "There is no run called ?."

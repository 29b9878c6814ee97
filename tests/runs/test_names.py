"""What runs are called: names sort as they were given, also many in one millisecond and from many threads."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gan_core.runs import names


def test_names_sort_as_they_were_given(tmp_path: Path) -> None:
    given = [names.free_id(tmp_path, "ring") for _ in range(200)]
    assert given == sorted(given)
    with ThreadPoolExecutor(4) as pool:
        stamps = [name[:18] for name in pool.map(lambda _: names.free_id(tmp_path, "ring"), range(200))]
    assert len(set(stamps)) == 200


def test_a_name_says_the_preset_in_plain_letters_and_is_of_no_other_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["aaaa", "bbbb"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(drawn))
    monkeypatch.setattr(names, "_later_moment", lambda: names.datetime(2026, 1, 2, 3, 4, 5, 678_000, names.UTC))
    (tmp_path / "20260102-030405678-my-run-aaaa").mkdir()
    assert names.free_id(tmp_path, "My/Run!") == "20260102-030405678-my-run-bbbb"
    monkeypatch.setattr(secrets, "token_hex", lambda _: "cccc")
    assert names.free_id(tmp_path, "") == "20260102-030405678-run-cccc"

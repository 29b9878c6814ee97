"""`make class`: tokens are made once and kept, and what is said before the server starts is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.server import class_start
from pages.server.class_start import KEPT, Tokens, checklist, start, tokens, words
from pages.server.security.access import NotSafe


def test_tokens_are_made_once_kept_secret_and_never_over_those_that_are_set(tmp_path: Path) -> None:
    first = tokens(tmp_path, {})
    assert first.made
    assert first.students != first.teacher
    assert tokens(tmp_path, {}) == first
    assert (tmp_path / KEPT).stat().st_mode & 0o077 == 0
    given = {"GANSCOPE_TOKEN": "a-secret-of-your-own", "GANSCOPE_TEACHER_TOKEN": "another-secret-here"}
    assert tokens(tmp_path, given) == Tokens("a-secret-of-your-own", "another-secret-here", made=False)
    assert tokens(tmp_path, {}) == first
    with pytest.raises(NotSafe, match="at least 12"):
        tokens(tmp_path, {"GANSCOPE_TOKEN": "short"})
    with pytest.raises(NotSafe, match="choose another"):
        tokens(tmp_path, {**given, "GANSCOPE_TEACHER_TOKEN": "a-secret-of-your-own"})


@pytest.mark.parametrize("damaged", ["", "[1]", '{"students": 3}', '{"students": "short"}', "{"])
def test_a_damaged_file_of_tokens_is_made_anew(tmp_path: Path, damaged: str) -> None:
    (tmp_path / KEPT).write_text(damaged)
    found = tokens(tmp_path, {})
    assert len(found.students) >= 12
    assert tokens(tmp_path, {}) == found


def test_what_is_said_has_the_links_and_what_is_not_as_it_should_be() -> None:
    given = Tokens("aaaa-bbbb-cccc", "dddd-eeee-ffff", made=True)
    said = words(["192.168.1.20", "10.0.0.2"], 8600, given, 20_000_000_000)
    assert "http://192.168.1.20:8600/class?access=aaaa-bbbb-cccc" in said
    assert "http://127.0.0.1:8600/class?access=dddd-eeee-ffff" in said
    assert "10.0.0.2" in said
    without = [sentence for holds, sentence in checklist([], given, 1_000_000_000) if not holds]
    assert any("No network" in sentence for sentence in without)
    assert any("1 GB of disk" in sentence for sentence in without)


def test_the_server_gets_tokens_names_and_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GANSCOPE_TOKEN", "GANSCOPE_TEACHER_TOKEN", "STREAMLIT_SERVER_ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GANSCOPE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GANSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr("pages.server.class_start.addresses", lambda: ["192.168.1.20"])
    began: list[tuple[list[str], dict[str, str]]] = []
    start(8600, lambda _program, command, environment: began.append((command, environment)))
    (command, environment), said = began[0], capsys.readouterr().out
    assert command[-4:] == ["--server.address", "0.0.0.0", "--server.port", "8600"]
    assert environment["STREAMLIT_SERVER_ALLOWED_HOSTS"] == "localhost 127.0.0.1 192.168.1.20"
    assert environment["GANSCOPE_TOKEN"] in said
    assert environment["GANSCOPE_TEACHER_TOKEN"] in said
    assert "PORT" not in said


def test_the_class_is_given_a_name_that_others_reach_only_where_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_start, "addresses", lambda: ["192.0.2.7", "198.51.100.3"])
    assert class_start.reached_at(None) == class_start.reached_at("0.0.0.0") == ("192.0.2.7", "198.51.100.3")
    assert class_start.reached_at("127.0.0.1") == class_start.reached_at("localhost") == ()

"""What the table of runs is asked for is carried out once, whichever of its events arrive."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from pages.compare.web import family
from pages.compare.web import runs_table as table
from pages.data.web import pictures


def test_each_wish_is_carried_out_once_whichever_events_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    session: dict[str, Any] = {}
    mounted: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", session)
    monkeypatch.setattr(table, "_mount", lambda **given: mounted.update(given))
    done: list[list[object]] = []

    def draw() -> list[float]:
        table.runs_table(
            token="t", rows=[], count=0, chosen=[], most=1, measures=[], deleted=[], last=[], projector=False,
            on_asked=done.append,
        )  # fmt: skip
        heard: list[float] = mounted["data"][0]["heard"]
        return heard

    assert draw() == []
    both = [[1.5, "tags", "run", ["a"]], [2.5, "notes", "run", "n"]]
    for event in (both, both, [*both, [3.5, "choose", []]], "nothing", [["x", "tags"], [4.5], 7]):
        session[table.KEY] = {"asked": event}
        mounted["on_asked_change"]()
    assert done == [["tags", "run", ["a"]], ["notes", "run", "n"], ["choose", []]]
    assert draw() == [1.5, 2.5, 3.5]


def test_pictures_chosen_in_two_presses_are_both_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    session: dict[str, Any] = {}
    mounted: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", session)
    monkeypatch.setattr(pictures, "_mount", lambda **given: mounted.update(given))
    done: list[list[int]] = []
    for key in ("set", "other"):  # each set's wishes are its own
        pictures.picture_grid(
            key, picture="", across=1, tiles=[], action="", mark="", hint="", on_asked=done.append
        )  # fmt: skip
        assert mounted["data"][0]["heard"] == []
        session[key] = {"asked": [[1, 4, 5], [2, 7], [3, "x"], [4, True]]}
        mounted["on_asked_change"]()
        mounted["on_asked_change"]()
    assert done == [[4, 5], [7], [4, 5], [7]]


def test_runs_of_a_family_chosen_in_two_presses_are_both_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    mounted: dict[str, Any] = {}
    wishes = [
        [1, "chosen", "a"],
        [2, "chosen", "b"],
        [3, "open", "c"],
        [4, "chosen", 7],
        [5, "other", "d"],
        [6, "open"],
    ]
    monkeypatch.setattr(st, "session_state", {family._KEY: {"asked": wishes}})
    monkeypatch.setattr(family, "_mount", lambda **given: mounted.update(given))
    done: list[tuple[str, str]] = []
    family.family_view(
        families=[], alone=0, on_open=lambda run: done.append(("open", run)),
        on_chosen=lambda run: done.append(("chosen", run)),
    )  # fmt: skip
    mounted["on_asked_change"]()
    assert done == [("chosen", "a"), ("chosen", "b"), ("open", "c")]

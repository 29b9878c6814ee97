"""Measuring the chosen runs: which checkpoints, on how many samples, and what is said where one cannot be."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from gan_core.data import DataUnavailable
from gan_core.training import preset
from pages.compare import measuring, table
from pages.server.app_state import AppState
from pages.server.jobs import Job
from pages.ui.session import Tab
from tests.pages.fake_manager import FakeManager
from tests.runs.helpers import until


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, home: AppState, manager: FakeManager) -> Tab:
    monkeypatch.setattr(st, "session_state", {})
    return Tab("first-gan", preset("first-gan").config)


def made(manager: FakeManager, **known: Any) -> str:
    run = manager.start(preset("first-gan").config, preset="first-gan")
    manager.put(run, state="finished", **known)
    return run


def test_the_newest_checkpoint_of_each_and_its_best_are_measured_alike(state: Tab, manager: FakeManager) -> None:
    ruined = made(manager, step=30, checkpoints=(10, 20, 30), best_step=10)
    fine = made(manager, step=40, checkpoints=(40,), best_step=None)
    assert (measuring.unmeasured(ruined), measuring.unmeasured(fine)) == ([10, 30], [40])
    table.carry_out(state, ["measure", [ruined, fine]])
    job = measuring.app_state().jobs.get(st.session_state[measuring.MEASURING])
    assert job is not None
    until(lambda: job.done)
    assert job.problem == ""
    for run, steps in ((ruined, {10, 30}), (fine, {40})):
        assert {(one.step, one.samples) for one in manager.evaluations(run)} == {(s, 2_000) for s in steps}
        assert measuring.unmeasured(run) == []
    table.carry_out(state, ["measure", [ruined, fine]])
    assert "measured on 2,000 samples already" in state.notice


def test_one_that_cannot_be_measured_does_not_keep_the_others(state: Tab, manager: FakeManager) -> None:
    bad, good = made(manager, step=5, checkpoints=(5,)), made(manager, step=6, checkpoints=(6,))
    whole, job = manager.evaluate, Job("Measuring")

    def evaluate(run: str, step: int | None = None, **more: Any) -> Any:
        if run == bad:
            raise DataUnavailable("These images are not here.")
        return whole(run, step, **more)

    manager.evaluate = evaluate  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="These images are not here"):
        measuring.measure(manager, [(bad, 5), (good, 6)], job)  # type: ignore[arg-type]
    assert [one.step for one in manager.evaluations(good)] == [6]


def test_only_what_the_table_sends_is_understood(state: Tab, manager: FakeManager) -> None:
    table.carry_out(state, ["measure", "all"])
    assert state.notice == "This was not understood; reload the page."
    table.carry_out(state, ["measure", ["never-was"]])
    assert state.notice == 'There is no run "never-was" here.'

"""The referee's findings in the Lab: what stands there, and what the button asks the manager for."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.measure.referee.findings import Finding
from gan_core.runs.commands import Change
from gan_core.training import RunConfig
from pages.lab import findings as page
from pages.server.app_state import AppState
from tests.pages.fake_manager import FakeManager
from tests.pages.lab.test_lab import open_lab
from tests.pages.shown import shown

COLLAPSE = Finding(
    "mode collapse", 40, "Mode collapse", {"sample_spread_ratio": 0.12}, "The spread is 12% of the real one.",
    "The generator is too fast.", {"g_optimizer.lr": 1e-4}, "Lower the generator's learning rate.",
)  # fmt: skip
WELL = Finding(
    "healthy", 90, "No trouble found", {"distance_left": 0.1}, "All well.", "Balance.", {}, "Let it go on."
)


RAISED = Finding(
    "live change", 63, "Since you raised G's learning rate at step 63, training has gone wrong", {"g_loss_now": 15.0},
    "G's loss has gone from 0.9 to 15.", "It was changed last.",
    {"g_optimizer.lr": 0.003}, "Undo it (back to 0.003).",
)  # fmt: skip


class FakeDiagnoser:
    def __init__(self, said: tuple[Finding, ...] | Exception) -> None:
        self.said = said

    def diagnose(self, reader: Any, run: str) -> tuple[Finding, ...]:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


def lab_of(
    manager: FakeManager, monkeypatch: pytest.MonkeyPatch, said: Any, *, live: bool = False
) -> tuple[str, AppTest]:  # fmt: skip
    monkeypatch.setattr(page, "_diagnoser", lambda data_dir: FakeDiagnoser(said))
    run = manager.start(RunConfig(), preset="fashion-fast")
    manager.put(run, state="paused")
    manager.put(run, state="paused" if live else "stopped", step=100, checkpoints=(10,))
    return run, open_lab({"run": run})


def text(app: AppTest) -> str:
    return "\n".join(shown(element.value) for element in (*app.markdown, *app.caption))


def test_a_finding_stands_with_its_numbers_its_cause_and_a_branch(
    home: AppState, manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, app = lab_of(manager, monkeypatch, (COLLAPSE,))
    for words in ("Mode collapse", "12% of the real one", "too fast", "0.12", "first seen at step 40"):
        assert words in text(app)
    asked: list[Any] = []
    real = manager.branch

    def branch(run_id: str, step: int | None, changes: dict[str, Any]) -> str:
        asked.append((run_id, step, changes))
        return real(run_id, step, changes)

    monkeypatch.setattr(manager, "branch", branch)
    app.button(key="findings-branch:mode collapse").click().run()
    assert not app.exception
    assert asked == [(run, 20, {"g_optimizer.lr": 1e-4})]
    assert app.session_state["ganscope.tab"].run != run  # the branch is watched now


def test_a_change_that_broke_the_run_is_undone_or_branched_from_just_before(
    home: AppState, manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, app = lab_of(manager, monkeypatch, (RAISED,), live=True)
    assert "Since you raised G's learning rate at step 63, training has gone wrong" in text(app)
    assert "G's loss has gone from 0.9 to 15." in text(app)
    assert "first seen" not in text(app)
    app.button(key="findings-undo").click().run()
    assert not app.exception
    assert (run, Change("g_optimizer.lr", 0.003)) in manager.sent
    asked: list[Any] = []
    monkeypatch.setattr(manager, "branch", lambda *given: asked.append(given) or run)
    assert app.button(key="findings-branch:live change").label == "Branch from step 63, just before the change"
    app.button(key="findings-branch:live change").click().run()
    assert asked == [(run, 63, {"g_optimizer.lr": 0.003})]


def test_a_healthy_run_has_no_button(home: AppState, manager: FakeManager, monkeypatch: pytest.MonkeyPatch) -> None:
    _, app = lab_of(manager, monkeypatch, (WELL,))
    assert "No trouble found" in text(app)
    assert not [b for b in app.button if b.key and b.key.startswith("findings-branch")]


def test_too_early_is_said(home: AppState, manager: FakeManager, monkeypatch: pytest.MonkeyPatch) -> None:
    _, app = lab_of(manager, monkeypatch, ())
    assert "too little to go by" in text(app)


def test_what_cannot_be_read_is_a_sentence(
    home: AppState, manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, app = lab_of(manager, monkeypatch, ValueError("The run has no data."))
    assert "cannot say anything: The run has no data." in text(app)


@pytest.mark.parametrize(
    ("kind", "seen", "step"),
    [("mode collapse", 40, 20), ("mode collapse", 20, 0), ("diverging", 100, 50), ("plateau", 60, 100)],
)
def test_a_branch_begins_before_the_trouble_was_seen(kind: str, seen: int, step: int) -> None:
    class View:
        pass

    view = View()
    view.step = 100  # type: ignore[attr-defined]
    finding = Finding(kind, seen, "", {}, "", "", {"k_d": 2}, "")
    assert page.branch_step(view, finding) == step

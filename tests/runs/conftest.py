"""Runs so small that writing a checkpoint costs more than training up to it; here they come as often as asked."""

from __future__ import annotations

import pytest

from gan_core.runs.engine import recorder


@pytest.fixture(autouse=True)
def _checkpoints_as_often_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "CHECKPOINT_PAUSE_SECONDS", 0.0)

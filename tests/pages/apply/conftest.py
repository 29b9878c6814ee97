"""The server's state with a manager that works, where the Apply page looks for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_core.runs import RunManager
from pages.server.app_state import AppState, install_app_state


@pytest.fixture
def home(tmp_path: Path) -> Iterator[AppState]:
    before = getattr(sys, "_ganscope_app_state", None)
    manager = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1)
    made = install_app_state(AppState(manager))
    yield made
    made.close()
    sys._ganscope_app_state = before  # type: ignore[attr-defined]

"""The server's state with the manager that trains nothing, put where the pages look for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from pages.server.app_state import AppState, install_app_state
from pages.server.http.routes import routes
from tests.pages.fake_manager import FakeManager
from tests.pages.server.serving import Client, served


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[FakeManager]:
    made = FakeManager(tmp_path / "runs", tmp_path / "data", pace_seconds=0.005)
    yield made
    made.close()


@pytest.fixture
def home(manager: FakeManager) -> Iterator[AppState]:
    before = getattr(sys, "_ganscope_app_state", None)
    yield install_app_state(AppState(manager))
    sys._ganscope_app_state = before  # type: ignore[attr-defined]


@pytest.fixture
def client(home: AppState) -> Iterator[Client]:
    """A browser's side of our own routes."""
    with served(Starlette(routes=routes(home))) as made:
        yield made

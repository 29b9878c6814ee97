"""What pages need is imported by one thread; nothing else imports it meanwhile."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages.server.loading import page_modules

ROOT = Path(__file__).parents[3]
SCRIPTS = sorted((ROOT / "pages").glob("*/page.py"))

LOADED = """
import sys
from pages.server.loading import load
load()
print(*sys.modules)
"""

# The import is held up; meanwhile a page and two routes are asked for, which must import nothing of the engine.
HELD_UP = """
import sys, threading, time
from pathlib import Path
from types import SimpleNamespace
from pages.server.http import run_routes
from pages.server import app_state as homes
from pages.server.http.routes import _command, _once_ready
from pages.server.security.people import OWNER_OF_THE_MACHINE
go, real = threading.Event(), homes.load
homes.load = lambda: (go.wait(300), real())
home = homes.install_app_state(homes.AppState())
home.start()
from streamlit.testing.v1 import AppTest
router = str(Path("pages/router.py").resolve())
shown = []
def page():
    shown.append(AppTest.from_file(router, default_timeout=300).run())
def asked():
    request = SimpleNamespace(query_params={}, path_params={})
    shown.append(_once_ready(home, run_routes.rows, request))
def commanded():
    try:
        _command(home, OWNER_OF_THE_MACHINE, "no-such-run", "step", "both")
    except ValueError as problem:
        shown.append(problem)
threads = [threading.Thread(target=target) for target in (page, asked, commanded, home.explore.open)]
for thread in threads:
    thread.start()
time.sleep(2)  # that nothing is loaded meanwhile is seen only after a while
early = [name for name in sys.modules if name == "torch" or name.startswith(("gan_core.runs", "gan_core.training"))]
go.set()
assert early == [] and shown == [], (early, shown)
for thread in threads:
    thread.join(300)
drawn = next(one for one in shown if isinstance(one, AppTest))
assert not drawn.exception and [one.label for one in drawn.button if one.label == "Train"] == ["Train"], drawn
assert len(shown) == 3, shown
print("drawn")
"""


def modules_named_by(script: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(script.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(("gan_core", "pages")):
            yield node.module
            for name in node.names:
                if (ROOT / node.module.replace(".", "/") / f"{name.name}.py").is_file():
                    yield f"{node.module}.{name.name}"


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_all_modules_of_the_pages_are_loaded(loaded: set[str]) -> None:
    assert set(page_modules()) <= loaded
    assert len(page_modules()) > 40


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.parent.name)
def test_a_page_has_nothing_left_to_import(script: Path, loaded: set[str]) -> None:
    named = set(modules_named_by(script))
    assert len(named) > 3
    assert named <= loaded


def test_what_explore_brings_is_not_waited_for_by_the_first_page(loaded: set[str]) -> None:
    assert "pages.explore.ops" not in loaded


def test_pages_and_routes_import_nothing_while_the_engine_starts(tmp_path: Path) -> None:
    places = {"GANSCOPE_RUNS": str(tmp_path / "runs"), "GANSCOPE_DATA": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-c", HELD_UP],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, **places}, timeout=500,
    )  # fmt: skip
    assert done.stdout.strip().endswith("drawn"), done.stderr[-2000:]

"""The pages' scripts, each at an address that has the version of all of them in it."""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path

import pytest

from pages.explore.web.explore import tools
from pages.server.http import modules as served
from pages.server.http.modules import loader, module_path, modules
from tests.pages.server.serving import Client


def test_every_module_is_answered_as_a_script_to_keep(client: Client) -> None:
    for name, text in modules().items():
        answer = client.get(f"/{module_path(name)}")
        assert (answer.status_code, answer.content) == (200, text), name
        assert answer.headers["content-type"].startswith("text/javascript"), name
        assert "immutable" in answer.headers["cache-control"], name


def test_nothing_else_below_pages_is_answered(client: Client) -> None:
    for name in ("router.py", "ui/web/words.css", "../app.py", "%2e%2e/app.py", "ui/web", "", "/etc/passwd"):
        assert client.get(f"/{module_path(name)}").status_code == 404, name


def test_another_version_is_not_answered_with_this_one_s_modules(client: Client) -> None:
    here = module_path("ui/web/words.js")
    other = here.replace(here.split("/")[1], "0" * 16)
    assert client.get(f"/{here}").status_code == 200
    assert client.get(f"/{other}").status_code == 404


def test_any_change_of_any_module_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = set()
    for found in ({"a.js": b"1", "b.js": b"2"}, {"a.js": b"2", "b.js": b"1"}, {"a.js": b"1"}, {"c.js": b"1"}):
        monkeypatch.setattr(served, "modules", lambda found=found: found)
        versions.add(served.version.__wrapped__())
    assert len(versions) == 4


def test_what_a_module_imports_is_there() -> None:
    for name, text in modules().items():
        for address in re.findall(r'\bfrom "([^"]+)"', text.decode()):
            other = posixpath.normpath(posixpath.join(posixpath.dirname(name), address))
            assert other in modules(), f"{name} imports {address}"


def test_a_loader_asks_for_all_that_its_entry_needs_at_once() -> None:
    script = loader("gallery/web/main.js", "lab/web/status.js")
    needed = json.loads(re.findall(r"of (\[.*\])\)", script)[0])
    assert {"gallery/web/side.js", "ui/web/plane/stage_layers.js", "ui/web/mounting.js", "lab/web/status.js"} <= {
        *needed
    }
    assert "explore/web/main.js" not in needed


def test_a_tool_of_explore_is_its_folder() -> None:
    folder = Path(served.__file__).parents[2] / "explore" / "web" / "tools"
    assert {path.parent.name for path in folder.glob("*/*.js")} == {name.split("/")[-2] for name in tools("js")}

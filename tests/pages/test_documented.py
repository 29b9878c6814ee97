"""The page that the documentation shows how to add, added."""

from __future__ import annotations

import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

from gan_core.training import RunConfig
from pages.server.app_state import AppState
from tests.pages.fake_manager import FakeManager
from tests.pages.shown import shown

EXTENDING = Path(__file__).resolve().parents[2] / "docs" / "extending.md"


def test_the_page_of_the_documentation_shows_what_it_says(
    home: AppState, manager: FakeManager, tmp_path: Path
) -> None:
    blocks = re.findall(r"^```py\n(.*?)^```$", EXTENDING.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    (code,) = (block for block in blocks if "st.title" in block)
    (tmp_path / "page.py").write_text(code, encoding="utf-8")
    run = manager.start(RunConfig(), preset="fashion-fast")
    manager.put(run, state="paused")
    manager.put(run, state="stopped", step=1234)
    app = AppTest.from_file(str(tmp_path / "page.py"), default_timeout=180).run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Counts"]
    assert any("1,234 steps" in shown(element.value) for element in app.markdown)

"""The main script: page settings, the theme's style sheet and the list of pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from pages.classroom.presence import draw_presence  # noqa: E402
from pages.learn.asked import told_questions  # noqa: E402
from pages.learn.column import draw_column, take_from_address  # noqa: E402
from pages.server.app_state import app_state  # noqa: E402
from pages.server.security.people import here  # noqa: E402
from pages.server.security.rights import may  # noqa: E402
from pages.server.security.switches import PAGES as SWITCHED  # noqa: E402
from pages.ui.asked import carry_out  # noqa: E402
from pages.ui.chrome import draw_chrome, draw_phone_links  # noqa: E402
from pages.ui.history import PAGE, keep  # noqa: E402
from pages.ui.learning import QUESTIONS  # noqa: E402
from pages.ui.literal import literal  # noqa: E402

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

PAGES = ROOT / "pages"

st.set_page_config(
    page_title="GANscope", page_icon=str(ROOT / "assets" / "style" / "mark.svg"), layout="wide", menu_items={}
)
person = here()


def closed(name: str) -> str:
    """Why who opens the page may not look at it, in one sentence; "" where they may."""
    return may(person, f"open {name}") if name in SWITCHED else ""


def entry(name: str, title: str, icon: str, *, path: str = "", first: bool = False) -> StreamlitPage:
    """A page of the folder called so; one that is closed is not offered. path: where it is, its name otherwise."""
    return st.Page(
        PAGES / name / "page.py", title=title, icon=f":material/{icon}:", url_path=path or name, default=first,
        visibility="hidden" if closed(name) else "visible",
    )  # fmt: skip


pages = [
    entry("lab", "Lab", "science", first=True),
    entry("explore", "Explore", "explore"),
    entry("apply", "Apply", "handyman"),
    entry("compare", "Compare", "compare_arrows"),
    entry("gallery", "Failures", "healing"),
    entry("learn", "Learn", "school"),
    entry("data", "Data", "photo_library"),
    entry("classroom", "Class", "co_present", path="class"),
]
page = st.navigation(pages, position="top")
draw_chrome()
draw_phone_links([each for each in pages if not closed(each.url_path)])
if not app_state().ready:  # the page's imports must not meet those of the engine's start
    with st.spinner("The engine is starting …"):
        app_state().wait()
take_from_address()
carry_out()
st.session_state[PAGE] = page.url_path
if page.url_path == "class":
    st.session_state[QUESTIONS] = told_questions()
if refused := closed(page.url_path):
    st.info(literal(refused), icon=":material/block:")
    st.page_link(pages[0], label="To the Lab", icon=":material/science:")
else:
    page.run()
    if page.url_path != "learn":
        draw_column(page.url_path)
draw_presence()
keep()

"""The main script: page settings, the theme's style sheet and the list of pages."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from pages.classroom.presence import draw_presence  # noqa: E402
from pages.learn.asked import told_questions  # noqa: E402
from pages.learn.column import draw_column, take_from_address  # noqa: E402
from pages.server.app_state import app_state  # noqa: E402
from pages.ui.chrome import draw_chrome, draw_phone_links  # noqa: E402
from pages.ui.history import keep  # noqa: E402
from pages.ui.learning import QUESTIONS  # noqa: E402

PAGES = ROOT / "pages"

st.set_page_config(
    page_title="GANscope", page_icon=str(ROOT / "assets" / "style" / "mark.svg"), layout="wide", menu_items={}
)
pages = [
    st.Page(PAGES / "lab" / "page.py", title="Lab", icon=":material/science:", url_path="lab", default=True),
    st.Page(PAGES / "explore" / "page.py", title="Explore", icon=":material/explore:", url_path="explore"),
    st.Page(PAGES / "apply" / "page.py", title="Apply", icon=":material/handyman:", url_path="apply"),
    st.Page(PAGES / "compare" / "page.py", title="Compare", icon=":material/compare_arrows:", url_path="compare"),
    st.Page(PAGES / "gallery" / "page.py", title="Failures", icon=":material/healing:", url_path="gallery"),
    st.Page(PAGES / "learn" / "page.py", title="Learn", icon=":material/school:", url_path="learn"),
    st.Page(PAGES / "data" / "page.py", title="Data", icon=":material/photo_library:", url_path="data"),
    st.Page(PAGES / "classroom" / "page.py", title="Class", icon=":material/co_present:", url_path="class"),
]
page = st.navigation(pages, position="top")
draw_chrome()
draw_phone_links(pages)
if not app_state().ready:  # the page's imports must not meet those of the engine's start
    with st.spinner("The engine is starting …"):
        app_state().wait()
take_from_address()
if page.url_path == "class":
    st.session_state[QUESTIONS] = told_questions()
page.run()
if page.url_path != "learn":
    draw_column(page.url_path)
draw_presence()
keep()

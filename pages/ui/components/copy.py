"""A button that copies a link to this application."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent

_mount = st.components.v2.component(
    "ganscope_copy",
    js=(_FOLDER / "copy.js").read_text("utf-8"),
    css=(_FOLDER / "copy.css").read_text("utf-8"),
    isolate_styles=False,
)


def copy_link(key: str, label: str, query: Mapping[str, str]) -> None:
    """Copies this page's address with `query` as its parameters; says so for a moment."""
    # In a list: a bare dictionary is looked through for data frames, which imports pandas, seconds at the first page.
    _mount(key=key, data=[{"label": label, "query": dict(query)}], width="content")

"""A button that copies a link to this application."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.ui.components.source import script, style

SCRIPT = script("copy.js")

_mount = st.components.v2.component("ganscope_copy", js=SCRIPT, css=style("copy.css"), isolate_styles=False)


def copy_link(key: str, label: str, query: Mapping[str, str]) -> None:
    """Copies this page's address with `query` as its parameters; says so for a moment."""
    # In a list: a bare dictionary is looked through for data frames, which imports pandas, seconds at the first page.
    _mount(key=key, data=[{"label": label, "query": dict(query)}], width="content")

"""A button that copies a link to this application."""

from __future__ import annotations

from collections.abc import Mapping

from pages.ui.web.component import component

_mount = component("ganscope_copy", "ui/web/copy.js", "ui/web/copy.css")


def copy_link(key: str, label: str, query: Mapping[str, str]) -> None:
    """Copies this page's address with `query` as its parameters; says so for a moment."""
    # In a list: a bare dictionary is looked through for data frames, which imports pandas, seconds at the first page.
    _mount(key=key, data=[{"label": label, "query": dict(query)}], width="content")

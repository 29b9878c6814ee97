"""Custom components: modules and style sheets that lie beside the pages, below `pages`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.server.http.modules import loader

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_PAGES = Path(__file__).resolve().parents[2]


def component(name: str, entry: str, *styles: str, others: tuple[str, ...] = ()) -> ComponentRenderer:
    """What mounts the component whose module is `entry`, with these style sheets.

    Its data goes in a list: a bare dictionary is looked through for data frames, which imports pandas, seconds at the
    first page. others: modules that it finds loaded. Not isolated: Plotly puts its style sheet into the document,
    which a shadow root would not see, and the theme's variables are the document's.
    """
    css = style(*styles) if styles else None
    return st.components.v2.component(name, js=loader(entry, *others), css=css, isolate_styles=False)


def told_text(key: str, name: str, take: Callable[[str], None]) -> Callable[[], None]:
    """What a component calls when its value `name` has changed: hands on what a browser gave, if text."""

    def told() -> None:
        given = st.session_state[key].get(name)
        if isinstance(given, str):
            take(given)

    return told


def style(*names: str) -> str:
    """One style sheet of several files."""
    return "\n".join((_PAGES / name).read_text("utf-8") for name in names)

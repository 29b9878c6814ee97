"""The Explore page's component: the picture, its history and bookmarks, and the tools; fed by its own channel."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui.components.source import script, style

_FOLDER = Path(__file__).parent / "explore"
_BEFORE = ("tools.js", "channel.js", "explorer.js", "picture.js", "history.js", "bookmarks.js", "card.js", "top.js")
_LAST = "main.js"


def _tools(kind: str, *others: str) -> list[str]:
    """Each tool has files of its own."""
    return [f"explore/{path.name}" for path in sorted(_FOLDER.glob(f"*.{kind}")) if path.name not in others]


SCRIPT = script(
    "live/wire.js", "live/words.js", "live/hands.js", *(f"explore/{name}" for name in _BEFORE),
    *_tools("js", *_BEFORE, _LAST), f"explore/{_LAST}",
)  # fmt: skip
STYLE = style("live/live.css", "explore/explore.css", *_tools("css", "explore.css"))

# Not isolated: the addresses of the page's own style sheet and of the theme's variables are the document's.
_mount = st.components.v2.component("ganscope_explore", js=SCRIPT, css=STYLE, isolate_styles=False)


def explore_view(*, token: str, projector: bool) -> None:
    """Show it; what there is to explore it asks for itself."""
    _mount(key="explore", data=[{"token": token, "projector": projector}])  # in a list, see copy.py

"""The Explore page's component: the picture, its history and bookmarks, and the tools; fed by its own channel."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent / "explore"
_LIVE = Path(__file__).parent / "live"
_BEFORE = ("tools.js", "channel.js", "explorer.js", "picture.js", "history.js", "bookmarks.js", "top.js")
_LAST = "main.js"


def script() -> str:
    """One module: the files share a scope; tools, in files of their own, come before the one that mounts them all."""
    tools = sorted(path for path in _FOLDER.glob("*.js") if path.name not in (*_BEFORE, _LAST))
    files = [_LIVE / "wire.js", _LIVE / "words.js", *(_FOLDER / name for name in _BEFORE), *tools, _FOLDER / _LAST]
    return "\n".join(path.read_text("utf-8") for path in files)


def style() -> str:
    """The live view's colours and buttons, the frame's own, then those of the tools."""
    tools = sorted(path for path in _FOLDER.glob("*.css") if path.name != "explore.css")
    return "\n".join(path.read_text("utf-8") for path in (_LIVE / "live.css", _FOLDER / "explore.css", *tools))


# Not isolated: the addresses of the page's own style sheet and of the theme's variables are the document's.
_mount = st.components.v2.component("ganscope_explore", js=script(), css=style(), isolate_styles=False)


def explore_view(*, token: str, projector: bool) -> None:
    """Show it; what there is to explore it asks for itself."""
    _mount(key="explore", data=[{"token": token, "projector": projector}])  # in a list, see copy.py

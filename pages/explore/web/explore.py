"""The Explore page's component: the picture, its history and bookmarks, and the tools; fed by its own channel."""

from __future__ import annotations

from pathlib import Path

from pages.ui.web.component import component

_FOLDER = Path(__file__).parent


def tools(kind: str) -> tuple[str, ...]:
    """Of every tool its script, or its style sheet: `tools/map/map.js`, which registers it."""
    names = sorted(path.stem for path in _FOLDER.glob(f"tools/*/*.{kind}") if path.stem == path.parent.name)
    return tuple(f"explore/web/tools/{name}/{name}.{kind}" for name in names)


_mount = component(
    "ganscope_explore", "explore/web/main.js", "ui/web/live.css", "ui/web/keyframes/keyframes.css",
    "explore/web/explore.css", *tools("css"), others=tools("js"),
)  # fmt: skip


def explore_view(*, token: str, projector: bool, no_files: str = "") -> None:
    """Show it; what there is to explore it asks for itself.

    no_files: why no file may be brought, "" where one may.
    """
    told = {"token": token, "projector": projector, "no_files": no_files}
    _mount(key="explore", data=[told])  # in a list, see component.py

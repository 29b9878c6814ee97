"""Everything that a page or a route imports, imported by one thread before another asks for any of it.

Python locks each module while it is being imported. Two threads that import parts of one package at the same time can
each hold what the other waits for; Python then hands one of them half a module, and its import fails for good.
"""

from __future__ import annotations

import importlib
from pathlib import Path

PAGES = Path(__file__).resolve().parents[1]
SCRIPTS = ("page", "router")  # run by Streamlit at every rerun, imported by nobody
LATER = ("pages.explore.ops",)  # brings half a second of modules; only `ExploreHub.open` imports it, under its lock


def page_modules() -> list[str]:
    """The names of the modules that the pages and the routes are made of."""
    names = [
        ".".join(path.relative_to(PAGES.parent).with_suffix("").parts)
        for path in sorted(PAGES.rglob("*.py"))
        if path.stem not in (*SCRIPTS, "__init__")
    ]
    return [name for name in names if not name.startswith(LATER)]


def load() -> None:
    """Import the engine (torch with it) and then the pages' modules."""
    importlib.import_module("gan_core.runs")
    for name in page_modules():
        importlib.import_module(name)

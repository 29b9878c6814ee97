"""Every page's style sheets hold for the whole document: no two pages give one name to different things."""

from __future__ import annotations

import re
from pathlib import Path

PAGES = Path(__file__).resolve().parents[2] / "pages"
SHARED = {"gs"}  # of pages/ui


def test_each_prefix_of_class_names_is_one_rooms_own() -> None:
    """A rule of one page whose subject bears another's name would be drawn over there too."""
    rooms: dict[str, set[str]] = {}
    for path in PAGES.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
        for selectors in re.findall(r"([^{}]+)\{", text):
            for selector in re.sub(r"\([^()]*\)", "", selectors).split(","):
                # What stands first says on which page it holds: the rest may name what another page has put there.
                if (found := re.match(r"\s*\.(g[a-z])-", selector)) and found[1] not in SHARED:
                    rooms.setdefault(found[1], set()).add(path.relative_to(PAGES).parts[0])
    assert rooms, "the prefixes are found"
    assert {prefix: sorted(where) for prefix, where in rooms.items() if len(where) > 1} == {}

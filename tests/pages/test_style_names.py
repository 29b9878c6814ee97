"""Every page's style sheets hold for the whole document: no two pages give one name to different things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "pages"
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


def test_no_rule_makes_every_new_element_restyle_the_page() -> None:
    """Chromium restyles all that may follow from a `:has()` whenever anything is put into its element.

    What follows is found by its class; of attributes only the name counts, so that a test id means half of the page,
    and a bare tag, `*` or `:not()` all of it. A child's number inside `:has()` does the same.
    """
    found = list(_rules())
    assert len(found) > 30, "the rules are found"
    for selector in found:
        compounds = _split(selector, " >+~")
        first = next(i for i, compound in enumerate(compounds) if ":has(" in compound)
        unnamed = [compound for compound in compounds[first + 1 :] if not _names_a_class(compound)]
        assert not unnamed, f"{selector}: {unnamed} follows a :has() and bears no class"
        assert ":nth-" not in "".join(re.findall(r":has\((.*)", selector)), selector


def test_what_such_a_rule_names_is_understood() -> None:
    assert _split(".a:has(> .b, .c) > .d e:not(.f .g)", " >+~") == [".a:has(> .b, .c)", ".d", "e:not(.f .g)"]
    assert _names_a_class(".a:not(:hover)")
    assert _names_a_class(":is(.a, .b)[data-c]")
    assert not any(map(_names_a_class, ("*", "button", ":not(.a)", "[data-testid]", ":is(.a, span)", ":has(> .a)")))


def _rules() -> Iterator[str]:
    """Every selector with a `:has()`, of all style sheets."""
    for path in (*PAGES.rglob("*.css"), *(ROOT / "assets" / "style").glob("*.css")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
        for selectors in re.findall(r"([^{};]+)\{", text):
            yield from (one.strip() for one in _split(selectors, ",") if ":has(" in one and "@" not in one)


def _split(text: str, at: str) -> list[str]:
    """At each of these characters that stands outside of all brackets."""
    parts, depth = [""], 0
    for letter in text.strip():
        depth += (letter in "([") - (letter in ")]")
        if letter in at and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _names_a_class(compound: str) -> bool:
    chosen = re.findall(r":is\(([^()]*)\)", compound)
    bare = re.sub(r"\[[^\]]*\]", "", re.sub(r"\([^()]*\)", "", compound))
    return "." in bare or any(all(map(_names_a_class, _split(each, ","))) for each in chosen)

"""What can be read, by ear and by eye: names for screen readers, and text against what is behind it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

MARKUP = re.compile(r"\*\*|:material/|:[a-z]+-badge\[|:(gray|green|orange|red|blue|violet|small)\[|\]\(|</?[a-z]+>")
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3; large text needs 3
LEAST_LARGE = 3.0

TEXTS = Path(__file__).with_name("faint_texts.js").read_text("utf-8")


def faint_texts(page: Page) -> list[dict[str, Any]]:
    """Every text on the page that is too faint on what is behind it, with its contrast and its place."""
    found: list[dict[str, Any]] = page.evaluate(TEXTS, {"least": LEAST_CONTRAST, "leastLarge": LEAST_LARGE})
    return found


def raw_names(page: Page) -> list[str]:
    """Every name in the accessibility tree that holds markup instead of words."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    said = [str(node.get(part, {}).get("value", "")) for node in nodes for part in ("name", "description")]
    code = {str(n.get("name", {}).get("value", "")) for n in nodes if n.get("role", {}).get("value") == "code"}
    return sorted({words for words in said if MARKUP.search(words) and words not in code})


def contrast(page: Page, one: str, other: str) -> float:
    """Of two opaque CSS colours, as WCAG defines it."""

    def luminance(css: str) -> float:
        channels = page.evaluate(
            """(css) => {
              const ink = new OffscreenCanvas(1, 1).getContext("2d");
              ink.fillStyle = css;
              ink.fillRect(0, 0, 1, 1);
              return [...ink.getImageData(0, 0, 1, 1).data].slice(0, 3);
            }""",
            css,
        )
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in channels)]
        return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)

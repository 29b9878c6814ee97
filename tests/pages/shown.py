"""What a sentence in Markdown looks like on the page."""

from __future__ import annotations

import re


def shown(markdown: str) -> str:
    """Without the backslashes and joiners that make words stand letter by letter."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown).replace("\u2060", "")

"""Numbers as people write them, and written as the column writes its own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_INFINITE = re.compile(r"[-+]?inf(?:inity)?", re.IGNORECASE)
_GROUPED = {
    ".": re.compile(r"[-+]?\d{1,3}(?:[,' \u00a0\u202f]\d{3})+(?:\.\d+)?"),
    ",": re.compile(r"[-+]?\d{1,3}(?:[.' \u00a0\u202f]\d{3})+(?:,\d+)?"),
}
_GROUPS = {".": re.compile(r"[,' \u00a0\u202f]"), ",": re.compile(r"[.' \u00a0\u202f]")}
MOST = 1e100  # in size: sums of squares of more such numbers than there are cells stay finite


def reader(decimal: str) -> Callable[[str], float | None]:
    """From a text to its number, None where it is none; infinite where it is, or too large to be reckoned with.

    decimal: "." or ",". Thousands may be grouped: 1,234.5 with the first, 1.234,5 with the second.
    """
    grouped, groups = _GROUPED[decimal], _GROUPS[decimal]

    def read(text: str) -> float | None:
        plain = text.replace(",", ".") if decimal == "," and "." not in text else text
        if _PLAIN.fullmatch(plain) and plain.isascii() and not (decimal == "," and "." in text):
            return _usable(float(plain))
        if grouped.fullmatch(text):
            return _usable(float(groups.sub("", text).replace(",", ".")))
        return math.copysign(math.inf, -1 if text[0] == "-" else 1) if _INFINITE.fullmatch(text) else None

    return read


def _usable(value: float) -> float:
    return value if abs(value) <= MOST else math.copysign(math.inf, value)


def decimals_of(texts: Iterable[str], decimal: str) -> int:
    """The most decimals that a column's numbers are written with; -1 where one has an exponent."""
    most = 0
    for text in texts:
        if "e" in text or "E" in text:
            return -1
        most = max(most, len(text.rpartition(decimal)[2]) if decimal in text else 0)
    return most


def written(value: float, decimals: int, decimal: str) -> str:
    """A number as a column with so many decimals writes it; -1: up to 8 digits that mean something."""
    text = f"{value:.8g}" if decimals < 0 else f"{value:.{decimals}f}"
    if not float(text):
        text = text.lstrip("-")  # no minus before a nought
    return text.replace(".", decimal)

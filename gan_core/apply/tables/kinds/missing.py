"""Which texts mean that a cell is missing, and which look as if they could."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gan_core.config.codec import ConfigError

MARKERS = (
    "NA",
    "N/A",
    "NaN",
    "NULL",
    "None",
    "?",
    "#N/A",
    "#DIV/0!",
    "#VALUE!",
    "#REF!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
)
_SUSPICIOUS = {sign * value for value in (9.0, 99.0, 999.0, 9999.0, 99999.0) for sign in (-1, 1)}


@dataclass(frozen=True)
class Markers:
    """What means "missing" beside an empty cell: words without regard to case, numbers however they are written."""

    words: frozenset[str]
    numbers: frozenset[float]

    def is_missing(self, text: str) -> bool:
        if not text or text.lower() in self.words:
            return True
        if self.numbers:
            try:
                return float(text) in self.numbers
            except ValueError:
                return False
        return False


def parse_markers(text: str = "") -> Markers:
    """The usual markers and those named: texts told apart by commas, or a JSON list. Raises ConfigError."""
    named: list[str] = []
    if text.lstrip().startswith("["):
        try:
            named = [str(one) for one in json.loads(text)]
        except (ValueError, RecursionError):
            raise ConfigError('Missing markers must be as -999,unknown or a JSON list as ["-999"].') from None
    elif text.strip():
        named = text.split(",")
    words, numbers = {word.lower() for word in MARKERS}, set()
    for word in (one.strip() for one in named):
        words.add(word.lower())
        number = _number(word)
        if number is not None:
            numbers.add(number)
    return Markers(frozenset(words), frozenset(numbers))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def suspicious(values: Sequence[float]) -> tuple[float, int] | None:
    """A number as -999 that stands at least twice and far outside of all others, and how often it does."""
    counts = Counter(values)
    for code in sorted(_SUSPICIOUS, key=abs, reverse=True):
        often = counts.get(code, 0)
        if often < 2:
            continue
        others = [value for value in counts if value not in _SUSPICIOUS]
        if len(others) < 2:
            continue
        low, high = min(others), max(others)
        room = high - low
        if (code < 0 <= low) or code < low - room or code > high + room:
            return code, often
    return None

"""Dates as people write them: one format a column, found by trying, kept for what is filled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

FORMATS = (
    "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d.%m.%y", "%m/%d/%y",
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
    "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
)  # fmt: skip
_DAY_SECONDS = 86_400
_LIKE_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T]\d{1,2}:\d{2}.*)?|\d{1,2} \w+ \d{4}|\w+ \d{1,2}, \d{4}")


def format_of(texts: Sequence[str]) -> str:
    """The first format that reads all of these texts; "" where none does."""
    for pattern in FORMATS:
        if all(parse(text, pattern) is not None for text in texts[:50]) and all(
            parse(text, pattern) is not None for text in texts
        ):
            return pattern
    return ""


def looks_like_date(text: str) -> bool:
    return _LIKE_DATE.fullmatch(text) is not None


def parse(text: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(text, pattern)
    except ValueError:
        return None


def unit_seconds(pattern: str) -> int:
    """What a column of dates counts in: days, or seconds where times are given (minutes where those have none)."""
    return 1 if "%S" in pattern else 60 if "%M" in pattern else _DAY_SECONDS


def to_number(moment: datetime, pattern: str) -> float:
    """Days, minutes or seconds since 1970, a whole number."""
    return float(moment.replace(tzinfo=UTC).timestamp() // unit_seconds(pattern))


def to_moment(value: float, pattern: str) -> datetime:
    """The way back; years outside of 1 to 9999 become the nearest that there is."""
    seconds = round(value) * unit_seconds(pattern)
    return datetime.fromtimestamp(min(max(seconds, -62_135_596_800), 253_402_300_799), UTC).replace(tzinfo=None)


def written(moment: datetime, pattern: str) -> str:
    """As `strftime`, with years of four digits everywhere."""
    return moment.strftime(pattern.replace("%Y", f"{moment.year:04d}"))

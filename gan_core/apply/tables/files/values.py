"""Typed cells of Parquet and XLSX as texts, so that all formats are understood by the same rules."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any


def text_of(value: Any) -> str:
    """A cell as a text file would write it; "" for none and NaN, a date as 2024-05-31, times with seconds."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return moment.isoformat(" ", "seconds")
    if isinstance(value, date):
        return f"{value.isoformat()}"
    return str(value).strip()

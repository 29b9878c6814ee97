"""A run's time is shown on the viewer's clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pages.ui.words import moment

NOW = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)  # 00:30 of the 11th in Berlin


@pytest.mark.parametrize(
    ("utc", "zone", "words"),
    [
        ("2026-03-10T23:05:00Z", "Europe/Berlin", "00:05"),
        ("2026-03-10T13:05:00Z", "Europe/Berlin", "yesterday 14:05"),
        ("2026-03-10T13:05:00Z", "America/New_York", "09:05"),
        ("2026-03-01T13:05:00Z", "Asia/Kolkata", "1 Mar 18:35"),
        ("2025-07-01T13:05:00Z", "Europe/Berlin", "1 Jul 2025"),
        ("2026-03-10T13:05:00Z", None, "13:05 UTC"),
        ("2026-03-10T13:05:00Z", "No/Such_Zone", "13:05 UTC"),
        ("2026-03-10T13:05:00Z", "../../etc/passwd", "13:05 UTC"),
    ],
)
def test_moment(utc: str, zone: str | None, words: str) -> None:
    assert moment(utc, zone, NOW) == words

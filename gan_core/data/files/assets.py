"""Where the data that comes with the program lies."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).resolve().parents[3] / "assets" / "data"

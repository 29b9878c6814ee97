"""The components' scripts and style sheets, put together from their files."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent


def script(*names: str) -> str:
    """One module of files of this folder: they share a scope, and the last one exports the component."""
    return _joined("mounting.js", *names)


def style(*names: str) -> str:
    """One style sheet of files of this folder."""
    return _joined(*names)


def _joined(*names: str) -> str:
    return "\n".join((_FOLDER / name).read_text("utf-8") for name in names)

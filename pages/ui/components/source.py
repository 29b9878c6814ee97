"""The components' scripts and style sheets, put together from their files."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent
STAGE = (
    "live/hands.js", "live/stage_scene.js", "live/stage_plane.js", "live/stage_layers.js", "live/stage.js",
    "live/stage_points.js", "live/stage_moment.js",
)  # fmt: skip
"""Scripts of the plane with its points, of all that show one."""


def script(*names: str) -> str:
    """One module of files of this folder: they share a scope, and the last one exports the component."""
    return _joined("mounting.js", "addresses.js", *names)


def style(*names: str) -> str:
    """One style sheet of files of this folder."""
    return _joined(*names)


def _joined(*names: str) -> str:
    return "\n".join((_FOLDER / name).read_text("utf-8") for name in names)

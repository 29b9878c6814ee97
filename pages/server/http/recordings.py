"""Recorded trainings of the presets, which the Lab plays before the first Train: files, answered from memory.

`python -m benchmarks.recordings` makes them. A digest in the address lets a browser keep them for ever; they are
public, as the pages' scripts are, and whoever asks for one costs the server no more than its bytes.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).resolve().parents[3] / "assets" / "recordings"
_HEADERS = {
    ".gz": {"Content-Encoding": "gzip", "Content-Type": "application/octet-stream"},
    ".webp": {"Content-Type": "image/webp"},
}


@cache
def _files() -> dict[str, bytes]:
    """Name -> content of all that can be asked for, as it was at the first look."""
    return {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*")) if path.suffix in _HEADERS}


@cache
def _digest(name: str) -> str:
    return hashlib.sha256(_files()[name]).hexdigest()[:16]


def recording_path(preset: str, kind: str = ".gz") -> str:
    """Where the recording of a preset is, below the base, or with ".webp" its strip of thumbnails; "" without one."""
    name = preset + kind
    return f"recording/{_digest(name)}/{name}" if name in _files() else ""


async def recording(request: Request) -> Response:
    """`recording/{digest}/{name}`."""
    name = request.path_params["name"]
    if name not in _files() or request.path_params["digest"] != _digest(name):
        return Response("There is no such recording here; reload the page.", 404, media_type="text/plain")
    forever = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_files()[name], headers=_HEADERS[Path(name).suffix] | forever)

"""What a class server knows of its people, in `.class/` beside the runs: the names that they gave themselves, and
whose things are that say nothing of people themselves (sets of images, generators that were brought, bookmarks).
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from pathlib import Path

from gan_core.config.files import only_one, write_atomically

FOLDER = ".class"
NAMES, OWNERS = "names.json", "owners.json"
MOST_NAME = 30
MOST_KEPT = 20_000  # entries of a file; the oldest are forgotten
_MOST_BYTES = 10_000_000
_log = logging.getLogger(__name__)


def name_of(runs_dir: Path, person_id: str) -> str:
    """What somebody wants to be called; "" where they did not say."""
    return _texts(runs_dir / FOLDER / NAMES).get(person_id, "") if person_id else ""


def give_name(runs_dir: Path, person_id: str, name: str) -> None:
    """Raises ValueError in one sentence where it is none, OSError."""
    name = " ".join(name.split())
    if len(name) > MOST_NAME or not name.isprintable():
        raise ValueError(f"A name must be a text of at most {MOST_NAME} letters.")
    _note(runs_dir / FOLDER / NAMES, person_id, name)


def owner_of(runs_dir: Path, kind: str, name: str) -> str:
    """Whose a thing is; "" is whoever sits at the machine. kind: "data", "model", "bookmark" or "direction"."""
    return _texts(runs_dir / FOLDER / OWNERS).get(f"{kind}:{name}", "")


def note_owner(runs_dir: Path, kind: str, name: str, person_id: str) -> None:
    """Raises OSError."""
    key = f"{kind}:{name}"
    if person_id or key in _texts(runs_dir / FOLDER / OWNERS):
        _note(runs_dir / FOLDER / OWNERS, key, person_id)


def _note(path: Path, key: str, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with only_one(path):
        found = dict(_texts(path))
        found.pop(key, None)
        if text:
            found[key] = text
        kept = dict(list(found.items())[-MOST_KEPT:])
        write_atomically(path, json.dumps(kept, ensure_ascii=False).encode())


def _texts(path: Path) -> dict[str, str]:
    try:
        stat = path.stat()
    except OSError:
        return {}
    return _read(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _inode: int, size: int, _changed: int) -> dict[str, str]:
    """Of one state of a file: every change writes another one in its place."""
    try:
        found = json.loads(path.read_text("utf-8")) if size <= _MOST_BYTES else {}
    except (OSError, ValueError, RecursionError):
        _log.warning("%s cannot be read; nobody has a name or owns anything by it", path)
        found = {}
    if not isinstance(found, dict):
        return {}
    return {key: text for key, text in found.items() if isinstance(text, str)}

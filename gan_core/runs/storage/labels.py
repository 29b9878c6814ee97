"""Tags and notes that people give a run, in `labels.json` in its folder.

They belong to the run and go where it goes, but nothing of its training depends on them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gan_core.config.files import only_one, write_atomically
from gan_core.runs.storage.run_folder import open_run

FILE = "labels.json"
MOST_TAGS = 12
MOST_TAG = 30
MOST_NOTES = 4_000
MOST_BYTES = 40_000


@dataclass(frozen=True)
class Labels:
    """tags: in the order in which they were given; notes: text of several lines."""

    tags: tuple[str, ...] = ()
    notes: str = ""


def read_labels(root: Path) -> Labels:
    """Of the run in this folder; none where there is no file that can be read."""
    path = root / FILE
    try:
        if path.is_symlink() or path.stat().st_size > MOST_BYTES:
            return Labels()
        return labels_from(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return Labels()


def labels_from(data: Any) -> Labels:
    """Raises ValueError where `data` (JSON) does not hold labels."""
    if not isinstance(data, dict) or not isinstance(data.get("tags"), list):
        raise ValueError("Labels are an object with tags and notes.")
    return Labels(clean_tags(data["tags"]), clean_notes(data.get("notes")))


def clean_tags(tags: Iterable[Any]) -> tuple[str, ...]:
    """Without blanks around them, each once whatever its case. Raises ValueError in one sentence."""
    found: dict[str, str] = {}
    for tag in tags:
        if not isinstance(tag, str):
            raise ValueError(f"A tag must be a text of at most {MOST_TAG} letters.")
        words = " ".join(tag.split())
        if len(words) > MOST_TAG or not words.isprintable() or "," in words:
            raise ValueError(f"A tag must be a text of at most {MOST_TAG} letters, without commas.")
        if words:
            found.setdefault(words.casefold(), words)
    if len(found) > MOST_TAGS:
        raise ValueError(f"These are {len(found)} tags; a run has at most {MOST_TAGS}.")
    return tuple(found.values())


def clean_notes(notes: Any) -> str:
    """Raises ValueError in one sentence."""
    if not isinstance(notes, str) or len(notes) > MOST_NOTES:
        raise ValueError(f"Notes must be a text of at most {MOST_NOTES:,} letters.")
    return "".join(sign for sign in notes if sign == "\n" or sign.isprintable()).strip()


def label(runs_dir: Path, run_id: str, *, tags: Iterable[Any] | None = None, notes: Any = None) -> Labels:
    """Change tags or notes of a run, or both; what is None stays. Raises UnknownRun, ValueError or OSError."""
    root = open_run(runs_dir, run_id).root
    with only_one(root / FILE):
        labels = read_labels(root)
        if tags is not None:
            labels = replace(labels, tags=clean_tags(tags))
        if notes is not None:
            labels = replace(labels, notes=clean_notes(notes))
        write_labels(root, labels)
    return labels


def write_labels(root: Path, labels: Labels) -> None:
    """Raises OSError."""
    write_atomically(root / FILE, json.dumps(asdict(labels), ensure_ascii=False, indent=1).encode())

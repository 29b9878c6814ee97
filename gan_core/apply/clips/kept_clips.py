"""Clips that were brought and have become no job yet: kept on disk for some days, so that nobody brings one twice."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_core.apply.clips.box import read_box
from gan_core.apply.clips.clip_task import CLIP, FRAME
from gan_core.config.files import sync_folder, write_atomically

FOLDER = ".clips"  # in the runs folder; no list of runs shows it
MOST_BYTES = 1_000_000_000  # of all people together; the oldest goes first
MOST_OF_ONE = 2  # of one person: another tab may still have the one before
MOST_DAYS = 7
_ABOUT = "about.json"
_FILE = re.compile(f"{re.escape(CLIP)}|{re.escape(FRAME)}[0-9]{{4}}")


@dataclass(frozen=True)
class KeptClip:
    """One of a person's clips. Its files are called as `EditClip` takes them."""

    folder: Path

    @property
    def there(self) -> bool:
        return (self.folder / _ABOUT).is_file()

    def inputs(self) -> dict[str, bytes]:
        """Raises OSError where it is gone."""
        return {path.name: path.read_bytes() for path in self.files()}

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if _FILE.fullmatch(path.name))

    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.files())

    def about(self) -> tuple[str, str]:
        """Its name, and where its box is, "X,Y,WIDTH,HEIGHT" or ""; whatever else stands there is nothing."""
        try:
            found: dict[str, Any] = json.loads((self.folder / _ABOUT).read_text("utf-8"))
            name, box = str(found["name"]), str(found["box"])
            if box:
                read_box(box)
        except (OSError, ValueError, KeyError, TypeError):
            return "", ""
        return name, box

    def say(self, name: str, box: str) -> None:
        """Raises OSError."""
        write_atomically(self.folder / _ABOUT, json.dumps({"name": name, "box": box}).encode())

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def keep_clip(runs_dir: Path, owner: str, name: str, inputs: dict[str, bytes]) -> KeptClip:
    """Whole or not there; older ones make room. owner: as in `JobView`. Raises OSError, ValueError."""
    if any(not _FILE.fullmatch(file) for file in inputs):
        raise ValueError("These are no files of a clip.")
    home = _home(runs_dir, owner)
    home.mkdir(parents=True, exist_ok=True)
    token = uuid.uuid4().hex
    made = home / f".new-{token}"
    try:
        made.mkdir()
        for file, content in inputs.items():
            write_atomically(made / file, content)
        KeptClip(made).say(name, "")
        os.rename(made, home / token)
        sync_folder(home)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    kept = KeptClip(home / token)
    _tidy(runs_dir, home, kept)
    return kept


def newest_clip(runs_dir: Path, owner: str) -> KeptClip | None:
    """What this person brought last and has not put away."""
    found = _newest_first(_home(runs_dir, owner).glob("*"))
    return found[0] if found and _age_days(found[0]) <= MOST_DAYS else None


def _home(runs_dir: Path, owner: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{0,24}", owner):
        raise ValueError("Nobody is called like that.")
    return runs_dir / FOLDER / (owner or "own")


def _newest_first(folders: Iterable[Path]) -> list[KeptClip]:
    return sorted((clip for clip in map(KeptClip, folders) if clip.there and not clip.folder.name.startswith(".")),
                  key=_written, reverse=True)  # fmt: skip


def _written(clip: KeptClip) -> float:
    return (clip.folder / _ABOUT).stat().st_mtime


def _age_days(clip: KeptClip) -> float:
    return (time.time() - _written(clip)) / 86_400


def _tidy(runs_dir: Path, home: Path, kept: KeptClip) -> None:
    with contextlib.suppress(OSError):  # whoever else tidies at the same time
        for old in _newest_first(home.glob("*"))[MOST_OF_ONE:]:
            old.remove()
        total = 0
        for clip in _newest_first((runs_dir / FOLDER).glob("*/*")):
            total += clip.size_bytes()
            if clip != kept and (total > MOST_BYTES or _age_days(clip) > MOST_DAYS):
                clip.remove()
        for part in (runs_dir / FOLDER).glob("*/.new-*"):
            if time.time() - part.stat().st_mtime > 86_400:
                shutil.rmtree(part, ignore_errors=True)

"""Scenes that are kept on the server behind a short code: a file each in `scenes/`, beside the runs.

The code is made from the content, so that the same scene has the same code, on every server, and a file that was
damaged is found out. Files are written whole or not at all and never rewritten.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from pathlib import Path

from gan_core.config.codec import ConfigError
from gan_core.config.files import write_atomically
from gan_core.training.scenes.scene import Scene
from gan_core.training.scenes.scene_file import MOST_BYTES, from_text, to_dict

FOLDER = "scenes"
MOST_SCENES = 5_000
CODE = r"[0-9a-z]{6,26}"
_LETTERS, _SHORTEST, _LONGEST = (
    "0123456789abcdefghjkmnpqrstvwxyz",
    6,
    26,
)  # no i, l, o, u: read aloud, typed from afar
_ALIKE = str.maketrans("ilo", "110")
_RECENT_SECONDS = 3600.0


class UnknownScene(ValueError):
    """There is no scene of that code."""


class SceneStore:
    """The scenes of one runs folder. Safe to use from any thread, and by several processes at once."""

    def __init__(self, runs_dir: Path, most: int = MOST_SCENES) -> None:
        self.folder = runs_dir / FOLDER
        self._most = most

    def keep(self, scene: Scene) -> str:
        """Keep a scene; returns its code. Raises ConfigError where there are too many, OSError on a full disk."""
        content = _content(scene)
        if len(content) > MOST_BYTES:
            raise ConfigError(f"This scene has {len(content)} bytes; a kept one has at most {MOST_BYTES}.")
        whole = _code_of(content)
        for letters in range(_SHORTEST, _LONGEST + 1):
            code = whole[:letters]
            path = self.folder / f"{code}.json"
            kept = _read(path)
            if kept == content:
                return code
            if kept is None or _code_of(kept)[:letters] != code:  # none, or what was damaged since
                self._make_room()
                write_atomically(path, content)
                return code
        raise AssertionError("two contents of one SHA-256")

    def scene(self, code: str) -> Scene:
        """The scene behind a code, also as somebody has typed it. Raises UnknownScene, ConfigError."""
        code = code.lower().translate(_ALIKE)
        content = _read(self.folder / f"{code}.json") if re.fullmatch(CODE, code) else None
        if content is None:
            raise UnknownScene(f'There is no scene "{code[:30]}" on this server; ask for its long link or its file.')
        if not _code_of(content).startswith(code):
            raise UnknownScene(f'The scene "{code}" was damaged on the disk; ask for its long link or its file.')
        return from_text(content)

    def _make_room(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with os.scandir(self.folder) as found:
            names = [one.name for one in found]
        if sum(name.endswith(".json") for name in names) >= self._most:
            raise ConfigError(
                f"This server keeps {self._most} scenes already; use the long link, or delete some in its folder "
                f"{FOLDER}."
            )
        for name in names:  # left behind by a process that was killed while it wrote
            if name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    if time.time() - (self.folder / name).stat().st_mtime > _RECENT_SECONDS:
                        (self.folder / name).unlink()


def _content(scene: Scene) -> bytes:
    """What is kept: the scene's file without what only people need, one way to write each scene."""
    return (json.dumps(to_dict(scene), sort_keys=True, ensure_ascii=True) + "\n").encode()


def _code_of(content: bytes) -> str:
    number = int.from_bytes(hashlib.sha256(content).digest(), "big") >> (256 - 5 * _LONGEST)
    return "".join(_LETTERS[number >> 5 * place & 31] for place in reversed(range(_LONGEST)))


def _read(path: Path) -> bytes | None:
    """A file of ours, None where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError):
        return None

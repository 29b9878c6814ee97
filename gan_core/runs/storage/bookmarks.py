"""What people keep of a model that they explore: bookmarked looks and named directions, as JSON beside it.

Every change reads the file, changes it and writes it anew under a lock, so that two tabs lose nothing of each
other's. A file that cannot be read is set aside under another name, never overwritten.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import math
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from PIL import Image

from gan_core.config.files import write_atomically
from gan_core.runs.storage.run_folder import now_text

try:
    import fcntl
except ImportError:  # not a POSIX system: the threads of one process still wait for each other
    _HAS_LOCKS = False
else:
    _HAS_LOCKS = True

MOST_KEPT = 500
MOST_DELETED = 50  # can be had back, the newest of them
MOST_NAME = 80
MOST_LOOK_BYTES = 200_000
MOST_THUMBNAIL_BYTES = 40_000
MOST_VECTOR_BYTES = 40_000
MOST_DETAILS_BYTES = 20_000
MOST_FILE_BYTES = 200_000_000
FORMAT = 1
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_WRONG = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)  # what bad data raises
_LOCKS: dict[Path, threading.Lock] = {}
_LOCKS_GUARD = threading.Lock()


@dataclass(frozen=True)
class Bookmark:
    """look: with its latent as an explicit vector. thumbnail: PNG in base64. step: that of the weights it shows.
    as_set: where the look was set, such as on a plane with its corners; None where that was not kept.
    """

    id: str
    name: str
    look: dict[str, Any]
    thumbnail: str
    step: int
    created: str
    as_set: dict[str, Any] | None = None


@dataclass(frozen=True)
class NamedDirection:
    """vector: base64 of float32, in `space`. low, high: the range of amounts that is of use. layers: None is all."""

    id: str
    name: str
    vector: str
    space: str
    low: float
    high: float
    method: str = ""
    layers: list[int] | None = None
    details: dict[str, Any] = field(default_factory=dict)
    created: str = ""


Kept = TypeVar("Kept", bound="Bookmark | NamedDirection")


class BookmarkStore:
    """Of one model, in one folder, which is made when the first is kept."""

    def __init__(self, folder: Path) -> None:
        self.bookmarks: KeptList[Bookmark] = KeptList(folder / "bookmarks.json", "bookmark", _bookmark)
        self.directions: KeptList[NamedDirection] = KeptList(folder / "directions.json", "direction", _direction)

    def problems(self) -> list[str]:
        """A sentence for each file that was set aside since this was asked last."""
        return [*self.bookmarks.problems(), *self.directions.problems()]


class KeptList(Generic[Kept]):
    """Bookmarks, or directions, in their order. Safe to be used by several threads and processes at once."""

    def __init__(self, path: Path, noun: str, read: Callable[[Mapping[str, Any]], Kept]) -> None:
        self._path, self._noun, self._read = path, noun, read
        self._problems: list[str] = []
        self._known: tuple[tuple[int, ...] | None, list[Kept]] = (None, [])

    def all(self) -> list[Kept]:
        """Raises OSError."""
        signature = self._signature()
        if signature is None or signature != self._known[0]:
            self._known = signature, self._load()[0]
        return list(self._known[1])

    def _signature(self) -> tuple[int, ...] | None:
        """Another one for every file that was written here: each has a name of its own first."""
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns

    def problems(self) -> list[str]:
        found, self._problems = self._problems, []
        return found

    def add(self, **fields: Any) -> Kept:
        """Keep one more, at the end. Raises ValueError in one sentence, or OSError."""
        made = self._read({"created": now_text(), **fields, "id": secrets.token_hex(6)})
        with self._changing() as (kept, _):
            if len(kept) >= MOST_KEPT:
                raise ValueError(f"There are {MOST_KEPT} {self._noun}s already; delete some to keep more.")
            kept.append(made)
        return made

    def rename(self, item_id: str, name: str) -> Kept:
        with self._changing() as (kept, _):
            place = self._place(kept, item_id)
            kept[place] = renamed = replace(kept[place], name=_name(name))
        return renamed

    def change(self, item_id: str, **fields: Any) -> Kept:
        """Other fields of one, as `add` takes them."""
        with self._changing() as (kept, _):
            place = self._place(kept, item_id)
            kept[place] = changed = self._read({**asdict(kept[place]), **fields, "id": item_id})
        return changed

    def move(self, item_id: str, place: int) -> None:
        """To another place in the order, from 0."""
        with self._changing() as (kept, _):
            item = kept.pop(self._place(kept, item_id))
            kept.insert(min(max(place, 0), len(kept)), item)

    def delete(self, item_id: str) -> None:
        """Take one away; `restore` brings it back to its place."""
        with self._changing() as (kept, deleted):
            place = self._place(kept, item_id)
            deleted.append((place, kept.pop(place)))
            del deleted[:-MOST_DELETED]

    def restore(self, item_id: str) -> Kept:
        """Undo `delete`. Raises ValueError where it is not among the last MOST_DELETED deleted ones."""
        with self._changing() as (kept, deleted):
            for number, (place, item) in enumerate(deleted):
                if item.id == item_id:
                    if len(kept) >= MOST_KEPT:
                        raise ValueError(f"There are {MOST_KEPT} {self._noun}s already; delete another one first.")
                    del deleted[number]
                    kept.insert(min(place, len(kept)), item)
                    return item
        raise ValueError(f"This {self._noun} cannot be brought back any more.")

    def _place(self, kept: list[Kept], item_id: str) -> int:
        for place, item in enumerate(kept):
            if item.id == item_id:
                return place
        raise ValueError(f"This {self._noun} is not there any more.")

    @contextlib.contextmanager
    def _changing(self) -> Iterator[tuple[list[Kept], list[tuple[int, Kept]]]]:
        """What is kept and what was deleted, to be changed in the block; written at its end."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with _exclusive(self._path):
            kept, deleted = self._load(locked=True)
            yield kept, deleted
            data = {
                "format": FORMAT,
                "kept": [asdict(item) for item in kept],
                "deleted": [{"place": place, "item": asdict(item)} for place, item in deleted],
            }
            write_atomically(self._path, json.dumps(data, ensure_ascii=False, allow_nan=False).encode())

    def _load(self, *, locked: bool = False) -> tuple[list[Kept], list[tuple[int, Kept]]]:
        """Raises OSError where the file is there but may not be read, or not be moved out of the way."""
        try:
            return self._parsed()
        except FileNotFoundError:
            return [], []
        except _WRONG:
            if locked:
                self._set_aside()
                return [], []
        try:
            with _exclusive(self._path):
                return self._load(locked=True)  # it may have been repaired by another meanwhile
        except OSError:  # on a medium that cannot be written it stays where it is
            self._problems.append(f"The {self._noun}s of this model could not be read.")
            return [], []

    def _parsed(self) -> tuple[list[Kept], list[tuple[int, Kept]]]:
        if self._path.stat().st_size > MOST_FILE_BYTES:
            raise ValueError("too large")
        data = json.loads(self._path.read_bytes())
        if data["format"] != FORMAT:
            raise ValueError("format")
        deleted = [(int(row["place"]), self._read(row["item"])) for row in data["deleted"]]
        return [self._read(item) for item in data["kept"]], deleted

    def _set_aside(self) -> None:
        number = 1
        while (aside := self._path.with_name(f"{self._path.name}.damaged{number if number > 1 else ''}")).exists():
            number += 1
        self._path.rename(aside)
        self._problems.append(
            f"The {self._noun}s of this model could not be read; the file was kept as {aside.name}, and the list "
            "starts anew."
        )


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """One thread of one process at a time."""
    with _LOCKS_GUARD:
        lock = _LOCKS.setdefault(path.absolute(), threading.Lock())
    with lock:
        if not _HAS_LOCKS:
            yield
            return
        with open(path.with_name(f".{path.name}.lock"), "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _bookmark(data: Mapping[str, Any]) -> Bookmark:
    look = data["look"]
    if not isinstance(look, dict) or not isinstance(look.get("where"), dict):
        raise ValueError("A bookmark's look must be an object with a where.")
    _no_larger(look, MOST_LOOK_BYTES, "A bookmark's look")
    thumbnail = _base64(data["thumbnail"], MOST_THUMBNAIL_BYTES, "A bookmark's thumbnail")
    if thumbnail and not base64.b64decode(thumbnail[:12]).startswith(b"\x89PNG"):
        raise ValueError("A bookmark's thumbnail must be a PNG.")
    step = data["step"]
    if type(step) is not int or not 0 <= step < 2**53:
        raise ValueError("A bookmark's step must be a whole number.")
    as_set = data.get("as_set")  # earlier versions kept none
    if as_set is not None:
        if not isinstance(as_set, dict):
            raise ValueError("Where a bookmark was set must be an object.")
        _no_larger(as_set, MOST_LOOK_BYTES, "Where a bookmark was set")
    return Bookmark(_id(data), _name(data["name"]), look, thumbnail, step, _created(data), as_set)


def _direction(data: Mapping[str, Any]) -> NamedDirection:
    vector, layers = _base64(data["vector"], MOST_VECTOR_BYTES, "A direction's vector"), data.get("layers")
    if not vector or data["space"] not in ("z", "w"):
        raise ValueError("A direction must have a vector in z or w.")
    if layers is not None:
        if (
            not isinstance(layers, list)
            or len(layers) > 64
            or not all(type(n) is int and 0 <= n < 64 for n in layers)
        ):
            raise ValueError("A direction's layers must be a list of layers, or null.")
    low, high, method, details = data["low"], data["high"], data.get("method", ""), data.get("details", {})
    for bound in (low, high):
        if not isinstance(bound, int | float) or isinstance(bound, bool) or not abs(bound) <= 1e4:
            raise ValueError("A direction's range must be two numbers.")
    if not isinstance(method, str) or len(method) > MOST_NAME or not isinstance(details, dict):
        raise ValueError("A direction's method must be a short text, and its details an object.")
    _no_larger(details, MOST_DETAILS_BYTES, "What is noted of a direction")
    return NamedDirection(
        _id(data), _name(data["name"]), vector, data["space"], float(low), float(high), method, layers, details,
        _created(data),
    )  # fmt: skip


def _id(data: Mapping[str, Any]) -> str:
    if not isinstance(data["id"], str) or not re.fullmatch(r"[0-9a-f]{12}", data["id"]):
        raise ValueError("An id must be twelve hexadecimal digits.")
    return data["id"]


def _name(name: object) -> str:
    if not isinstance(name, str) or not 0 < len(name.strip()) <= MOST_NAME or not name.strip().isprintable():
        raise ValueError(f"A name must be a text of 1 to {MOST_NAME} letters in one line.")
    return name.strip()


def _created(data: Mapping[str, Any]) -> str:
    if not isinstance(data["created"], str) or len(data["created"]) > 40:
        raise ValueError("A time must be a short text.")
    return data["created"]


def _base64(text: object, most: int, what: str) -> str:
    if not isinstance(text, str) or len(text) % 4 or not _BASE64.fullmatch(text):
        raise ValueError(f"{what} must be base64.")
    if len(text) > most:
        raise ValueError(f"{what} has {len(text):,} characters; it may have {most:,}.")
    return text


def _no_larger(data: Any, most: int, what: str) -> None:
    try:
        size = len(json.dumps(data, allow_nan=False))
    except (ValueError, TypeError, RecursionError):
        raise ValueError(f"{what} must be plain data.") from None
    if size > most:
        raise ValueError(f"{what} takes {size:,} bytes; it may take {most:,}.")


def thumbnail_png(pixels: np.ndarray[Any, np.dtype[np.uint8]], most_side: int = 64) -> str:
    """uint8 [H, W, 1, 3 or 4] as a PNG in base64, larger pictures scaled down to `most_side` pixels."""
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    if max(picture.size) > most_side:
        factor = most_side / max(picture.size)
        width, height = (max(1, math.floor(side * factor)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BOX)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode("ascii")

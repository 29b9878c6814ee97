"""Changing a set of one's own images: pictures dropped and brought back, more added. Nothing is ever lost by it.

Dropped pictures stay on the disk and are only left out; added ones come in new files beside the old ones. In both
cases about.json is replaced last, in one piece: after a power cut the set is as before, or as asked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gan_core.config.files import write_atomically
from gan_core.data.base import DataUnavailable
from gan_core.data.content import stored_content
from gan_core.data.own.own_set import (
    FORMAT,
    Array,
    OwnArrays,
    file_of,
    folder_of,
    in_use,
    load_arrays,
    read_about,
    tally,
)
from gan_core.data.own.saving import as_npy
from gan_core.data.uploads.alike import first_of_the_same
from gan_core.data.uploads.layout import natural

MOST_IMAGES, MOST_CLASSES = 100_000, 1_000
_UNUSED_SECONDS = 3_600

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_changing = threading.Lock()


@dataclass(frozen=True)
class Added:
    """count: pictures added, held_out of them not for training; first: the first one's index in the set.

    known: indices, in what was given, of those that the set had already.
    """

    count: int
    held_out: int
    first: int
    known: tuple[int, ...]


def drop_pictures(data_dir: Path, slug: str, indices: Sequence[int]) -> int:
    """Leave pictures out, by their places in the set; how many were in use until now. Raises DataUnavailable.

    `bring_back` undoes it, at any time.
    """
    return _flag(data_dir, slug, indices, True)


def bring_back(data_dir: Path, slug: str, indices: Sequence[int]) -> int:
    """Undo `drop_pictures`; how many were dropped until now."""
    return _flag(data_dir, slug, indices, False)


def _flag(data_dir: Path, slug: str, indices: Sequence[int], value: bool) -> int:
    with _changed(data_dir, slug) as (folder, about, arrays):
        asked = sorted({index for index in indices if 0 <= index < about["count"]})
        changed = int((arrays.dropped[asked] != value).sum())
        arrays.dropped[asked] = value
        _write_about(folder, about, arrays)
    return changed


def add_to_own(
    data_dir: Path,
    slug: str,
    images: Array,
    labels: Sequence[int],
    classes: Sequence[str],
    report: Mapping[str, Any],
    *,
    held_out: Array,
) -> Added:
    """Put uint8 images [N, 3, 64, 64] behind those of a set; what it has already is left out.

    A set with classes takes pictures with classes only (new ones are welcome); one without takes them without.
    Raises DataUnavailable where the set is damaged, full, or the disk will not have them.
    """
    with _changed(data_dir, slug) as (folder, about, arrays):
        if about["classes"] and not classes:
            raise DataUnavailable("This set has classes: choose one for the new pictures.")
        before = len(arrays.images)
        present = arrays.images[~arrays.dropped]
        both = first_of_the_same(np.concatenate([present, images]))
        is_new = both[len(present) :] >= len(present)
        known = tuple(int(i) for i in np.flatnonzero(~is_new))
        if not is_new.any():
            return Added(0, 0, before, known)
        if before + int(is_new.sum()) > MOST_IMAGES:
            raise DataUnavailable(f"A set has at most {MOST_IMAGES:,} images, dropped ones included.")
        if about["classes"]:
            merged = _with_new_classes(about["classes"], classes)
            if len(merged) > MOST_CLASSES:
                raise DataUnavailable(f"A set has at most {MOST_CLASSES:,} classes.")
            assert arrays.labels is not None
            old = np.array([merged.index(name) for name in about["classes"]])[arrays.labels]
            new = np.array([merged.index(name) for name in classes])[np.asarray(labels, np.int64)[is_new]]
            arrays = OwnArrays(arrays.images, np.concatenate([old, new]), arrays.held_out, arrays.dropped)
            about["classes"] = merged
        held = np.asarray(held_out, bool)[is_new]
        arrays = OwnArrays(
            np.concatenate([arrays.images, images[is_new]]), arrays.labels, np.concatenate([arrays.held_out, held]),
            np.concatenate([arrays.dropped, np.zeros(len(held), bool)]),
        )  # fmt: skip
        _write_files(folder, about, arrays, report)
        return Added(len(held), int(held.sum()), before, known)


def _with_new_classes(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """In natural order where the old ones are; these never change places among themselves: runs know that order."""
    if list(old) == sorted(old, key=natural):
        return sorted({*old, *new}, key=natural)
    return [*old, *sorted({*new} - {*old}, key=natural)]


@contextlib.contextmanager
def _changed(data_dir: Path, slug: str) -> Iterator[tuple[Path, dict[str, Any], OwnArrays]]:
    """A set to be changed by one at a time; a disk that will not have it becomes one sentence."""
    folder = folder_of(data_dir, slug)
    with _changing, _alone(folder):
        about = read_about(folder)
        arrays, _ = load_arrays(data_dir, slug)
        try:
            yield folder, about, replace(arrays, format=FORMAT)
        except OSError as error:
            raise DataUnavailable(
                f"The change could not be kept in {folder} ({error.strerror or error}); the set is as before."
            ) from None


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Other servers on the same folder wait, where the system has such locks."""
    if fcntl is None or not folder.is_dir():
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network drives have none
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write_files(folder: Path, about: dict[str, Any], arrays: OwnArrays, report: Mapping[str, Any]) -> None:
    """New files for all arrays, then about.json; those before stay for an hour, for whoever reads them now."""
    number = secrets.token_hex(8)
    files = {
        f"images-{number}.npy": as_npy(arrays.images),
        f"held_out-{number}.npy": as_npy(arrays.held_out),
        f"report-{number}.json": json.dumps(report, ensure_ascii=False, indent=1).encode(),
    }
    if arrays.labels is not None:
        files[f"labels-{number}.npy"] = as_npy(arrays.labels.astype(np.int64))
    for name, content in files.items():
        write_atomically(folder / name, content)
    reports = {name: sha for name, sha in about["sha256"].items() if name.endswith(".json")}
    about["sha256"] = reports | {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    about["count"] = len(arrays.images)
    about["format"] = FORMAT
    _write_about(folder, about, arrays)
    for path in folder.iterdir():
        if re.fullmatch(r"(images|labels|held_out)(-[0-9a-f]{16})?\.npy|\..+\.tmp", path.name):
            if path.name not in about["sha256"] and time.time() - path.stat().st_mtime > _UNUSED_SECONDS:
                path.unlink()


def _write_about(folder: Path, about: dict[str, Any], arrays: OwnArrays) -> None:
    """about.json with what follows from its arrays and what is dropped: the moment at which a change is made."""
    used = arrays.used()
    if not (used & ~arrays.held_out).any():
        raise DataUnavailable("A set keeps at least one picture to train on; delete the whole set instead.")
    if about["format"] == 1:  # an earlier version drew the held-out ones each time
        content = as_npy(arrays.held_out)
        name = f"held_out-{secrets.token_hex(8)}.npy"
        write_atomically(folder / name, content)
        about["sha256"][name] = hashlib.sha256(content).hexdigest()
        about["format"] = FORMAT
    about |= tally(arrays, len(about["classes"]))
    about["content"] = stored_content(about, *in_use(arrays, about["classes"]))
    write_atomically(folder / "about.json", json.dumps(about, ensure_ascii=False, indent=1).encode())


def some_pictures(data_dir: Path, slug: str, indices: Sequence[int]) -> Array:
    """uint8 [n, 3, 64, 64], a few of a set's pictures to look at, without reading all of it."""
    folder = folder_of(data_dir, slug)
    about = read_about(folder)
    path = folder / file_of(about, "images")
    try:
        images = np.load(path, mmap_mode="r", allow_pickle=False)
        return np.array(images[list(indices)], np.uint8).reshape(len(indices), 3, 64, 64)
    except (OSError, ValueError, IndexError):
        raise DataUnavailable(f"{path} is damaged; delete this image set and upload it again.") from None


def contents(data_dir: Path, slug: str) -> tuple[Array | None, tuple[str, ...], Array, Array]:
    """(labels int64 [N] or None, classes, held out bool [N], dropped bool [N]) of all pictures of a set."""
    arrays, classes = load_arrays(data_dir, slug, with_images=False)
    return arrays.labels, classes, arrays.held_out, arrays.dropped

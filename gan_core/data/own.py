"""Sets of one's own images, kept as arrays under <data_dir>/own/<slug>/: save, list, read, delete, undo."""

from __future__ import annotations

import hashlib
import io
import json
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_core.config.files import sync_folder, write_atomically
from gan_core.data.base import DataUnavailable
from gan_core.data.content import stored_content
from gan_core.data.pixels import split_held_out

SIDE = 64
SLUG = r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?"
_MOST_IMAGES, _MOST_CLASSES, _MOST_ABOUT_BYTES = 1_000_000, 1_000, 1 << 20
_FORMAT = 1
_LEFT_BEHIND_SECONDS = 3_600

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class OwnSet:
    """What the list of own sets shows; `problem` is "" or one sentence where the set cannot be used."""

    slug: str
    title: str
    count: int = 0
    grey: bool = False
    classes: tuple[str, ...] = ()
    created: str = ""  # ISO 8601, UTC
    problem: str = ""


def slug_of(title: str) -> str:
    """A folder's and URL's name for a title: a-z, 0-9 and single hyphens, at most 40 characters."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].rstrip("-") or "images"


def folder_of(data_dir: Path, slug: str) -> Path:
    if not re.fullmatch(SLUG, slug):
        raise DataUnavailable(f'"{slug[:60]}" is not the name of an image set; names are a-z, 0-9 and hyphens.')
    return data_dir / "own" / slug


def save_own(
    data_dir: Path,
    title: str,
    images: Array,
    labels: Sequence[int],
    classes: Sequence[str],
    report: Mapping[str, Any],
) -> str:
    """Keep uint8 images [N, 3, 64, 64] (labels and classes may be empty) and give the slug they got.

    All or nothing: a folder beside the final one is filled, synced and renamed. Raises DataUnavailable when the disk
    will not have it.
    """
    own = data_dir / "own"
    making = own / f".making-{secrets.token_hex(8)}"
    files = {"images.npy": _npy(images)}
    if classes:
        files["labels.npy"] = _npy(np.asarray(labels, np.int64))
    files["report.json"] = json.dumps(report, ensure_ascii=False, indent=1).encode()
    about = {
        "format": _FORMAT,
        "title": title,
        "count": len(images),
        "grey": bool((images[:, 0] == images[:, 1]).all() and (images[:, 1] == images[:, 2]).all()),
        "classes": list(classes),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    about["content"] = stored_content(about, images, labels if classes else (), classes, held_out_of(len(images)))
    files["about.json"] = json.dumps(about, ensure_ascii=False, indent=1).encode()
    _sweep(own)
    try:
        making.mkdir(parents=True)
        for name, content in files.items():
            write_atomically(making / name, content)
        return _rename_to_free(making, own, slug_of(title))
    except OSError as error:
        raise DataUnavailable(f"The images could not be kept in {own} ({error.strerror or error}).") from None
    finally:
        shutil.rmtree(making, ignore_errors=True)


def held_out_of(count: int) -> Array:
    """Which of so many pictures no run trains on, bool [count]."""
    held_out = np.zeros(count, bool)
    held_out[split_held_out(count)[1].numpy()] = True
    return held_out


def _sweep(own: Path) -> None:
    """Remove half-made folders that a killed program left an hour ago or more."""
    for folder in own.glob(".making-*"):
        if time.time() - folder.stat().st_mtime > _LEFT_BEHIND_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _npy(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _rename_to_free(source: Path, parent: Path, slug: str) -> str:
    for number in range(1, 10_000):
        name = slug if number == 1 else f"{slug}-{number}"
        if (parent / name).exists():
            continue
        try:
            source.rename(parent / name)  # fails where another one was quicker: a folder is never replaced
        except OSError:
            if not (parent / name).exists():
                raise
            continue
        sync_folder(parent)
        return name
    raise DataUnavailable(f'There are already 10,000 image sets called "{slug}"; choose another title.')


def own_set(data_dir: Path, slug: str) -> OwnSet:
    """One set's description; `problem` says what is wrong with it, if anything."""
    try:
        about = read_about(folder_of(data_dir, slug))
        return OwnSet(slug, about["title"], about["count"], about["grey"], tuple(about["classes"]), about["created"])
    except DataUnavailable as error:
        return OwnSet(slug, slug, problem=str(error))


def list_own(data_dir: Path) -> tuple[OwnSet, ...]:
    """All own sets, the newest first."""
    own = data_dir / "own"
    slugs = [path.name for path in own.iterdir() if re.fullmatch(SLUG, path.name)] if own.is_dir() else []
    return tuple(sorted((own_set(data_dir, slug) for slug in sorted(slugs)), key=lambda s: s.created, reverse=True))


def read_about(folder: Path) -> dict[str, Any]:
    """about.json with every value checked: someone may have edited it, or copied a folder in."""
    path = folder / "about.json"
    try:
        with open(path, "rb") as file:
            about = json.loads(file.read(_MOST_ABOUT_BYTES))
    except FileNotFoundError:
        raise DataUnavailable(
            f'There is no image set "{folder.name}" in {folder.parent}; upload one or choose another.'
        ) from None
    except (OSError, ValueError, RecursionError):
        about = None
    if not (
        isinstance(about, dict)
        and about.get("format") == _FORMAT
        and isinstance(about.get("title"), str)
        and type(about.get("count")) is int
        and 0 < about["count"] <= _MOST_IMAGES
        and isinstance(about.get("grey"), bool)
        and isinstance(about.get("created"), str)
        and isinstance(about.get("classes"), list)
        and len(about["classes"]) <= _MOST_CLASSES
        and all(isinstance(name, str) for name in about["classes"])
        and isinstance(about.get("sha256"), dict)
    ):
        raise DataUnavailable(f"{path} is damaged; delete this image set and upload it again.")
    return about


def _load_array(folder: Path, about: dict[str, Any], name: str, shape: tuple[int, ...], kind: str) -> Array:
    """An .npy file whose size, checksum, shape and type are what they must be; nothing is ever unpickled."""
    path = folder / name
    most_bytes = int(np.prod(shape)) * np.dtype(kind).itemsize + 4_096
    try:
        raw = path.read_bytes() if path.stat().st_size <= most_bytes else b""
        if hashlib.sha256(raw).hexdigest() == about["sha256"].get(name):
            array: Array = np.load(io.BytesIO(raw), allow_pickle=False)
            if array.shape == shape and array.dtype == np.dtype(kind):
                return array
    except (OSError, ValueError):
        pass
    raise DataUnavailable(f"{path} is damaged; delete this image set and upload it again.")


def load_own(data_dir: Path, slug: str) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """(images uint8 [N, 3, 64, 64], labels int64 [N] or None, classes) of one set."""
    folder = folder_of(data_dir, slug)
    about = read_about(folder)
    count, classes = about["count"], tuple(about["classes"])
    images = _load_array(folder, about, "images.npy", (count, 3, SIDE, SIDE), "uint8")
    if not classes:
        return torch.from_numpy(images), None, ()
    labels = _load_array(folder, about, "labels.npy", (count,), "int64")
    if labels.min() < 0 or labels.max() >= len(classes):
        raise DataUnavailable(f"{folder / 'labels.npy'} is damaged; delete this image set and upload it again.")
    return torch.from_numpy(images), torch.from_numpy(labels), classes


def delete_own(data_dir: Path, slug: str) -> str:
    """Move a set to the trash; the token that comes back undoes it."""
    folder, trash = folder_of(data_dir, slug), data_dir / "own" / ".trash"
    token = f"{slug}.{secrets.token_hex(6)}"
    try:
        trash.mkdir(parents=True, exist_ok=True)
        folder.rename(trash / token)
    except FileNotFoundError:
        raise DataUnavailable(f'There is no image set "{slug}" to delete.') from None
    except OSError as error:
        raise DataUnavailable(f"{folder} could not be moved to the trash ({error.strerror or error}).") from None
    sync_folder(trash)
    sync_folder(folder.parent)
    return token


def restore_own(data_dir: Path, token: str) -> str:
    """Undo `delete_own`; gives the slug, which is another one where the old one has been taken since."""
    match = re.fullmatch(rf"({SLUG})\.[0-9a-f]{{12}}", token)
    source = data_dir / "own" / ".trash" / token
    if match is None or not source.is_dir():
        raise DataUnavailable("This image set is no longer in the trash.")
    try:
        return _rename_to_free(source, data_dir / "own", match[1])
    except OSError as error:
        raise DataUnavailable(f"{source} could not be moved back ({error.strerror or error}).") from None


def empty_trash(data_dir: Path) -> int:
    """Remove for good what was deleted; how many sets that were."""
    trash = data_dir / "own" / ".trash"
    tokens = list(trash.iterdir()) if trash.is_dir() else []
    for folder in tokens:
        shutil.rmtree(folder, ignore_errors=True)
    return len(tokens)

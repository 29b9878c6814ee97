"""Sets of one's own images, kept as arrays under <data_dir>/own/<slug>/: save, list, read, delete, undo.

about.json names the arrays in use by their checksums and is written last: a set is what it says. Format 1 had no
`held_out` array (a tenth is drawn, always the same) and nothing dropped; it is read as it is, and becomes format 2
when `own_edit` changes it.
"""

from __future__ import annotations

import hashlib
import io
import itertools
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
from gan_core.data.npy import read_npy
from gan_core.data.pixels import held_out_count, hold_out, split_held_out

SIDE = 64
SLUG = r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?"
_MOST_IMAGES, _MOST_CLASSES, _MOST_ABOUT_BYTES = 1_000_000, 1_000, 8 << 20
FORMAT = 2
_LEFT_BEHIND_SECONDS = 3_600

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class OwnSet:
    """What the list of own sets shows; `problem` is "" or one sentence where the set cannot be used.

    count: of the pictures that were not dropped, held_out of them for no run to train on. side: of most pictures as
    they came in, in pixels, at most SIDE. dropped: how many were, and can be brought back.
    """

    slug: str
    title: str
    count: int = 0
    grey: bool = False
    classes: tuple[str, ...] = ()
    created: str = ""  # ISO 8601, UTC
    problem: str = ""
    held_out: int = 0
    side: int = SIDE
    dropped: int = 0


@dataclass(frozen=True)
class OwnArrays:
    """All of a set, what was dropped too: images uint8 [N, 3, 64, 64], labels int64 [N] or None, flags bool [N]."""

    images: Array
    labels: Array | None
    held_out: Array
    dropped: Array
    format: int = 2

    def used(self) -> Array:
        """bool [N]: not dropped, and of a class that still has a picture to train on (format 1 did not ask that)."""
        used = ~self.dropped
        if self.labels is not None and self.format > 1:
            used &= np.isin(self.labels, self.labels[used & ~self.held_out])
        return used


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
    *,
    held_out: Array | None = None,
    source_side: int = SIDE,
) -> str:
    """Keep uint8 images [N, 3, 64, 64] (labels and classes may be empty) and give the slug they got.

    held_out: bool [N], which no run trains on; None draws a tenth. source_side: of most pictures as they came in.
    All or nothing: a folder beside the final one is filled, synced and renamed. Raises DataUnavailable when the disk
    will not have it.
    """
    own = data_dir / "own"
    making = own / f".making-{secrets.token_hex(8)}"
    files = {"images.npy": as_npy(images)}
    if classes:
        files["labels.npy"] = as_npy(np.asarray(labels, np.int64))
    if held_out is None:
        held_out = hold_out(len(images), labels if classes else (), np.ones(len(images), bool))
    held_out = np.asarray(held_out, bool)
    files["held_out.npy"] = as_npy(held_out)
    numbers = np.asarray(labels, np.int64) if classes else None
    arrays = OwnArrays(images, numbers, held_out, np.zeros(len(images), bool))
    files["report.json"] = json.dumps(report, ensure_ascii=False, indent=1).encode()
    about = {
        "format": FORMAT,
        "title": title,
        "count": len(images),
        **tally(arrays, len(classes)),
        "side": min(SIDE, source_side),
        "classes": list(classes),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
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


def tally(arrays: OwnArrays, kinds: int) -> dict[str, Any]:
    """What about.json says of the pictures in use, so that nobody has to read them for it."""
    used = arrays.used()
    images = arrays.images[used]
    there = set() if arrays.labels is None else set(np.unique(arrays.labels[used]).tolist())
    return {
        "used": int(used.sum()),
        "held_out": int((used & arrays.held_out).sum()),
        "dropped": np.flatnonzero(arrays.dropped).tolist(),
        "unused": [index for index in range(kinds) if index not in there],
        "grey": bool((images[:, 0] == images[:, 1]).all() and (images[:, 1] == images[:, 2]).all()),
    }


def _sweep(own: Path) -> None:
    """Remove half-made folders that a killed program left an hour ago or more."""
    for folder in own.glob(".making-*"):
        if time.time() - folder.stat().st_mtime > _LEFT_BEHIND_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def as_npy(array: Array) -> bytes:
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
        unused = set(about["unused"])
        classes = tuple(name for index, name in enumerate(about["classes"]) if index not in unused)
        return OwnSet(
            slug, about["title"], about["used"], about["grey"], classes, about["created"],
            held_out=about["held_out"], side=about["side"], dropped=len(about["dropped"]),
        )  # fmt: skip
    except DataUnavailable as error:
        return OwnSet(slug, slug, problem=str(error))


def list_own(data_dir: Path) -> tuple[OwnSet, ...]:
    """All own sets, the newest first."""
    own = data_dir / "own"
    slugs = [path.name for path in own.iterdir() if re.fullmatch(SLUG, path.name)] if own.is_dir() else []
    return tuple(sorted((own_set(data_dir, slug) for slug in sorted(slugs)), key=lambda s: s.created, reverse=True))


def read_about(folder: Path) -> dict[str, Any]:
    """about.json with every value checked: someone may have edited it, or copied a folder in. Always as format 2."""
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
        and about.get("format") in (1, FORMAT)
        and isinstance(about.get("title"), str)
        and type(about.get("count")) is int
        and 0 < about["count"] <= _MOST_IMAGES
        and isinstance(about.get("grey"), bool)
        and isinstance(about.get("created"), str)
        and isinstance(about.get("classes"), list)
        and len(about["classes"]) <= _MOST_CLASSES
        and all(isinstance(name, str) for name in about["classes"])
        and isinstance(about.get("sha256"), dict)
        and (about["format"] == 1 or _is_format_2(about))
    ):
        raise DataUnavailable(f"{path} is damaged; delete this image set and upload it again.")
    count = about["count"]
    if about["format"] == 1:
        about |= {"held_out": held_out_count(count), "dropped": [], "unused": [], "used": count, "side": SIDE}
    return about


def _is_format_2(about: dict[str, Any]) -> bool:
    count, kinds = about["count"], len(about["classes"])
    return (
        all(type(about.get(name)) is int for name in ("held_out", "used", "side"))
        and 0 <= about["held_out"] < about["used"] <= count
        and 1 <= about["side"] <= SIDE
        and _are_indices(about.get("dropped"), count)
        and _are_indices(about.get("unused"), kinds)
    )


def _are_indices(found: Any, below: int) -> bool:
    """A list of different whole numbers from 0 to below `below`, in order."""
    return (
        isinstance(found, list)
        and all(type(index) is int and 0 <= index < below for index in found)
        and all(a < b for a, b in itertools.pairwise(found))
    )


def file_of(about: dict[str, Any], kind: str) -> str:
    """The file in use for "images", "labels" or "held_out": a changed set has new ones, called by a number more."""
    pattern = re.compile(rf"{kind}(?:-[0-9a-f]{{16}})?\.npy")
    return next((name for name in about["sha256"] if pattern.fullmatch(name)), f"{kind}.npy")


def _load_array(folder: Path, about: dict[str, Any], name: str, shape: tuple[int, ...], kind: str) -> Array:
    """An .npy file whose size, checksum, shape and type are what they must be; nothing is ever unpickled."""
    path = folder / name
    most_bytes = int(np.prod(shape)) * np.dtype(kind).itemsize + 4_096
    try:
        raw = path.read_bytes() if path.stat().st_size <= most_bytes else b""
        if hashlib.sha256(raw).hexdigest() == about["sha256"].get(name):
            return read_npy(raw, shape, kind)
    except (OSError, ValueError):
        pass
    raise DataUnavailable(f"{path} is damaged; delete this image set and upload it again.")


def load_arrays(data_dir: Path, slug: str, with_images: bool = True) -> tuple[OwnArrays, tuple[str, ...]]:
    """Everything in a set, dropped pictures too (or images [0, 3, 64, 64]), and the names of its classes."""
    folder = folder_of(data_dir, slug)
    about = read_about(folder)
    count, classes = about["count"], tuple(about["classes"])
    images = np.zeros((0, 3, SIDE, SIDE), np.uint8)
    if with_images:
        images = _load_array(folder, about, file_of(about, "images"), (count, 3, SIDE, SIDE), "uint8")
    labels = _load_array(folder, about, file_of(about, "labels"), (count,), "int64") if classes else None
    if labels is not None and (labels.min() < 0 or labels.max() >= len(classes)):
        raise DataUnavailable(f"{folder / 'labels.npy'} is damaged; delete this image set and upload it again.")
    if about["format"] == 1:
        held_out = np.zeros(count, bool)
        held_out[split_held_out(count)[1].numpy()] = True
    else:
        held_out = _load_array(folder, about, file_of(about, "held_out"), (count,), "bool")
    dropped = np.zeros(count, bool)
    dropped[about["dropped"]] = True
    return OwnArrays(images, labels, held_out, dropped, about["format"]), classes


def load_split(data_dir: Path, slug: str) -> tuple[Tensor, Tensor | None, tuple[str, ...], Tensor]:
    """(images uint8 [N, 3, 64, 64], labels int64 [N] or None, classes, held out bool [N]) of a set as it is used."""
    arrays, classes = load_arrays(data_dir, slug)
    used = arrays.used()
    images, held_out = arrays.images[used], torch.from_numpy(arrays.held_out[used])
    if arrays.labels is None:
        return torch.from_numpy(images), None, (), held_out
    there, labels = np.unique(arrays.labels[used], return_inverse=True)
    names = tuple(classes[index] for index in there)
    return torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)), names, held_out


def load_own(data_dir: Path, slug: str) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """(images uint8 [N, 3, 64, 64], labels int64 [N] or None, classes) of one set, held-out ones among them."""
    return load_split(data_dir, slug)[:3]


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

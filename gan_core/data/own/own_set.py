"""Sets of one's own images, kept as arrays under <data_dir>/own/<slug>/: listed and read.

about.json names the arrays in use by their checksums and is written last: a set is what it says. Format 1 had no
`held_out` array (a tenth is drawn, always the same) and nothing dropped; it is read as it is, and becomes format 2
when `own_edit` changes it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_core.data.base import DataUnavailable
from gan_core.data.files.npy import read_npy
from gan_core.data.pixels import held_out_count, split_held_out

SIDE = 64
SLUG = r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?"
_MOST_IMAGES, _MOST_CLASSES, _MOST_ABOUT_BYTES = 1_000_000, 1_000, 8 << 20
FORMAT = 2

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


def folder_of(data_dir: Path, slug: str) -> Path:
    if not re.fullmatch(SLUG, slug):
        raise DataUnavailable(f'"{slug[:60]}" is not the name of an image set; names are a-z, 0-9 and hyphens.')
    return data_dir / "own" / slug


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
    images, labels, classes, held_out = in_use(*load_arrays(data_dir, slug))
    return (
        torch.from_numpy(images), None if labels is None else torch.from_numpy(labels), classes,
        torch.from_numpy(held_out),
    )  # fmt: skip


def in_use(arrays: OwnArrays, classes: Sequence[str]) -> tuple[Array, Array | None, tuple[str, ...], Array]:
    """(images uint8 [N, 3, 64, 64], labels int64 [N] or None, classes, held out bool [N]) of what is in use."""
    used = arrays.used()
    if arrays.labels is None:
        return arrays.images[used], None, (), arrays.held_out[used]
    there, labels = np.unique(arrays.labels[used], return_inverse=True)
    names = tuple(classes[index] for index in there)
    return arrays.images[used], labels.astype(np.int64), names, arrays.held_out[used]


def load_own(data_dir: Path, slug: str) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """(images uint8 [N, 3, 64, 64], labels int64 [N] or None, classes) of one set, held-out ones among them."""
    return load_split(data_dir, slug)[:3]

"""A set of one's own images made, thrown away and brought back: all or nothing, and never over another one."""

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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from gan_core.config.files import sync_folder, write_atomically
from gan_core.data.base import DataUnavailable
from gan_core.data.content import stored_content
from gan_core.data.own.own_set import FORMAT, SIDE, SLUG, Array, OwnArrays, folder_of, in_use, tally
from gan_core.data.pixels import hold_out

_LEFT_BEHIND_SECONDS = 3_600


def slug_of(title: str) -> str:
    """A folder's and URL's name for a title: a-z, 0-9 and single hyphens, at most 40 characters."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].rstrip("-") or "images"


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
    about["content"] = stored_content(about, *in_use(arrays, classes))
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

"""Imports a run from a zip file, which is not trusted.

What the file claims is checked before anything of it takes a place: names (only those a run has), sizes, counts,
SHA-256, the configuration, the database. Of the database only values come over, into a new one; pictures must be what
they are said to be; of a resume state only the list of what it would build is read, nothing is unpickled here.
How the files are packed does not matter, since the list of them has the SHA-256 of each: unpacked and zipped again by
a file manager they are the same run.
Everything happens in a folder aside; where anything is wrong nothing is left of it, and no run is ever overwritten.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from gan_core.data.sets.own_images import OwnImages
from gan_core.data.uploads.archive import is_folder, is_quiet, open_zip
from gan_core.data.uploads.limits import Refused, shown
from gan_core.runs.storage.archives.archive import BESIDE, BOOKMARK_FILES, FORMAT, MANIFEST, MOST_BYTES
from gan_core.runs.storage.archives.content import (
    MOST_DATABASE_BYTES,
    check_about,
    check_picture,
    check_state,
    check_weights,
    copy_database,
)
from gan_core.runs.storage.data_identity import content_of_run
from gan_core.runs.storage.labels import FILE as LABELS
from gan_core.runs.storage.labels import labels_from, write_labels
from gan_core.runs.storage.manifest import RunManifest
from gan_core.runs.storage.run_folder import ID_PATTERN, RunFolder, UnreadableRun, next_order
from gan_core.runs.storage.views import first_config
from gan_core.runs.storage.weights.state_file import MOST_LIST_BYTES
from gan_core.runs.storage.writer import new_run
from gan_core.training.observe.scene import MOST_SCENE_BYTES

MOST_FILES = 20_000
MOST_MANIFEST_BYTES = 5_000_000
MOST_TIMES_UNPACKED, _SPARE_UNPACKED = 30, 50_000_000
"""Of a file's size, what it may unpack to: weights and PNGs hardly shrink, and a bomb grows a thousandfold."""
_CHUNK = 1 << 20
_SPARE_BYTES = 50_000_000  # of the disk, beside what the run takes
_NAMES: dict[str, int] = {
    re.escape(MANIFEST): MOST_MANIFEST_BYTES,
    r"config\.json": 1_000_000,
    r"metrics\.db": MOST_DATABASE_BYTES,
    re.escape(LABELS): 40_000,
    "|".join(map(re.escape, BOOKMARK_FILES)): 200_000_000,
    r"samples/[0-9]{8,15}\.png": 20_000_000,
    r"samples/[0-9]{8,15}\.scene": MOST_SCENE_BYTES,
    r"checkpoints/[0-9]{8,15}\.pt": 2_000_000_000,
    r"checkpoints/[0-9]{8,15}-generator\.safetensors": 1_000_000_000,
    r"generators/[0-9]{8,15}\.safetensors": 1_000_000_000,
}
"""What a member may be called -> its most bytes."""
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error,
)  # fmt: skip


class NotARun(ValueError):
    """A file that no run can be made of, said in one sentence that begins with its name."""


@dataclass(frozen=True)
class Imported:
    """run: its id here, another one than in the file where that was taken. notes: what was left out, in sentences."""

    run: str
    notes: tuple[str, ...]


def import_run(runs_dir: Path, file: BinaryIO, name: str, owner: str = "") -> Imported:
    """Make a run of an exported one. Raises NotARun in one sentence, or OSError where it cannot be written.

    file: can be read and sought. name: what the file is called, for the sentence only.
    owner: whose it is from now on, whatever the file says.
    """
    try:
        return _import(runs_dir, file, owner)
    except Refused as problem:
        raise NotARun(f"{shown(name)} cannot be imported: {problem}.") from None
    except UnreadableRun as problem:
        raise NotARun(f"{shown(name)} cannot be imported: {_inner(str(problem))}.") from None


def _inner(sentence: str) -> str:
    """A sentence as part of another."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _import(runs_dir: Path, file: BinaryIO, owner: str) -> Imported:
    archive, members = _open(file)
    with archive:
        listing = _listing(archive, members)
        files = {path: _claim(listing["files"], path, info) for path, info in members.items() if path != MANIFEST}
        _check_complete(listing["files"], files)
        free = shutil.disk_usage(runs_dir).free
        if sum(size for size, _ in files.values()) + _SPARE_BYTES > free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(runs_dir))
        with tempfile.TemporaryDirectory(prefix=".new-import-", dir=runs_dir) as aside:
            inbox = RunFolder(Path(aside), listing["run"])
            for path in ("config.json", "metrics.db"):
                _unpack(archive, members[path], files[path][1], inbox.root / path)
            manifest = replace(check_about(inbox), owner=owner)
            return _settle(runs_dir, inbox, manifest, archive, members, files)


def _open(file: BinaryIO) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """The archive and its members by name, each checked by what the directory says of it."""
    size = file.seek(0, os.SEEK_END)
    if size > MOST_BYTES + 100_000_000:
        raise Refused(f"it has {size:,} bytes; at most {MOST_BYTES:,} are taken")
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise Refused("it is not a zip; bring the file that a run was exported to")
    try:
        archive = open_zip(file, 2 * MOST_FILES)  # beside each file one system leaves another, and folders
    except Refused as problem:
        raise Refused(str(problem).replace("the archive", "it")) from None
    members: dict[str, zipfile.ZipInfo] = {}
    found = [info for info in archive.infolist() if not _is_left_over(info)]
    if len(found) > MOST_FILES:
        raise Refused(f"it holds {len(found):,} files; at most {MOST_FILES:,} are taken")
    top = _top_folder(found)
    for info in found:
        name = _name_in_run(info, top)
        _check_member(name, info, members)
        members[name] = info
    unpacked = sum(info.file_size for info in members.values())
    if sum(info.compress_size for info in members.values()) > size:
        raise Refused("its files overlap")
    if unpacked > min(MOST_BYTES, MOST_TIMES_UNPACKED * size + _SPARE_UNPACKED):
        raise Refused(f"it would unpack to {unpacked:,} bytes, far more than a run in a file of {size:,}")
    return archive, members


def _is_left_over(info: zipfile.ZipInfo) -> bool:
    """Folders, and what a system leaves in every archive."""
    return is_quiet(info.filename) and not (is_folder(info.filename) and info.file_size)


def _plain(name: str) -> str:
    """With "/" between its parts, also where it was packed on Windows, and without a "./" before them."""
    return name.replace("\\", "/").removeprefix("./")


def _top_folder(found: list[zipfile.ZipInfo]) -> str:
    """ "" or "a folder/": what stands before every name where the folder of a run was packed."""
    names = [_plain(info.orig_filename) for info in found]
    places = [name.removesuffix(MANIFEST) for name in names if name.rpartition("/")[2] == MANIFEST]
    return min(places, key=len, default="")


def _name_in_run(info: zipfile.ZipInfo, top: str) -> str:
    name = info.orig_filename  # the whole of it: `filename` ends at a zero
    if name != info.filename or not _plain(name).startswith(top):
        raise Refused(f'it holds "{shown(name)}", which no exported run has')
    return _plain(name).removeprefix(top)


def _check_member(name: str, info: zipfile.ZipInfo, before: Mapping[str, zipfile.ZipInfo]) -> None:
    most = next((most for pattern, most in _NAMES.items() if re.fullmatch(pattern, name)), None)
    if most is None:
        raise Refused(f'it holds "{shown(name)}", which no exported run has')
    if name in before:
        raise Refused(f'it holds "{name}" twice')
    mode = info.external_attr >> 16
    if is_folder(info.filename) or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise Refused(f'"{name}" in it is not a plain file')
    if info.flag_bits & 0x1:
        raise Refused("it is locked with a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused(f'"{name}" in it is packed in a way that is not read; use an ordinary zip')
    if info.file_size > most:
        raise Refused(f'"{name}" in it has {info.file_size:,} bytes; at most {most:,} are taken')


def _listing(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo]) -> dict[str, Any]:
    """{"run": id, "files": {...}}, its form checked."""
    if MANIFEST not in members:
        raise Refused(f"it has no {MANIFEST}; bring the file that a run was exported to")
    try:
        found = json.loads(_read(archive, members[MANIFEST]))
        form, run, files = found["format"], found["run"], found["files"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused(f"its {MANIFEST} cannot be read") from None
    if form != FORMAT or isinstance(form, bool):
        raise Refused("it was exported by another version of this program")
    if not isinstance(run, str) or not re.fullmatch(ID_PATTERN, run) or not isinstance(files, dict):
        raise Refused(f"its {MANIFEST} does not name a run and its files")
    return {"run": run, "files": files}


def _claim(files: Mapping[str, Any], path: str, info: zipfile.ZipInfo) -> tuple[int, str]:
    """(bytes, SHA-256) of a member as listed."""
    said = files.get(path)
    if not isinstance(said, dict):
        raise Refused(f'"{path}" in it is not listed in its {MANIFEST}')
    size, digest = said.get("size"), said.get("sha256")
    if type(size) is not int or size != info.file_size:
        raise Refused(f'"{path}" in it does not have the size that is listed')
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise Refused(f'"{path}" in it is listed without a SHA-256')
    return size, digest


def _check_complete(listed: Mapping[str, Any], files: Mapping[str, Any]) -> None:
    missing = [path for path in (*listed, "config.json", "metrics.db") if path not in files]
    if missing:
        raise Refused(f'"{shown(str(missing[0]))}" is missing from it')


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A small member."""
    try:
        with archive.open(info) as member:
            return member.read(info.file_size)
    except _BROKEN:
        raise Refused(f'"{info.filename}" in it is damaged') from None


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, digest: str, to: Path) -> None:
    """A member to a file, which must have this SHA-256; never more bytes than were announced."""
    so_far, left = hashlib.sha256(), info.file_size
    damaged = Refused(f'"{info.filename}" in it is damaged: it is not what was exported')
    try:
        with archive.open(info) as member, open(to, "xb") as out:
            while left and (part := member.read(min(_CHUNK, left))):
                out.write(part)
                so_far.update(part)
                left -= len(part)
            out.flush()
            os.fsync(out.fileno())
    except _BROKEN:
        raise damaged from None
    if left or so_far.hexdigest() != digest:
        raise damaged


def _settle(
    runs_dir: Path, inbox: RunFolder, manifest: RunManifest, archive: zipfile.ZipFile,
    members: Mapping[str, zipfile.ZipInfo], files: Mapping[str, tuple[int, str]],
) -> Imported:  # fmt: skip
    """The run's own folder, filled with what stands the test; it takes its place at the end."""
    manifest = _with_free_id(runs_dir, manifest)
    with contextlib.ExitStack() as stack:
        folder, lock = stack.enter_context(new_run(runs_dir, manifest))
        stack.callback(lock.release)  # before the folder takes its place; it is at rest
        for path, info in members.items():
            if path.startswith(("samples/", "checkpoints/", "generators/")):
                _unpack(archive, info, files[path][1], folder.root / path)
        digests = {path: digest for path, (_, digest) in files.items()}
        _check_files(folder, digests)
        notes = copy_database(inbox, folder, digests)
        _add_beside(folder, archive, members, files)
    return Imported(manifest.id, (*notes, *_unknown_data(manifest)))


def _unknown_data(manifest: RunManifest) -> list[str]:
    """Of an earlier version's run of own images: that they cannot be told from others of their name."""
    config = first_config(manifest)
    if not isinstance(config.data, OwnImages) or content_of_run(manifest, config) is not None:
        return []
    return [
        f'It does not say which pictures "{config.data.slug}" held; see that the set of that name here is the one.'
    ]


def _with_free_id(runs_dir: Path, manifest: RunManifest) -> RunManifest:
    run_id = manifest.id
    while (runs_dir / run_id).exists() or (runs_dir / run_id).is_symlink():
        run_id = f"{manifest.id[:70]}-{secrets.token_hex(2)}"
    return replace(manifest, id=run_id, order=next_order(runs_dir))


def _check_files(folder: RunFolder, digests: Mapping[str, str]) -> None:
    """Refuse where a picture or a checkpoint is none."""
    left = 10 * MOST_LIST_BYTES  # of all states together: ours have a hundredth of it each at most
    for path in digests:
        place = folder.root / path
        if path.startswith("samples/"):
            check_picture(place)
        elif path.endswith(".pt"):
            left -= check_state(place, left)
        elif path.endswith(".safetensors"):
            check_weights(place)


def _add_beside(
    folder: RunFolder, archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo],
    files: Mapping[str, tuple[int, str]],
) -> None:  # fmt: skip
    """Labels as they may be written here, and bookmarks, which are checked whenever they are read."""
    for path in BESIDE:
        if path not in members:
            continue
        place = folder.root / path
        place.parent.mkdir(exist_ok=True)
        _unpack(archive, members[path], files[path][1], place)
        if path == LABELS:
            try:
                labels = labels_from(json.loads(place.read_bytes()))
            except (ValueError, RecursionError) as problem:
                raise Refused(f"its labels cannot be read ({_inner(str(problem))})") from None
            write_labels(folder.root, labels)

"""The members of an untrusted zip, one at a time and in memory; behind `intake`.

Names are for people and for classes only: nothing here or after opens a path made of one.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from gan_core.data.limits import MEGA, Budget, Limits, Refused
from gan_core.data.member_names import decoded, likely_encoding, raw_name

START = (b"PK\x03\x04", b"PK\x05\x06")  # with members, without any

_END, _END_BYTES, _ZIP64_LOCATOR = b"PK\x05\x06", 22, b"PK\x06\x07"
_LONGEST_COMMENT = 1 << 16
_ENTRY_BYTES = 250  # of the directory, a member: 46 and its name, generously
_QUIET_FILES = {".ds_store", "thumbs.db", "desktop.ini"}
_QUIET_FOLDERS = {
    "__macosx", "@eadir", "#recycle", "$recycle.bin", ".git", ".ipynb_checkpoints", ".spotlight-v100", ".thumbnails",
    ".trashes",
}  # fmt: skip
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True)
class Member:
    """name: with its folders, for people; raw: bytes where the zip does not say what they mean; read: or Refused."""

    name: str
    raw: bytes | str
    read: Callable[[], bytes]


def _check_directory(file: BinaryIO, limits: Limits) -> None:
    """Refuse a directory too large to be parsed: the standard library reads it whole, and believes its end record."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT - 20))
    tail = file.read()
    at = len(tail) - _END_BYTES
    if at < 0 or tail[at : at + 4] != _END or tail[-2:] != b"\0\0":
        at = tail.rfind(_END)
    if at < 0 or at + _END_BYTES > len(tail):
        raise Refused("the archive is damaged or cut short")
    entries, directory_bytes = struct.unpack_from("<HL", tail, at + 10)
    too_many = f"the archive holds too much; at most {limits.members:,} files in {limits.archive_bytes // MEGA:,} MB"
    if tail[max(0, at - 20) : at].startswith(_ZIP64_LOCATOR):  # only what is past these limits needs ZIP64
        raise Refused(too_many)
    if entries > limits.members or directory_bytes > limits.members * _ENTRY_BYTES:
        raise Refused(too_many)


def open_members(file: BinaryIO, budget: Budget) -> tuple[int, Iterator[Member]]:
    """How many files the zip holds, and those files; folders and systems' leftovers are passed over quietly."""
    limits = budget.limits
    _check_directory(file, limits)
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN:
        raise Refused("the archive is damaged or cut short") from None
    wanted = [info for info in archive.infolist() if not _is_quiet(info)]
    if len(wanted) > limits.members:
        raise Refused(f"the archive holds {len(wanted):,} files; at most {limits.members:,} are read")
    encoding = likely_encoding(raw_name(info) for info in wanted)
    return len(wanted), (_member(archive, info, budget, encoding) for info in wanted)


def _parts(info: zipfile.ZipInfo) -> list[str]:
    return [part for part in PurePosixPath(info.filename.replace("\\", "/")).parts if part not in ("/", "..")]


def _is_quiet(info: zipfile.ZipInfo) -> bool:
    parts = _parts(info)
    if info.is_dir() or not parts or any(folder.lower() in _QUIET_FOLDERS for folder in parts[:-1]):
        return True
    return parts[-1].lower() in _QUIET_FILES or parts[-1].startswith("._")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget, encoding: str) -> Member:
    raw = raw_name(info)
    return Member(decoded(raw, encoding), raw, lambda: _read(archive, info, budget))


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> bytes:
    limits = budget.limits
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Refused("it is a link, not a picture")
    if info.flag_bits & 0x1:
        raise Refused("it is locked with a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("it is packed in a way that is not read; use an ordinary zip")
    too_big = Refused(f"it is larger than {limits.file_bytes // MEGA} MB")
    if info.file_size > limits.file_bytes:
        raise too_big
    budget.bytes_read += info.file_size
    try:
        with archive.open(info) as file:
            raw = file.read(limits.file_bytes + 1)  # the declared size may lie
    except _BROKEN:
        raise Refused("it is damaged in the archive") from None
    if len(raw) > limits.file_bytes:
        raise too_big
    return raw

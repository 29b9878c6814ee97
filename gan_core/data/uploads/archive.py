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
from typing import IO, BinaryIO, cast

from gan_core.data.uploads.limits import MEGA, Budget, Refused
from gan_core.data.uploads.member_names import decoded, likely_encoding, raw_name

START = (b"PK\x03\x04", b"PK\x05\x06")  # with members, without any

_ENTRY_BYTES = 250  # of the directory, a member: 46 and its name, generously
_ENTRY_START = b"PK\x01\x02"
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


class _Guarded:
    """The file as `zipfile` reads it: while that opens it, no directory goes through that is too large to be parsed.

    The standard library takes in the whole directory at one read, of the length that the end of the file claims. So
    it is that read that is measured: nobody else has to know where an archive ends, or in which of two ways.
    """

    def __init__(self, file: BinaryIO, members: int) -> None:
        self._file, self._members = file, members
        self.opening = True
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if not self.opening:
            return self._file.read(size)
        too_many = Refused(f"the archive holds too much; at most {self._members:,} files")
        if size > max(self._members * _ENTRY_BYTES, 1 << 17):
            raise too_many
        data = self._file.read(size)
        if data.count(_ENTRY_START) > self._members:
            raise too_many
        return data


def open_zip(file: BinaryIO, members: int) -> zipfile.ZipFile:
    """The archive, of which only the directory has been read: at most so many members. Raises Refused.

    ZIP64 or not: what wrote it may use that for a file of any size.
    """
    guarded = _Guarded(file, members)
    try:
        archive = zipfile.ZipFile(cast(IO[bytes], guarded))
    except (*_BROKEN, MemoryError, IndexError):
        raise Refused("the archive is damaged or cut short") from None
    guarded.opening = False
    return archive


def open_members(file: BinaryIO, budget: Budget) -> tuple[int, Iterator[Member]]:
    """How many files the zip holds, and those files; folders and systems' leftovers are passed over quietly."""
    archive = open_zip(file, budget.limits.members)
    wanted = [info for info in archive.infolist() if not is_quiet(info.filename)]
    encoding = likely_encoding(raw_name(info) for info in wanted)
    return len(wanted), (_member(archive, info, budget, encoding) for info in wanted)


def _parts(name: str) -> list[str]:
    return [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..")]


def is_folder(name: str) -> bool:
    """Whether a member is an entry for a folder; one of no name is a file."""
    return name.endswith(("/", "\\"))


def is_quiet(name: str) -> bool:
    """Whether a member is no file of anybody's: a folder, or what a system leaves in every archive it makes."""
    parts = _parts(name)
    if is_folder(name) or any(folder.lower() in _QUIET_FOLDERS for folder in parts[:-1]):
        return True
    return bool(parts) and (parts[-1].lower() in _QUIET_FILES or parts[-1].startswith("._"))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget, encoding: str) -> Member:
    raw = raw_name(info)
    return Member(decoded(raw, encoding) or "(no name)", raw, lambda: _read(archive, info, budget))


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

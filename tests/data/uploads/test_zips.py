"""Zips as other programs write them, and zips that nobody should: every picture in them that can be had is had."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from pathlib import Path

import pytest

from gan_core.data import IntakeReport, read_uploads
from gan_core.data.uploads.archive import open_zip
from gan_core.data.uploads.limits import Limits, Refused
from tests.data.made_files import noise_picture, zipped

PICTURES = {f"{n}.png": noise_picture(n) for n in range(3)}


def take(tmp_path: Path, data: bytes) -> IntakeReport:
    return read_uploads([("x.zip", data), ("after.png", noise_picture(99))], "t", tmp_path)


def with_zip64_end(data: bytes, *, keep_counts: bool = False) -> bytes:
    """The same archive with ZIP64 end records; keep_counts: the plain one still says what it can."""
    body, end = data[:-22], data[-22:]
    entries, size, offset = struct.unpack("<HLL", end[10:20])
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(body), 1)
    plain = end if keep_counts else end[:8] + b"\xff" * 12 + end[20:]
    return body + record + locator + plain


def zip64_members() -> bytes:
    """As `zip -fz`: sizes and places in extra fields, though they are small."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in PICTURES.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content)
    return with_zip64_end(buffer.getvalue())


class Stream(io.RawIOBase):
    """Cannot be sought: sizes follow their members, as a server writes that streams an archive."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, part) -> int:  # type: ignore[no-untyped-def]
        self.data += part
        return len(part)


def streamed() -> bytes:
    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in PICTURES.items():
            archive.writestr(name, content)
    return bytes(stream.data)


@pytest.mark.parametrize("data", [
    with_zip64_end(zipped(PICTURES)), with_zip64_end(zipped(PICTURES), keep_counts=True), zip64_members(), streamed(),
    with_zip64_end(streamed()), zipped(PICTURES)[:-2] + b"\x05\0hello",
], ids=["zip64 end", "zip64 end beside the plain one", "zip64 members", "streamed", "both", "comment"])  # fmt: skip
def test_however_small_a_zip_is_it_may_be_written_as_a_large_one(data: bytes, tmp_path: Path) -> None:
    report = take(tmp_path, data)
    assert (report.read, report.refused) == (4, ())


def renamed(old: bytes, new: bytes) -> bytes:
    """The three pictures with one of their names replaced, of any length."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in PICTURES.items():
            info = zipfile.ZipInfo(name)
            info.filename = new.decode() if name.encode() == old else name
            archive.writestr(info, content)
    return buffer.getvalue()


NAMES = [
    b"", b"/", b"..", b"a.png\0.txt", b"\0", b"sub\\a.png", b"\\\\host\\a.png", b"/etc/passwd", b"../../x.png",
    b"1.png", "\N{SNOWMAN}".encode() * 2000,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_costs_nobody_the_other_pictures(name: bytes, tmp_path: Path) -> None:
    report = take(tmp_path, renamed(b"0.png", name))
    is_folder = name == b"/"
    assert report.read == 4 - is_folder, report.refused
    assert [path.name for path in (tmp_path / "own").iterdir()] == [report.slug]


def test_a_picture_of_no_name_is_told_apart_when_it_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = ""
        archive.writestr(info, b"nothing")
        archive.writestr("1.png", PICTURES["1.png"])
    report = take(tmp_path, buffer.getvalue())
    assert report.read == 2
    assert [(r.name, "not a picture" in r.reason) for r in report.refused] == [("(no name)", True)]


def test_the_directory_is_never_parsed_where_it_is_too_large() -> None:
    """40 million entries would take gigabytes; one of them may be as short as 46 bytes."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *(20, 20, 0, 0, 0, 33), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    directory = entry * 50_001
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, len(directory), 4, 0)
    data = b"PK\x03\x04" + directory + end
    for whole in (data, with_zip64_end(data), with_zip64_end(data, keep_counts=True)):
        start = time.process_time()
        with pytest.raises(Refused, match="at most 50,000 files"):
            open_zip(io.BytesIO(whole), Limits().members)
        assert time.process_time() - start < 5
    lies = with_zip64_end(zipped(PICTURES))
    at = lies.index(b"PK\x06\x06") + 24
    for claim in (2**63, 2**40):
        spoiled = bytearray(lies)
        spoiled[at + 16 : at + 24] = struct.pack("<Q", claim)
        with pytest.raises(Refused):
            open_zip(io.BytesIO(bytes(spoiled)), Limits().members)

"""Files made to harm: each is refused with its reason, cheaply, and its neighbours are read all the same."""

from __future__ import annotations

import io
import os
import stat
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gan_core.data import read_uploads
from gan_core.data.own.own_set import load_own
from gan_core.data.uploads.limits import Limits, shown
from tests.data.made_files import noise_picture, picture, zipped
from tests.data.uploads.hostile_files import chunk, flat_png, huge_gif, many_scans, png_header, webp_canvas

GOOD = noise_picture(1)


REFUSED = {
    "empty": (b"", "it is empty"),
    "text": (b"<html>hello", "not a picture"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "SVG"),
    "pdf": (b"%PDF-1.7 ...", "PDF"),
    "tiff": (b"II*\0" + bytes(50), "damaged TIFF"),
    "icon": (picture(Image.new("L", (32, 32)), "ICO"), "not a picture"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", "not a picture"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(50), "HEIC"),
    "gzip": (b"\x1f\x8b" + bytes(20), "gzip"),
    "program": (b"\x7fELF" + bytes(200), "not a picture"),
    "pickle": (b"\x80\x04\x95" + bytes(20), "not a picture"),
    "cut PNG": (noise_picture(2)[:1_500], "cut short"),
    "cut JPEG": (noise_picture(2, "JPEG", (200, 200))[:3_000], "cut short"),
    "cut WebP": (noise_picture(2, "WEBP")[:200], "damaged"),
    "cut BMP": (noise_picture(2, "BMP")[:1_000], "cut short"),
    "PNG signature alone": (b"\x89PNG\r\n\x1a\n", "damaged PNG"),
    "JPEG start alone": (b"\xff\xd8\xff\xe0", "damaged"),
    "a pixel": (picture(Image.new("L", (1, 1))), "each side must be at least 8"),
    "a line": (flat_png(30_000, 4), "each side must be at least 8"),
    "76 megapixels": (flat_png(9_500, 8_000), "at most 75 megapixels"),
    "100 megapixels": (png_header(10_000, 10_000), "megapixels"),
    "pixels without end": (png_header(2**31 - 1, 2**31 - 1), "megapixels"),
    "huge GIF": (huge_gif(), "megapixels"),
    "huge BMP": (
        b"BM" + struct.pack("<IHHI", 0, 0, 0, 54) + struct.pack("<IiiHHI", 40, 60_000, 60_000, 1, 24, 0) + bytes(24),
        "megapixels",
    ),
    "huge WebP canvas": (webp_canvas(16_383), "megapixels"),
    "scans without end": (many_scans(), "too many scans"),
    "text chunk bomb": (flat_png(64, 64, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(80_000_000)))), "damaged"),
    "larger than a picture may be": (GOOD + bytes(64_000_001), "larger than 64 MB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_with_its_reason_and_takes_no_other_with_it(name: str, tmp_path: Path) -> None:
    content, reason = REFUSED[name]
    start = time.process_time()
    report = read_uploads([("first.png", noise_picture(5)), (name, content), ("last.png", GOOD)], "t", tmp_path)
    assert time.process_time() - start < 20
    assert report.read == 2
    assert [refusal.name for refusal in report.refused] == [name]
    assert reason in report.refused[0].reason
    assert "2 read, 1 refused" in report.summary()
    inside = read_uploads([("x.zip", zipped({"a.png": GOOD, name: content}))], "t", tmp_path)
    assert inside.read == 1
    assert reason in inside.refused[0].reason


def test_a_polyglot_is_the_picture_it_begins_with_and_nothing_of_the_rest_is_kept(tmp_path: Path) -> None:
    script = b"<script>alert(1)</script>"
    report = read_uploads([("both.html", GOOD + zipped({"evil.sh": script}) + script)], "t", tmp_path)
    assert (report.read, report.refused) == (1, ())
    assert not any(b"<script>" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


NAMES = [
    "../../escape.png",
    "/etc/absolute.png",
    "C:\\windows\\system32\\x.png",
    "..\\..\\up.png",
    "a/../../b.png",
    "\u202egnp.exe.png",
    "new\nline.png",
    "con.png",
    "<img src=x onerror=alert(1)>.png",
    "x" * 5_000 + ".png",
    "~root/.ssh/authorized_keys.png",
]


def test_names_never_become_paths_and_are_shown_harmlessly(tmp_path: Path) -> None:
    before = set(tmp_path.parent.rglob("*"))
    members = {name: noise_picture(n) for n, name in enumerate(NAMES)}
    report = read_uploads([("../../x.zip", zipped(members))], "../../title", tmp_path / "data")
    assert report.read == len(NAMES)
    own = tmp_path / "data" / "own"
    assert os.listdir(own) == [report.slug] == ["title"]
    assert {path.name for path in (own / report.slug).iterdir()} <= {
        "about.json",
        "held_out.npy",
        "images.npy",
        "labels.npy",
        "report.json",
    }
    outside = set(tmp_path.parent.rglob("*")) - before
    assert all(tmp_path / "data" in (path, *path.parents) for path in outside)
    refused = read_uploads([(name, b"junk") for name in NAMES], "t", tmp_path / "data").refused
    for refusal in refused:
        assert len(refusal.name) <= 100
        assert refusal.name.isprintable() or "\N{REPLACEMENT CHARACTER}" in refusal.name


@given(st.text())
def test_a_shown_name_has_no_control_signs(name: str) -> None:
    assert len(shown(name)) <= 100
    assert not any(c in shown(name) for c in "\n\r\t\0\x1b\u202e\u2066\u200b")


def special_zip(change) -> bytes:
    """A zip of a good picture and one member whose directory entry `change` has altered."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.png", GOOD)
        info = zipfile.ZipInfo("bad.png")
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, noise_picture(9))
        change(archive.filelist[1])
    return buffer.getvalue()


def link(info: zipfile.ZipInfo) -> None:
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16


def locked(info: zipfile.ZipInfo) -> None:
    info.flag_bits |= 1


def wrong_sum(info: zipfile.ZipInfo) -> None:
    info.CRC ^= 1


def shorter(info: zipfile.ZipInfo) -> None:
    info.file_size = 10


def elsewhere(info: zipfile.ZipInfo) -> None:
    info.header_offset = 10_000_000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (link, "a link"),
        (locked, "password"),
        (wrong_sum, "damaged in the archive"),
        (shorter, "damaged in the archive"),
        (elsewhere, "damaged in the archive"),
    ],
)
def test_a_bad_member_is_refused_alone(change, reason: str, tmp_path: Path) -> None:
    report = read_uploads([("x.zip", special_zip(change))], "t", tmp_path)
    assert report.read == 1
    assert [refusal.name for refusal in report.refused] == ["bad.png"]
    assert reason in report.refused[0].reason


def test_a_declared_size_is_what_the_total_is_charged(tmp_path: Path) -> None:
    def boast(info: zipfile.ZipInfo) -> None:
        info.file_size = 60_000_000

    content = zipped({"after.png": noise_picture(4)})
    uploads = [("x.zip", special_zip(boast)), ("y.zip", content)]
    assert read_uploads(uploads, "t", tmp_path).read == 3  # the picture itself is whole
    assert read_uploads(uploads, "t", tmp_path, limits=Limits(total_bytes=60_000_000)).passed_over == 1


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_rare_ways_of_packing_are_refused(kind: int, tmp_path: Path) -> None:
    report = read_uploads([("x.zip", zipped({"a.png": GOOD}, kind))], "t", tmp_path)
    assert "use an ordinary zip" in report.refused[0].reason


def test_a_zip_in_a_zip_is_refused_and_not_opened(tmp_path: Path) -> None:
    inner = zipped({"deep.png": noise_picture(3)})
    report = read_uploads(
        [("x.zip", zipped({"good.png": GOOD, "more.zip": inner, "more.png": inner}))], "t", tmp_path
    )
    assert report.read == 1
    assert all("archive inside an archive" in refusal.reason for refusal in report.refused)
    assert len(report.refused) == 2


def test_a_zip_bomb_costs_little(tmp_path: Path) -> None:
    bomb = zipped(
        {f"{n}.png": bytes(63_000_000) for n in range(3)} | {"big.png": bytes(65_000_000), "good.png": GOOD}
    )
    start = time.process_time()
    limits = Limits(total_bytes=100_000_000)
    report = read_uploads([("bomb.zip", bomb), ("after.png", GOOD)], "t", tmp_path, limits=limits)
    assert time.process_time() - start < 20
    assert report.read == 0
    assert report.passed_over == 4
    assert [refusal.reason for refusal in report.refused][-1] == "an upload unpacks to at most 100 MB"


def test_members_that_share_their_bytes_are_bounded_by_the_total(tmp_path: Path) -> None:
    """Directory entries that all point at one packed picture (Fifield's zip bomb)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.png", bytes(1_000_000))
        first = archive.filelist[0]
        for number in range(1, 2_000):
            twin = zipfile.ZipInfo(f"{number}.png")
            for name in ("compress_type", "CRC", "compress_size", "file_size", "header_offset", "flag_bits"):
                setattr(twin, name, getattr(first, name))
            archive.filelist.append(twin)
    start = time.process_time()
    report = read_uploads([("x.zip", buffer.getvalue())], "t", tmp_path, limits=Limits(total_bytes=50_000_000))
    assert time.process_time() - start < 20
    assert report.read == 0
    assert len(report.refused) <= 2_001


def test_caps_on_count_and_pixels_stop_politely(tmp_path: Path) -> None:
    uploads = [(f"{n}.png", noise_picture(n)) for n in range(10)]
    report = read_uploads(uploads, "t", tmp_path, limits=Limits(pictures=4))
    assert (report.read, report.passed_over) == (4, 6)
    assert report.refused[-1].reason == "a set has at most 4 images"
    assert "6 not looked at" in report.summary()
    report = read_uploads(uploads, "t", tmp_path, limits=Limits(total_pixels=3_000))
    assert report.read == 3
    assert load_own(tmp_path, report.slug)[0].shape[0] == 3


def test_pixels_of_refused_pictures_count_too(tmp_path: Path) -> None:
    cut = flat_png(3_000, 3_000)[:-40]
    report = read_uploads([(str(n), cut) for n in range(6)], "t", tmp_path, limits=Limits(total_pixels=20_000_000))
    assert (report.read, report.passed_over) == (0, 3)


def end_record(entries: int, size: int, offset: int = 0) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries & 0xFFFF, entries & 0xFFFF, size, offset, 0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04", "damaged or cut short"),
        (b"PK\x03\x04" + bytes(1_000), "damaged or cut short"),
        (zipped({"a.png": GOOD})[:-30], "damaged or cut short"),
        (b"PK\x03\x04" + end_record(3, 10_000), "damaged or cut short"),
        (b"PK\x05\x06" + bytes(18), "empty"),
        (b"PK\x03\x04" + end_record(60_000, 100), "damaged or cut short"),
        (b"PK\x03\x04" + end_record(3, 2**31), "damaged or cut short"),
        (b"PK\x03\x04" + bytes(60) + b"PK\x06\x07" + bytes(16) + end_record(3, 100), "damaged or cut short"),
        (b"PK\x03\x04" + bytes(13_000_000) + end_record(3, 13_000_000), "holds too much"),
    ],
)
def test_a_broken_archive_is_refused_whole_and_the_next_file_read(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    report = read_uploads([("x.zip", content), ("good.png", GOOD)], "t", tmp_path)
    assert report.read == 1
    assert report.refused[0].name == "x.zip"
    assert reason in report.refused[0].reason


def test_too_many_members_are_refused_before_they_are_listed(tmp_path: Path) -> None:
    many = zipped({f"{n}": b"" for n in range(301)})
    report = read_uploads([("x.zip", many)], "t", tmp_path, limits=Limits(members=300))
    assert "holds too much" in report.refused[0].reason
    assert read_uploads([("x.zip", many)], "t", tmp_path, limits=Limits(archive_bytes=1_000)).refused[0].reason

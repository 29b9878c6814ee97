"""Names in zips that do not say their code page, and those that do."""

from __future__ import annotations

import io
import struct
import unicodedata
import zipfile
import zlib
from pathlib import Path

import pytest

from gan_core.data import read_uploads
from gan_core.data.uploads.member_names import decoded, likely_encoding
from tests.data.made_files import noise_picture

FOLDERS = [
    ("cp932", ["猫", "犬"]),
    ("cp932", ["リンゴ", "バナナ"]),
    ("cp932", ["円", "四角"]),
    ("cp932", ["新しいフォルダー", "東京タワー"]),
    ("gbk", ["猫", "狗"]),
    ("gbk", ["苹果", "香蕉"]),
    ("gbk", ["红色", "蓝色", "绿色"]),
    ("gbk", ["新建文件夹", "照片"]),
    ("big5", ["貓", "狗"]),
    ("big5", ["蘋果", "香蕉"]),
    ("cp949", ["고양이", "강아지"]),
    ("cp949", ["동그라미", "네모"]),
    ("cp866", ["кошки", "собаки"]),
    ("cp437", ["Äpfel", "Bäume"]),
    ("cp437", ["café", "thé"]),
    ("cp437", ["niño", "niña"]),
    ("cp850", ["maçã", "pão"]),
    ("cp1252", ["Größe", "Fülle"]),
    ("utf-8", ["猫", "犬"]),
    ("utf-8", ["Äpfel", "Bäume"]),
]


def zip_of(names: dict[bytes, bytes], flag: int = 0, extra: dict[bytes, bytes] | None = None) -> bytes:
    """A zip whose members' names are exactly these bytes: written under stand-ins of the same length."""
    out, stand_ins = io.BytesIO(), {}
    with zipfile.ZipFile(out, "w") as archive:
        for number, (name, content) in enumerate(names.items()):
            stand_in = f"{number:04}".rjust(len(name), "x")[-len(name) :]
            info = zipfile.ZipInfo(stand_in)
            info.extra = (extra or {}).get(name, b"")
            archive.writestr(info, content)
            stand_ins[stand_in.encode()] = name
    raw = bytearray(out.getvalue())
    for stand_in, name in stand_ins.items():
        assert raw.count(stand_in) >= 2
        raw = raw.replace(stand_in, name)
    if flag:
        for start, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            place = raw.find(start)
            while place >= 0:
                raw[place + at : place + at + 2] = struct.pack("<H", flag)
                place = raw.find(start, place + 4)
    return bytes(raw)


def classes_of(content: bytes, folder: Path) -> tuple[str, ...]:
    return read_uploads([("x.zip", content)], "x", folder).classes


@pytest.mark.parametrize(("encoding", "folders"), FOLDERS)
def test_short_folder_names_are_read_in_the_code_page_of_their_writer(
    tmp_path: Path, encoding: str, folders: list[str]
) -> None:
    names = {f"{folder}/img_{n:03}.png".encode(encoding): noise_picture(n) for n, folder in enumerate(folders * 2)}
    assert set(classes_of(zip_of(names), tmp_path)) == set(folders)


def test_a_zip_that_says_utf8_is_believed(tmp_path: Path) -> None:
    names = {f"{folder}/{n}.png".encode(): noise_picture(n) for n, folder in enumerate(["ねこ", "いぬ"] * 2)}
    assert set(classes_of(zip_of(names, flag=0x800), tmp_path)) == {"ねこ", "いぬ"}


def test_the_unicode_path_field_is_believed_where_it_is_of_this_name(tmp_path: Path) -> None:
    def field(raw: bytes, text: str, crc: int | None = None) -> bytes:
        content = struct.pack("<BL", 1, zlib.crc32(raw) if crc is None else crc) + text.encode()
        return b"\x01\x00\x02\x00ab" + struct.pack("<HH", 0x7075, len(content)) + content

    raws = [b"K\x94tze/1.png", b"H\x81nde/2.png"]
    told = {raws[0]: field(raws[0], "貓/1.png"), raws[1]: field(raws[1], "狗/2.png", crc=1)}
    names = {raw: noise_picture(n) for n, raw in enumerate(raws)}
    assert set(classes_of(zip_of(names, extra=told), tmp_path)) == {"貓", "Hünde"}


def test_composed_and_decomposed_names_are_one_class(tmp_path: Path) -> None:
    names = ["Äpfel/1.png", unicodedata.normalize("NFD", "Äpfel/2.png"), "Birnen/3.png", "Birnen/4.png"]
    raw = zip_of({name.encode(): noise_picture(n) for n, name in enumerate(names)}, flag=0x800)
    assert classes_of(raw, tmp_path) == ("Äpfel", "Birnen")


def test_a_name_of_any_bytes_gives_some_text() -> None:
    for raw in (bytes(range(128, 256)), b"\xff\xfe", b"\x81", b""):
        assert isinstance(decoded(raw, likely_encoding([raw])), str)
    assert likely_encoding([]) == likely_encoding(["text", b"plain.png"]) == "utf-8"

"""The names of a zip's members as their maker wrote them, whatever encoding that was.

A zip says of a name only whether it is UTF-8 (general purpose flag 11), or carries a UTF-8 copy of it (Info-ZIP's
Unicode Path field). Everything else is bytes in the code page of the machine that packed it: all such names of one
archive are judged together, and the likeliest code page is taken. Class folders have very short names, for which
general detectors guess badly: here a name's likelihood is that of its signs in each script.
"""

from __future__ import annotations

import math
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable

ENCODINGS = {
    "utf-8": "UTF-8",
    "cp932": "Japanese (cp932)",
    "gbk": "Simplified Chinese (GBK)",
    "big5": "Traditional Chinese (Big5)",
    "cp949": "Korean (cp949)",
    "cp866": "Cyrillic (cp866)",
    "cp437": "Western (cp437)",
    "cp850": "Western (cp850)",
    "cp1252": "Western (cp1252)",
}
"""Codecs by name, with the words for a person to choose by."""

_PRIOR = {
    "cp932": 1.0,
    "gbk": 1.0,
    "big5": 0.4,
    "cp949": 0.2,
    "cp866": 0.4,
    "cp437": 1.0,
    "cp850": 0.5,
    "cp1252": 0.3,
}
_UTF8_FLAG, _UNICODE_PATH = 0x800, 0x7075
_WESTERN = set("äöüßéèêëàâáåæçñóòôõøíìîïúùûãÿœ" + "äöüéèêëàâáåæçñóòôõøíìîïúùûãœ".upper())
_CYRILLIC = set("абвгдежзийклмнопрстуфхцчшщъыьэюяё" + "абвгдежзийклмнопрстуфхцчшщъыьэюяё".upper())
_UNLIKELY = 1e-7
_MOST_NAMES = 2_000  # are enough to judge by


def raw_name(info: zipfile.ZipInfo) -> bytes | str:
    """A member's name: text where the zip says what it is, else the bytes that stand in it."""
    name = info.orig_filename.partition("\0")[0]
    if info.flag_bits & _UTF8_FLAG:
        return name
    try:
        raw = name.encode("cp437")  # as the standard library has read it
    except UnicodeEncodeError:
        return name
    return _unicode_path(info.extra, raw) or (name if raw.isascii() else raw)


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """Info-ZIP's UTF-8 copy of a name, "" where there is none or it belongs to another name (APPNOTE 4.6.9)."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        content, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind != _UNICODE_PATH or len(content) < 6:
            continue
        version, crc = struct.unpack_from("<BL", content)
        if version == 1 and crc == zlib.crc32(raw):
            return content[5:].decode("utf-8", "ignore").partition("\0")[0]
    return ""


def decoded(name: bytes | str, encoding: str) -> str:
    """A name as text, composed (NFC): a folder packed on a Mac and one packed elsewhere are the same folder."""
    text = name if isinstance(name, str) else name.decode(encoding, "replace")
    return unicodedata.normalize("NFC", text)


def likely_encoding(names: Iterable[bytes | str]) -> str:
    """The code page, one of ENCODINGS, in which all of one archive's undeclared names were written."""
    parts: set[bytes] = set()
    for name in names:
        if isinstance(name, bytes) and len(parts) < _MOST_NAMES:
            parts.update(part for part in re.split(rb"[/\\0-9]+", name) if not part.isascii())
    if not parts or _reads(parts, "utf-8"):
        return "utf-8"
    readable = [encoding for encoding in _PRIOR if _reads(parts, encoding)]
    return max(
        readable or ["cp437"],
        key=lambda e: (
            math.log(_PRIOR[e]) + sum(math.log(_likelihood(sign, e)) for p in parts for sign in p.decode(e))
        ),
    )


def _reads(parts: set[bytes], encoding: str) -> bool:
    try:
        for part in parts:
            part.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _likelihood(sign: str, encoding: str) -> float:
    """About how often a sign stands in names of this script: a group's share, over the signs in that group."""
    western = encoding in ("cp437", "cp850", "cp1252")
    if sign.isascii():
        return (0.9 if western else 0.1) / 30 if sign.isalpha() else 0.01
    if encoding == "cp866":
        return 0.9 / 66 if sign in _CYRILLIC else _UNLIKELY
    if western:
        return 0.06 / 28 if sign in _WESTERN else _UNLIKELY
    if encoding == "cp932":
        if "\u3041" <= sign <= "\u3096" or "\u30a1" <= sign <= "\u30fc":
            return 0.5 / 170
        return _by_row(sign, "euc_jp", (0xB0, 0xCF, 0.45 / 2_965), (0xD0, 0xF4, 0.02 / 3_390))
    if encoding == "gbk":
        return _by_row(sign, "gb2312", (0xB0, 0xD7, 0.95 / 3_755), (0xD8, 0xF7, 0.04 / 3_008))
    if encoding == "big5":
        return _by_row(sign, "big5", (0xA4, 0xC6, 0.95 / 5_401), (0xC9, 0xF9, 0.04 / 7_652))
    return _by_row(sign, "euc_kr", (0xB0, 0xC8, 0.97 / 2_350), (0xCA, 0xFD, 0.01 / 4_888))


def _by_row(sign: str, codec: str, *rows: tuple[int, int, float]) -> float:
    """National character sets keep their commonest signs in rows of their own; outside of these a sign is rare."""
    try:
        raw = sign.encode(codec)
    except UnicodeEncodeError:
        return _UNLIKELY
    return next((share for low, high, share in rows if len(raw) == 2 and low <= raw[0] <= high), _UNLIKELY)
